//! A run that is stopped and continued takes the same steps as one that is not.

use std::fs;

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use rheome_training::{
    Decay, OptimizerSettings, Schedule, Trainer, TrainingError, checkpoint, clip_global_norm,
    metrics::MetricsLog,
};

#[derive(Module, Debug)]
struct Net {
    first: Linear,
    second: Linear,
}

fn device() -> Device {
    Device::flex().autodiff()
}

fn net() -> Net {
    let device = device();
    Net {
        first: LinearConfig::new(4, 8).init(&device),
        second: LinearConfig::new(8, 2).init(&device),
    }
}

fn loss(net: &Net, step: u64) -> Tensor<1> {
    let x = Tensor::<2>::from_data(
        [
            [0.3, -1.0, 0.5, step as f32 * 0.1],
            [1.0, 0.2, -0.7, 0.4],
            [-0.1, 0.9, 0.1, 1.5],
        ],
        &device(),
    );
    let y = Tensor::<2>::from_data([[0.1, 0.2], [1.0, -1.0], [0.4, 0.6]], &device());
    (net.second.forward(net.first.forward(x).tanh()) - y)
        .square()
        .mean()
}

fn settings() -> OptimizerSettings {
    OptimizerSettings {
        learning_rate: 1e-2,
        schedule: Schedule::Cosine {
            warmup: 1.0,
            minimum: 0.1,
        },
        ..Default::default()
    }
}

fn run(trainer: &mut Trainer<Net>, steps: u64) -> Vec<f32> {
    (0..steps)
        .map(|_| {
            let value = loss(&trainer.model, trainer.progress.step);
            let report = trainer.step(value, 3, 4).unwrap();
            if trainer.progress.batch == 3 {
                trainer.end_epoch();
            }
            report.loss
        })
        .collect()
}

/// Where the loss has no slope, decoupled decay shrinks a weight by `rate * decay` of itself; coupled decay is a gradient like any
/// other, which Adam's first step makes one of the size of the rate.
#[test]
fn decay_acts_on_the_weights_or_through_the_gradients() {
    for (decay, moves) in [(Decay::Decoupled, 1e-2 * 0.1 * 2.0), (Decay::Coupled, 1e-2)] {
        let settings = OptimizerSettings {
            learning_rate: 1e-2,
            weight_decay: 0.1,
            decay,
            clip_norm: 0.0,
            schedule: Schedule::Constant,
            ..Default::default()
        };
        let mut net = net();
        let weight = net.first.weight.val();
        net.first.weight = Param::from_tensor(weight.zeros_like().add_scalar(2.0).require_grad());
        let mut trainer = Trainer::new(net, settings, 1).unwrap();
        let flat = trainer.model.first.weight.val().sum().mul_scalar(0.0);
        trainer.step(flat, 10, 1).unwrap();
        let after: Vec<f32> = trainer.model.first.weight.val().try_into_vec_as().unwrap();
        for weight in after {
            assert!((2.0 - weight - moves).abs() < 1e-5, "{decay:?}: {weight}");
        }
    }
}

#[test]
fn a_continued_run_has_the_losses_of_an_uninterrupted_one() {
    for decay in [Decay::Decoupled, Decay::Coupled] {
        continues_as_if_nothing_had_been(OptimizerSettings {
            decay,
            ..settings()
        });
    }
}

fn continues_as_if_nothing_had_been(settings: OptimizerSettings) {
    let folder = tempfile::tempdir().unwrap();
    let start = net();
    let mut whole = Trainer::new(start.clone(), settings, 7).unwrap();
    let expected = run(&mut whole, 10);

    let mut first = Trainer::new(start, settings, 7).unwrap();
    let mut losses = run(&mut first, 5);
    checkpoint::save(&first, folder.path()).unwrap();
    drop(first);
    let mut second =
        checkpoint::load(Trainer::new(net(), settings, 7).unwrap(), folder.path()).unwrap();
    assert_eq!(second.progress.step, 5);
    assert_eq!((second.progress.epoch, second.progress.batch), (1, 2));
    let spent = second.progress.seconds;
    assert!(
        spent > 0.0,
        "the time of the first part is part of the run's"
    );
    losses.extend(run(&mut second, 5));

    assert!(second.progress.seconds > spent);
    assert_eq!(losses, expected, "bit for bit");
    assert!(expected[9] < expected[0]);
}

#[test]
fn only_the_newest_complete_checkpoint_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = Trainer::new(net(), settings(), 7).unwrap();
    for _ in 0..2 {
        run(&mut trainer, 1);
        checkpoint::save(&trainer, folder.path()).unwrap();
    }
    // What a kill in the middle of a third save leaves behind.
    fs::create_dir(folder.path().join(".step-00000003.partial")).unwrap();
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        names.contains(&"step-00000002".into()) && !names.contains(&"step-00000001".into()),
        "{names:?}"
    );
    let restored =
        checkpoint::load(Trainer::new(net(), settings(), 7).unwrap(), folder.path()).unwrap();
    assert_eq!(restored.progress.step, 2);
}

