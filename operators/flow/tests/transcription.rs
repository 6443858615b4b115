//! The operators against a plain transcription of the published equations (arXiv 2412.18840), in which nothing is pooled
//! early, folded or split; in three dimensions and in two.

use burn::tensor::activation::gelu;
use burn::tensor::{Device, Distribution, Tensor};
use rheome_flow::ifactformer::block::FactorizedAttention;
use rheome_flow::ifactformer::config::{Composition, IFactFormerConfig};
use rheome_flow::ifactformer::kernel::AxisKernel;
use rheome_flow::ifactformer::model::IFactFormer;
use rheome_flow::{Grid, Normalization};
use rheome_layers::initialization::Initialization;
use rheome_layers::rotary::RotaryTable;

/// `K_a`, `[batch, heads, n, n]`: project every point, average over the other axes, norm, feed-forward, rotary q k^T.
fn kernel(
    axis: usize,
    of: &AxisKernel,
    g: &Tensor<5>,
    table: &RotaryTable,
    heads: usize,
) -> Tensor<4> {
    let [batch, _, _, _, dim] = g.dims();
    let n = g.dims()[1 + axis];
    let mut pooled = of.pool.forward(g.clone());
    for other in (0..3).filter(|other| *other != axis) {
        pooled = pooled.mean_dim(1 + other);
    }
    let r = of
        .feed_forward
        .forward(of.norm.forward(pooled.reshape([batch, n, dim])));
    let turned = |features: Tensor<3>| {
        let width = features.dims()[2] / heads;
        table.rotate(features.reshape([batch, n, heads, width]).swap_dims(1, 2))
    };
    let (q, k) = (
        turned(of.to_q.forward(r.clone())),
        turned(of.to_k.forward(r)),
    );
    q.matmul(k.transpose())
}

/// Applies a kernel along an axis of `[batch, heads, nx, ny, nz, dim_head]`.
fn along(axis: usize, kernel: Tensor<4>, values: Tensor<6>) -> Tensor<6> {
    let turned = values.swap_dims(2, 2 + axis);
    let shape = turned.dims();
    let [batch, heads, n, a, b, dim_head] = shape;
    let product = kernel.matmul(turned.reshape([batch, heads, n, a * b * dim_head]));
    product.reshape(shape).swap_dims(2, 2 + axis)
}

fn block(
    of: &FactorizedAttention,
    u: Tensor<5>,
    tables: &[RotaryTable],
    config: &IFactFormerConfig,
    composition: Composition,
) -> Tensor<5> {
    let [batch, nx, ny, nz, dim] = u.dims();
    let (heads, dim_head) = (config.heads, config.dim_head);
    let h = of.in_norm.forward(u);
    let v = of
        .to_v
        .forward(h.clone())
        .reshape([batch, nx, ny, nz, heads, dim_head])
        .permute([0, 4, 1, 2, 3, 5]);
    let g = of.to_in.forward(h);
    let axes = of.axes.iter().zip(tables).enumerate();
    let kernels: Vec<Tensor<4>> = axes
        .map(|(a, (axis, table))| kernel(a, axis, &g, table, heads))
        .collect();
    let mixed = match composition {
        Composition::Parallel => {
            let parts = kernels
                .into_iter()
                .enumerate()
                .map(|(a, k)| along(a, k, v.clone()));
            Tensor::cat(parts.collect(), 5)
        }
        Composition::Chained => kernels
            .into_iter()
            .enumerate()
            .fold(v, |v, (a, k)| along(a, k, v)),
    };
    let channels = heads * mixed.dims()[5];
    let points = nx * ny * nz;
    let flat = mixed
        .permute([0, 2, 3, 4, 1, 5])
        .reshape([batch, points, channels]);
    let centred = flat.clone() - flat.mean_dim(1);
    let spread = centred
        .clone()
        .powi_scalar(2)
        .mean_dim(1)
        .add_scalar(1e-5)
        .sqrt();
    let out = of.out.forward(gelu(of.mix.forward(centred / spread)));
    out.reshape([batch, nx, ny, nz, dim])
}

fn transcribed(
    model: &IFactFormer,
    input: Tensor<6>,
    grid: &Grid,
    config: &IFactFormerConfig,
    composition: Composition,
) -> Tensor<5> {
    let features = model.prepare(grid);
    let mut u = model.lift.forward(input);
    let shape = u.dims();
    for (index, layer) in model.layers.iter().enumerate() {
        let positions = layer
            .positional
            .forward(layer.fourier.features(&grid.positions()));
        u = u + positions.reshape([1, shape[1], shape[2], shape[3], shape[4]]);
        for _ in 0..config.iterations {
            let change = block(
                &layer.block,
                u.clone(),
                features.tables(index),
                config,
                composition,
            );
            u = u + change / config.iterations as f32;
        }
    }
    model.head.forward(u)
}

