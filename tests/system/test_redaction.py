import pytest

from pnas.system.redaction import redact, scrub


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://host:5000/path", "http://host:5000/path"),
        ("https://ann:secret@host/x", "https://***@host/x"),
        ("https://token@host", "https://***@host"),
        (
            "postgresql+psycopg2://ann:p@ss/w?rd 'x'@host:5432/db",
            "postgresql+psycopg2://***@host:5432/db",
        ),
        ("mysql://host/db?ssl_key=/k&password=abc", "mysql://host/db?ssl_key=***&password=***"),
        ("sqlite:////home/ann@work/mlflow.db", "sqlite:////home/ann@work/mlflow.db"),
        ("sqlite:////data/mlflow.db?timeout=5", "sqlite:////data/mlflow.db?timeout=5"),
        ("no uri: a@b", "no uri: a@b"),
    ],
)
def test_redact(uri, shown):
    assert redact(uri) == shown


@pytest.mark.parametrize(
    "message",
    [
        "cannot reach https://ann:sec%40ret@host",
        "login failed for ann with sec@ret",
        "login failed for ann:sec%40ret",
        "bad token tok-123",
        "also redis://bob:other@elsewhere/0",
    ],
)
def test_scrub_hides_credentials_however_they_are_repeated(message):
    shown = scrub(message, "https://ann:sec%40ret@host?token=tok-123")
    assert not any(secret in shown for secret in ("sec%40ret", "sec@ret", "tok-123", "other"))
    assert "***" in shown


def test_scrub_gives_one_line_and_keeps_the_rest():
    assert scrub("first\n  second: x@y", "http://host") == "first second: x@y"
