//! The network for flows with random weights: shapes, gradients, and what must not matter.

use burn::module::{Module, Param};
use burn::tensor::{Device, Gradients, Int, Tensor, TensorData};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rheome_backend::device::{Selected, cpu_backends};
use rheome_prose::Symbols;
use rheome_prose::fluids::{Fluids, FluidsConfig, FrameSequence, Frames};
use rheome_prose::loss::relative_squared_error;

/// Equations whose words are known to every network here.
const EQUATIONS: [&[u32]; 2] = [&[30, 48, 41, 44, 42], &[41, 44, 42]];

fn config() -> FluidsConfig {
    FluidsConfig {
        channels: ["u", "v", "p"].map(str::to_owned).to_vec(),
        dimension: 3,
        grid: [8, 12],
        patch: 4,
        input_frames: 2,
        output_frames: 3,
        width: 16,
        heads: 2,
        feed_forward: 24,
        data_encoder: 1,
        text_encoder: 1,
        fusion: 2,
        data_decoder: 2,
        point_features: 5,
    }
}

fn network(seed: u64, device: &Device) -> Fluids {
    Fluids::init(&config(), seed, device).unwrap()
}

/// Numbers without pattern between -1.7 and 1.7, variance about 1: the same on every device, whatever tests run beside this one.
fn random<const D: usize>(shape: [usize; D], seed: u64, device: &Device) -> Tensor<D> {
    let mut random = SmallRng::seed_from_u64(seed);
    let numbers = (0..shape.iter().product())
        .map(|_| random.random_range(-1.7_f32..1.7))
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn frames(batch: usize, device: &Device) -> Frames {
    Frames {
        values: random([batch, 2, 8, 12, 3], 7, device),
        mask: Tensor::ones([batch, 1, 1, 1, 3], device),
    }
}

fn symbols(members: &[usize], device: &Device) -> Symbols {
    let ids: Vec<Vec<u32>> = members.iter().map(|m| EQUATIONS[*m].to_vec()).collect();
    Symbols::new(&ids, config().words().unwrap().size(), 47, device).unwrap()
}

fn largest<const D: usize>(tensor: Tensor<D>) -> f32 {
    tensor.abs().max().into_scalar()
}

#[test]
fn shapes_are_those_of_the_configuration_and_backends_agree() {
    let mut found: Vec<TensorData> = Vec::new();
    for backend in cpu_backends() {
        let device = backend.device;
        let network = network(1, &device);
        let (frames, symbols) = (frames(2, &device), symbols(&[0, 1], &device));
        let output = network.forward(&frames, &symbols).unwrap();
        assert_eq!(output.dims(), [2, 3, 8, 12, 3]);
        let encoded = network.encode(&frames, &symbols).unwrap();
        assert_eq!(encoded.fused.data.values.dims(), [2, 2 * 6, 16]);
        assert_eq!(encoded.fused.text.unwrap().values.dims(), [2, 5, 16]);
        assert_eq!(network.data_decoder.places.dims(), [6, 16]);
        found.push(output.into_data());
    }
    for other in &found[1..] {
        let pairs = other.iter::<f32>().zip(found[0].iter::<f32>());
        assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 1e-4);
    }
}

#[test]
fn the_published_size_has_the_parameters_it_should() {
    let config = FluidsConfig::default();
    let (w, f, n) = (1024, 2048, config.patches());
    let attention = 4 * w * w + 4 * w;
    let layer = attention + (w * f + f) + (f * w + w) + 2 * w;
    let words = config.words().unwrap().size();
    let encoder = (4 * 16 * 16 * w + w) + (w * w + w) + n * w + 10 * w;
    let points = (w * 32 * 16 * 16 + 32) + (32 * 32 + 32) + (32 * 4 + 4);
    // Each stack has a norm in front and one behind; two marks of the kinds.
    let norms = 2 * w * 4;
    let expected =
        encoder + (2 + 1 + 8 + 8) * layer + norms + words * w + 2 * w + (n * w + 10 * w) + points;
    let network = Fluids::init(&config, 1, &Device::flex()).unwrap();
    assert_eq!(network.num_params(), expected);
    // "1024" and "8" of the paper give a network of this order.
    assert!((150e6..200e6).contains(&(expected as f64)), "{expected}");
}

