"""Where ``search.early_stop`` is refused before any work."""

import pytest
from support.command import run_here


@pytest.mark.parametrize(
    ("overrides", "rule"),
    [
        (("search.early_stop=1",), "must be at least 0 and below 1"),
        (
            ("search.early_stop=0.1", "trainer.epochs=5"),
            "must be 0 with trainer.epochs=5 and trainer.validate_every=5: no epoch before",
        ),
        (("search.early_stop=0.1", "search.rungs=[0.2,1]"), "must be 0 with search.rungs"),
        (
            ("search.early_stop=0.1", "search.asynchronous=true"),
            "must be 0 with search.asynchronous=true",
        ),
        (
            (
                "search.early_stop=0.1",
                "trainer=tabular",
                "trainer.table=experiments/tables/digits.yaml",
            ),
            "must be 0 with trainer.table=",
        ),
    ],
)
def test_what_cannot_be_stopped_early_is_refused_in_one_line(
    overrides: tuple[str, ...], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_here("plan_only=true", "state_space.B=2", "tracking=none", *overrides) == 2
    message = capsys.readouterr().err.strip()
    assert message.startswith(f"search.early_stop: {rule}")
    assert "\n" not in message


def test_a_search_that_can_stop_early_is_planned(capsys: pytest.CaptureFixture[str]) -> None:
    overrides = ("plan_only=true", "state_space.B=2", "tracking=none", "search.early_stop=0.05")
    assert run_here(*overrides) == 0
    assert "confirmation" in capsys.readouterr().out
