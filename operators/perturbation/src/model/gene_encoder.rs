//! The gene encoder: each gene's embedding, and what it finds in the genes it varies with.
//!
//! One pre-norm layer of cross-attention: `x + attention(norm(x), all embeddings)` under the mask of the gene graph, then
//! `x + feed_forward(norm(x))`. The mask leaves each gene some dozens of the vocabulary: their keys and values are gathered,
//! and a product with all of the vocabulary is never made.

use burn::module::{Module, Param};
use burn::nn::{Embedding, LayerNorm};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use rheome_layers::attention::{MultiheadAttention, Projection};
use rheome_layers::feed_forward::FeedForward;
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::layer_norm;

use super::{feed_forward, multihead_attention};
use crate::GeneQuery;
use crate::config::PadTransformerConfig;
use crate::query::QueryGroup;

/// An embedding with its norm.
#[derive(Module, Debug)]
pub struct NormedEmbedding {
    /// `[vocabulary, width]`
    pub embedding: Embedding,
    /// Over the features.
    pub norm: LayerNorm,
}

impl NormedEmbedding {
    /// Draws the embedding from the normal distribution, as PyTorch does.
    pub fn init(config: &PadTransformerConfig, start: &mut Initialization) -> Self {
        let weight: Param<Tensor<2>> = start.normal([config.vocabulary, config.width], 1.0);
        Self {
            embedding: Embedding { weight },
            norm: start.layer_norm(config.width),
        }
    }

    /// The rows of `query`'s table: `[table, width]`.
    fn table(&self, query: &GeneQuery) -> Tensor<2> {
        let rows = self.embedding.weight.val().select(0, query.table.clone());
        layer_norm(&self.norm, rows)
    }

    /// The rows asked for.
    ///
    /// # Shapes
    /// - output: `[n, width]`
    pub fn forward(&self, query: &GeneQuery) -> Tensor<2> {
        let sorted = self.table(query).select(0, query.places.clone());
        sorted.select(0, query.order.clone())
    }
}

/// Embedding and attention along the gene graph.
#[derive(Module, Debug)]
pub struct GeneEncoder {
    /// The embedding of every name.
    pub names: NormedEmbedding,
    /// Attention to the neighbours.
    pub attention: MultiheadAttention,
    /// In front of the attention; the neighbours are looked at without it.
    pub norm_1: LayerNorm,
    /// In front of the feed-forward network.
    pub norm_2: LayerNorm,
    /// The feed-forward network.
    pub feed_forward: FeedForward,
}

impl GeneEncoder {
    /// Draws the weights.
    pub fn init(config: &PadTransformerConfig, start: &mut Initialization) -> Self {
        Self {
            names: NormedEmbedding::init(config, start),
            attention: multihead_attention(config.width, config.encoder_heads, start),
            norm_1: start.layer_norm(config.width),
            norm_2: start.layer_norm(config.width),
            feed_forward: feed_forward(config.width, start),
        }
    }

    /// The encodings of the genes asked for.
    ///
    /// # Shapes
    /// - output: `[n, width]`
    pub fn forward(&self, query: &GeneQuery) -> Tensor<2> {
        let table = self.names.table(query);
        let genes = table.clone().select(0, query.places.clone());
        let queries = self
            .attention
            .project(Projection::Query, layer_norm(&self.norm_1, genes.clone()));
        let keys = self.attention.project(Projection::Key, table.clone());
        let values = self.attention.project(Projection::Value, table);
        let mut start = 0;
        let found = query.groups.iter().map(|group| {
            let now = queries.clone().narrow(0, start, group.queries);
            start += group.queries;
            self.look(now, &keys, &values, group)
        });
        let found = Tensor::cat(found.collect(), 0);
        let genes = genes + self.attention.out.forward(found);
        let wide = self
            .feed_forward
            .forward(layer_norm(&self.norm_2, genes.clone()));
        (genes + wide).select(0, query.order.clone())
    }

