import os
import sys
import warnings

import pytest

from pnas.system.warning_filters import keep_warnings_from_raising


def test_warnings_are_printed_and_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "warnoptions", ["error", "ignore::DeprecationWarning"])
    monkeypatch.setenv("PYTHONWARNINGS", "error,ignore::DeprecationWarning")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keep_warnings_from_raising()
        with pytest.warns(UserWarning, match="of a library"):
            warnings.warn("of a library", UserWarning, stacklevel=1)
    assert os.environ["PYTHONWARNINGS"] == "default,ignore::DeprecationWarning"
    assert sys.warnoptions == ["default", "ignore::DeprecationWarning"]


def test_without_a_wish_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "warnoptions", [])
    before = list(warnings.filters)
    keep_warnings_from_raising()
    assert list(warnings.filters) == before