#[test]
fn a_checkpoint_of_the_same_step_replaces_the_old_one_without_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = || Trainer::new(net(), settings(), 7).unwrap();
    let step_of = || checkpoint::load(fresh(), folder.path()).map(|t| t.progress.step);
    let count = || fs::read_dir(folder.path()).unwrap().count();
    let mut trainer = fresh();
    run(&mut trainer, 1);
    let complete = checkpoint::save(&trainer, folder.path()).unwrap();
    assert_eq!(checkpoint::save(&trainer, folder.path()).unwrap(), complete);
    assert_eq!((step_of().unwrap(), count()), (1, 1));

    // What a kill leaves when the old one was set aside and the new one has no name yet.
    let aside = folder.path().join("step-00000001.replaced");
    fs::rename(&complete, &aside).unwrap();
    assert!(checkpoint::exists(folder.path()).unwrap());
    assert_eq!(step_of().unwrap(), 1);
    checkpoint::save(&trainer, folder.path()).unwrap();
    assert_eq!((step_of().unwrap(), count()), (1, 1));

    // And when it has its name, and the old one is still there: the new one counts, and the next leaves neither.
    fs::create_dir(&aside).unwrap();
    assert_eq!(step_of().unwrap(), 1);
    checkpoint::save(&trainer, folder.path()).unwrap();
    assert_eq!((step_of().unwrap(), count()), (1, 1));
    fs::create_dir(&aside).unwrap();
    run(&mut trainer, 1);
    checkpoint::save(&trainer, folder.path()).unwrap();
    assert_eq!((step_of().unwrap(), count()), (2, 1));
}

#[test]
fn a_damaged_checkpoint_and_an_empty_folder_are_errors_that_name_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = || Trainer::new(net(), settings(), 7).unwrap();
    assert!(matches!(
        checkpoint::load(fresh(), folder.path()),
        Err(TrainingError::NothingToResume { .. })
    ));

    let complete = checkpoint::save(&fresh(), folder.path()).unwrap();
    for file in ["weights.bpk", "optimizer.bpk", "progress.json"] {
        let path = complete.join(file);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let Err(error) = checkpoint::load(fresh(), folder.path()) else {
            panic!("{file} cut in half was accepted")
        };
        assert!(error.to_string().contains(file), "{error}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_non_finite_loss_never_reaches_the_weights() {
    let mut trainer = Trainer::new(net(), settings(), 7).unwrap();
    let before = trainer.model.first.weight.val().into_data();
    let poisoned = loss(&trainer.model, 0) * f32::NAN;
    let error = trainer.step(poisoned, 3, 1).unwrap_err();
    assert!(
        matches!(
            error,
            TrainingError::NonFiniteLoss {
                epoch: 1,
                batch: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(before, trainer.model.first.weight.val().into_data());
}

#[test]
fn the_parameter_at_fault_is_named() {
    let step = |spoil: &dyn Fn(&mut Net), of: &dyn Fn(&Net) -> Tensor<1>| {
        let mut trainer = Trainer::new(net(), settings(), 7).unwrap();
        spoil(&mut trainer.model);
        let loss = of(&trainer.model);
        trainer.step(loss, 3, 1).unwrap_err().to_string()
    };
    let spoiled = |net: &mut Net| {
        let bias = net.second.bias.take().unwrap();
        net.second.bias = Some(bias.map(|bias| bias * f32::NAN));
    };
    let told = step(&spoiled, &|net| loss(net, 0));
    assert!(told.contains("parameter second.bias holds NaN"), "{told}");
    // The root of nothing has no slope.
    let steep = |net: &Net| (net.first.weight.val() * 0.0).sqrt().sum();
    let told = step(&|_| {}, &steep);
    assert!(told.contains("the gradient became NaN"), "{told}");
    assert!(told.contains("that of first.weight"), "{told}");
}

#[test]
fn clipping_scales_all_gradients_together() {
    let net = net();
    let gradients =
        || burn::optim::GradientsParams::from_grads((loss(&net, 0) * 100.0).backward(), &net);
    let mut clipped = gradients();
    let before = clip_global_norm(&net, &mut clipped, Some(0.5));
    assert!(before > 0.5);
    assert!((clip_global_norm(&net, &mut clipped, None) - 0.5).abs() < 1e-5);
    let (whole, part) = (
        gradients().get::<2>(net.first.weight.id),
        clipped.get::<2>(net.first.weight.id),
    );
    let ratio = part.unwrap() / whole.unwrap();
    let deviation = (ratio - 0.5 / before).abs().max().into_scalar::<f32>();
    assert!(deviation < 1e-5, "{deviation}");
    let mut untouched = gradients();
    assert_eq!(clip_global_norm(&net, &mut untouched, Some(1e9)), before);
}

#[test]
fn metrics_are_cut_back_to_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.jsonl");
    let mut log = MetricsLog::create(&path).unwrap();
    for step in 1..=4u64 {
        log.append(&serde_json::json!({ "step": step, "loss": 0.5 }))
            .unwrap();
    }
    drop(log);
    let cut_short = fs::read_to_string(&path).unwrap() + "{\"step\": 5, \"lo";
    fs::write(&path, cut_short).unwrap();
    let mut log = MetricsLog::resume(&path, 2).unwrap();
    log.append(&serde_json::json!({ "step": 3, "loss": 0.4 }))
        .unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let steps: Vec<_> = text
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["step"].clone())
        .collect();
    assert_eq!(steps, [1, 2, 3]);
}
