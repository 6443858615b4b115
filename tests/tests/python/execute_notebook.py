"""Executes notebooks from clean: python execute_notebook.py [--keep] NOTEBOOK ...

Each is executed in its own folder, as a person would, and must succeed, cell by cell, with as many pictures as it is published with. With --keep the
notebook is replaced by the executed one: this is how those that are published were made.
"""

import pathlib
import sys

import nbformat
from nbclient import NotebookClient


def pictures(notebook):
    """The number of pictures below each cell of code."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    data = [[output.get("data", {}) for output in cell.outputs] for cell in cells]
    return [sum(any(kind in one for kind in ("image/png", "image/gif")) for one in below) for below in data]


def execute(path, keep):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    published = pictures(notebook)
    if not keep:
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), f"{path}: not published as executed from clean"
        assert sum(published) > 0, f"{path}: published without pictures"
    for cell in code:
        cell.outputs, cell.execution_count = [], None
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(path.parent)}}).execute()
    if keep:
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)
        notebook.metadata["language_info"] = {"name": "python"}
        nbformat.write(notebook, path)
    else:
        assert pictures(notebook) == published, f"{path}: pictures {pictures(notebook)}, published with {published}"


arguments = sys.argv[1:]
keep = "--keep" in arguments
for name in arguments:
    if name != "--keep":
        execute(pathlib.Path(name).resolve(), keep)