fn config(grid: Vec<usize>, lengths: Vec<f64>) -> IFactFormerConfig {
    IFactFormerConfig {
        grid,
        lengths,
        channels: 2,
        time_window: 2,
        dim: 12,
        heads: 3,
        dim_head: 4,
        kernel_multiplier: 2,
        depth: 2,
        iterations: 3,
    }
}

fn difference(config: &IFactFormerConfig, composition: Composition) -> f32 {
    let device = Device::flex();
    device.seed(5);
    let model =
        IFactFormer::init(config, composition, &mut Initialization::new(3, &device)).unwrap();
    let grid = config.uniform_grid();
    let [nx, ny, nz] = grid.shape();
    let input = Tensor::random(
        [2, 2, nx, ny, nz, 2],
        Distribution::Normal(0.0, 1.0),
        &device,
    );
    let expected = transcribed(&model, input.clone(), &grid, config, composition);
    let found = model.forward(input, &model.prepare(&grid));
    assert_eq!(found.dims(), [2, nx, ny, nz, 2]);
    let largest = |t: Tensor<5>| t.abs().max().into_scalar::<f32>();
    largest(found - expected.clone()) / largest(expected)
}

#[test]
fn the_rewritten_operator_is_the_published_one_in_three_dimensions_and_in_two() {
    let three = config(vec![4, 5, 6], vec![3.0, 2.0, 1.5]);
    let two = config(vec![6, 5], vec![3.0, 2.0]);
    for config in [three, two] {
        for composition in [Composition::Parallel, Composition::Chained] {
            let difference = difference(&config, composition);
            assert!(
                difference < 2e-5,
                "{:?} {composition:?}: {difference}",
                config.grid
            );
        }
    }
}

mod rollout {
    use super::*;
    use rheome_flow::{EnergyChangeRange, FlowError, FlowModel, FlowModelConfig, Rollout};

    fn model() -> (FlowModel, Grid) {
        let config = FlowModelConfig::IFactFormerM(config(vec![4, 5, 6], vec![3.0, 2.0, 1.5]));
        (
            FlowModel::init(&config, 3, &Device::flex()).unwrap(),
            config.grid(),
        )
    }

    fn normalization(output_std: f64) -> Normalization {
        Normalization {
            input_mean: vec![1.0, -1.0],
            input_std: vec![2.0, 0.5],
            output_mean: vec![1.0, -1.0],
            output_std: vec![output_std; 2],
            energy_change: None,
        }
    }

    fn window() -> Tensor<6> {
        let device = Device::flex();
        device.seed(6);
        Tensor::random([2, 2, 4, 5, 6, 2], Distribution::Normal(0.0, 1.0), &device)
    }

    #[test]
    fn a_window_of_two_snapshots_moves_on_by_one() {
        let (model, grid) = model();
        let (features, normalization) = (model.prepare(&grid), normalization(1.0));
        let first = window();
        let mut rollout = Rollout::new(&model, &features, &normalization, first.clone()).unwrap();
        let one = rollout.step().unwrap();
        let two = rollout.step().unwrap();
        let step = |input: Tensor<6>| {
            normalization.invert(model.forward(normalization.apply(input), &features))
        };
        let expected = step(first.clone());
        one.clone()
            .into_data()
            .assert_eq(&expected.into_data(), true);
        let second = Tensor::cat(vec![first.narrow(1, 1, 1), one.unsqueeze_dim(1)], 1);
        two.into_data().assert_eq(&step(second).into_data(), true);
        assert_eq!(rollout.steps(), 2);
    }

    #[test]
    fn leaving_the_range_of_the_training_is_reported_and_leaving_the_numbers_is_an_error() {
        let (model, grid) = model();
        let features = model.prepare(&grid);
        let mut guarded = normalization(1.0);
        guarded.energy_change = Some(vec![EnergyChangeRange { min: 0.0, max: 0.0 }; 2]);
        let mut rollout = Rollout::new(&model, &features, &guarded, window()).unwrap();
        rollout.step().unwrap();
        assert_eq!(rollout.warnings().len(), 4, "two members, two channels");
        let endless = normalization(1e38);
        let mut rollout = Rollout::new(&model, &features, &endless, window()).unwrap();
        let error = (0..5).find_map(|_| rollout.step().err()).unwrap();
        assert!(matches!(error, FlowError::NonFinite { .. }), "{error}");
        let wrong = Rollout::new(&model, &features, &endless, window().narrow(1, 0, 1));
        assert!(matches!(wrong.err(), Some(FlowError::Shape { .. })));
    }
}
