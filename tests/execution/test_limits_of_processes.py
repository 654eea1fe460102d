"""Limits of a process within which workers cannot even start are refused before any work."""

import resource

import pytest

from pnas.errors import InvalidValue
from pnas.execution.executor_specs import LocalSpec


def limit(monkeypatch: pytest.MonkeyPatch, which: int, soft: int) -> None:
    others = resource.getrlimit

    def limits(kind: int) -> tuple[int, int]:
        return (soft, resource.RLIM_INFINITY) if kind == which else others(kind)

    monkeypatch.setattr(resource, "getrlimit", limits)


def test_too_few_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, resource.RLIMIT_NOFILE, 39)
    with pytest.raises(InvalidValue, match=r"fewer than 40 files \(`ulimit -n`"):
        LocalSpec().check()
    limit(monkeypatch, resource.RLIMIT_NOFILE, 40)
    LocalSpec().check()


def test_too_little_memory_for_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, resource.RLIMIT_AS, 1500 << 20)
    with pytest.raises(InvalidValue, match=r"2,560 MB of memory .* Received: '1,500 MB'"):
        LocalSpec().check()
    limit(monkeypatch, resource.RLIMIT_AS, 2560 << 20)
    LocalSpec().check()
