import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from pnas.errors import InvalidValue
from pnas.tracking import MlflowSpec, NoTrackingSpec, how_to_open, migrate_tracking, resolve_uri

CONF = Path(__file__).parents[2] / "conf" / "tracking"


def test_importing_the_room_leaves_mlflow_alone():
    code = "import sys, pnas.tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spec", [MlflowSpec(), NoTrackingSpec()])
def test_config_files_hold_exactly_the_keys_of_their_specification(spec):
    stored = OmegaConf.to_container(OmegaConf.load(CONF / f"{spec.backend}.yaml"))
    stored.pop("defaults")
    assert stored == asdict(spec)


def test_a_group_stored_by_an_earlier_version_loses_the_keys_that_are_not_read():
    former = {"backend": "none", "uri": None, "experiment": "pnas", "patience": 60.0}
    assert migrate_tracking(former) == {"backend": "none"}
    former["backend"] = "mlflow"
    assert migrate_tracking(former) == former


@pytest.mark.parametrize(
    ("uri", "resolved"),
    [
        (None, "sqlite:///{cwd}/mlflow.db"),
        ("sqlite:///runs/my runs.db", "sqlite:///{cwd}/runs/my runs.db"),
        ("sqlite:////data/mlflow.db", "sqlite:////data/mlflow.db"),
        ("sqlite:///~/mlflow.db", "sqlite:///{home}/mlflow.db"),
        ("sqlite:///a.db?timeout=5", "sqlite:///{cwd}/a.db?timeout=5"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://ann:secret@tracking.example", "https://ann:secret@tracking.example"),
        ("postgresql+psycopg2://u:p@h/db", "postgresql+psycopg2://u:p@h/db"),
        ("mysql+pymysql://h/db", "mysql+pymysql://h/db"),
    ],
)
def test_resolve_uri(uri, resolved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    assert resolve_uri(MlflowSpec(uri=uri)) == resolved.format(cwd=tmp_path, home="/home/ann")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "wandb"}, r"^tracking.backend: must be one of mlflow. Received: 'wandb'$"),
        (
            {"uri": "file:///mlruns"},
            r"^tracking.uri: must be null or start with http.*folders.*refused",
        ),
        (
            {"uri": "./mlruns"},
            r"^tracking.uri: .*folders \(mlruns\) are refused.*Received: './mlruns'$",
        ),
        ({"uri": "mlflow.db"}, r"^tracking.uri: .* a database is written sqlite:///mlflow.db"),
        ({"uri": ""}, r"^tracking.uri: must be null or start with"),
        ({"uri": "ftp://host/x"}, r"^tracking.uri: must be null or start with"),
        ({"uri": "http://"}, r"^tracking.uri: must name a host"),
        ({"uri": "sqlite://"}, r"^tracking.uri: must name a database file"),
        ({"uri": "sqlite:///"}, r"^tracking.uri: must name a database file"),
        ({"uri": "sqlite:///runs/"}, r"^tracking.uri: must name a database file"),
        ({"uri": "sqlite:///:memory:"}, r"^tracking.uri: must name a database file"),
        (
            {"experiment": " "},
            r"^tracking.experiment: must be a name of 1 to 500 printable characters",
        ),
        ({"experiment": "a\nb"}, r"^tracking.experiment: must be a name"),
        (
            {"patience": -1.0},
            r"^tracking.patience: must be a number of seconds of at least 0. Received: -1.0$",
        ),
        ({"patience": float("nan")}, r"^tracking.patience: "),
        ({"patience": "soon"}, r"^tracking.patience: .* Received: 'soon'$"),
        ({"experiment": 5}, r"^tracking.experiment: must be a name"),
        ({"uri": 5}, r"^tracking.uri: must be null or start with"),
    ],
)
def test_bad_values(changes, message):
    with pytest.raises(InvalidValue, match=message):
        MlflowSpec(**changes)


@pytest.mark.parametrize(
    "uri", ["ftp://ann:s3cret@host", "file://ann:s3cret@host/x", "postgres://ann:s3cret@h/d"]
)
def test_credentials_are_not_echoed(uri):
    with pytest.raises(InvalidValue) as caught:
        MlflowSpec(uri=uri)
    assert "s3cret" not in str(caught.value)


def test_credentials_are_not_in_the_repr():
    assert "s3cret" not in repr(MlflowSpec(uri="http://ann:s3cret@host"))


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (NoTrackingSpec(), None),
        (MlflowSpec(uri="http://ann:secret@127.0.0.1:5000"), "http://***@127.0.0.1:5000"),
        (
            MlflowSpec(uri="sqlite:////data/a b.db"),
            ".venv/bin/python -m mlflow ui --backend-store-uri 'sqlite:////data/a b.db'",
        ),
    ],
)
def test_how_to_open(spec, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    assert how_to_open(spec) == expected


def test_a_question_mark_in_the_working_directory_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "what?").mkdir()
    monkeypatch.chdir(tmp_path / "what?")
    with pytest.raises(InvalidValue, match=r"tracking.uri: must be an absolute path where"):
        resolve_uri(MlflowSpec())
    absolute = f"sqlite:///{tmp_path}/mlflow.db"
    assert resolve_uri(MlflowSpec(uri=absolute)) == absolute
