import multiprocessing
from pathlib import Path

import pytest

from pnas.execution.devices import claim, visible_gpus


def _claim_and_end(
    slots: list[str], directory: Path, results: "multiprocessing.Queue[str]"
) -> None:
    results.put(claim(slots, directory))


@pytest.mark.parametrize(
    ("value", "expected"), [("", []), ("-1", []), ("0", ["0"]), ("2,5", ["2", "5"])]
)
def test_visible_gpus_follow_the_environment(
    value: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_gpus() == expected


def test_each_claim_gets_another_device_and_none_is_given_twice(tmp_path: Path) -> None:
    assert {claim(["0", "1"], tmp_path), claim(["0", "1"], tmp_path)} == {"0", "1"}
    with pytest.raises(TimeoutError):
        claim(["0", "1"], tmp_path, patience=0.2)


def test_a_device_is_free_again_when_its_holder_ends(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = context.Queue()
    for _ in range(2):
        process = context.Process(target=_claim_and_end, args=(["0"], tmp_path, results))
        process.start()
        assert results.get(timeout=30) == "0"
        process.join()
