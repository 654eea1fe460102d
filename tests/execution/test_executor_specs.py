"""Settings of executors: rules, presets, numbers of workers, and what version 0.1.0 stored."""

import resource
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from pnas.errors import InvalidValue
from pnas.execution import (
    EXECUTORS,
    ExecutorSpec,
    LocalSpec,
    RaySpec,
    SerialSpec,
    count_workers,
    make_executor,
    migrate_executor,
)

PRESETS = sorted((Path(__file__).parents[2] / "conf/executor").glob("*.yaml"))

STORED: dict[str, Any] = {
    "kind": "local",
    "workers": None,
    "max_children_per_worker": 40,
    "child_timeout": None,
    "retries": 1,
    "grace": 30.0,
    "gpus_per_child": 1.0,
    "gpu_memory_mb": None,
    "address": None,
}
"""Version 0.1.0 stored the keys of every executor."""


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"kind": "cloud"}, "executor.kind"),
        ({"workers": 0}, "executor.workers"),
        ({"max_children_per_worker": 0}, "executor.max_children_per_worker"),
        ({"child_timeout": 0.0}, "executor.child_timeout"),
        ({"child_timeout": float("nan")}, "executor.child_timeout"),
        ({"retries": -1}, "executor.retries"),
        ({"grace": -1.0}, "executor.grace"),
        ({"gpus_per_child": 0.0}, "executor.gpus_per_child"),
        ({"gpus_per_child": 1.5}, "executor.gpus_per_child"),
        ({"gpu_memory_mb": 0}, "executor.gpu_memory_mb"),
        ({"address": ""}, "executor.address"),
    ],
)
def test_a_bad_value_is_named_by_its_key(values: dict[str, Any], key: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        RaySpec(**values)
    assert refused.value.key == key


def test_an_unknown_executor_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"executor\.kind: must be one of local, serial, ray"):
        make_executor(ExecutorSpec(kind="cloud"), factory=lambda: NotImplemented)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_has_the_keys_of_its_executor_and_its_defaults(path: Path) -> None:
    values: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(path))  # type: ignore[assignment]
    del values["defaults"]
    spec = EXECUTORS.spec(path.stem, ExecutorSpec)
    assert set(values) == set(spec.__dataclass_fields__)  # type: ignore[attr-defined]
    assert spec(**values) == spec()


@pytest.mark.parametrize(
    ("spec", "threads", "gpus", "expected"),
    [
        (SerialSpec(), 1, 4, 1),
        (LocalSpec(workers=7), 1, 4, 7),
        (LocalSpec(), 1, 4, 4),
        (LocalSpec(gpus_per_child=0.5), 1, 4, 8),
        (LocalSpec(gpus_per_child=0.1), 1, 1, 10),
        (LocalSpec(), 10**6, 0, 1),
        (RaySpec(workers=3), 1, 0, 3),
        (ExecutorSpec(kind="mine"), 10**6, 0, 1),
    ],
)
def test_number_of_workers(spec: ExecutorSpec, threads: int, gpus: int, expected: int) -> None:
    assert count_workers(spec, threads, gpus) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("serial", {"kind", "grace", "gpu_memory_mb"}),
        ("local", set(STORED) - {"address"}),
        ("ray", set(STORED)),
        ("announcing", set(STORED) - {"address"}),
    ],
)
def test_stored_keys_that_the_executor_does_not_read_are_dropped(
    kind: str, expected: set[str]
) -> None:
    assert set(migrate_executor(STORED | {"kind": kind})) == expected


def test_unknown_stored_keys_stay_to_be_refused() -> None:
    assert "wings" in migrate_executor(STORED | {"wings": 2})


@pytest.mark.parametrize(("limit", "is_enough"), [(20, False), (39, False), (40, True), (-1, True)])
def test_workers_need_to_open_files(
    limit: int, is_enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    limits = {resource.RLIMIT_NOFILE: (limit, limit)}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits.get(kind, unlimited))
    if is_enough:
        LocalSpec().check()
        return
    with pytest.raises(InvalidValue, match=r"executor: must be serial .* 40 files .* Received: "):
        LocalSpec().check()
