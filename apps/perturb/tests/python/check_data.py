"""What perturb writes, opened and judged by anndata and scanpy.

python check_data.py screen FILE           a simulated screen: counts, and the truth beside them
python check_data.py prepared RAW FILE     a prepared file against scanpy's own preparation of the raw one
python check_data.py trend RAW FILE        a file whose genes seurat_v3 chose, against scanpy's choice
python check_data.py split FILE            a file that was split again
python check_data.py ship FILE             puts the real cells there that scanpy ships
python check_data.py shipped FILE          these, prepared
"""

import sys
import warnings

import anndata
import numpy as np
import scanpy

warnings.simplefilter("ignore")


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


def screen(path):
    cells = anndata.read_h5ad(path)
    assert cells.shape == (1000, 200)
    assert list(cells.obs["condition"].cat.categories)[:2] == ["control", "REG000"]
    assert (cells.obs["condition"] == "control").sum() == 220
    assert np.array_equal(dense(cells.X).sum(axis=1), cells.obs["n_counts"])
    assert cells.varp["regulation"].shape == (200, 200)
    truth = cells.uns["truth"]
    conditions = list(truth["conditions"])
    assert cells.varm["delta"].shape == (200, len(conditions)) == (200, 27)
    # The steady states are shares of 10,000 and tell the deltas.
    states = cells.varm["steady_state"]
    assert np.allclose(states.sum(axis=0), 1e4)
    assert np.allclose(np.log1p(states) - np.log1p(states[:, :1]), cells.varm["delta"])
    # Pairs are no sums of their genes.
    for place, name in enumerate(conditions):
        genes = name.split("+")
        if len(genes) != 2:
            assert np.isnan(truth["additivity_error"][place])
            continue
        alone = [cells.varm["delta"][:, conditions.index(gene)] for gene in genes]
        pair = cells.varm["delta"][:, place]
        error = np.linalg.norm(pair - sum(alone)) / np.linalg.norm(pair)
        assert np.isclose(error, truth["additivity_error"][place])
    assert set(truth["interactions"].columns) == {"gene", "first", "second", "strength"}
    # It is a screen like any other.
    scanpy.pp.normalize_total(cells)
    scanpy.pp.log1p(cells)
    scanpy.tl.rank_genes_groups(cells, "condition", groups=["REG000"], reference="control", method="t-test")
    assert "REG000" in list(cells.uns["rank_genes_groups"]["names"]["REG000"][:20])


def prepared(raw, path):
    cells, expected = anndata.read_h5ad(path), anndata.read_h5ad(raw)
    trained = (cells.obs["split"] == "train").to_numpy()
    assert list(cells.obs_names) == list(expected.obs_names)
    assert sorted(cells.uns["split"]["test"]) == sorted(cells.obs["perturbation"][~trained].unique())
    total = np.median(dense(expected.X[trained]).sum(axis=1))
    assert cells.uns["prepare"]["target_total"] == total
    scanpy.pp.normalize_total(expected, target_sum=total)
    scanpy.pp.log1p(expected)
    learnt = expected[trained].copy()
    scanpy.pp.highly_variable_genes(learnt, n_top_genes=50)
    kept = learnt.var["highly_variable"] | learnt.var["perturbed"]
    assert list(cells.var_names) == list(learnt.var_names[kept])
    assert list(cells.var["highly_variable"]) == list(learnt.var["highly_variable"][kept])
    for column in ["means", "dispersions", "dispersions_norm"]:
        assert np.allclose(cells.var[column], learnt.var[column][kept], rtol=1e-5, atol=1e-5, equal_nan=True), column
    assert np.abs(dense(cells.X) - dense(expected.X)[:, kept.to_numpy()]).max() < 1e-5
    # scanpy knows that these are logarithms, and goes on with them.
    assert "log1p" in cells.uns
    scanpy.pp.pca(cells, n_comps=5)


def trend(raw, path):
    cells, counts = anndata.read_h5ad(path), anndata.read_h5ad(raw)
    trained = (cells.obs["split"] == "train").to_numpy()
    learnt = counts[trained].copy()
    scanpy.pp.highly_variable_genes(learnt, n_top_genes=50, flavor="seurat_v3")
    kept = learnt.var["highly_variable"] | cells.var["perturbed"].reindex(learnt.var_names, fill_value=False)
    assert list(cells.var_names) == list(learnt.var_names[kept])
    assert list(cells.var["highly_variable"]) == list(learnt.var["highly_variable"][kept])
    for column in ["means", "variances", "variances_norm"]:
        assert np.allclose(cells.var[column], learnt.var[column][kept], rtol=1e-9), column
    assert cells.uns["prepare"]["flavor"] == "seurat_v3"


def split(path):
    cells = anndata.read_h5ad(path)
    test = set(cells.obs["perturbation"][cells.obs["split"] == "test"])
    assert test == set(cells.uns["split"]["test"]) == {"REG001", "REG002"}
    assert cells.uns["split"]["method"] == "given"


def ship(path):
    scanpy.datasets.pbmc68k_reduced().write_h5ad(path)


def shipped(path):
    cells, source = anndata.read_h5ad(path), scanpy.datasets.pbmc68k_reduced()
    assert list(cells.obs["bulk_labels"]) == list(source.obs["bulk_labels"])
    assert (cells.obs["perturbation"] == "control").sum() == (source.obs["louvain"] == "0").sum()
    expected = source.raw.to_adata()
    scanpy.pp.highly_variable_genes(expected, n_top_genes=120)
    assert list(cells.var_names) == list(expected.var_names[expected.var["highly_variable"]])
    assert np.array_equal(dense(cells.X), dense(expected[:, cells.var_names].X))


CHECKS = {"screen": screen, "prepared": prepared, "trend": trend, "split": split, "ship": ship, "shipped": shipped}
CHECKS[sys.argv[1]](*sys.argv[2:])
