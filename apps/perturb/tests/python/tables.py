"""Tables of cell-eval and of perturb evaluate, side by side."""

import numpy as np
import pandas


def compare(theirs, ours, names):
    """Compares the results.csv of two folders, for these perturbations."""
    theirs, ours = (pandas.read_csv(f"{folder}/results.csv", index_col="perturbation").loc[names] for folder in (theirs, ours))
    assert list(ours.columns) == list(theirs.columns)
    for column in ours.columns:
        if column == "clustering_agreement":
            # It depends on the random numbers of igraph.
            continue
        # cell-eval sums the distances of this one in single precision.
        tolerance = 1e-5 if column == "pearson_edistance" else 1e-6
        a, b = ours[column].to_numpy(float), theirs[column].to_numpy(float)
        assert np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True), (column, a, b)
