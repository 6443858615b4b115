//! The whole: from a noisy cell, its control cell and a perturbation to the velocity of the flow.

use std::path::Path;

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, Linear};
use burn::tensor::{Device, Tensor, assert_shape};
use rheome_backend::fused;
use rheome_backend::memory::give_back_freed_memory;
use rheome_backend::weights::{self, NameTable};
use rheome_layers::initialization::Initialization;
use rheome_layers::layer_norm::layer_norm;

use super::blocks::Block;
use super::conditioning::{Adapter, Fusion, GeneModulation, VelocityHead};
use super::gene_encoder::{GeneEncoder, NormedEmbedding};
use super::names;
use super::prepared::{Conditions, ControlCells, KeptControl, LayerConditions, of_cells};
use super::time::TimeEmbedding;
use super::value_encoder::ValueEncoder;
use crate::config::{Backbone, PadTransformerConfig, PerturbationKind};
use crate::{GeneQuery, PerturbationError};

/// The PAD-Transformer of scDFM (arXiv 2602.07103).
///
/// What it computes is split by what it depends on, so that a sampling run computes everything once:
/// [`Conditions`] (genes and perturbation, [`Self::prepare`]), [`ControlCells`] ([`Self::prepare_cells`]), and the rest,
/// [`Self::velocity`].
#[derive(Module, Debug)]
pub struct PadTransformer {
    /// Encodes the genes.
    pub gene_encoder: GeneEncoder,
    /// Embeds drugs; unused for genes, but part of every checkpoint.
    pub drugs: NormedEmbedding,
    /// Encodes the values of the noisy cell.
    pub noisy_value: ValueEncoder,
    /// Encodes the values of the control cell.
    pub control_value: ValueEncoder,
    /// Makes one vector a gene of both.
    pub fusion: Fusion,
    /// Embeds the time of the flow.
    pub time: TimeEmbedding,
    /// The blocks, each with what goes before it.
    pub layers: Vec<Layer>,
    /// From features to velocities.
    pub head: VelocityHead,
    /// From features to the perturbation.
    pub perturbation_head: PerturbationHead,
    /// Stands for a perturbation that is not known: `[width]`.
    pub unknown_perturbation: Param<Tensor<1>>,
    #[module(skip)]
    backbone: Backbone,
    #[module(skip)]
    perturbation: PerturbationKind,
}

/// A block with the modulation by genes and the adapter in front of it.
#[derive(Module, Debug)]
pub struct Layer {
    /// Modulates by the genes.
    pub genes: GeneModulation,
    /// Brings in the perturbation.
    pub adapter: Adapter,
    /// Attention and feed-forward networks.
    pub block: Block,
}

/// Mean over the genes, LayerNorm, linear: the embedding of the perturbation that a cell shows.
#[derive(Module, Debug)]
pub struct PerturbationHead {
    /// Over the features.
    pub norm: LayerNorm,
    /// `[width, width]`
    pub map: Linear,
}

/// Most genes of cells whose velocity is computed at once: every feature of theirs is 2 MB at the published width.
const TOKENS: usize = 1024;

/// Most numbers (32 MB) of what the network makes of the control cells that are kept for a sampling run. Of more, a twentieth of an
/// evaluation's time is spent on making them anew, and a hundred cells do not need 2 GB.
const KEPT_NUMBERS: usize = 1 << 23;

/// Control cells as an evaluation has them.
enum Seen<'a> {
    Kept(&'a KeptControl),
    /// `[batch, n, width]`: what each block prepares when its turn comes.
    Made(Box<Tensor<3>>),
}

impl PadTransformer {
    /// Draws the weights from `seed` (the same numbers on every device).
    ///
    /// # Errors
    /// [`PerturbationError::Config`] if the configuration cannot work.
    pub fn init(
        config: &PadTransformerConfig,
        seed: u64,
        device: &Device,
    ) -> Result<Self, PerturbationError> {
        Self::build(config, &mut Initialization::new(seed, device))
    }