/// The loss of a network, and its slopes, on one device.
struct Slopes {
    backend: Selected,
    network: Fluids,
    tracked: Fluids,
    frames: Frames,
    gradients: Gradients,
    input: Tensor<5>,
}

/// Large enough for differences in single precision, small enough for their curvature.
const STEP: f64 = 1e-2;

fn loss(network: &Fluids, values: Tensor<5>) -> Tensor<1> {
    let device = values.device();
    let frames = Frames {
        values,
        mask: Tensor::ones([2, 1, 1, 1, 3], &device),
    };
    let found = network
        .forward(&frames, &symbols(&[0, 1], &device))
        .unwrap();
    relative_squared_error(found, random([2, 3, 8, 12, 3], 8, &device))
}

fn product(gradient: TensorData, along: TensorData) -> f64 {
    let pairs = gradient.iter::<f64>().zip(along.iter::<f64>());
    pairs.map(|(a, b)| a * b).sum()
}

impl Slopes {
    fn new(backend: Selected) -> Self {
        let network = network(3, &backend.device);
        let frames = frames(2, &backend.device);
        let tracked = network.clone().train();
        let tracking = backend.device.clone().autodiff();
        let input = Tensor::<5>::from_data(frames.values.clone().into_data(), &tracking);
        let input = input.require_grad();
        Self {
            gradients: loss(&tracked, input.clone()).backward(),
            backend,
            network,
            tracked,
            frames,
            input,
        }
    }

    /// A slope against the central difference of losses.
    fn check(&self, what: &str, found: f64, moved: impl Fn(f64) -> Tensor<1>) {
        let value = |h: f64| f64::from(moved(h).into_scalar::<f32>());
        let expected = (value(STEP) - value(-STEP)) / (2.0 * STEP);
        let difference = (found - expected).abs() / (expected.abs() + 1e-3);
        let place = self.backend.choice;
        assert!(difference < 2e-2, "{place} {what}: {found} {expected}");
    }

    fn input(&self) {
        let values = &self.frames.values;
        let along = random(values.dims(), 9, &self.backend.device) * 3.0;
        let gradient = self.input.grad(&self.gradients).unwrap();
        let found = product(gradient.into_data(), along.clone().into_data());
        self.check("input", found, |h| {
            loss(&self.network, values.clone() + along.clone() * h)
        });
    }

    fn weights<const D: usize>(
        &mut self,
        what: &str,
        pick: fn(&mut Fluids) -> &mut Param<Tensor<D>>,
    ) {
        let weight = pick(&mut self.tracked);
        let gradient = weight.grad(&self.gradients);
        let gradient = gradient.unwrap_or_else(|| panic!("{what} has no gradient"));
        let along = random(weight.dims(), 10, &self.backend.device);
        let found = product(gradient.into_data(), along.clone().into_data());
        self.check(what, found, |h| {
            let mut network = self.network.clone();
            let weight = pick(&mut network);
            *weight = Param::from_tensor(weight.val() + along.clone() * h);
            loss(&network, self.frames.values.clone())
        });
    }
}

/// The slope of the loss along a direction of the input and of weights of every part.
#[test]
fn gradients_are_central_differences() {
    for backend in cpu_backends() {
        let mut slopes = Slopes::new(backend);
        slopes.input();
        slopes.weights("gather", |n| &mut n.patches.gather.weight);
        slopes.weights("places", |n| &mut n.patches.places);
        slopes.weights("data encoder", |n| {
            &mut n.data_encoder.layers[0].attention.projection
        });
        slopes.weights("words", |n| &mut n.text_encoder.embedding.weight);
        slopes.weights("fusion", |n| {
            &mut n.fusion.layers[1].feed_forward.expand.weight
        });
        slopes.weights("times", |n| &mut n.data_decoder.times);
        slopes.weights("decoder", |n| {
            &mut n.data_decoder.layers[1].attention.projection
        });
        slopes.weights("spread", |n| &mut n.data_decoder.patches.spread.weight);
        slopes.weights("head", |n| &mut n.data_decoder.patches.head.weight);
    }
}

