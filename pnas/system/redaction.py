"""Keeping credentials out of everything that is shown or stored."""

import re
from urllib.parse import unquote

HIDDEN = "***"
# Up to the last @: passwords may hold any character. No user stands in sqlite:///path or file:///path.
_USERINFO = re.compile(r"(?<=://)(?!/)(.*)@", re.DOTALL)
_USERINFO_IN_TEXT = re.compile(r"(?<=://)(?!/)\S*@")
_OPTION = re.compile(r"(?<=[?&])([^=&\s]+)=([^&\s]*)")


def redact(uri: str) -> str:
    """``uri`` without user, password and values of options (tokens, key files).

    >>> redact("https://ann:secret@tracking.example/mlflow?token=abc")
    'https://***@tracking.example/mlflow?token=***'
    """
    without_user = _USERINFO.sub(f"{HIDDEN}@", uri)
    return without_user if _is_local(uri) else _OPTION.sub(rf"\1={HIDDEN}", without_user)


def scrub(text: str, uri: str = "") -> str:
    """``text`` (a library's message) on one line, without the credentials of ``uri`` or any other URI."""
    for secret in _secrets(uri):
        text = text.replace(secret, HIDDEN)
    return " ".join(_USERINFO_IN_TEXT.sub(f"{HIDDEN}@", text).split())


def _secrets(uri: str) -> list[str]:
    """Forms in which a library may repeat the credentials of ``uri``, longest first."""
    userinfo = "".join(_USERINFO.findall(uri))
    values = [] if _is_local(uri) else [value for _, value in _OPTION.findall(uri)]
    secrets = {userinfo, userinfo.partition(":")[2], *values}
    forms = {form for secret in secrets for form in (secret, unquote(secret))}
    # Replacing anything shorter would garble an innocent message.
    return sorted((form for form in forms if len(form) > 2), key=len, reverse=True)


def _is_local(uri: str) -> bool:
    _, is_uri, rest = uri.partition("://")
    return not is_uri or rest.startswith("/")
