//! FNO and IFNO: what the equations say, in three dimensions and in two, on every CPU backend.

use burn::module::{Module, Param};
use burn::tensor::activation::gelu;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use rheome_backend::device::cpu_backends;
use rheome_flow::fno::config::{FnoConfig, Layering};
use rheome_flow::fno::model::Fno;
use rheome_flow::{FlowError, FlowModel, FlowModelConfig, Grid, Normalization, Rollout};
use rheome_layers::initialization::Initialization;

fn three() -> FnoConfig {
    FnoConfig {
        grid: vec![6, 7, 4],
        lengths: vec![3.0, 2.0, 1.5],
        channels: 3,
        time_window: 2,
        dim: 5,
        modes: vec![3, 3, 2],
        layers: 3,
        projection: 8,
        padding: 2,
    }
}

fn two() -> FnoConfig {
    FnoConfig {
        grid: vec![6, 7],
        lengths: vec![3.0, 2.0],
        modes: vec![3, 4],
        ..three()
    }
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let flex = Device::flex();
    flex.seed(7);
    let drawn = Tensor::<D>::random(shape, Distribution::Normal(0.0, 1.0), &flex);
    Tensor::from_data(drawn.into_data(), device)
}

fn input(config: &FnoConfig, grid: &Grid, device: &Device) -> Tensor<6> {
    let [nx, ny, nz] = grid.shape();
    random([2, config.time_window, nx, ny, nz, config.channels], device)
}

fn largest<const D: usize>(tensor: Tensor<D>) -> f32 {
    tensor.abs().max().into_scalar::<f32>()
}

/// Makes the operator blind for positions.
fn without_positions(mut model: Fno, config: &FnoConfig) -> Fno {
    let weight = model.lifting.weight.val();
    let [inputs, dim] = weight.dims();
    let seen = weight.narrow(0, 0, inputs - config.axes());
    let zeros = Tensor::zeros([config.axes(), dim], &seen.device());
    model.lifting.weight = Param::from_tensor(Tensor::cat(vec![seen, zeros], 0));
    model
}

/// Each formula once more, from the parts, for both operators.
#[test]
fn the_operators_are_their_equations() {
    for backend in cpu_backends() {
        for config in [three(), two()] {
            for layering in [Layering::Separate, Layering::Shared] {
                let model = Fno::init(
                    &config,
                    layering,
                    &mut Initialization::new(3, &backend.device),
                )
                .unwrap();
                let grid = config.uniform_grid();
                let features = model.prepare(&grid);
                let input = input(&config, &grid, &backend.device);
                let found = model.forward(input.clone(), &features);

                let mut u = model.lift(input, &features);
                let [_, nx, padded, nz, _] = u.dims();
                assert_eq!([nx, padded, nz], [6, 9, grid.shape()[2]]);
                assert_eq!(
                    largest(u.clone().narrow(2, 7, 2)),
                    0.0,
                    "zeros beyond the wall"
                );
                for step in 0..config.layers {
                    match layering {
                        Layering::Separate => {
                            u = model.layers[step].forward(u, features.transform());
                            if step < 2 {
                                u = gelu(u);
                            }
                        }
                        Layering::Shared => {
                            let change = model.layers[0].forward(u.clone(), features.transform());
                            u = u + gelu(change) / 3.0;
                        }
                    }
                }
                let hidden = gelu(model.projection.hidden.forward(u.narrow(2, 0, 7)));
                let expected = model.projection.output.forward(hidden);
                let difference = largest(found - expected.clone()) / largest(expected);
                assert!(
                    difference < 1e-6,
                    "{} {layering:?}: {difference}",
                    backend.choice
                );
            }
        }
    }
}

#[test]
fn parameters_are_those_of_the_formula_whatever_the_grid() {
    let linear = |inputs: usize, outputs: usize| (inputs + 1) * outputs;
    for (config, modes, axes) in [(three(), 3 * 6 * 4, 3), (two(), 3 * 8, 2)] {
        let layer = 2 * modes * 5 * 5 + linear(5, 5);
        let ends = linear(2 * 3 + axes, 5) + linear(5, 8) + linear(8, 3);
        let count = |config: FlowModelConfig| {
            FlowModel::init(&config, 1, &Device::flex())
                .unwrap()
                .num_params()
        };
        assert_eq!(
            count(FlowModelConfig::Fno(config.clone())),
            3 * layer + ends
        );
        assert_eq!(count(FlowModelConfig::Ifno(config.clone())), layer + ends);
        let mut finer = config;
        finer.grid.iter_mut().for_each(|n| *n *= 2);
        assert_eq!(count(FlowModelConfig::Ifno(finer)), layer + ends);
    }
}

