import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pnas.errors import InvalidValue
from pnas.records import ChildJob, ChildResult, Status
from pnas.records.evaluation_cache import (
    CacheSpec,
    EvaluationCache,
    Found,
    context_of,
    reused,
    seed_if_cached,
)
from pnas.state_space import Cell

ONE, TWIN = (
    Cell.parse(f"(-1, {a}, -1, {b})")
    for a, b in (("identity", "3x3 conv"), ("3x3 conv", "identity"))
)
METRICS = {"loss": [0.5, 0.25], "val_accuracy": [float("nan"), 0.75]}


def trained(cell: Cell = ONE, seed: int = 7, reward: float = 0.1 + 0.2) -> ChildResult:
    return ChildResult(cell, seed, Status.OK, reward, METRICS, 10, 100, 3.5)


def found(cache: EvaluationCache, cell: Cell = ONE, seed: int = 7) -> Found:
    entry = cache.get("key", ChildJob(cell, seed))
    assert entry is not None
    return entry


def test_what_was_put_comes_back_bit_for_bit(tmp_path: Path) -> None:
    EvaluationCache(tmp_path / "e.sqlite", "c").put("key", trained())
    result, seed = found(EvaluationCache(tmp_path / "e.sqlite", "c"))
    assert (result.reward, seed, result.params, result.flops, result.seconds) == (
        0.1 + 0.2,
        7,
        10,
        100,
        3.5,
    )
    assert str(result.metrics) == str(METRICS)


@pytest.mark.parametrize(
    ("context", "key", "seed"), [("other", "key", 7), ("c", "other", 7), ("c", "key", 8)]
)
def test_another_context_cell_or_seed_finds_nothing(
    context: str, key: str, seed: int, tmp_path: Path
) -> None:
    EvaluationCache(tmp_path / "e.sqlite", "c").put("key", trained())
    assert EvaluationCache(tmp_path / "e.sqlite", context).get(key, ChildJob(ONE, seed)) is None


def test_any_seed_prefers_its_own(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "e.sqlite", "c", any_seed=True)
    cache.put("key", trained(seed=8, reward=0.8))
    assert found(cache).seed == 8
    cache.put("key", trained(seed=7, reward=0.7))
    assert found(cache).seed == 7


def test_a_further_training_is_never_that_of_another_seed(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "e.sqlite", "c", any_seed=True)
    cache.put("key", trained(seed=8, reward=0.8))
    again = ChildJob(ONE, 7, repeat=2, first_seed=8)
    assert cache.get("key", again) is None
    cache.put("key", trained(seed=7, reward=0.7))
    entry = cache.get("key", again)
    assert entry is not None
    assert entry.result.reward == 0.7


def test_the_same_written_form_is_preferred(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "e.sqlite", "c")
    cache.put("key", trained(TWIN, reward=0.25))
    assert found(cache).result.reward == 0.25
    cache.put("key", trained(ONE, reward=0.5))
    assert found(cache).result.reward == 0.5
    assert found(cache, TWIN).result.reward == 0.25


def test_the_first_reward_stays_and_failures_are_not_kept(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "e.sqlite", "c")
    cache.put("key", ChildResult.failed(ChildJob(ONE, 7), "out of memory"))
    cache.put("key", trained(reward=float("nan")))
    cache.put("key", trained(reward=float("inf")))
    assert cache.get("key", ChildJob(ONE, 7)) is None
    cache.put("key", trained(reward=0.5))
    cache.put("key", trained(reward=0.6))
    assert found(cache).result.reward == 0.5


def test_a_reused_child_is_marked_and_took_no_time() -> None:
    result = reused(Found(trained(seed=8), 8), ChildJob(TWIN, 7))
    assert (result.cell, result.seed, result.seconds, result.status) == (TWIN, 7, 0.0, Status.OK)
    assert seed_if_cached(result.metrics) == 8
    assert seed_if_cached(METRICS) is None


def test_contexts_differ_in_anything_and_not_in_order() -> None:
    assert context_of(a=1, b={"x": 1, "y": 2}) == context_of(b={"y": 2, "x": 1}, a=1)
    assert context_of(a=1, b={"x": 1}) != context_of(a=1, b={"x": 1.5})


def database_of_somebody_else(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE letters (text)")


@pytest.mark.parametrize(
    "what", ["text", "foreign database", "directory", "pipe", "no such directory"]
)
def test_a_path_that_is_no_cache_is_refused_and_left_alone(what: str, tmp_path: Path) -> None:
    path = (
        tmp_path / "missing" / "e.sqlite" if what == "no such directory" else tmp_path / "e.sqlite"
    )
    if what == "text":
        path.write_text("a letter to somebody, long enough to be read as a header" * 20)
    elif what == "foreign database":
        database_of_somebody_else(path)
    elif what == "directory":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(InvalidValue, match=r"^cache.path: must ") as caught:
        EvaluationCache(path, "c")
    assert "\n" not in str(caught.value)
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize("values", [{"path": ""}, {"path": 3}, {"any_seed": "yes"}])
def test_bad_settings(values: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        CacheSpec(**values)  # type: ignore[arg-type]


def write_and_read(path: str, writer: int, gate: "multiprocessing.synchronize.Barrier") -> None:
    gate.wait(120)
    cache = EvaluationCache(path, "c")
    for i in range(40):
        # Half of the children are everybody's, half this writer's own.
        key = f"shared-{i}" if i % 2 else f"{writer}-{i}"
        cache.put(key, trained(seed=i, reward=i / 40))
        entry = cache.get(key, ChildJob(ONE, i))
        assert entry is not None
        assert entry.result.reward == i / 40


def test_a_file_that_another_search_makes_meanwhile_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "e.sqlite"
    is_file = Path.is_file
    exists = Path.exists

    def then_made(ask: Callable[[Path], bool]) -> Callable[[Path], bool]:
        def answer(asked: Path) -> bool:
            found = ask(asked)
            if asked == path:
                path.touch()
            return found

        return answer

    monkeypatch.setattr(Path, "is_file", then_made(is_file))
    monkeypatch.setattr(Path, "exists", then_made(exists))
    EvaluationCache(path, "c").put("key", trained(seed=1, reward=0.5))


def test_many_processes_write_one_fresh_file_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    path = tmp_path / "e.sqlite"
    count = 8
    gate = context.Barrier(count)
    writers = [
        context.Process(target=write_and_read, args=(str(path), i, gate)) for i in range(count)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(180)
    assert [writer.exitcode for writer in writers] == [0] * count
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM evaluations").fetchone() == (20 + 8 * 20,)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
