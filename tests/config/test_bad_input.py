"""Every mistake is one line with key, rule and value, exit code 2, and leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest
from support.command import run_here

MISTAKES = [
    # groups and keys
    ("state_space=huge", "state_space", "huge"),
    ("controller=oracle", "controller", "oracle"),
    ("experiment=nothing", "experiment", "nothing"),
    ("trainer.epoch=3", "trainer.epoch", "3"),
    ("epochs=3", "epochs", "3"),
    ("+trainer.extra=3", "trainer.extra", "3"),
    ("+extra=3", "extra", "3"),
    ("task=dance", "task", "dance"),
    ("state_space.operators=[3x3 conv", "command line", "3x3 conv"),
    # words that are no KEY=VALUE of a key that is there
    ("=3", "command line: must be KEY=VALUE", "'=3'"),
    ("=", "command line: must be KEY=VALUE", "'='"),
    ("~", "command line: must be KEY=VALUE", "'~'"),
    ("+search", "command line: must be KEY=VALUE", "'+search'"),
    ("search=", "search: must be an option", "''"),
    ("search=null", "search: must be an option", "'null'"),
    ("experiment=null", "experiment: must be an option", "'null'"),
    ("experiment=3", "experiment: must be an option", "'3'"),
    ("~trainer", "trainer: must be an option of trainer; it cannot be removed", "None"),
    ("~trainer=3", "trainer: must be an option of trainer; it cannot be removed", "'~trainer=3'"),
    ("~data=npz", "data: must be an option of data; it cannot be removed", "'~data=npz'"),
    ("~hydra", "hydra: must be a key that exists", "'~hydra'"),
    ("~cell", "cell: must be left out, not removed", "'~cell'"),
    ("~search.zzz", "search.zzz: must be a key that exists", "'~search.zzz'"),
    ("~search.max_children=3", "search.max_children: must have a value (60)", "children=3'"),
    ("+search=random", "search: must be typed without +", "'+search=random'"),
    ("++search=random", "search: must be typed without +", "'++search=random'"),
    ("+experiment=quickstart", "experiment: must be typed without +", "'+experiment=quickstart'"),
    ("+search.max_children=3", "search.max_children: must be typed without +", "=3'"),
    ("search@x=random", "search@x: must be a key that exists; the closest is search", "search@x"),
    ("searhc@x=random", "searhc: must be a key that exists; the closest is search", "searhc"),
    ("hydra.run.dir=${x}", "hydra.run.dir: must refer to a value that exists", "'${x}'"),
    # types
    ("trainer.epochs=abc", "trainer.epochs", "abc"),
    ("state_space.B=2.5", "state_space.B", "2.5"),
    ("child.filters=many", "child.filters", "many"),
    ("seed=abc", "seed", "abc"),
    ("seed=-1", "seed", "-1"),
    ("seed=1.5", "seed", "1.5"),
    ("plan_only=7", "plan_only", "7"),
    ("name=../outside", "name", "../outside"),
    # the state space
    ("state_space.B=0", "state_space.B", "0"),
    ("state_space.B=30", "state_space.B", "30"),
    ("state_space.B=2147483648", "state_space.B", "2147483648"),
    (
        "state_space.input_lookback_depth=-1000000000",
        "state_space.input_lookback_depth",
        "-1000000000",
    ),
    ("state_space.input_lookback_depth=-100000", "state_space.input_lookback_depth", "-100000"),
    ("state_space.operators=[9999x9999 conv]", "state_space.operators", "9999x9999 conv"),
    ("state_space.operators=[]", "state_space.operators", "[]"),
    ("state_space.operators=[3x3 convolution]", "state_space.operators", "3x3 convolution"),
    ("state_space.operators=[4x4 conv]", "state_space.operators", "4x4 conv"),
    ("state_space.operators=[-3x-3 conv]", "state_space.operators", "-3x-3 conv"),
    ("state_space.operators=[0x0 maxpool]", "state_space.operators", "0x0 maxpool"),
    ("state_space.operators=[identity,identity]", "state_space.operators", "identity"),
    ("state_space.operators=identity", "state_space.operators", "identity"),
    # one of several
    ("trainer.epochs=2,3", "trainer.epochs", "2,3"),
    ("seed=range(0,3)", "seed", "range(0,3)"),
    ("controller=gp,lstm", "controller", "gp,lstm"),
    # nothing
    ("trainer.epochs=null", "trainer.epochs", "None"),
    ("task.name=null", "task.name", "None"),
    # paths in the place of an option
    ("data=/home/me/photos", "data", "/home/me/photos"),
    ("experiment=my/study", "experiment", "my/study"),
    # options
    ("--epochs 3", "command line", "--epochs 3"),
    ("plan_only=true -m seed=0,1", "command line", "seed=0,1"),
    ("--cfg jobs", "command line", "--cfg jobs"),
    # the data
    ("data.train_size=5", "data.train_size", "5"),
    ("data=image_folder data.path=x data.image_size=9000", "data.image_size", "9000"),
    ("state_space.input_lookback_depth=1", "state_space.input_lookback_depth", "1"),
    ("state_space.input_lookforward_depth=-1", "state_space.input_lookforward_depth", "-1"),
    ("state_space=nasbench201", "state_space.kind", "nasbench201"),
    # the controller
    ("controller.K=0", "controller.K", "0"),
    ("controller.hidden=0", "controller.hidden", "0"),
    # the child and its training
    ("child.repeats=0", "child.repeats", "0"),
    ("child.repeats=5000", "child.repeats", "5000"),
    ("child=paper child.repeats=2147483648", "child.repeats", "2147483648"),
    ("child.filters=2147483648", "child.filters", "2147483648"),
    ("search=random search.batch=2147483648", "search.batch", "2147483648"),
    ("search.refine=2147483648", "search.refine", "2147483648"),
    ("task=train cell=pnasnet5 task.seeds=2147483648", "task.seeds", "2147483648"),
    ("task=tabulate task.repeats=2147483648", "task.repeats", "2147483648"),
    ("task=preflight task.cells=2147483648", "task.cells", "2147483648"),
    ("child.filters=0", "child.filters", "0"),
    ("child.concat=some", "child.concat", "some"),
    ("trainer.epochs=0", "trainer.epochs", "0"),
    ("trainer.batchsize=0", "trainer.batchsize", "0"),
    ("trainer.batchsize=100000", "trainer.batchsize", "100000"),
    ("trainer.learning_rate=0", "trainer.learning_rate", "0"),
    ("trainer.reward=luck", "trainer.reward", "luck"),
    ("trainer.device=gpu", "trainer.device", "gpu"),
    ("executor.workers=0", "executor.workers", "0"),
    ("search.max_failed=1", "search.max_failed", "1"),
    ("tracking.uri=file:///mlruns", "tracking.uri", "file"),
    ("search=greedy", "search", "greedy"),
    ("search=random search.probe=3", "search.probe", "3"),
    ("search=evolution search.sample=0", "search.sample", "0"),
    ("search=progressive search.refine=5", "search.refine", "5"),
    ("search=progressive search.asynchronous=true", "search.asynchronous", "true"),
    ("search=progressive_random search.asynchronous=true", "search.asynchronous", "true"),
    ("search.asynchronous=often", "search.asynchronous", "often"),
    (
        "search.asynchronous=true controller=lstm controller.warm_start=true",
        "search.asynchronous",
        "True",
    ),
    ("search=refined search.max_children=null", "search.max_children", "None"),
    ("search.max_children=3", "search.max_children", "3"),
    ("search.max_epochs=10", "search.max_epochs", "10"),
    ("controller.K=1000000", "controller.K", "1000000"),
    ("trainer=tabular", "trainer.table", "''"),
    ("trainer=tabular trainer.table=absent.npz", "trainer.table", "absent.npz"),
    ("trainer.table_test=accuracy", "trainer.table_test", "accuracy"),
    ("task=tabulate task.repeats=0", "task.repeats", "0"),
    ("task=tabulate state_space=paper", "task.cells", "None"),
    # data
    ("data.name=mnist2", "data.name", "mnist2"),
    ("data=npz", "data.path", "None"),
    ("data=npz data.path=absent.npz", "data.path", "absent.npz"),
    ("data.train_size=5000", "data.train_size", "5000"),
    # runs
    ("task=score", "from", "None"),
    ("task=score from=absent/run", "from", "absent/run"),
    (
        "task=score from=0123456789abcdef0123456789abcdef",
        "from: must be a run directory or an MLflow run id (0123456789abcdef0123456789abcdef: is",
        "does not exist). Received: '0123456789abcdef0123456789abcdef'",
    ),
    ("task=score from=.", "run directory", "."),
    ("task=rank task.files=[absent.csv]", "task.files", "absent.csv"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *overrides: str) -> str:
    code = run_here(*overrides)
    message = capsys.readouterr().err
    assert code == 2, message
    assert message.count("\n") == 1, message
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize(
    ("command", "key", "value"), MISTAKES, ids=[mistake[0] for mistake in MISTAKES]
)
def test_a_mistake_is_one_line_with_key_and_value(
    command: str, key: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # A list of operators has spaces inside one override.
    parts = [command] if "[" in command and "task" not in command else command.split()
    message = refused(capsys, "name=mistake", *parts)
    assert key in message
    assert value in message
    assert not (tmp_path / "outputs" / "mistake").exists()
    assert not (tmp_path / "mlflow.db").exists()


MALFORMED_ARRAYS = [
    ({"x": np.zeros((4, 8, 8)), "y": np.zeros(4, int)}, "x_train"),
    ({"x_train": np.zeros((4, 8, 8)), "y_train": np.zeros(3, int)}, "3"),
    ({"x_train": np.full((40, 8, 8), np.nan), "y_train": np.arange(40) % 2}, "NaN"),
    ({"x_train": np.zeros((40, 8, 8)), "y_train": np.zeros(40, int)}, "2 classes"),
    ({"x_train": np.zeros((40, 8, 8)), "y_train": np.arange(40) % 2 - 1}, "-1"),
    ({"x_train": np.zeros((40, 8, 8, 9)), "y_train": np.arange(40) % 2}, "channels"),
]


@pytest.mark.parametrize(
    ("arrays", "rule"),
    MALFORMED_ARRAYS,
)
def test_a_malformed_npz_is_refused(
    arrays: dict[str, np.ndarray], rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)
    message = refused(capsys, "name=mistake", "data=npz", f"data.path={tmp_path}/bad.npz")
    assert rule in message


def test_a_directory_with_other_things_is_not_made_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "outputs" / "photos").mkdir(parents=True)
    (tmp_path / "outputs" / "photos" / "cat.png").touch()
    assert "photos" in refused(capsys, "name=photos")
    assert [path.name for path in (tmp_path / "outputs" / "photos").iterdir()] == ["cat.png"]


def test_a_foreign_journal_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "outputs" / "odd").mkdir(parents=True)
    (tmp_path / "outputs" / "odd" / "journal.sqlite").write_text("not a journal" * 100)
    assert "journal" in refused(capsys, "name=odd")
    assert "is not a run directory" in refused(capsys, "task=score", "from=outputs/odd")


@pytest.mark.parametrize(
    "task", ["export", "score", "rank", "report", "list", "show", "watch", "sync"]
)
def test_a_task_without_a_plan_does_nothing_in_its_place(
    task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, "name=planned", f"task={task}", "plan_only=true")
    assert message == (
        f"plan_only: must be false with task={task}: only search, train, tabulate or preflight "
        "has a plan. Received: True\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_several_options_are_answered_with_the_multirun(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refused(capsys, "controller=gp,lstm")
    assert message == (
        "controller: must be one option: -m makes a run of each. Received: 'gp,lstm'\n"
    )


@pytest.mark.parametrize("mode", [[], ["-m"]], ids=["single", "multirun"])
def test_a_list_of_options_is_answered_with_the_multirun(
    mode: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(capsys, *mode, "search=[random,evolution]")
    assert message == (
        "search: must be one option: -m makes a run of each. Received: '[random,evolution]'\n"
    )


def test_a_run_without_a_name_is_refused_without_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refused(capsys, "~name")
    assert message == "name: must have a value; it cannot be removed. Received: '~name'\n"


def test_a_key_of_other_options_is_refused_with_options_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = refused(capsys, "trainer=tabular", "trainer.table=t.yaml", "trainer.epochs=1")
    assert message == (
        "trainer.epochs: belongs to trainer=quick, paper, seed, final_quick or final_cifar10; "
        "trainer=tabular does not read it. Received: '1'\n"
    )