    /// The same without numbers, for [`PadTransformer::load`] to fill: it takes no memory until then.
    ///
    /// # Errors
    /// [`PerturbationError::Config`] if the configuration cannot work.
    pub fn blank(
        config: &PadTransformerConfig,
        device: &Device,
    ) -> Result<Self, PerturbationError> {
        Self::build(config, &mut Initialization::blank(device))
    }

    fn build(
        config: &PadTransformerConfig,
        start: &mut Initialization,
    ) -> Result<Self, PerturbationError> {
        config.validate()?;
        let width = config.width;
        let layer = |index, start: &mut Initialization| Layer {
            genes: GeneModulation::init(width, start),
            adapter: Adapter::init(config, start),
            block: Block::init(config, index, start),
        };
        Ok(Self {
            gene_encoder: GeneEncoder::init(config, start),
            drugs: NormedEmbedding::init(config, start),
            noisy_value: ValueEncoder::init(config, start),
            control_value: ValueEncoder::init(config, start),
            fusion: Fusion::init(width, start),
            time: TimeEmbedding::init(width, start),
            layers: (0..config.blocks).map(|i| layer(i, start)).collect(),
            head: VelocityHead::init(width, start),
            perturbation_head: PerturbationHead {
                norm: start.layer_norm(width),
                map: super::linear(width, width, start),
            },
            unknown_perturbation: start.normal([width], 1.0),
            backbone: config.backbone,
            perturbation: config.perturbation,
        })
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.unknown_perturbation.val().device()
    }

    /// The embeddings of single perturbations: gene encodings, or drug embeddings.
    ///
    /// # Shapes
    /// - output: `[n, width]`
    pub fn single_perturbations(&self, perturbed: &GeneQuery) -> Tensor<2> {
        match self.perturbation {
            PerturbationKind::Gene => self.gene_encoder.forward(perturbed),
            PerturbationKind::Drug => self.drugs.forward(perturbed),
        }
    }

    /// The embedding of `perturbed` together: the mean of the single ones.
    ///
    /// # Shapes
    /// - output: `[1, width]`
    pub fn embed_perturbation(&self, perturbed: &GeneQuery) -> Tensor<2> {
        self.single_perturbations(perturbed).mean_dim(0)
    }

    /// The vector that stands for a perturbation that is not known: `[1, width]`.
    pub fn embed_unknown_perturbation(&self) -> Tensor<2> {
        self.unknown_perturbation.val().unsqueeze()
    }

    /// Everything that depends on genes and perturbation alone.
    ///
    /// # Shapes
    /// - genes: `[n, width]`, from [`GeneEncoder::forward`]
    /// - perturbation: `[1, width]` for all cells, or `[batch, width]`
    pub fn prepare(&self, genes: Tensor<2>, perturbation: Tensor<2>) -> Conditions {
        let layers = self.layers.iter().map(|layer| LayerConditions {
            genes: layer.genes.prepare(genes.clone()),
            adapter: layer.adapter.prepare(perturbation.clone()),
        });
        Conditions {
            layers: layers.collect(),
            head: self.head.prepare(perturbation),
            genes,
        }
    }

    /// Everything that depends on the control cells, but on no state or time.
    ///
    /// # Shapes
    /// - control: `[batch, n]`, the genes being those of `conditions`
    pub fn prepare_cells(&self, control: Tensor<2>, conditions: &Conditions) -> ControlCells {
        let features = control.shape().num_elements() * conditions.genes.dims()[1];
        // One tensor of this size for the fusion, two for a block: queries and keys, or keys and values.
        let numbers = (1 + 2 * self.layers.len()) * features;
        // A GPU has the memory, and a gradient needs it.
        let on_gpu = !fused::is_on_cpu(&control);
        let kept = on_gpu || control.device().is_autodiff() || numbers <= KEPT_NUMBERS;
        ControlCells {
            kept: kept.then(|| {
                let cells = self.control_features(control.clone(), conditions);
                let layers = self.layers.iter();
                KeptControl {
                    layers: layers
                        .map(|layer| layer.block.prepare(cells.clone()))
                        .collect(),
                    fusion: self.fusion.prepare(cells),
                }
            }),
            values: control,
        }
    }