#[test]
fn units_of_a_sample_are_those_of_its_prediction() {
    for backend in cpu_backends() {
        let device = backend.device;
        let network = network(2, &device);
        let (frames, symbols) = (frames(2, &device), symbols(&[1, 0], &device));
        let scale = Tensor::<5>::from_data([[[[[2.0, 0.5, 40.0]]]]], &device);
        let shift = Tensor::<5>::from_data([[[[[-1.0, 3.0, 0.25]]]]], &device);
        let other = Frames {
            values: frames.values.clone() * scale.clone() + shift.clone(),
            mask: frames.mask.clone(),
        };
        let found = network.forward(&other, &symbols).unwrap();
        let expected = network.forward(&frames, &symbols).unwrap() * scale + shift;
        assert!(largest((found - expected.clone()) / expected.abs().add_scalar(1.0)) < 1e-4);
    }
}

/// Patches are known by their place alone: patches and places in another order give the same fields in that order.
#[test]
fn patches_in_another_order_are_fields_in_that_order() {
    let device = Device::flex();
    let network = network(4, &device);
    let (frames, symbols) = (frames(1, &device), symbols(&[0], &device));
    let order = Tensor::<1, Int>::from_data([4, 0, 5, 1, 3, 2], &device);
    // [.., x, y, c] to patches in front and back, along x before y.
    let reorder = |fields: Tensor<5>, order: &Tensor<1, Int>| {
        let [b, f, nx, ny, c] = fields.dims();
        let cut = fields.reshape([b * f, nx / 4, 4, ny / 4, 4 * c]);
        let patches = cut.swap_dims(2, 3).reshape([b * f, 6, 4, 4 * c]);
        let patches = patches.select(1, order.clone());
        let back = patches.reshape([b * f, nx / 4, ny / 4, 4, 4 * c]);
        back.swap_dims(2, 3).reshape([b, f, nx, ny, c])
    };
    let mut other = network.clone();
    for places in [&mut other.patches.places, &mut other.data_decoder.places] {
        *places = Param::from_tensor(places.val().select(0, order.clone()));
    }
    let moved = Frames {
        values: reorder(frames.values.clone(), &order),
        mask: frames.mask.clone(),
    };
    let expected = network.forward(&frames, &symbols).unwrap();
    let found = other.forward(&moved, &symbols).unwrap();
    let difference = largest(found - reorder(expected.clone(), &order));
    assert!(difference < 1e-4, "{difference}");
    // With the places where they were, it is another flow.
    let unmoved = network.forward(&moved, &symbols).unwrap();
    assert!(largest(unmoved - reorder(expected, &order)) > 1e-2);
}

#[test]
fn channels_that_a_sample_lacks_are_zero_and_do_not_matter() {
    let device = Device::flex();
    let network = network(5, &device);
    let symbols = symbols(&[0, 0], &device);
    let mask = Tensor::<5>::from_data([[[[[1.0, 1.0, 0.0]]]], [[[[1.0, 1.0, 1.0]]]]], &device);
    let with = |values: Tensor<5>| {
        let frames = Frames {
            values,
            mask: mask.clone(),
        };
        network.forward(&frames, &symbols).unwrap()
    };
    let values = frames(2, &device).values;
    let lacking = mask.clone().mul_scalar(-1.0).add_scalar(1.0);
    let rubbish = random(values.dims(), 11, &device) * 50.0 * lacking;
    let (found, expected) = (with(values.clone() + rubbish), with(values.clone()));
    assert!(largest(found - expected.clone()) < 1e-5);
    let third = |member| expected.clone().narrow(0, member, 1).narrow(4, 2, 1);
    assert_eq!(largest(third(0)), 0.0);
    assert!(largest(third(1)) > 0.1);
    // A channel that is there matters to the others.
    let changed = values * Tensor::<5>::from_data([[[[[1.0, -1.0, 1.0]]]]], &device);
    assert!(largest(with(changed) - expected) > 1e-2);
}

