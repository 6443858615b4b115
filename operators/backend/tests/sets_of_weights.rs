//! Checkpoints with several sets of weights, and files of another model's.

use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, TensorData};
use rheome_backend::weights::{self, NameTable, StateDict, WeightsError, split_set};

#[derive(Module, Debug)]
struct Net {
    first: Linear,
    second: Linear,
}

fn net(width: usize) -> Net {
    let layer = || LinearConfig::new(width, width).init(&Device::flex());
    Net {
        first: layer(),
        second: layer(),
    }
}

/// A file with a network below each of these keys.
fn file(folder: &Path, networks: &[(&str, &Net)]) -> PathBuf {
    let mut state = StateDict::default();
    for (key, network) in networks {
        let exported = weights::export(*network, &NameTable::default()).unwrap();
        let tensors = exported.tensors.into_iter();
        state
            .tensors
            .extend(tensors.map(|(name, data)| (format!("{key}{name}"), data)));
    }
    let path = folder.join("checkpoint.safetensors");
    state.write(&path).unwrap();
    path
}

fn load(place: &str) -> Result<Net, WeightsError> {
    weights::load(net(4), &NameTable::default(), place.as_ref())
}

fn is_same(a: &Net, b: &Net) -> bool {
    let tensors = |network| {
        let state = weights::export(network, &NameTable::default()).unwrap();
        state.tensors
    };
    tensors(a) == tensors(b)
}

#[test]
fn the_set_that_is_named_is_taken_else_the_customary_one() {
    let folder = tempfile::tempdir().unwrap();
    let (model, ema) = (net(4), net(4));
    let path = file(folder.path(), &[("ema.", &ema), ("model.", &model)]);
    let path = path.display();
    assert!(is_same(&load(&path.to_string()).unwrap(), &model));
    assert!(is_same(&load(&format!("{path}:ema")).unwrap(), &ema));
    assert!(is_same(&load(&format!("{path}:model")).unwrap(), &model));
    let missing = load(&format!("{path}:average")).unwrap_err().to_string();
    assert_eq!(
        missing,
        format!("{path}: found no weights below average, expected one of ema, model")
    );
}

/// The file with one more tensor.
fn with_tensor(path: &Path, name: &str) {
    let mut state = StateDict::read(path).unwrap();
    let numbers = TensorData::new(vec![1.0_f32; 3], [3]);
    state.tensors.insert(name.into(), numbers);
    state.write(path).unwrap();
}

#[test]
fn what_lies_beside_the_weights_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let (model, ema) = (net(4), net(4));
    // The modules themselves beside a second set and an optimizer, as trainers save them.
    let path = file(folder.path(), &[("", &model), ("ema.", &ema)]);
    for name in [
        "optimizer.state.0.exp_avg",
        "optimizer.param_groups.0.lr",
        "train.opt.state.13.preconditioner.0",
    ] {
        with_tensor(&path, name);
    }
    assert!(is_same(&load(path.to_str().unwrap()).unwrap(), &model));
    let place = format!("{}:ema", path.display());
    assert!(is_same(&load(&place).unwrap(), &ema));
    // Anything else is told, a layer that is called as what an optimizer has too.
    for name in ["third.bias", "state.0.weight"] {
        let path = file(folder.path(), &[("", &model)]);
        with_tensor(&path, name);
        let told = load(path.to_str().unwrap()).unwrap_err().to_string();
        assert!(told.contains(&format!("1 unexpected: {name}")), "{told}");
    }
    let path = folder.path().join("optimizer.safetensors");
    StateDict::default().write(&path).unwrap();
    with_tensor(&path, "state.0.exp_avg");
    let told = load(path.to_str().unwrap()).unwrap_err().to_string();
    assert!(told.contains("state.0.exp_avg"), "{told}");
}

#[test]
fn wrappers_are_seen_through() {
    let folder = tempfile::tempdir().unwrap();
    let model = net(4);
    for (first, second, beside) in [
        // torch.optim.swa_utils.AveragedModel, and below a key.
        ("module.first", "module.second", "n_averaged"),
        ("ema.module.first", "ema.module.second", "ema.n_averaged"),
        // DeepSpeed, and a whole compiled model.
        ("module.first", "module.second", "rng"),
        ("model._orig_mod.first", "model._orig_mod.second", "epoch"),
        // Each module by itself.
        ("first.module", "second.module", "opt.state.0.step"),
        ("first.module._orig_mod", "second", "opt.state.0.step"),
    ] {
        let path = file(folder.path(), &[("", &model)]);
        let mut state = StateDict::read(&path).unwrap();
        let tensors = std::mem::take(&mut state.tensors).into_iter();
        let wrapped = tensors.map(|(name, data)| {
            let (module, part) = name.split_once('.').unwrap();
            let module = if module == "first" { first } else { second };
            (format!("{module}.{part}"), data)
        });
        state.tensors = wrapped.collect();
        state.write(&path).unwrap();
        with_tensor(&path, beside);
        let loaded = load(path.to_str().unwrap()).unwrap_or_else(|e| panic!("{first}: {e}"));
        assert!(is_same(&loaded, &model), "{first}");
    }
}

#[test]
fn where_no_name_is_customary_one_is_to_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (net(4), net(4));
    let keys = [("run.ema_model.", &one), ("run.net_b.", &other)];
    let path = file(folder.path(), &keys);
    let path = path.display();
    let told = load(&path.to_string()).unwrap_err().to_string();
    assert!(
        told.contains("(run.ema_model, run.net_b)")
            && told.contains(&format!("as {path}:run.ema_model")),
        "{told}"
    );
    let chosen = load(&format!("{path}:run.net_b")).unwrap();
    assert!(is_same(&chosen, &other));
    // Keys as they are in the file, wrappers and the set that was named included.
    let keys = [("module.ema.", &one), ("module.net_b.", &other)];
    let path = file(folder.path(), &keys);
    for place in ["", ":module"] {
        let place = format!("{}{place}", path.display());
        let told = load(&place).unwrap_err().to_string();
        let remedy = format!("as {}:module.ema", path.display());
        assert!(told.contains(&remedy), "{told}");
    }
    let chosen = load(&format!("{}:module.ema", path.display())).unwrap();
    assert!(is_same(&chosen, &one));
}

#[test]
fn another_width_is_told_as_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), &[("", &net(6))]);
    let told = load(path.to_str().unwrap()).unwrap_err().to_string();
    assert!(
        told.contains("4 of 4 misshapen parameters are 6 long where the settings make it 4")
            && told.contains("4 misshapen: first.bias found f32 [6], expected float [4], ")
            && told.ends_with(" and 1 more"),
        "{told}"
    );
}

#[test]
fn a_colon_belongs_to_the_name_of_a_file_that_is_there() {
    let place = |text: &str| split_set(Path::new(text));
    assert_eq!(place("a.pt"), ("a.pt".into(), None));
    assert_eq!(place("a.pt:ema"), ("a.pt".into(), Some("ema".into())));
    assert_eq!(
        place("a.pt:net.ema."),
        ("a.pt".into(), Some("net.ema".into()))
    );
    assert_eq!(place("12:30/a.pt"), ("12:30/a.pt".into(), None));
    assert_eq!(place("a.pt:"), ("a.pt:".into(), None));
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("a.pt:b.pt");
    std::fs::write(&there, "").unwrap();
    assert_eq!(split_set(&there), (there.clone(), None));
}
