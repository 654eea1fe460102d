"""Parts from outside the package: the examples under docs/examples, and what can be wrong with
one's own.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from support.command import ROOT, run_apart
from support.fake_children import FakeChildren

from pnas.children.network.counts import count_network
from pnas.children.network_specs import PNASNetworkSpec
from pnas.data import load_dataset
from pnas.errors import InvalidValue
from pnas.execution import ExecutorSpec, make_executor
from pnas.extensions import VARIABLE, extension, extension_names
from pnas.predictors import load_predictor, make_controller_spec, make_predictor
from pnas.records import ChildJob, Status
from pnas.state_space import Cell, StateSpace, build_space

EXAMPLES = ROOT / "docs" / "examples"
ALL = ",".join(str(path) for path in sorted(EXAMPLES.glob("my_*.py")))


@pytest.fixture
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, ALL)


@pytest.mark.usefixtures("examples")
def test_an_operator_is_built_and_counted() -> None:
    space = StateSpace(2, ["bottleneck", "identity"])
    assert space.operators == ("bottleneck", "identity")
    with_it = parameters_of("(-1, bottleneck, -1, identity)")
    without_it = parameters_of("(-1, identity, -1, identity)")

    # 1x1 to a quarter of the filters, 3x3 among these, and 1x1 back, each with the two parameters
    # a channel of batch normalisation.
    bottlenecks = 0
    for filters in (8, 16, 32):
        inner = filters // 4
        bottlenecks += filters * inner + 9 * inner**2 + inner * filters
        bottlenecks += 2 * (inner + inner + filters)

    # An identity that halves the size is a 1x1 convolution with batch normalisation, of which there
    # is one less in each reduction.
    identities = 0
    for filters in (16, 32):
        identities += filters * filters + 2 * filters
    assert with_it - without_it == bottlenecks - identities


def parameters_of(cell: str) -> int:
    """Return the parameters of the default network of ``cell`` on digits."""
    return count_network(Cell.parse(cell), PNASNetworkSpec(), (8, 8, 1), 10).params


@pytest.mark.usefixtures("examples")
def test_a_space_is_found_by_its_kind() -> None:
    space = build_space({"kind": "anchored", "B": 2, "operators": ["3x3 conv", "identity"]})
    assert all(
        -1 in (cell.blocks[-1][0], cell.blocks[-1][2])
        for cell in space.decode(next(space.iter_cells(2)))
    )
    assert space.num_cells(1) == len(space.initial_children()) == 3 + 4  # -1 twice, or -1 and -2
    assert build_space(space.spec()).spec() == space.spec()


@pytest.mark.usefixtures("examples")
def test_a_predictor_learns_and_comes_back(tmp_path: Path) -> None:
    space = StateSpace(1, ["3x3 conv", "identity"])
    predictor = make_predictor(space, make_controller_spec(predictor="sharing"))
    tokens = np.asarray([[[0, 0, 0, 0]], [[0, 1, 0, 1]]], dtype=np.int32)
    predictor.fit(tokens, [0.9, 0.1], 1, 0)
    predictor.save(tmp_path / "stage_1")
    loaded = load_predictor(tmp_path / "stage_1", space)
    assert loaded.predict(tokens) == pytest.approx([0.9, 0.1])


@pytest.mark.usefixtures("examples")
def test_data_are_split_like_any_other() -> None:
    data = load_dataset("bars", train_size=200)
    assert data.x_train.shape == (200, 8, 8, 1)
    assert data.num_classes == 2


@pytest.mark.usefixtures("examples")
def test_an_executor_trains_what_it_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    executor = make_executor(ExecutorSpec(kind="announcing"), FakeChildren(str(tmp_path)))
    jobs = [ChildJob(Cell.parse("(-1, identity, -1, identity)"), 0)]
    assert [(index, result.status) for index, result in executor.run(jobs)] == [(0, Status.OK)]
    assert capsys.readouterr().out == "announcing 1 children\n"


def test_without_extensions_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert extension("operators", "bottleneck") is None
    assert extension_names("data") == ()
    with pytest.raises(InvalidValue, match=r"data\.name: must be one of"):
        load_dataset("bars")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:", "SyntaxError"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("x = 1", "a mapping PNAS"),
        ("PNAS = {'colours': {}}", "a mapping PNAS"),
    ],
)
def test_what_is_wrong_with_an_extension_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    (tmp_path / "mine.py").write_text(text)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "mine.py"))
    with pytest.raises(InvalidValue, match=said) as error:
        extension_names("data")
    assert str(error.value).startswith(f"{VARIABLE}: ")
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_search_made_of_nothing_but_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, VARIABLE, ALL)
    parts = (
        "state_space.kind=anchored",
        "controller.predictor=sharing",
        "data.name=bars",
        "executor.kind=announcing",
    )
    data = ("data.train_size=200", "data.test_size=100")
    small = (*data, "state_space.B=2", "controller.K=2", "trainer.epochs=1", "tracking=none")
    operators = "state_space.operators=[bottleneck,identity]"
    code, out, err = run_apart("name=mine", *parts, *small, operators, cwd=tmp_path)
    assert code == 0, err
    assert "announcing 2 children" in out
    assert (tmp_path / "outputs/mine/report.html").is_file()
