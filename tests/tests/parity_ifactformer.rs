//! IFactFormer-m and -o against the authors' PyTorch code: kernels, one block, output, gradients, optimiser steps,
//! rollout, and the same weights from a PyTorch file; on every CPU backend that was built, with fused kernels and without.
//!
//! Everything about a case is read from its folder, so that the suite runs over any folder of the kind (`RHEOME_GOLDEN`).

use std::process::ExitCode;

use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Tensor};
use rheome_backend::precision::Precision;
use rheome_backend::weights;
use rheome_flow::ifactformer::config::IFactFormerConfig;
use rheome_flow::{FlowModel, FlowModelConfig, Grid, GridFeatures, Normalization, Rollout};
use rheome_layers::loss::relative_l2;
use rheome_tests::devices::{devices, on_every_path};
use rheome_tests::golden::{Golden, Tensors, relative_difference};
use rheome_tests::report::Report;
use rheome_tests::training::{gradients_of, number_after};

const OUTPUT_TOLERANCE: f64 = 1e-4;
/// A number of 16 bits is off by 2^-9 of itself, and some dozens of operations follow each other.
const BF16_TOLERANCE: f64 = 5e-2;
const GRADIENT_TOLERANCE: f64 = 1e-3;
const LOSS_TOLERANCE: f64 = 1e-4;
/// AdamW divides a gradient by its size: where a gradient is round-off, so is the direction of its first steps.
const TRAINED_TOLERANCE: f64 = 5e-3;
const ROLLOUT_TOLERANCE: f64 = 1e-3;

fn main() -> ExitCode {
    let mut report = Report::default();
    let is_kind = |meta: &serde_json::Value| {
        let model = meta["model"].as_str().unwrap_or("");
        matches!(model, "IFactFormer_m" | "IFactFormer_o")
    };
    for golden in Golden::folders(is_kind) {
        on_every_path(|selected, path| {
            let place = format!("{} on {path}", golden.name());
            Case::new(&golden, selected.device.clone(), place).run(&mut report);
        });
        for selected in devices() {
            if Precision::Bf16.suits(selected.choice) {
                let place = format!("{} on {}, bf16", golden.name(), selected.choice);
                Case::new(&golden, selected.device, place).output_in_bf16(&mut report);
            }
        }
    }
    report.finish("parity_ifactformer")
}

/// One folder on one device.
struct Case<'a> {
    golden: &'a Golden,
    place: String,
    device: Device,
    config: FlowModelConfig,
    io: Tensors,
    model: FlowModel,
    features: GridFeatures,
}

impl<'a> Case<'a> {
    fn new(golden: &'a Golden, device: Device, place: String) -> Self {
        let io = golden.tensors("io.safetensors").expect("io.safetensors");
        let config = config(golden, &io);
        let model = load(&config, golden, "weights.safetensors", &device);
        let features = model.prepare(&grid(&io));
        Self {
            golden,
            place,
            device,
            config,
            io,
            model,
            features,
        }
    }

    fn run(&self, report: &mut Report) {
        self.kernels_and_block(report);
        let input = self.io.on("input", &self.device);
        let output = self.model.forward(input, &self.features);
        self.compare(report, "output", output, "output", OUTPUT_TOLERANCE);
        self.rollout(report);
        self.pytorch_file(report);
        self.gradients(report);
        self.optimizer_steps(report);
    }

    fn output_in_bf16(self, report: &mut Report) {
        let (model, features) = self
            .model
            .in_precision(self.features, Precision::Bf16)
            .expect("an IFactFormer");
        let output = model.forward(self.io.on("input", &self.device), &features);
        let expected = self.io.get("output").expect("an output");
        let difference = relative_difference(&output.into_data(), expected);
        report.check(&self.place, "output", difference, BF16_TOLERANCE);
    }

    fn compare<const D: usize>(
        &self,
        report: &mut Report,
        what: &str,
        found: Tensor<D>,
        name: &str,
        tolerance: f64,
    ) {
        let expected = self.io.get(name).unwrap_or_else(|| panic!("no {name}"));
        let difference = relative_difference(&found.into_data(), expected);
        report.check(&self.place, what, difference, tolerance);
    }

