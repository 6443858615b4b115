"""Files of the installed anndata, with all that its version can write: python make_files.py FOLDER."""

import sys
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

warnings.simplefilter("ignore")
try:
    from importlib.metadata import version

    VERSION = tuple(int(n) for n in version("anndata").split(".")[:2])
except ImportError:
    VERSION = (0, 7)
CELLS, GENES = 12, 7


def counts(rows, columns, seed):
    """Eighths of small integers, most of them zero."""
    random = np.random.RandomState(seed)
    values = random.poisson(0.7, (rows, columns)).astype("f4")
    return values + values * random.randint(0, 8, values.shape).astype("f4") / 8


def obs():
    i = np.arange(CELLS)
    table = {
        "n_counts": (i / 8).astype("f4"),
        "share": np.where(i == 3, np.nan, i * 0.25),
        "n_genes": i * 1000,
        "small": (i - 5).astype("i1"),
        "large": i.astype("u2"),
        "control": i % 3 == 0,
        "condition": pd.Categorical(np.array(["ctrl", "KLF1+ctrl", "CEBPA+KLF1"])[i % 3]),
        "with_missing": pd.Categorical(np.where(i % 4 == 1, None, "a")),
        "stage": pd.Categorical(np.array(["late", "early"])[i % 2], categories=["early", "late", "never"], ordered=True),
        "batch": pd.Categorical(i % 2 + 10),
        "barcode": ["Zelle-%d" % n if n != 7 else "Größe µ" for n in i],
    }
    table = pd.DataFrame(table, index=["cell-%d" % n for n in i])
    if VERSION >= (0, 8):
        table["nullable_integer"] = pd.array([None if n == 2 else n for n in i], dtype="Int32")
        table["nullable_truth"] = pd.array([None if n == 5 else n % 2 == 0 for n in i], dtype="boolean")
    return table


def uns():
    values = {
        "text": "a note",
        "empty": "",
        "integer": 7,
        "fraction": 0.5,
        "truth": True,
        "nested": {"deeper": {"method": "umap", "k": np.array([1, 2, 3])}},
        "colors": np.array(["#ff0000", "#00ff00"]),
        "table": np.arange(6, dtype="f8").reshape(2, 3),
        "ranked": np.array([("A", 1.5), ("B", 0.25)], dtype=[("name", "O"), ("score", "f4")]),
        "frame": pd.DataFrame({"a": [1, 2], "b": pd.Categorical(["x", "y"])}, index=["p", "q"]),
        "graph": sparse.csr_matrix(np.eye(3, dtype="f4")),
    }
    if VERSION >= (0, 12):
        values["nothing"] = None
    return values


def make(x):
    i = np.arange(GENES)
    var = pd.DataFrame({"length": i * 10, "name": ["G%d" % n for n in i]}, index=["GENE%d" % n for n in i])
    var.index.name = "gene_id"
    cells = anndata.AnnData(x, obs=obs(), var=var)
    cells.layers["counts"] = sparse.csc_matrix(counts(CELLS, GENES, 1).astype("i8"))
    cells.layers["dense"] = counts(CELLS, GENES, 2).astype("f8")
    cells.obsm["X_pca"] = counts(CELLS, 3, 3)
    cells.obsm["frame"] = pd.DataFrame({"x": np.arange(CELLS) / 4}, index=cells.obs_names)
    cells.obsp["distances"] = sparse.csr_matrix(counts(CELLS, CELLS, 4))
    cells.varm["PCs"] = counts(GENES, 2, 5).astype("f8")
    cells.varp["pairs"] = counts(GENES, GENES, 6)
    cells.uns.update(uns())
    return cells


def main(folder):
    dense = counts(CELLS, GENES, 0)
    for name, x in [("dense", dense), ("csr", sparse.csr_matrix(dense)), ("csc", sparse.csc_matrix(dense))]:
        cells = make(x)
        cells.raw = cells.copy()
        for compression in [None, "gzip", "lzf"]:
            cells.write_h5ad(folder / "{}_{}.h5ad".format(name, compression), compression=compression)
    for name, kind in [("truth", "?"), ("bytes", "u1"), ("double", "f8")]:
        make((dense > 1).astype(kind)).write_h5ad(folder / "{}.h5ad".format(name))
    if VERSION >= (0, 8):
        anndata.AnnData(obs=obs()).write_h5ad(folder / "no_genes.h5ad")
    if VERSION >= (0, 11):
        anndata.settings.allow_write_nullable_strings = True
        table = obs()[[]]
        table["text"] = pd.array([None if n == 4 else "t%d" % n for n in range(CELLS)], dtype="string")
        anndata.AnnData(sparse.csr_matrix((CELLS, 3), dtype="f4"), obs=table).write_h5ad(folder / "strings.h5ad")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
