"""Opens predicted cells as a biologist would: anndata, then scanpy's PCA and ranking of genes against control."""

import sys

import anndata
import numpy as np
import scanpy

cells = anndata.read_h5ad(sys.argv[1])
assert cells.n_obs == 70, cells
assert cells.obs["perturbation"].dtype == "category"
assert set(cells.obs["perturbation"].cat.categories) == {"control", "REG000+REG003", "REG001"}
assert cells.obs_names.is_unique and cells.obs["source_cell"].notna().all()
assert cells.uns["predict"]["program"].startswith("perturb ")
assert "log1p" in cells.uns
assert np.isfinite(cells.X.toarray()).all()
scanpy.pp.pca(cells, n_comps=5)
scanpy.tl.rank_genes_groups(cells, "perturbation", reference="control", method="wilcoxon")
assert len(cells.uns["rank_genes_groups"]["names"]["REG001"]) == cells.n_vars