    fn kernels_and_block(&self, report: &mut Report) {
        if self.io.get("block0_in").is_none() {
            report.skip(
                &self.place,
                "kernels, block",
                "no block0_in in io.safetensors",
            );
            return;
        }
        let (FlowModel::IFactFormer(model), GridFeatures::IFactFormer(grid)) =
            (&self.model, &self.features)
        else {
            panic!("{}: not an IFactFormer", self.place);
        };
        let (block, tables) = (&model.layers[0].block, grid.tables(0));
        let input: Tensor<5> = self.io.on("block0_in", &self.device);
        for (kernel, axis) in block
            .kernels(input.clone(), tables)
            .into_iter()
            .zip(["x", "y", "z"])
        {
            let name = format!("kernel_{axis}");
            self.compare(report, &name, kernel, &name, OUTPUT_TOLERANCE);
        }
        let output = block.forward(input, tables);
        self.compare(report, "block", output, "block0_out", OUTPUT_TOLERANCE);
    }

    fn rollout(&self, report: &mut Report) {
        let Some(expected) = self.io.get("rollout") else {
            report.skip(&self.place, "rollout", "no rollout in io.safetensors");
            return;
        };
        let values = |name| {
            self.io
                .numbers(name)
                .into_iter()
                .map(f64::from)
                .collect::<Vec<_>>()
        };
        let normalization = Normalization {
            input_mean: values("mean"),
            input_std: values("std"),
            output_mean: values("mean"),
            output_std: values("std"),
            energy_change: None,
        };
        let standardized: Tensor<6> = self.io.on("input", &self.device);
        let window = normalization.invert(standardized);
        let last = window.dims()[1] - 1;
        let mut fields = vec![window.clone().narrow(1, last, 1)];
        let mut rollout = Rollout::new(&self.model, &self.features, &normalization, window)
            .expect("the window fits");
        for _ in 1..expected.shape()[1] {
            fields.push(rollout.step().expect("a finite field").unsqueeze_dim(1));
        }
        let name = format!("rollout of {} steps", rollout.steps());
        self.compare(
            report,
            &name,
            Tensor::cat(fields, 1),
            "rollout",
            ROLLOUT_TOLERANCE,
        );
    }

    fn pytorch_file(&self, report: &mut Report) {
        if self.golden.file("weights.pt").is_none() {
            report.skip(&self.place, "weights.pt", "no such file");
            return;
        }
        let other = load(&self.config, self.golden, "weights.pt", &self.device);
        let names = self.model.names();
        let state = |model: &FlowModel| weights::export(model, &names).expect("unique names");
        let (found, expected) = (state(&other).tensors, state(&self.model).tensors);
        let difference = expected
            .iter()
            .map(|(name, data)| relative_difference(&found[name], data))
            .fold(0.0, f64::max);
        report.check(
            &self.place,
            "weights.pt = weights.safetensors",
            difference,
            0.0,
        );
    }

    /// The model on the device with gradients, and its loss on the folder's batch.
    fn trainable(&self) -> (FlowModel, impl Fn(&FlowModel) -> Tensor<1>) {
        let device = self.device.clone().autodiff();
        let model = load(&self.config, self.golden, "weights.safetensors", &device);
        let features = model.prepare(&grid(&self.io));
        let input: Tensor<6> = self.io.on("input", &device);
        let target: Tensor<5> = self.io.on("target", &device);
        let loss = move |model: &FlowModel| {
            relative_l2(model.forward(input.clone(), &features), target.clone())
        };
        (model, loss)
    }

    fn gradients(&self, report: &mut Report) {
        let Some(expected) = self.golden.tensors("grads.safetensors") else {
            report.skip(&self.place, "gradients", "no grads.safetensors");
            return;
        };
        let (model, loss) = self.trainable();
        let loss = loss(&model);
        if let Some(published) = self.golden.meta["rel_l2_loss"].as_f64() {
            let difference = (f64::from(loss.clone().into_scalar::<f32>()) / published - 1.0).abs();
            report.check(&self.place, "relative L2 loss", difference, LOSS_TOLERANCE);
        }
        let names = model.names();
        let found = weights::export(&gradients_of(model, loss.backward()), &names)
            .expect("unique names")
            .tensors;
        let mut worst = (0.0, "");
        for (name, data) in &expected.0 {
            let found = found
                .get(name)
                .unwrap_or_else(|| panic!("no parameter {name}"));
            let difference = relative_difference(found, data);
            if difference > GRADIENT_TOLERANCE {
                report.check(&self.place, name, difference, GRADIENT_TOLERANCE);
            }
            if difference >= worst.0 {
                worst = (difference, name);
            }
        }
        let what = format!("{} gradients", expected.0.len());
        report.check(&self.place, &what, worst.0, GRADIENT_TOLERANCE);
    }

