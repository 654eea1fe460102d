import pytest

from pnas.config.credentials import VARIABLE, hide_credentials

SECRET = "http://ann:s3cret@host:5000"


@pytest.mark.parametrize("prefix", ["", "+", "++"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_an_address_with_credentials_moves_to_the_environment(prefix: str, quote: str) -> None:
    environment: dict[str, str] = {}
    typed = ["-m", "seed=1", f"{prefix}tracking.uri={quote}{SECRET}{quote}"]
    hidden = hide_credentials(typed, environment)
    assert hidden == ["-m", "seed=1", f"{prefix}tracking.uri=${{oc.env:{VARIABLE}0}}"]
    assert environment == {f"{VARIABLE}0": SECRET}


def test_whichever_key_it_was_typed_for() -> None:
    environment: dict[str, str] = {}
    hidden = hide_credentials(
        [f"tracking.urii={SECRET}", "data.path=s3://key:word@bucket"], environment
    )
    assert hidden == [
        f"tracking.urii=${{oc.env:{VARIABLE}0}}",
        f"data.path=${{oc.env:{VARIABLE}1}}",
    ]
    assert list(environment.values()) == [SECRET, "s3://key:word@bucket"]


def test_a_list_stays_a_list_and_a_comma_in_a_password_makes_none() -> None:
    environment: dict[str, str] = {}
    hidden = hide_credentials(
        [f"tracking.uri={SECRET}/a,{SECRET}/b", "tracking.uri=http://u:a,b@h"], environment
    )
    assert hidden == [
        f"tracking.uri=${{oc.env:{VARIABLE}0}},${{oc.env:{VARIABLE}1}}",
        f"tracking.uri=${{oc.env:{VARIABLE}2}}",
    ]
    assert list(environment.values()) == [f"{SECRET}/a", f"{SECRET}/b", "http://u:a,b@h"]


@pytest.mark.parametrize(
    "argument",
    [
        "tracking.uri=http://host:5000",
        "tracking.uri=sqlite:////data/a@b/mlflow.db",
        "tracking.uri=null",
        "tracking.uri=${oc.env:MY_STORE}",
        "data.path=s3://bucket/images.npz",
        "--help",
    ],
)
def test_other_arguments_stay_as_typed(argument: str) -> None:
    environment: dict[str, str] = {}
    assert hide_credentials([argument], environment) == [argument]
    assert environment == {}
