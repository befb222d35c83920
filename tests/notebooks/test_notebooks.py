"""Every notebook runs on a published lake and shows something; committed are the questions, never the answers."""

import warnings
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
STRIP = "run `.venv/bin/nbstripout notebooks/*.ipynb` and commit it"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
CELLS_RUN_WITHIN_S = 120


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call,no-any-return]


def names(path: Path) -> str:
    return path.name


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_it_is_kept_without_output(path: Path) -> None:
    for cell in read(path).cells:
        assert not cell.get("outputs"), f"a cell has output: {STRIP}"
        assert cell.get("execution_count") is None, f"a cell has a number: {STRIP}"
        assert not cell.metadata, f"a cell has metadata: {STRIP}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_it_says_nothing_of_the_machine_it_was_written_on(path: Path) -> None:
    assert read(path).metadata == METADATA, f"leave only this in the notebook's metadata: {METADATA}"


@pytest.mark.spark
@pytest.mark.parametrize("path", NOTEBOOKS, ids=names)
def test_it_runs_and_holds_a_picture(path: Path, published_lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from nbclient import NotebookClient

    monkeypatch.setenv("PODLEDGER_LAKE", str(published_lake))
    notebook = read(path)
    client = NotebookClient(
        notebook, timeout=CELLS_RUN_WITHIN_S, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()  # raises on the first cell that does
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    said = [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    assert not said, f"a cell warns: {said}"
    assert any("image/png" in output.get("data", {}) for output in outputs), "no cell draws a picture"
