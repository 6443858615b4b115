"""What `perturb prepare` does, by scanpy: the rival of the benchmark and its check.

    scanpy_prepare.py prepare RAW OUTPUT GENES    totals normalised, log(1 + x), variable genes kept, written
    scanpy_prepare.py compare OURS THEIRS         the same genes and values?
"""

import sys

import anndata
import numpy as np


def prepare(raw, output, genes):
    import scanpy

    cells = anndata.read_h5ad(raw)
    scanpy.pp.normalize_total(cells)
    scanpy.pp.log1p(cells)
    scanpy.pp.highly_variable_genes(cells, n_top_genes=int(genes))
    cells[:, cells.var["highly_variable"]].copy().write_h5ad(output)


def compare(ours, theirs):
    ours, theirs = anndata.read_h5ad(ours), anndata.read_h5ad(theirs)
    # Ours keeps the perturbed genes besides.
    ours = ours[:, ours.var["highly_variable"]]
    assert list(ours.var_names) == list(theirs.var_names), "other genes"
    difference = np.abs((ours.X - theirs.X).data)
    assert difference.size == 0 or difference.max() < 1e-5, difference.max()


{"prepare": prepare, "compare": compare}[sys.argv[1]](*sys.argv[2:])
