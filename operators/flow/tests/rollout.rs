//! Rollouts that look at their steps together, and the 16-bit precision.

use burn::tensor::{Device, Distribution, Tensor};
use rheome_backend::device::{DeviceChoice, cpu_backends};
use rheome_backend::precision::Precision;
use rheome_flow::ifactformer::config::IFactFormerConfig;
use rheome_flow::{
    EnergyChangeRange, FlowError, FlowModel, FlowModelConfig, GridFeatures, Normalization, Rollout,
};

fn operator(device: &Device) -> (FlowModelConfig, FlowModel, GridFeatures) {
    let config = FlowModelConfig::IFactFormerM(IFactFormerConfig {
        grid: vec![6, 7, 4],
        dim: 24,
        heads: 2,
        dim_head: 8,
        iterations: 3,
        time_window: 2,
        ..IFactFormerConfig::default()
    });
    let model = FlowModel::init(&config, 5, device).unwrap();
    let features = model.prepare(&config.grid());
    (config, model, features)
}

fn window(device: &Device) -> Tensor<6> {
    device.seed(11);
    Tensor::random([2, 2, 6, 7, 4, 3], Distribution::Normal(0.0, 1.0), device)
}

#[test]
fn steps_looked_at_together_are_those_looked_at_one_by_one() {
    for selected in cpu_backends() {
        let (_, model, features) = operator(&selected.device);
        let mut normalization = Normalization::identity(3);
        // A range that every step leaves, so that each has its warnings.
        let never = EnergyChangeRange { min: 0.0, max: 0.0 };
        normalization.energy_change = Some(vec![never; 3]);
        let start = window(&selected.device);
        let rollout = || Rollout::new(&model, &features, &normalization, start.clone()).unwrap();
        let (mut one, mut together) = (rollout(), rollout());
        let mut warnings = Vec::new();
        for _ in 0..4 {
            let expected = one.step().unwrap();
            warnings.extend_from_slice(one.warnings());
            let found = together.advance();
            assert_eq!(found.into_data(), expected.into_data());
        }
        assert!(together.warnings().is_empty());
        together.check().unwrap();
        assert_eq!(together.warnings(), warnings);
        assert!(warnings.iter().any(|warning| warning.step == 4));
        // Nothing is left to look at.
        together.check().unwrap();
        assert!(together.warnings().is_empty() && together.steps() == 4);
    }
}

#[test]
fn the_first_step_that_is_not_finite_is_named_afterwards() {
    let device = Device::flex();
    let (_, model, features) = operator(&device);
    // Every step multiplies what is there: the third one overflows.
    let normalization = Normalization {
        output_std: vec![1e13; 3],
        ..Normalization::identity(3)
    };
    let start = window(&device);
    let mut rollout = Rollout::new(&model, &features, &normalization, start).unwrap();
    let mut steps = 0;
    let expected = loop {
        match rollout.step() {
            Ok(_) => steps += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(expected, FlowError::NonFinite { step, .. } if step == steps + 1));
    assert!(
        expected.to_string().contains(" in u of member 0;"),
        "{expected}"
    );
    assert_eq!(rollout.steps(), steps, "the state is that before the step");
    let mut rollout = Rollout::new(&model, &features, &normalization, window(&device)).unwrap();
    for _ in 0..steps + 3 {
        rollout.advance();
    }
    assert_eq!(
        rollout.check().unwrap_err().to_string(),
        expected.to_string()
    );
}

#[test]
fn a_component_is_named_and_a_member_only_where_there_are_several() {
    let device = Device::flex();
    let (_, model, features) = operator(&device);
    let mut normalization = Normalization::identity(3);
    let never = EnergyChangeRange { min: 0.0, max: 0.0 };
    let any = EnergyChangeRange {
        min: f64::MIN,
        max: f64::MAX,
    };
    normalization.energy_change = Some(vec![any, never, any]);
    let warning = |window: Tensor<6>| {
        let mut rollout = Rollout::new(&model, &features, &normalization, window).unwrap();
        rollout.step().unwrap();
        rollout.warnings().last().unwrap().to_string()
    };
    let two = window(&device);
    let one = warning(two.clone().narrow(0, 0, 1));
    assert!(
        one.starts_with("step 1: the energy of v (its square"),
        "{one}"
    );
    let two = warning(two);
    assert!(
        two.starts_with("step 1: the energy of v of member 1 ("),
        "{two}"
    );
}

#[test]
fn sixteen_bits_are_as_good_as_they_can_be() {
    let Ok(selected) = DeviceChoice::LibTorch.resolve() else {
        return;
    };
    let (_, model, features) = operator(&selected.device);
    let input = window(&selected.device);
    let exact = model.forward(input.clone(), &features);
    let (model, features) = model.in_precision(features, Precision::Bf16).unwrap();
    let rounded = model.forward(input, &features);
    assert_eq!(rounded.dtype(), exact.dtype());
    let norm = |field: Tensor<5>| field.square().sum().sqrt().into_scalar::<f32>();
    let error = norm(rounded - exact.clone()) / norm(exact);
    // A number has a relative error of up to 2^-9; some dozens of operations follow each other.
    assert!(error > 1e-4 && error < 3e-2, "{error}");
}
