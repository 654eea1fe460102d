"""Parts of extensions that break their contract: one line that names the part, no traceback."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command import ROOT, run_here

from pnas.children.network.counts import count_network
from pnas.children.network_specs import PNASNetworkSpec
from pnas.data import load_dataset
from pnas.errors import InvalidValue
from pnas.execution import ExecutorSpec, make_executor
from pnas.extensions import VARIABLE, explaining_extensions
from pnas.objectives.objective import Facts
from pnas.objectives.registry import make_objectives
from pnas.predictors import make_controller_spec, make_predictor
from pnas.state_space import Cell, StateSpace, build_space

PARTS = """
import numpy as np
from pnas.data.raw_data import RawData, RawPart
from pnas.objectives import Objective
from pnas.registry import Part
from pnas.search.strategies.sampling_strategy import SamplingStrategy
from pnas.state_space import StateSpace

def boom(*arguments, **keywords):
    raise RuntimeError("of mine")

class NoBlocks(StateSpace):
    def block_tokens(self, b):
        return super().block_tokens(b)[:0]

class NoSpec(StateSpace):
    def spec(self):
        return None

def short_labels(spec):
    images = np.zeros((9, 8, 8, 1), np.uint8)
    return RawData({"train": RawPart(images, np.arange(8, dtype=np.int32) % 2)}, 2)

class Strategy(SamplingStrategy):
    stream = "mine"

class Numbers(Strategy):
    def next_cells(self, generator):
        return 5

class Unwritten(Strategy):
    pass

class Twice(Strategy):
    def next_cells(self, generator):
        return self.sampler.sample(generator, 1) * 2

class Again(Strategy):
    def next_cells(self, generator):
        rewarded = self.rewarded_cells()
        return [rewarded[0][0]] if rewarded else self.sampler.sample(generator, 2)

class Raising(Strategy):
    def next_cells(self, generator):
        if self.rewarded_cells():
            boom()
        return self.sampler.sample(generator, 2)