/// x and z have no distinguished point but for the positions that the operator is told.
#[test]
fn a_shift_along_the_periodic_axes_shifts_the_result() {
    for backend in cpu_backends() {
        for layering in [Layering::Separate, Layering::Shared] {
            let config = three();
            let model = Fno::init(
                &config,
                layering,
                &mut Initialization::new(3, &backend.device),
            )
            .unwrap();
            let model = without_positions(model, &config);
            let grid = config.uniform_grid();
            let features = model.prepare(&grid);
            let input = input(&config, &grid, &backend.device);
            let before = model.forward(input.clone().roll(&[2, 3], &[2, 4]), &features);
            let after = model.forward(input, &features).roll(&[2, 3], &[1, 3]);
            let difference = largest(before - after.clone()) / largest(after);
            assert!(
                difference < 1e-5,
                "{} {layering:?}: {difference}",
                backend.choice
            );
        }
    }
}

/// A smooth field on two grids, one twice as fine, has the same result at the points that both have. With one layer, whose
/// modes the field has, this is exact; behind a GELU there are higher modes, which the coarse grid confuses slightly.
#[test]
fn a_finer_grid_gives_the_same_field() {
    for (layers, tolerance) in [(1, 2e-6), (3, 2e-3)] {
        let config = FnoConfig {
            layers,
            time_window: 1,
            padding: 0,
            grid: vec![12, 12, 12],
            modes: vec![4, 4, 4],
            ..three()
        };
        let device = Device::flex();
        let model = Fno::init(
            &config,
            Layering::Separate,
            &mut Initialization::new(3, &device),
        )
        .unwrap();
        let model = without_positions(model, &config);
        let on = |n: usize| -> Tensor<5> {
            let axis: Vec<f32> = (0..n).map(|i| i as f32 / n as f32).collect();
            let mut values = Vec::new();
            for x in &axis {
                for y in &axis {
                    for z in &axis {
                        let [x, y, z] = [x, y, z].map(|p| p * std::f32::consts::TAU);
                        values.extend([x.sin() * y.cos(), (z + x).sin(), 0.5 + y.cos() * z.cos()]);
                    }
                }
            }
            let grid = Grid::from_positions(vec![axis; 3]).unwrap();
            let field = TensorData::new(values, [1, 1, n, n, n, 3]);
            model.forward(Tensor::from_data(field, &device), &model.prepare(&grid))
        };
        let every_other = |t: Tensor<5>, axis: usize| {
            let mut shape = t.dims();
            shape[axis] /= 2;
            let [a, b, c, d, e] = shape;
            let rest = [a, b, c, d, e][axis + 1..].iter().product::<usize>();
            let rows = [a, b, c, d, e][..=axis].iter().product::<usize>();
            t.reshape([rows, 2, rest]).narrow(1, 0, 1).reshape(shape)
        };
        let (coarse, fine) = (on(12), on(24));
        let fine = (1..4).fold(fine, every_other);
        let difference = largest(fine - coarse.clone()) / largest(coarse);
        assert!(difference < tolerance, "{layers} layer(s): {difference}");
    }
}

/// The slope of a scalar of the output along a direction of the input, and of each layer's spectral weights.
#[test]
fn gradients_are_central_differences() {
    const STEP: f64 = 1e-2;
    for backend in cpu_backends() {
        for layering in [Layering::Separate, Layering::Shared] {
            let config = three();
            let (plain, grid) = (&backend.device, config.uniform_grid());
            let model = Fno::init(&config, layering, &mut Initialization::new(3, plain)).unwrap();
            let features = model.prepare(&grid);
            let input = input(&config, &grid, plain);
            let weights = random([2, 6, 7, 4, 3], plain);
            let objective = |model: &Fno, input: Tensor<6>| -> f64 {
                let out = model.forward(input, &features) * weights.clone();
                out.into_data().iter::<f64>().sum()
            };
            let tracked = model.clone().train();
            let track = |data: TensorData| Tensor::from_data(data, &plain.clone().autodiff());
            let tracked_input = track(input.clone().into_data()).require_grad();
            let out = tracked.forward(tracked_input.clone(), &tracked.prepare(&grid));
            let weighted =
                out * Tensor::from_data(weights.clone().into_data(), &plain.clone().autodiff());
            let gradients = weighted.sum().backward();

            let along = random(input.dims(), plain);
            let slope = |gradient: TensorData, along: TensorData| -> f64 {
                let pairs = gradient.iter::<f64>().zip(along.iter::<f64>());
                pairs.map(|(a, b)| a * b).collect::<Vec<f64>>().iter().sum()
            };
            let found = slope(
                tracked_input.grad(&gradients).unwrap().into_data(),
                along.clone().into_data(),
            );
            let moved = |h: f64| objective(&model, input.clone() + along.clone() * h);
            let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let close = |found: f64, expected: f64, what: &str| {
                let difference = (found - expected).abs() / expected.abs();
                let place = (backend.choice, layering);
                assert!(difference < 5e-3, "{place:?} {what}: {found} {expected}");
            };
            close(found, expected, "input");

            for index in 0..tracked.layers.len() {
                let parameter = &tracked.layers[index].spectral.weight;
                let along = random(parameter.dims(), plain) * 0.1;
                let found = slope(
                    parameter.grad(&gradients).unwrap().into_data(),
                    along.clone().into_data(),
                );
                let moved = |h: f64| {
                    let mut model = model.clone();
                    let weight = &mut model.layers[index].spectral.weight;
                    *weight = Param::from_tensor(weight.val() + along.clone() * h);
                    objective(&model, input.clone())
                };
                let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                close(found, expected, "spectral weights");
            }
        }
    }
}

