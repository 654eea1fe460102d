import pytest

from pnas.config.credentials import VARIABLE, hide_credentials

SECRET = "http://ann:s3cret@host:5000"


@pytest.mark.parametrize("prefix", ["", "+", "++"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_an_address_with_credentials_moves_to_the_environment(prefix: str, quote: str) -> None:
    environment: dict[str, str] = {}
    typed = ["-m", "seed=1", f"{prefix}tracking.uri={quote}{SECRET}{quote}"]
    hidden = hide_credentials(typed, environment)
    assert hidden == ["-m", "seed=1", f"{prefix}tracking.uri=${{oc.env:{VARIABLE}}}"]
    assert environment == {VARIABLE: SECRET}


@pytest.mark.parametrize(
    "argument",
    [
        "tracking.uri=http://host:5000",
        "tracking.uri=sqlite:////data/a@b/mlflow.db",
        "tracking.uri=null",
        "tracking.uri=${oc.env:MY_STORE}",
        "data.path=s3://key:secret@bucket",
        "--help",
    ],
)
def test_other_arguments_stay_as_typed(argument: str) -> None:
    environment: dict[str, str] = {}
    assert hide_credentials([argument], environment) == [argument]
    assert environment == {}