#[test]
fn symbols_matter_and_their_padding_does_not() {
    for backend in cpu_backends() {
        let device = backend.device;
        let network = network(6, &device);
        let frames = frames(2, &device);
        let both = network
            .forward(&frames, &symbols(&[0, 1], &device))
            .unwrap();
        let alone = Frames {
            values: frames.values.clone().narrow(0, 1, 1),
            mask: frames.mask.clone().narrow(0, 1, 1),
        };
        let short = network.forward(&alone, &symbols(&[1], &device)).unwrap();
        let member = both.narrow(0, 1, 1);
        assert!(largest(short.clone() - member) < 1e-4);
        let other = network.forward(&alone, &symbols(&[0], &device)).unwrap();
        assert!(largest(short - other) > 1e-3);
    }
}

#[test]
fn frames_are_answered_whatever_else_is_asked() {
    let device = Device::flex();
    let network = network(8, &device);
    let (frames, symbols) = (frames(2, &device), symbols(&[1, 1], &device));
    let encoded = network.encode(&frames, &symbols).unwrap();
    let all = network.predict(&encoded, &[0, 1, 2]);
    let some = network.predict(&encoded, &[2, 0]);
    for (place, frame) in [(0, 2), (1, 0)] {
        let difference = some.clone().narrow(1, place, 1) - all.clone().narrow(1, frame, 1);
        assert!(largest(difference) < 1e-5);
    }
    let (first, second) = (all.clone().narrow(1, 0, 1), all.narrow(1, 1, 1));
    assert!(largest(first - second) > 1e-3, "times differ");
}

#[test]
fn what_does_not_fit_is_named() {
    let device = Device::flex();
    let network = network(1, &device);
    let message = |frames: &Frames, symbols: &Symbols| {
        let error = network.forward(frames, symbols).unwrap_err();
        error.to_string()
    };
    let three = Frames {
        values: random([1, 3, 8, 12, 3], 12, &device),
        mask: Tensor::ones([1, 1, 1, 1, 3], &device),
    };
    let found = message(&three, &symbols(&[0], &device));
    assert!(found.contains("[1, 3, 8, 12, 3], expected [1, 2, 8, 12, 3]"));
    let found = message(&frames(2, &device), &symbols(&[0], &device));
    assert!(found.starts_with("symbols 1 of the batch: found 1 equations, expected 2"));
    let wide = FluidsConfig {
        patch: 5,
        ..config()
    };
    assert!(Fluids::init(&wide, 1, &device).is_err());
}

#[test]
fn a_file_gives_the_same_network_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let device = Device::flex();
    let saved = network(1, &device);
    saved.save(&path, &[("program", "test")]).unwrap();
    let again = network(2, &device).load(&path).unwrap();
    let (frames, symbols) = (frames(1, &device), symbols(&[0], &device));
    let output = |network: &Fluids| network.forward(&frames, &symbols).unwrap().into_data();
    output(&again).assert_eq(&output(&saved), true);
    let deeper = FluidsConfig {
        fusion: 3,
        ..config()
    };
    let other = Fluids::init(&deeper, 1, &device).unwrap();
    let message = other.load(&path).unwrap_err().to_string();
    assert!(
        message.contains("10 missing: fusion.layers.2.attention.out.bias"),
        "{message}"
    );
}

#[test]
fn host_frames_reach_the_network() {
    let device = Device::flex();
    let network = network(1, &device);
    let values: Vec<f32> = (0..2 * 8 * 12 * 2)
        .map(|i| (i as f32 * 0.37).sin())
        .collect();
    let member = FrameSequence {
        values: &values,
        channels: &[1, 0],
    };
    let frames = Frames::new(&[member], 2, &config(), &device).unwrap();
    let output = network.forward(&frames, &symbols(&[0], &device)).unwrap();
    assert_eq!(largest(output.clone().narrow(4, 2, 1)), 0.0);
    assert!(largest(output) > 0.0);
}