PNAS = {
    "operators": {
        "nothing": lambda layers, x, filters, stride: None,
        "same size": lambda layers, x, filters, stride: x,
        "no arguments": lambda: None,
        "array": lambda layers, x, filters, stride: np.zeros((1, 8, 8, 8)),
    },
    "state_spaces": {
        "none": lambda spec: None,
        "no_blocks": lambda spec: NoBlocks(spec.B, spec.operators),
        "no_spec": lambda spec: NoSpec(spec.B, spec.operators),
        "no_dataclass": Part(StateSpace, dict),
        "nowhere": "no.such:place",
    },
    "predictors": {"function": boom, "number": type("P", (), {"create": int, "load": int})},
    "data": {"none": lambda spec: None, "number": 5, "short_labels": short_labels},
    "executors": {"none": lambda *arguments: None, "few": lambda spec: None},
    "objectives": {"function": boom, "text": Objective(lambda facts: "high")},
    "strategies": {
        "numbers": Numbers, "unwritten": Unwritten, "twice": Twice, "again": Again,
        "raising": Raising, "none": lambda context, history: None,
    },
}
"""


@pytest.fixture(autouse=True)
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "parts.py"
    path.write_text(PARTS)
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def count(operator: str) -> Any:
    cell = Cell([(-1, operator, -1, "identity")])
    return count_network(cell, PNASNetworkSpec(), (8, 8, 1), 10)


def space_of(kind: str) -> StateSpace:
    return build_space({"kind": kind, "B": 1, "operators": ["identity", "3x3 conv"]})


def predictor_of(name: str) -> Any:
    return make_predictor(StateSpace(1, ["identity"]), make_controller_spec(predictor=name))


def executor_of(kind: str) -> Any:
    return make_executor(ExecutorSpec(kind=kind), lambda: None)


def objective_value(name: str) -> Any:
    facts = Facts(Cell.parse("(-1, identity, -1, identity)"))
    return make_objectives(["reward", name]).by_name[name].value(facts)


@pytest.mark.parametrize(
    ("use", "name", "message"),
    [
        (count, "nothing", "state_space.operators: nothing must return (8, 8, 8) of (8, 8, 8)"),
        (count, "same size", "state_space.operators: same size must return (4, 4, 16)"),
        (count, "array", "state_space.operators: array must return (8, 8, 8)"),
        (count, "no arguments", "state_space.operators: no arguments must take 4 arguments"),
        (space_of, "none", "state_space.kind: none must return a value of type SlotSpace"),
        (space_of, "no_blocks", "state_space.kind: no_blocks must have blocks"),
        (space_of, "no_spec", "state_space.kind: no_spec must describe itself"),
        (space_of, "no_dataclass", "state_space.kind: no_dataclass must have a dataclass"),
        (space_of, "nowhere", "state_space.kind: nowhere must be at module:attribute"),
        (predictor_of, "function", "controller.predictor: function must be a class with create"),
        (load_dataset, "none", "data.name: none must return a value of type RawData"),
        (load_dataset, "number", "data.name: number must be a function or a class"),
        (load_dataset, "short_labels", "data.name: short_labels must have (n, H, W, C) images"),
        (executor_of, "none", "executor.kind: none must return a value of type Executor"),
        (executor_of, "few", "executor.kind: few must take 4 arguments"),
        (objective_value, "function", "search.objectives: function must be an Objective"),
        (objective_value, "text", "search.objectives: text must return a number"),
    ],
)
def test_what_is_no_part_of_its_kind_is_one_line(
    use: Callable[[str], Any], name: str, message: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        use(name)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_what_a_part_raises_is_one_line_with_the_place_in_its_code(parts: Path) -> None:
    from pnas.extensions import extension

    boom = extension("objectives", "function")
    with pytest.raises(InvalidValue) as refused, explaining_extensions():
        boom()
    line = 1 + PARTS.splitlines().index('    raise RuntimeError("of mine")')
    assert f"(RuntimeError: of mine, line {line} in boom)" in str(refused.value)
    assert str(refused.value).endswith(f"Received: {str(parts)!r}")


def test_what_the_package_raises_stays_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), explaining_extensions():
        load_dataset(1 // 0)


@pytest.mark.parametrize(
    ("kind", "message", "stages"),
    [
        ("numbers", "search.kind: must name a strategy that returns lists of cells", 0),
        ("unwritten", "search.kind: must name a strategy that returns lists of cells", 0),
        ("twice", "search.kind: must name a strategy that proposes cells", 0),
        ("again", "search.kind: must name a strategy that proposes no cell of an earlier stage", 1),
        ("raising", f"{VARIABLE}: must name modules whose parts do not raise", 1),
        ("none", "search.kind: none must return a value of type Strategy", 0),
    ],
)
def test_a_strategy_that_errs_is_one_line_and_loses_nothing(
    kind: str,
    message: str,
    stages: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    table = ROOT / "experiments" / "tables" / "digits.yaml"
    words = ["name=mine", "search=random", f"search.kind={kind}", "search.max_children=5"]
    words += ["trainer=tabular", f"trainer.table={table}", "state_space.B=2", "tracking=none"]
    assert run_here(*words, "search.confirm=0") == 2
    said = capsys.readouterr().err
    assert said.startswith(message)
    assert said.count("\n") == 1
    trained = (tmp_path / "outputs/mine/children.csv").read_text().count(",ok,")
    assert trained == 2 * stages


@pytest.mark.parametrize(
    ("kind", "name", "use"),
    [
        ("operators", "3x3 dconv", lambda: space_of("pnas")),
        ("operators", "identity", lambda: space_of("pnas")),
        ("state_spaces", "nasbench201", lambda: space_of("pnas")),
        ("predictors", "gp", lambda: predictor_of("gp")),
        ("data", "digits", lambda: load_dataset("digits")),
        ("executors", "serial", lambda: executor_of("serial")),
        ("objectives", "params", lambda: objective_value("params")),
    ],
)
def test_a_part_named_like_one_of_the_package_is_refused(
    kind: str, name: str, use: Callable[[], Any], parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parts.with_name("taken.py")
    path.write_text(f"PNAS = {{{kind!r}: {{{name!r}: int}}}}")
    monkeypatch.setenv(VARIABLE, str(path))
    with pytest.raises(InvalidValue) as refused:
        use()
    rule = f"must name modules whose {kind} have names of their own"
    assert str(refused.value) == f"{VARIABLE}: {rule}. Received: {name!r}"
