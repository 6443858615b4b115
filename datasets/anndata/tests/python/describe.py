"""What anndata reads in a file, as JSON: python describe.py FILE..., one description a line."""

import json
import sys
import warnings

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

warnings.simplefilter("ignore")


def plain(value):
    """A number, truth value or string as JSON has it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        value = float(value)
        return value if np.isfinite(value) else str(value)
    return str(value)


def dtype(array):
    return array.dtype.name if array.dtype.kind in "iufb" else "str"


def vector(array):
    array = np.asarray(array)
    return {"dtype": dtype(array), "values": [plain(v) for v in array.ravel()]}


def column(values):
    array = values.array if hasattr(values, "array") else values
    if isinstance(array, pd.Categorical):
        return {
            "categories": vector(np.asarray(array.categories)),
            "codes": [int(c) for c in array.codes],
            "ordered": bool(array.ordered),
        }
    if isinstance(array, (pd.arrays.IntegerArray, pd.arrays.BooleanArray, pd.arrays.StringArray)):
        return {
            "nullable": [None if missing else plain(v) for v, missing in zip(array, np.asarray(array.isna()))],
        }
    return vector(np.asarray(array))


def frame(data):
    return {
        "index_name": data.index.name,
        "index": vector(np.asarray(data.index)),
        "columns": [[name, column(data[name])] for name in data.columns],
    }


def matrix(data):
    if sparse.issparse(data):
        storage, values = data.format, data.toarray()
    else:
        storage, values = "dense", np.asarray(data)
    return {"storage": storage, "shape": list(values.shape), **vector(values)}


def value(data):
    if data is None:
        return None
    if hasattr(data, "items") and not isinstance(data, pd.DataFrame):
        return {"dict": {str(name): value(data[name]) for name in data}}
    if isinstance(data, pd.DataFrame):
        return frame(data)
    if sparse.issparse(data):
        return matrix(data)
    if isinstance(data, np.ndarray) and data.dtype.fields:
        return {"records": [[name, vector(data[name])] for name in data.dtype.names]}
    if isinstance(data, np.ndarray) and data.ndim > 0:
        return {"shape": list(data.shape), **vector(data)}
    if isinstance(data, (pd.Categorical, pd.api.extensions.ExtensionArray)):
        return column(data)
    return {"scalar": vector(data)}


def annotation(data):
    return frame(data) if isinstance(data, pd.DataFrame) else matrix(data)


def describe(path):
    cells = anndata.read_h5ad(path)
    raw = cells.raw
    return {
        "shape": list(cells.shape),
        "X": None if cells.X is None else matrix(cells.X),
        "obs": frame(cells.obs),
        "var": frame(cells.var),
        "layers": {name: matrix(data) for name, data in cells.layers.items()},
        "obsm": {name: annotation(data) for name, data in cells.obsm.items()},
        "varm": {name: annotation(data) for name, data in cells.varm.items()},
        "obsp": {name: matrix(data) for name, data in cells.obsp.items()},
        "varp": {name: matrix(data) for name, data in cells.varp.items()},
        "uns": value(cells.uns),
        "raw": None if raw is None else {"X": matrix(raw.X), "var": frame(raw.var)},
    }


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(json.dumps(describe(path)))
