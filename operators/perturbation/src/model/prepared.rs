//! What a sampling run computes once: the part of the network that depends on genes, perturbation and control cells (of the
//! last, only as much as is worth its memory).

use std::ops::Range;

use burn::tensor::Tensor;

use super::blocks::ControlPart;
use super::conditioning::GeneEffect;

/// What depends on genes and perturbation alone.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// `[n, width]`
    pub(super) genes: Tensor<2>,
    pub(super) layers: Vec<LayerConditions>,
    /// `[1 or batch, width]`
    pub(super) head: Tensor<2>,
}

#[derive(Debug, Clone)]
pub(super) struct LayerConditions {
    pub(super) genes: GeneEffect,
    /// `[1 or batch, width]`
    pub(super) adapter: Tensor<2>,
}

/// What depends on the control cells, and on no state or time.
#[derive(Debug, Clone)]
pub struct ControlCells {
    /// `[batch, n]`
    pub(super) values: Tensor<2>,
    /// What the network makes of them; none where that is too much to keep for all cells.
    pub(super) kept: Option<KeptControl>,
}

#[derive(Debug, Clone)]
pub(super) struct KeptControl {
    /// `[batch, n, width]`
    pub(super) fusion: Tensor<3>,
    /// What each block makes of the cells.
    pub(super) layers: Vec<ControlPart>,
}

impl Conditions {
    /// Genes of a cell.
    pub fn num_genes(&self) -> usize {
        self.genes.dims()[0]
    }

    /// The encodings of the genes: `[n, width]`.
    pub fn genes(&self) -> Tensor<2> {
        self.genes.clone()
    }

    /// The same for some of the cells.
    pub(super) fn of_cells(&self, cells: &Range<usize>) -> Self {
        let layers = self.layers.iter().map(|layer| LayerConditions {
            genes: layer.genes.clone(),
            adapter: of_cells(&layer.adapter, cells),
        });
        Self {
            genes: self.genes.clone(),
            layers: layers.collect(),
            head: of_cells(&self.head, cells),
        }
    }
}

impl ControlCells {
    /// The same for some of the cells.
    pub(super) fn of_cells(&self, cells: &Range<usize>) -> Self {
        let kept = self.kept.as_ref().map(|kept| KeptControl {
            fusion: of_cells(&kept.fusion, cells),
            layers: kept
                .layers
                .iter()
                .map(|part| part.of_cells(cells))
                .collect(),
        });
        Self {
            values: of_cells(&self.values, cells),
            kept,
        }
    }
}

/// The rows of some cells; one row stands for all of them.
pub(super) fn of_cells<const D: usize>(rows: &Tensor<D>, cells: &Range<usize>) -> Tensor<D> {
    if rows.dims()[0] == 1 {
        return rows.clone();
    }
    rows.clone().narrow(0, cells.start, cells.len())
}