    fn optimizer_steps(&self, report: &mut Report) {
        let (Some(recipe), Some(losses)) = (
            self.golden.meta["adamw"].as_str(),
            self.golden.meta["losses"].as_array(),
        ) else {
            report.skip(&self.place, "AdamW", "no adamw and losses in meta.json");
            return;
        };
        let setting = |key: &str| {
            number_after(recipe, key).unwrap_or_else(|| panic!("adamw states no {key}: {recipe}"))
        };
        let mut optimizer = AdamWConfig::new()
            .with_beta_1(setting("betas") as f32)
            .with_beta_2(number_after(recipe, "/").expect("two betas") as f32)
            .with_epsilon(setting("eps") as f32)
            .with_weight_decay(setting("weight decay") as f32)
            .init();
        let learning_rate = setting("lr");
        let (mut model, loss) = self.trainable();
        let mut worst = 0.0_f64;
        for (step, published) in losses.iter().enumerate() {
            let value = loss(&model);
            let published = published.as_f64().expect("a number");
            let found = f64::from(value.clone().into_scalar::<f32>());
            worst = worst.max((found / published - 1.0).abs());
            if step + 1 < losses.len() {
                let gradients = GradientsParams::from_grads(value.backward(), &model);
                model = optimizer.step(learning_rate, model, gradients);
            }
        }
        let what = format!("losses of {} AdamW steps", losses.len() - 1);
        report.check(&self.place, &what, worst, LOSS_TOLERANCE);
        let Some(trained) = self.golden.tensors("trained.safetensors") else {
            report.skip(&self.place, "trained parameters", "no trained.safetensors");
            return;
        };
        let found = weights::export(&model, &model.names())
            .expect("unique names")
            .tensors;
        let worst = trained
            .0
            .iter()
            .map(|(name, data)| relative_difference(&found[name], data))
            .fold(0.0, f64::max);
        report.check(&self.place, "trained parameters", worst, TRAINED_TOLERANCE);
    }
}

/// The configuration of a folder, from `meta.json` and the shapes of its tensors.
fn config(golden: &Golden, io: &Tensors) -> FlowModelConfig {
    let weights = golden
        .tensors("weights.safetensors")
        .expect("weights.safetensors");
    let shape =
        |tensors: &Tensors, name: &str| tensors.get(name).expect("a tensor").shape().to_vec();
    let (heads, dim_head) = (golden.number("heads"), golden.number("dim_head"));
    let to_q = shape(&weights, "encoder.layers.0.1.low_rank_kernel_x.to_q.weight");
    let grid = grid(io);
    let ends = grid
        .positions()
        .into_iter()
        .map(|p| f64::from(*p.last().expect("a point")));
    let config = IFactFormerConfig {
        grid: grid.positions().into_iter().map(<[f32]>::len).collect(),
        lengths: ends.collect(),
        channels: shape(io, "input")[5],
        time_window: golden.number("in_time_window"),
        dim: golden.number("dim"),
        heads,
        dim_head,
        kernel_multiplier: to_q[0] / (heads * dim_head),
        depth: golden.number("depth"),
        iterations: golden.number("n_layer"),
    };
    match golden.meta["model"].as_str() {
        Some("IFactFormer_o") => FlowModelConfig::IFactFormerO(config),
        _ => FlowModelConfig::IFactFormerM(config),
    }
}

fn grid(io: &Tensors) -> Grid {
    let axes = ["pos_x", "pos_y", "pos_z"]
        .into_iter()
        .filter(|name| io.get(name).is_some());
    Grid::from_positions(axes.map(|name| io.numbers(name)).collect()).expect("two or three axes")
}

fn load(config: &FlowModelConfig, golden: &Golden, file: &str, device: &Device) -> FlowModel {
    let model = FlowModel::init(config, 0, device).unwrap_or_else(|e| panic!("{e}"));
    model
        .load(&golden.path.join(file))
        .unwrap_or_else(|e| panic!("{e}"))
}