    /// What the blocks see of control cells: `[batch, n, width]`.
    fn control_features(&self, control: Tensor<2>, conditions: &Conditions) -> Tensor<3> {
        self.control_value.forward(control) + conditions.genes.clone().unsqueeze::<3>()
    }

    /// The velocity dx/dt of the flow.
    ///
    /// # Shapes
    /// - noisy: `[batch, n]`
    /// - times: `[1]` for all cells, or `[batch]`
    /// - output: `[batch, n]`
    ///
    /// # Panics
    /// If the shapes are not those of `conditions` and `control`.
    pub fn velocity(
        &self,
        noisy: Tensor<2>,
        times: Tensor<1>,
        conditions: &Conditions,
        control: &ControlCells,
    ) -> Tensor<2> {
        let [batch, genes] = noisy.dims();
        assert_shape!(control.values, [batch, genes]);
        for rows in [times.dims()[0], conditions.head.dims()[0]] {
            assert!(rows == 1 || rows == batch, "{rows} rows for {batch} cells");
        }
        let together = (TOKENS / genes.max(1)).max(1);
        // A gradient needs everything at once anyway, and a GPU has the memory to gain from more at once.
        if batch <= together || noisy.device().is_autodiff() || !fused::is_on_cpu(&noisy) {
            let features = self.features(noisy, times, conditions, control);
            return self.head.forward(features, &conditions.head);
        }
        let parts = (0..batch).step_by(together).map(|start| {
            let cells = start..(start + together).min(batch);
            let (conditions, control) = (conditions.of_cells(&cells), control.of_cells(&cells));
            let noisy = noisy.clone().narrow(0, start, cells.len());
            let features = self.features(noisy, of_cells(&times, &cells), &conditions, &control);
            self.head.forward(features, &conditions.head)
        });
        Tensor::cat(parts.collect(), 0)
    }

    /// The embedding of the perturbation that the cells show; to identify one, `conditions` are prepared with
    /// [`Self::embed_unknown_perturbation`].
    ///
    /// # Shapes
    /// - noisy, times: as of [`Self::velocity`]
    /// - output: `[batch, width]`
    pub fn predict_perturbation(
        &self,
        noisy: Tensor<2>,
        times: Tensor<1>,
        conditions: &Conditions,
        control: &ControlCells,
    ) -> Tensor<2> {
        let features = self.features(noisy, times, conditions, control);
        let mean = features.mean_dim(1).squeeze_dim::<2>(1);
        let head = &self.perturbation_head;
        head.map.forward(layer_norm(&head.norm, mean))
    }

    /// The features behind the last block: `[batch, n, width]`.
    fn features(
        &self,
        noisy: Tensor<2>,
        times: Tensor<1>,
        conditions: &Conditions,
        control: &ControlCells,
    ) -> Tensor<3> {
        let time = self.time.forward(times);
        let control = self.see(control, conditions);
        let mut state = self.fuse_with(noisy, conditions, self.fusion_of(&control));
        for (i, (layer, conditions)) in self.layers.iter().zip(&conditions.layers).enumerate() {
            state = layer.adapt(state, conditions);
            state = match &control {
                Seen::Kept(kept) => layer.block.forward(state, &time, &kept.layers[i]),
                Seen::Made(cells) => {
                    let control = layer.block.prepare(Tensor::clone(cells));
                    layer.block.forward(state, &time, &control)
                }
            };
            // Where memory counts, what the allocator keeps of a layer's tensors counts too.
            if let Seen::Made(_) = control {
                give_back_freed_memory();
            }
        }
        state
    }

