"""Opens a file of cells that a run left: python count_cells.py FILE [COUNT] checks that anndata reads it, all values are finite,
and it has so many cells."""

import sys

import anndata
import numpy as np

path, *count = sys.argv[1:]
cells = anndata.read_h5ad(path)
values = cells.X.data if hasattr(cells.X, "tocsr") else cells.X
assert cells.n_obs > 0 and np.isfinite(values).all()
assert not count or cells.n_obs == int(count[0]), (cells.n_obs, count)
