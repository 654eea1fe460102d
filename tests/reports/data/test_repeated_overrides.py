from pnas.reports.data.repeated_overrides import key_of, keys_of_one_predictor, without

TYPED = [
    "name=demo",
    "+controller.hidden=20",
    "controller.K=4",
    "tracking.uri=${oc.env:PNAS_HIDDEN_0}",
]


def test_a_key_has_no_signs() -> None:
    assert [key_of(override) for override in ("a.b=c=d", "+a=1", "++a=1", "~a")] == [
        "a.b",
        "a",
        "a",
        "a",
    ]


def test_keys_and_credentials_are_left_out() -> None:
    assert without(TYPED, ("name",)) == ["+controller.hidden=20", "controller.K=4"]


def test_keys_that_some_predictors_do_not_read() -> None:
    assert list(keys_of_one_predictor(TYPED, ("gp", "lstm"))) == ["controller.hidden"]
    assert list(keys_of_one_predictor(TYPED, ("lstm", "mlp"))) == []