    /// The features in front of the first layer.
    ///
    /// # Shapes
    /// - noisy: `[batch, n]`
    /// - output: `[batch, n, width]`
    pub fn fuse(
        &self,
        noisy: Tensor<2>,
        conditions: &Conditions,
        control: &ControlCells,
    ) -> Tensor<3> {
        let fusion = self.fusion_of(&self.see(control, conditions));
        self.fuse_with(noisy, conditions, fusion)
    }

    fn fuse_with(&self, noisy: Tensor<2>, conditions: &Conditions, fusion: Tensor<3>) -> Tensor<3> {
        let [batch, genes, _] = fusion.dims();
        assert_shape!(noisy, [batch, genes]);
        let values = self.noisy_value.forward(noisy);
        let cells = values + conditions.genes.clone().unsqueeze::<3>();
        self.fusion.forward(cells, &fusion)
    }

    fn see<'a>(&self, control: &'a ControlCells, conditions: &Conditions) -> Seen<'a> {
        match &control.kept {
            Some(kept) => Seen::Kept(kept),
            None => Seen::Made(Box::new(
                self.control_features(control.values.clone(), conditions),
            )),
        }
    }

    fn fusion_of(&self, control: &Seen) -> Tensor<3> {
        match control {
            Seen::Kept(kept) => kept.fusion.clone(),
            Seen::Made(cells) => self.fusion.prepare(Tensor::clone(cells)),
        }
    }

    /// How the parameters are called in the authors' checkpoints.
    pub fn names(&self) -> NameTable {
        names::names(self.backbone)
    }

    /// Takes the weights of a safetensors or PyTorch file with the authors' names; a training checkpoint that holds them
    /// will do.
    ///
    /// # Errors
    /// [`PerturbationError::Weights`]; every missing, unexpected and misshapen name is listed.
    pub fn load(self, path: &Path) -> Result<Self, PerturbationError> {
        let names = self.names();
        Ok(weights::load(self, &names, path)?)
    }

    /// Writes the weights as safetensors with the authors' names, for PyTorch users to read back.
    ///
    /// # Errors
    /// [`PerturbationError::Weights`].
    pub fn save(&self, path: &Path, metadata: &[(&str, &str)]) -> Result<(), PerturbationError> {
        Ok(weights::save(self, &self.names(), path, metadata)?)
    }
}