    /// What a group of queries finds in its neighbours.
    ///
    /// # Shapes
    /// - queries, output: `[queries, width]`
    /// - keys, values: `[table, width]`
    fn look(
        &self,
        queries: Tensor<2>,
        keys: &Tensor<2>,
        values: &Tensor<2>,
        group: &QueryGroup,
    ) -> Tensor<2> {
        let [n, width] = queries.dims();
        let heads = self.attention.heads();
        let d = width / heads;
        let gather = |rows: &Tensor<2>| {
            let rows = rows.clone().select(0, group.neighbours.clone());
            rows.reshape([n, group.width, heads, d])
        };
        let scale = (d as f64).sqrt().recip();
        let queries = queries.mul_scalar(scale).reshape([n, 1, heads, d]);
        let scores = (gather(keys) * queries).sum_dim(3).squeeze_dim::<3>(3);
        let scores = match &group.padding {
            Some(padding) => scores + padding.clone(),
            None => scores,
        };
        let map = softmax(scores, 1).unsqueeze_dim::<4>(3);
        (gather(values) * map).sum_dim(1).reshape([n, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vocabulary;
    use crate::graph::{GeneGraph, SelfEdges, VocabularyGraph};
    use burn::tensor::{Device, TensorData};
    use rheome_layers::attention::{merge_heads, split_heads};

    /// The same with the whole vocabulary as keys and a mask.
    fn dense(encoder: &GeneEncoder, graph: &VocabularyGraph, ids: &[usize]) -> Tensor<2> {
        let device = encoder.names.embedding.weight.device();
        let size = encoder.names.embedding.weight.dims()[0];
        let all = encoder
            .names
            .norm
            .forward(encoder.names.embedding.weight.val());
        let mut mask = vec![-1e30_f32; ids.len() * size];
        for (row, id) in ids.iter().enumerate() {
            for j in graph.neighbours(*id) {
                mask[row * size + *j as usize] = 0.0;
            }
        }
        let mask = Tensor::<2>::from_data(TensorData::new(mask, [ids.len(), size]), &device);
        let rows = Tensor::from_data(
            TensorData::new(ids.iter().map(|i| *i as i32).collect(), [ids.len()]),
            &device,
        );
        let genes = all.clone().select(0, rows);
        let (attention, heads) = (&encoder.attention, encoder.attention.heads());
        let split = |t: Tensor<2>| split_heads(t.unsqueeze(), heads);
        let normal = layer_norm(&encoder.norm_1, genes.clone());
        let q = split(attention.project(Projection::Query, normal));
        let k = split(attention.project(Projection::Key, all.clone()));
        let v = split(attention.project(Projection::Value, all));
        let scale = (q.dims()[3] as f64).sqrt();
        let scores = q.matmul(k.swap_dims(2, 3)).div_scalar(scale) + mask.unsqueeze();
        let found = merge_heads(softmax(scores, 3).matmul(v)).squeeze_dim::<2>(0);
        let genes = genes + attention.out.forward(found);
        let wide = encoder
            .feed_forward
            .forward(layer_norm(&encoder.norm_2, genes.clone()));
        genes + wide
    }

    fn case() -> (GeneEncoder, VocabularyGraph) {
        let names: Vec<String> = (0..20).map(|i| format!("g{i:02}")).collect();
        // Degrees from 0 to 7, so that rows are padded.
        let edges = (0..7).flat_map(|i| (0..=i).map(move |j| (i, 10 + j)));
        let graph = GeneGraph::from_edges(20, edges).unwrap();
        let vocabulary = Vocabulary::new(names.clone()).unwrap();
        let graph = VocabularyGraph::new(&graph, &names, &vocabulary, SelfEdges::All).unwrap();
        let config = PadTransformerConfig {
            vocabulary: 24,
            width: 16,
            encoder_heads: 4,
            ..PadTransformerConfig::default()
        };
        let mut start = Initialization::new(3, &Device::flex().autodiff());
        (GeneEncoder::init(&config, &mut start), graph)
    }

    #[test]
    fn gathering_neighbours_equals_masking_the_whole_vocabulary() {
        let (encoder, graph) = case();
        let device = Device::flex().autodiff();
        let ids = [23, 4, 10, 3, 9, 0, 14, 4];
        let query = GeneQuery::new(&graph, &ids, &device).unwrap();
        let (found, expected) = (encoder.forward(&query), dense(&encoder, &graph, &ids));
        let difference = (found.clone() - expected.clone()).abs().max();
        assert!(difference.into_scalar::<f32>() < 1e-5);
        let slope = |output: Tensor<2>| {
            let gradients = (output.clone() * output.sin()).sum().backward();
            let embedding = encoder.names.embedding.weight.val().grad(&gradients);
            let projection = encoder.attention.projection.val().grad(&gradients);
            (embedding.unwrap(), projection.unwrap())
        };
        let (found, expected) = (slope(found), slope(expected));
        let largest = |t: Tensor<2>| t.abs().max().into_scalar::<f32>();
        assert!(largest(found.0 - expected.0.clone()) < 1e-4 * largest(expected.0));
        assert!(largest(found.1 - expected.1.clone()) < 1e-4 * largest(expected.1));
    }

    #[test]
    fn an_unrelated_gene_changes_nothing() {
        let (encoder, graph) = case();
        let device = Device::flex().autodiff();
        let alone = GeneQuery::new(&graph, &[4, 23], &device).unwrap();
        let together = GeneQuery::new(&graph, &[4, 23, 7], &device).unwrap();
        let difference = encoder.forward(&together).narrow(0, 0, 2) - encoder.forward(&alone);
        assert!(difference.abs().max().into_scalar::<f32>() < 1e-6);
    }
}
