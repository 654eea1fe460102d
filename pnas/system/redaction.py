"""Keeping credentials out of everything that is shown or stored."""

import re
from urllib.parse import unquote

HIDDEN = "***"

# Up to the last @: passwords may hold any character. No user stands in sqlite:///path or file:///path.
_USERINFO = re.compile(r"(?<=://)(?!/)(.*)@", re.DOTALL)
_USERINFO_IN_TEXT = re.compile(r"(?<=://)(?!/)\S*@")
_OPTION = re.compile(r"(?<=[?&])([^=&\s]+)=([^&\s]*)")

# Replacing anything shorter would garble an innocent message.
_SHORTEST_SECRET = 3


def redact(uri: str) -> str:
    """Return ``uri`` without user, password and values of options (tokens, key files).

    >>> redact("https://ann:secret@tracking.example/mlflow?token=abc")
    'https://***@tracking.example/mlflow?token=***'
    """
    without_user = _USERINFO.sub(f"{HIDDEN}@", uri)
    if _is_local(uri):
        return without_user
    return _OPTION.sub(rf"\1={HIDDEN}", without_user)


def scrub(text: str, uri: str = "") -> str:
    """Return ``text``, a message of a library, on one line and without credentials.

    Args:
        text: The message.
        uri: An address whose credentials the library may repeat in any form. Those of other
            addresses in the text are hidden too.
    """
    for secret in _secrets(uri):
        text = text.replace(secret, HIDDEN)
    without_users = _USERINFO_IN_TEXT.sub(f"{HIDDEN}@", text)
    return " ".join(without_users.split())


def _secrets(uri: str) -> list[str]:
    """Return the forms in which a library may repeat the credentials of ``uri``, longest first."""
    userinfo = "".join(_USERINFO.findall(uri))
    _, _, password = userinfo.partition(":")

    secrets = {userinfo, password}
    if not _is_local(uri):
        secrets.update(value for _, value in _OPTION.findall(uri))
    secrets |= {unquote(secret) for secret in secrets}

    long_enough = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    return sorted(long_enough, key=len, reverse=True)


def _is_local(uri: str) -> bool:
    _, is_uri, rest = uri.partition("://")
    return not is_uri or rest.startswith("/")