impl Layer {
    fn adapt(&self, state: Tensor<3>, conditions: &LayerConditions) -> Tensor<3> {
        let state = self.genes.forward(state, &conditions.genes);
        self.adapter.forward(state, &conditions.adapter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{BACKBONES, Small, largest_difference};

    #[test]
    fn cells_in_parts_have_the_velocity_of_all_at_once() {
        for backbone in BACKBONES {
            let small = Small::new(backbone, 0.0, &Device::flex());
            let model = &small.model;
            let genes = model.gene_encoder.forward(&small.genes);
            let conditions = model.prepare(genes, model.embed_perturbation(&small.perturbed));
            // More cells than go together.
            let batch = TOKENS / conditions.num_genes() + 2;
            let (noisy, control) = (small.cells(batch, 1), small.cells(batch, 2));
            let cells = model.prepare_cells(control, &conditions);
            let times: Vec<f32> = (0..batch).map(|i| i as f32 / batch as f32).collect();
            let times = Tensor::from_data(times.as_slice(), &small.device);
            let parts = model.velocity(noisy.clone(), times.clone(), &conditions, &cells);
            let features = model.features(noisy.clone(), times.clone(), &conditions, &cells);
            let whole = model.head.forward(features, &conditions.head);
            assert!(largest_difference(&parts, &whole) < 1e-5, "{backbone:?}");
            let made_anew = ControlCells {
                kept: None,
                ..cells
            };
            let found = model.velocity(noisy, times, &conditions, &made_anew);
            assert!(largest_difference(&found, &whole) < 1e-5, "{backbone:?}");
        }
    }

    #[test]
    fn every_cell_may_have_its_own_perturbation_and_time() {
        for backbone in BACKBONES {
            let small = Small::new(backbone, 0.0, &Device::flex());
            let model = &small.model;
            let genes = model.gene_encoder.forward(&small.genes);
            let known = model.embed_perturbation(&small.perturbed);
            let rows = Tensor::cat(vec![known.clone(), model.embed_unknown_perturbation()], 0);
            let (noisy, control) = (small.cells(2, 1), small.cells(2, 2));
            let velocity = |first: usize, count: usize, rows: Tensor<2>, times: &[f32]| {
                let conditions = model.prepare(genes.clone(), rows);
                let part = |cells: &Tensor<2>| cells.clone().narrow(0, first, count);
                let cells = model.prepare_cells(part(&control), &conditions);
                let times = Tensor::from_data(times, &small.device);
                model.velocity(part(&noisy), times, &conditions, &cells)
            };
            let both = velocity(0, 2, rows.clone(), &[0.2, 0.9]);
            let first = velocity(0, 1, known, &[0.2]);
            let second = velocity(1, 1, rows.narrow(0, 1, 1), &[0.9]);
            let apart = Tensor::cat(vec![first, second], 0);
            assert!(largest_difference(&both, &apart) < 1e-5);
        }
    }

    #[test]
    fn the_order_of_the_genes_does_not_matter() {
        let small = Small::new(BACKBONES[0], 0.0, &Device::flex());
        let (model, device) = (&small.model, &small.device);
        let n = small.genes.ids().len();
        let reversed: Vec<usize> = small.genes.ids().iter().rev().copied().collect();
        let reversed = GeneQuery::new(&small.graph, &reversed, device).unwrap();
        let velocity = |genes: &GeneQuery, noisy: Tensor<2>, control: Tensor<2>| {
            let perturbation = model.embed_perturbation(&small.perturbed);
            let conditions = model.prepare(model.gene_encoder.forward(genes), perturbation);
            let cells = model.prepare_cells(control, &conditions);
            model.velocity(noisy, Tensor::full([1], 0.3, device), &conditions, &cells)
        };
        let (noisy, control) = (small.cells(2, 1), small.cells(2, 2));
        let found = velocity(
            &reversed,
            noisy.clone().flip([1]),
            control.clone().flip([1]),
        );
        let expected = velocity(&small.genes, noisy, control);
        assert_eq!(expected.dims(), [2, n]);
        assert!(largest_difference(&found.flip([1]), &expected) < 1e-5);
    }

    #[test]
    fn weights_are_written_and_read_back_under_the_names_of_each_backbone() {
        let folder = tempfile::tempdir().unwrap();
        for backbone in BACKBONES {
            let small = Small::new(backbone, 0.0, &Device::flex());
            let path = folder.path().join("weights.safetensors");
            small.model.save(&path, &[]).unwrap();
            let state = weights::StateDict::read(&path).unwrap();
            for name in [
                "p_mask_embed",
                "encoder.embedding.weight",
                "final_layer.fc.4.bias",
            ] {
                assert!(state.tensors.contains_key(name), "{name}");
            }
            let ours = state
                .tensors
                .keys()
                .find(|name| name.starts_with("layers."));
            assert_eq!(ours, None, "a name that no rule renames");
            let other = PadTransformer {
                unknown_perturbation: Param::from_data([0.0; 16], &small.device),
                ..small.model.clone()
            };
            let read = other.load(&path).unwrap();
            let (a, b) = (read.unknown_perturbation, small.model.unknown_perturbation);
            assert_eq!(a.val().into_data(), b.val().into_data());
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_weights_with_the_published_bounds() {
        let draw = || Small::new(BACKBONES[0], 0.0, &Device::flex()).model;
        let weight = |model: &PadTransformer| model.fusion.first.weight.val();
        assert_eq!(weight(&draw()).into_data(), weight(&draw()).into_data());
        let largest = weight(&draw()).abs().max().into_scalar::<f32>();
        let bound = (6.0_f32 / 48.0).sqrt();
        assert!(largest <= bound && largest > 0.9 * bound);
    }
}
