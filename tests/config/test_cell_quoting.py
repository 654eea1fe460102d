from pnas.config import quote_cells


def test_only_cells_that_are_written_out_are_quoted() -> None:
    assert quote_cells(["cell=(-1, 3x3 conv, -2, identity)", "+cell= (a)"]) == [
        "cell='(-1, 3x3 conv, -2, identity)'",
        "+cell='(a)'",
    ]
    untouched = [
        "cell=best",
        "cell='(-1, identity, -1, identity)'",
        "name=cell=(x)",
        "task=train",
        "cell=",
    ]
    assert quote_cells(untouched) == untouched
