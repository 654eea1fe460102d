"""The same export command registers what an earlier one did not get to, and nothing twice."""

import shutil
from pathlib import Path

import pytest
from exporting.test_user_data import TRAIN, made_images, write_parts
from support.command import run_here

from pnas.tracking import model_registration

STORE = ("tracking=mlflow", "tracking.uri=sqlite:///mlflow.db", "task.register=mine")
EXPORT = ("task=export", "from=outputs/t", "task.formats=[mlflow]", "name=e", *STORE)


class Killed(BaseException):
    """Ends a command as SIGKILL does: nothing that catches errors meets it."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")  # MLflow, of its own signature
def test_a_model_is_registered_by_the_command_that_comes_after_a_kill(
    empty_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, "mlflow.db")
    write_parts(Path("mine.npz"), *made_images())
    assert run_here(*TRAIN) == 0, capsys.readouterr().err

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        # The folder of the export has its name by then, and the model no version yet.
        patch.setattr(model_registration, "open_store", kill)
        with pytest.raises(Killed):
            run_here(*EXPORT)
    assert (tmp_path / "outputs/t/export/model.json").is_file()

    for _ in range(2):
        capsys.readouterr()
        assert run_here(*EXPORT) == 0, capsys.readouterr().err
        assert "registered: version 1" in capsys.readouterr().out
