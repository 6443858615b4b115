"""Files that anndata writes and few people have: python make_odd_files.py FOLDER; and what perturb made of them:
python make_odd_files.py FOLDER check."""

import sys
import warnings
from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd
from scipy import sparse

warnings.simplefilter("ignore")
GENES = ["A", "B", "C", "D"]
LABELS = ["ctrl", "A", "B+ctrl", "A+B", "ctrl", "A"]


def cells(matrix=None):
    values = np.random.default_rng(0).poisson(3, (len(LABELS), len(GENES))).astype("f4")
    obs = pd.DataFrame({"condition": LABELS}, index=[f"c{i}" for i in range(len(LABELS))])
    return anndata.AnnData(values if matrix is None else matrix(values), obs=obs, var=pd.DataFrame(index=GENES))


def make(folder):
    cells().write_h5ad(folder / "plain.h5ad")

    anndata.settings.allow_write_nullable_strings = True
    data = cells()
    data.obs.index = pd.Index(data.obs_names, dtype="string")
    data.var.index = pd.Index(data.var_names, dtype="string")
    data.obs["condition"] = data.obs["condition"].astype("string")
    data.write_h5ad(folder / "strings.h5ad")
    with h5py.File(folder / "strings.h5ad") as file:
        assert isinstance(file["obs"][file["obs"].attrs["_index"]], h5py.Group), "a nullable index is what is tested"

    data = cells()
    data.obs["n/a"], data.obs["qc/deep/er"] = 1.5, pd.Categorical(["x", "y"] * 3)
    data.var["gene/id"] = [f"E{i}" for i in range(4)]
    data.write_h5ad(folder / "slash.h5ad")

    data = cells()
    data.obs["pct/"], data.obs["a//b"], data.obs["./x"] = 1.5, 2.5, 3.5
    data.write_h5ad(folder / "names.h5ad")

    data = cells()
    data.obs.index.name, data.var.index.name = "split", "gene_symbol"
    data.write_h5ad(folder / "indices.h5ad")

    for name, kind in [("repeated_csr", sparse.csr_matrix), ("repeated_csc", sparse.csc_matrix)]:
        data = cells(kind)
        data.write_h5ad(folder / f"{name}.h5ad")
        with h5py.File(folder / f"{name}.h5ad", "r+") as file:
            split_values(file["X"])
        # scipy sums what is named several times.
        assert np.array_equal(anndata.read_h5ad(folder / f"{name}.h5ad").X.toarray(), cells().X)

    data = cells()
    data.raw = data.copy()
    data.X, data.var["mine"] = data.X - 1.5, 1
    data.write_h5ad(folder / "raw.h5ad")

    data = cells()
    anndata.AnnData(None, obs=data.obs, var=data.var, layers={"counts": data.X}).write_h5ad(folder / "nox.h5ad")

    data = cells()
    data.obs["dose"] = [0.0, 1.0, np.nan, 2.0, 0.0, np.nan]
    data.write_h5ad(folder / "numbers.h5ad")
    cells()[:0].copy().write_h5ad(folder / "nocells.h5ad")
    cells()[:, :0].copy().write_h5ad(folder / "nogenes.h5ad")


def split_values(group):
    """The first value of a row (or column) that is above 1 becomes two, 1 and the rest, which lie apart."""
    data, indices, indptr = (group[name][...] for name in ["data", "indices", "indptr"])
    rows = [(list(data[a:b]), list(indices[a:b])) for a, b in zip(indptr, indptr[1:])]
    # No more values than there are columns: a row that is full has no room.
    width = group.attrs["shape"][1 if group.attrs["encoding-type"] == "csr_matrix" else 0]
    for values, places in rows:
        first = next((i for i, value in enumerate(values) if value > 1), None)
        if first is not None and len(values) < width:
            values[first] -= 1
            values.append(1)
            places.append(places[first])
    assert sum(len(values) for values, _ in rows) > len(data), "some row has room"
    new = {
        "data": np.concatenate([values for values, _ in rows]).astype(data.dtype),
        "indices": np.concatenate([places for _, places in rows]).astype(indices.dtype),
        "indptr": np.cumsum([0] + [len(values) for values, _ in rows]).astype(indptr.dtype),
    }
    for name, values in new.items():
        del group[name]
        group[name] = values
        group[name].attrs["encoding-type"], group[name].attrs["encoding-version"] = "array", "0.2.0"


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


def check(folder):
    read = lambda name: anndata.read_h5ad(folder / f"{name}-prepared.h5ad")
    plain = read("plain")
    for name in ["strings", "slash", "names", "indices", "repeated_csr", "repeated_csc", "raw", "nox"]:
        data = read(name)
        assert list(data.obs_names) == list(plain.obs_names) and list(data.var_names) == GENES, name
        assert list(data.obs["perturbation"]) == list(plain.obs["perturbation"]), name
        assert np.array_equal(dense(data.X), dense(plain.X)), name
    data = read("slash")
    assert list(data.obs["n/a"]) == [1.5] * 6 and list(data.obs["qc/deep/er"]) == ["x", "y"] * 3
    assert list(data.var["gene/id"]) == ["E0", "E1", "E2", "E3"]
    data = read("names")
    assert [data.obs[name].iloc[0] for name in ["pct", "a/b", "x"]] == [1.5, 2.5, 3.5]
    data = read("indices")
    assert (data.obs.index.name, data.var.index.name) == ("source_split", "gene_symbol")
    assert list(data.obs["split"].cat.categories) == ["train", "test"]
    data = read("numbers")
    assert list(data.obs_names) == ["c0", "c1", "c3", "c4"]
    assert list(data.obs["perturbation"]) == ["control", "1", "2", "control"]


if __name__ == "__main__":
    (check if sys.argv[2:] == ["check"] else make)(Path(sys.argv[1]))
