"""Scores predicted cells with cell-eval itself and compares: python score_with_cell_eval.py PREDICTED MEASURED SCORES FOLDER

SCORES is the folder that perturb evaluate wrote for the same files, FOLDER gets cell-eval's tables.
"""

import sys
import warnings

import anndata
import numpy as np
import pandas
from cell_eval import MetricsEvaluator

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
theirs = pandas.read_csv(f"{folder}/results.csv", index_col="perturbation").loc[names]
ours = pandas.read_csv(f"{scores}/results.csv", index_col="perturbation").loc[names]
assert list(ours.columns) == list(theirs.columns)
for column in ours.columns:
    if column == "clustering_agreement":
        # It depends on the random numbers of igraph.
        continue
    # cell-eval sums the distances of this one in single precision.
    tolerance = 1e-5 if column == "pearson_edistance" else 1e-6
    a, b = ours[column].to_numpy(float), theirs[column].to_numpy(float)
    assert np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True), (column, a, b)
