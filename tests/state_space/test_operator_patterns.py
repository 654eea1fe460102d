import pytest

from pnas.errors import InvalidValue
from pnas.state_space import PAPER_OPERATORS, Operator, OperatorKind, parse_operator
from pnas.state_space.operator_patterns import parse_operators


@pytest.mark.parametrize(
    ("text", "kind", "kernel"),
    [
        ("3x3 conv", OperatorKind.CONV, 3),
        ("1x1 conv", OperatorKind.CONV, 1),
        ("1x1 dconv", OperatorKind.DCONV, 1),
        ("11x11 dconv", OperatorKind.DCONV, 11),
        ("1x7-7x1 conv", OperatorKind.FACTORIZED_CONV, 7),
        ("5x5 dilated conv", OperatorKind.DILATED_CONV, 5),
        ("3x3 maxpool", OperatorKind.MAXPOOL, 3),
        ("9x9 avgpool", OperatorKind.AVGPOOL, 9),
        ("identity", OperatorKind.IDENTITY, 1),
    ],
)
def test_reads_every_form_and_writes_it_back(text, kind, kernel):
    assert parse_operator(text) == Operator(kind, kernel)
    assert str(parse_operator(text)) == text


def test_blanks_are_free():
    assert parse_operators([" 3x3   conv ", "identity"]) == ("3x3 conv", "identity")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "conv",
        "3x3",
        "3x5 conv",
        "1x7-5x1 conv",
        "7x1-1x7 conv",
        "3x3 Conv",
        "identity 3",
        "x conv",
    ],
)
def test_unknown_forms_are_refused_with_the_forms(text):
    with pytest.raises(InvalidValue) as refused:
        parse_operator(text)
    assert refused.value.key == "state_space.operators"
    assert all(
        kind.value in str(refused.value)
        for kind in OperatorKind
        if kind is not OperatorKind.EXTENSION
    )


@pytest.mark.parametrize(
    ("text", "smallest"),
    [
        ("2x2 conv", 1),
        ("0x0 dconv", 1),
        ("-3x-3 conv", 1),
        ("1x4-4x1 conv", 3),
        ("1x1-1x1 conv", 3),
        ("1x1 maxpool", 3),
        ("1x1 dilated conv", 3),
        ("6x6 avgpool", 3),
    ],
)
def test_even_and_too_small_kernels_are_refused(text, smallest):
    with pytest.raises(
        InvalidValue, match=f"odd integer of at least {smallest}. Received: '{text}'"
    ):
        parse_operator(text)


@pytest.mark.parametrize(
    "texts", [[], "3x3 conv", None, 3, {"3x3 conv": 1}, ["3x3 conv", 3], [None], [["3x3 conv"]]]
)
def test_what_is_not_a_list_of_operators_is_refused(texts):
    with pytest.raises(InvalidValue, match=r"^state_space\.operators: "):
        parse_operators(texts)


@pytest.mark.parametrize("again", ["3x3 conv", "3x3  conv", "03x03 conv"])
def test_duplicates_are_refused_however_they_are_written(again):
    with pytest.raises(InvalidValue, match="twice"):
        parse_operators(["3x3 conv", again])


def test_the_papers_eight():
    assert len(parse_operators(PAPER_OPERATORS)) == 8