#[test]
fn a_file_holds_the_weights_under_the_names_of_a_pytorch_module() {
    let folder = std::env::temp_dir().join(format!("rheome-fno-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("weights.safetensors");
    let device = Device::flex();
    let config = FlowModelConfig::Fno(two());
    let saved = FlowModel::init(&config, 1, &device).unwrap();
    saved.save(&path, &[]).unwrap();
    let loaded = FlowModel::init(&config, 2, &device)
        .unwrap()
        .load(&path)
        .unwrap();
    let grid = config.grid();
    let field = input(&two(), &grid, &device);
    let result = |model: &FlowModel| {
        model
            .forward(field.clone(), &model.prepare(&grid))
            .into_data()
    };
    result(&loaded).assert_eq(&result(&saved), true);

    let state = rheome_backend::weights::StateDict::read(&path).unwrap();
    let shape = |name: &str| state.tensors[name].shape().to_vec();
    assert_eq!(shape("lifting.weight"), [5, 8]);
    assert_eq!(shape("layers.2.spectral.weight"), [3, 8, 1, 5, 2, 5]);
    assert_eq!(shape("layers.2.pointwise.bias"), [5]);
    assert_eq!(shape("projection.0.weight"), [8, 5]);
    assert_eq!(shape("projection.2.weight"), [3, 8]);

    // The weights of one layer are not those of three.
    let other = FlowModel::init(&FlowModelConfig::Ifno(two()), 2, &device).unwrap();
    let message = other.load(&path).unwrap_err().to_string();
    let words = "6 unexpected: layers.1.pointwise.bias [5]";
    assert!(message.contains(words), "{message}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn settings_choose_the_operator_and_a_wrong_key_is_named() {
    let text = r#"{"kind": "ifno", "grid": [8, 9, 4], "modes": [3, 3, 2], "dim": 8, "layers": 2}"#;
    let config: FlowModelConfig = serde_json::from_str(text).unwrap();
    assert_eq!((config.kind(), config.channels()), ("ifno", 3));
    config.validate().unwrap();
    let wrong = text.replace("[3, 3, 2]", "[3, 3, 3]");
    let config: FlowModelConfig = serde_json::from_str(&wrong).unwrap();
    let error = FlowModel::init(&config, 1, &Device::flex()).unwrap_err();
    assert!(
        matches!(error, FlowError::Config { key: "modes", .. }),
        "{error}"
    );
    let unknown = text.replace("layers", "depth");
    let message = serde_json::from_str::<FlowModelConfig>(&unknown)
        .unwrap_err()
        .to_string();
    assert!(message.contains("depth"), "{message}");
}

#[test]
fn a_rollout_feeds_the_operator_its_own_results() {
    let device = Device::flex();
    let config = FlowModelConfig::Ifno(three());
    let model = FlowModel::init(&config, 3, &device).unwrap();
    let grid = config.grid();
    let features = model.prepare(&grid);
    assert_eq!(features.shape(), [6, 7, 4]);
    let normalization = Normalization::identity(3);
    let first = input(&three(), &grid, &device);
    let mut rollout = Rollout::new(&model, &features, &normalization, first.clone()).unwrap();
    let one = rollout.step().unwrap();
    let two = rollout.step().unwrap();
    let window = Tensor::cat(vec![first.narrow(1, 1, 1), one.unsqueeze_dim(1)], 1);
    let expected = model.forward(window, &features);
    two.into_data().assert_eq(&expected.into_data(), true);
}
