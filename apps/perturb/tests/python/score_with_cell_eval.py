"""Scores predicted cells with cell-eval itself and compares: python score_with_cell_eval.py PREDICTED MEASURED SCORES FOLDER

SCORES is the folder that perturb evaluate wrote for the same files, FOLDER gets cell-eval's tables.
"""

import sys
import warnings

import anndata
from cell_eval import MetricsEvaluator
from tables import compare

warnings.simplefilter("ignore")
predicted, measured, scores, folder = sys.argv[1:]


def labelled(cells):
    return anndata.AnnData(cells.X, obs=cells.obs[["perturbation"]].astype(str), var=cells.var[[]])


pred, real = labelled(anndata.read_h5ad(predicted)), labelled(anndata.read_h5ad(measured))
names = sorted(set(pred.obs["perturbation"]) - {"control"})
assert len(names) > 2, names
real = real[real.obs["perturbation"].isin([*names, "control"])].copy()
assert "control" in set(pred.obs["perturbation"]), "predicted with its control cells"

evaluator = MetricsEvaluator(
    adata_pred=pred, adata_real=real, control_pert="control", pert_col="perturbation", outdir=folder, num_threads=1
)
evaluator.compute()
compare(folder, scores, names)
