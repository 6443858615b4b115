"""The real cells that scanpy ships.

python real_cells.py ship FILE     puts them there
python real_cells.py check FILE    opens what was written of them, in memory and not, works with it and saves it again
"""

import importlib.util
import shutil
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")


def check(path):
    import anndata
    import numpy as np
    import scanpy

    cells, shipped = scanpy.read_h5ad(path), scanpy.datasets.pbmc68k_reduced()
    assert np.array_equal(cells.X, shipped.X)
    assert np.array_equal(cells.raw.X.toarray(), shipped.raw.X.toarray())
    assert list(cells.obs_names) == list(shipped.obs_names) and list(cells.var_names) == list(shipped.var_names)
    assert list(cells.obs["louvain"]) == list(shipped.obs["louvain"])
    assert np.array_equal(cells.obsm["X_umap"], shipped.obsm["X_umap"])
    assert np.array_equal(cells.uns["rank_genes_groups"]["names"], shipped.uns["rank_genes_groups"]["names"])

    backed = anndata.read_h5ad(path, backed="r")
    assert np.array_equal(backed[3:5].X, shipped.X[3:5])
    backed.file.close()

    raw = cells.raw.to_adata()
    scanpy.pp.highly_variable_genes(raw, n_top_genes=50)
    scanpy.pp.pca(raw, n_comps=5)
    raw.write_h5ad(Path(path).with_suffix(".saved.h5ad"))


if __name__ == "__main__":
    task, path = sys.argv[1:]
    if task == "ship":
        # Found without the import, which takes seconds.
        package = Path(importlib.util.find_spec("scanpy").origin).parent
        shutil.copy(package / "datasets" / "10x_pbmc68k_reduced.h5ad", path)
    else:
        check(path)
