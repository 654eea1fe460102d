import pytest

from pnas.tracking.naming import as_params, cut, legal_name


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("state_space.B", "state_space.B"),
        ("val accuracy/top-1", "val accuracy/top-1"),
        ("a+b=c[0]", "a_b_c_0_"),
        ("größe", "gr__e"),
        ("a//b", "a__b"),
        ("../a", "___a"),
        ("/a", "_a"),
        ("a/./b", "a_._b"),
        ("a/", "a_"),
        (".", "_"),
        ("", "_"),
    ],
)
def test_legal_name(name, legal):
    assert legal_name(name) == legal


def test_names_that_mlflow_would_refuse_are_accepted_by_it():
    from mlflow.utils.validation import _validate_param

    for name in (
        "a+b",
        "größe",
        "a//b",
        "../a",
        "/a",
        "a/./b",
        "a/",
        ".",
        "..",
        "",
        "a..",
        "x" * 400,
    ):
        _validate_param(legal_name(name), "value")


def test_long_names_stay_apart():
    first = legal_name("x" * 300 + "1")
    second = legal_name("x" * 300 + "2")
    assert len(first) == len(second) == 250
    assert first != second


def test_cut_is_seen():
    assert cut("x" * 6000, 6000) == "x" * 6000
    shortened = cut("x" * 7000, 6000)
    assert len(shortened) == 6000
    assert shortened.endswith("x... (7000 characters)")
    assert cut("abcdef", 3) == "abc"


def test_as_params():
    config = {
        "seed": 0,
        "from": None,
        "plan_only": False,
        "state_space": {"B": 3, "operators": ["3x3 dconv", "identity"], "extra": {}},
        "trainer": {"learning_rate": 0.01, "note": "x" * 7000},
        "a+b": 1,
        "a*b": 2,
    }
    params = as_params(config)
    assert len(params.pop("trainer.note")) == 6000
    (collided,) = (name for name in params if name.startswith("a_b_"))
    assert params.pop(collided) == "2"
    assert params == {
        "seed": "0",
        "from": "null",
        "plan_only": "false",
        "state_space.B": "3",
        "state_space.operators": '["3x3 dconv", "identity"]',
        "state_space.extra": "{}",
        "trainer.learning_rate": "0.01",
        "a_b": "1",
    }


def test_no_configuration_no_params():
    assert as_params({}) == {}


def test_as_params_hides_credentials():
    config = {
        "tracking": {"uri": "https://ann:secret@host?token=abc"},
        "list": ["ftp://ann:secret@host"],
    }
    assert as_params(config) == {
        "tracking.uri": "https://***@host?token=***",
        "list": '["ftp://***@host"]',
    }
