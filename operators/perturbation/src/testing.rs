//! A small model with its genes, for the tests of this crate.

use burn::tensor::{Device, Distribution, Tensor};

use crate::graph::{GeneGraph, SelfEdges, VocabularyGraph};
use crate::{Backbone, GeneQuery, PadTransformer, PadTransformerConfig, Vocabulary};

/// Genes of a cell of [`Small`].
pub(crate) const GENES: usize = 12;

/// All three backbones.
pub(crate) const BACKBONES: [Backbone; 3] = [
    Backbone::DifferentialPerceiver,
    Backbone::DifferentialTransformer,
    Backbone::Perceiver,
];

pub(crate) struct Small {
    pub device: Device,
    pub graph: VocabularyGraph,
    pub model: PadTransformer,
    pub genes: GeneQuery,
    pub perturbed: GeneQuery,
}

impl Small {
    pub fn new(backbone: Backbone, dropout: f64, device: &Device) -> Self {
        let config = PadTransformerConfig {
            vocabulary: 24,
            width: 16,
            heads: 2,
            encoder_heads: 4,
            blocks: 2,
            dropout,
            ..PadTransformerConfig::published(backbone)
        };
        let names: Vec<String> = (0..20).map(|i| format!("g{i:02}")).collect();
        let edges = (0..20).map(|i| (i, (7 * i + 3) % 20));
        let graph = GeneGraph::from_edges(20, edges).unwrap();
        let vocabulary = Vocabulary::new(names.clone()).unwrap();
        let graph = VocabularyGraph::new(&graph, &names, &vocabulary, SelfEdges::All).unwrap();
        let ids: Vec<usize> = (6..6 + GENES).collect();
        Self {
            model: PadTransformer::init(&config, 3, device).unwrap(),
            genes: GeneQuery::new(&graph, &ids, device).unwrap(),
            perturbed: GeneQuery::new(&graph, &[8, 21], device).unwrap(),
            graph,
            device: device.clone(),
        }
    }

    /// Cells of values between 0 and 3.
    pub fn cells(&self, count: usize, seed: u64) -> Tensor<2> {
        self.device.seed(seed);
        Tensor::random(
            [count, GENES],
            Distribution::Uniform(0.0, 3.0),
            &self.device,
        )
    }
}

pub(crate) fn largest_difference<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f32 {
    (a.clone() - b.clone()).abs().max().into_scalar()
}
