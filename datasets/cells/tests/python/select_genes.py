"""The genes that scanpy selects in the real cells that it ships: python select_genes.py FILE COUNT.

FILE gets their logarithms (all 765 genes of `raw`); what scanpy finds is printed as JSON, a gene a line.
"""

import json
import sys
import warnings

import anndata
import scanpy

warnings.simplefilter("ignore")
path, count = sys.argv[1], int(sys.argv[2])
cells = scanpy.datasets.pbmc68k_reduced().raw.to_adata()
cells.obs["condition"] = ["ctrl" if phase == "G1" else "cycling" for phase in cells.obs["phase"]]
anndata.AnnData(cells.X, obs=cells.obs[["condition"]], var=cells.var[[]]).write_h5ad(path)
scanpy.pp.highly_variable_genes(cells, n_top_genes=count)
for gene, row in cells.var.iterrows():
    print(json.dumps([gene, bool(row.highly_variable), [row.means, row.dispersions, row.dispersions_norm]]))
