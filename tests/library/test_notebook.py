"""The notebook of docs/ runs from its first cell to its last, in a kernel of its own."""

import os
from pathlib import Path

import pytest
from support.command import ROOT

NOTEBOOK = ROOT / "docs" / "notebooks" / "search.ipynb"


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()

    shown = []
    printed = ""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            printed += output.get("text", "")
            shown.extend(output.get("data", {}))
    assert shown.count("image/svg+xml") >= 3  # cells, and rewards by children
    assert "text/html" in shown
    assert "stage 1 of 2: done" in printed
    assert (tmp_path / "outputs" / "digits" / "journal.sqlite").is_file()
