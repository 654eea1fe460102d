"""The Dockerfile, as far as it can be checked without Docker."""

from fnmatch import fnmatch

from support.command import ROOT

LINES = (ROOT / "Dockerfile").read_text().splitlines()
INSTRUCTIONS = [line.split() for line in LINES if line and not line.startswith("#")]


def copied() -> list[str]:
    """What is copied from the checkout."""
    names: list[str] = []
    for word, *arguments in INSTRUCTIONS:
        if word == "COPY" and not arguments[0].startswith("--from"):
            names.extend(arguments[:-1])
    return names


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    kept = [line.removeprefix("!") for line in ignored if line.startswith("!")]
    assert "*" in ignored
    for name in copied():
        assert (ROOT / name).exists()
        assert any(fnmatch(name, pattern) for pattern in kept)
    assert sorted(kept) == sorted(copied())


def test_both_images_end_with_a_command_that_starts() -> None:
    stages: dict[str, list[list[str]]] = {}
    for instruction in INSTRUCTIONS:
        if instruction[0] == "FROM":
            stage = instruction[-1]
            stages[stage] = []
        stages[stage].append(instruction)
    for name in ("cpu", "gpu"):
        assert stages[name][-1] == ["RUN", "pnas", "--version"]
