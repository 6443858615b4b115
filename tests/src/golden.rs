//! Folders of published numbers: a `meta.json` and tensors in safetensors files beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use rheome_backend::weights::StateDict;
use serde_json::Value;

/// Where the folders of published numbers are.
fn root() -> PathBuf {
    std::env::var_os("RHEOME_GOLDEN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        PathBuf::from,
    )
}

/// All folders below the root that hold all of `files`, in order of their names: published numbers without a `meta.json`.
///
/// # Panics
/// If the root cannot be read, or there is no such folder.
pub fn folders_with(files: &[&str]) -> Vec<PathBuf> {
    let root = root();
    let entries = fs::read_dir(&root).unwrap_or_else(|e| panic!("{}: {e}", root.display()));
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| files.iter().all(|file| path.join(file).is_file()))
        .collect();
    assert!(
        !found.is_empty(),
        "{}: no folder with {files:?}",
        root.display()
    );
    found.sort();
    found
}

/// One folder of published numbers.
pub struct Golden {
    /// The folder.
    pub path: PathBuf,
    /// Its `meta.json`.
    pub meta: Value,
}

impl Golden {
    /// All folders below the root whose `meta.json` satisfies `is_kind`, in order of their names. The root is the
    /// environment's `RHEOME_GOLDEN`, or else the copies in this repository.
    ///
    /// # Panics
    /// If the root cannot be read, a `meta.json` is no JSON, or no folder is of the kind: a check of nothing must not
    /// pass.
    pub fn folders(is_kind: impl Fn(&Value) -> bool) -> Vec<Self> {
        let root = root();
        let entries = fs::read_dir(&root).unwrap_or_else(|e| panic!("{}: {e}", root.display()));
        let mut folders: Vec<Self> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let text = fs::read_to_string(path.join("meta.json")).ok()?;
                let meta = serde_json::from_str(&text)
                    .unwrap_or_else(|e| panic!("{}: meta.json: {e}", path.display()));
                Some(Self { path, meta })
            })
            .filter(|golden| is_kind(&golden.meta))
            .collect();
        assert!(
            !folders.is_empty(),
            "{}: no folder of this kind",
            root.display()
        );
        folders.sort_by(|a, b| a.path.cmp(&b.path));
        folders
    }

    /// Name of the folder.
    pub fn name(&self) -> String {
        self.path
            .file_name()
            .map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    }

    /// A whole number of `meta.json`.
    ///
    /// # Panics
    /// If it is not there.
    pub fn number(&self, key: &str) -> usize {
        self.meta[key].as_u64().unwrap_or_else(|| {
            panic!(
                "{}: meta.json has no whole number {key}",
                self.path.display()
            )
        }) as usize
    }

    /// The file `name`, if the folder has it.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        let path = self.path.join(name);
        path.exists().then_some(path)
    }

    /// The tensors of `name`, if the folder has that file.
    ///
    /// # Panics
    /// If the file is there but damaged.
    pub fn tensors(&self, name: &str) -> Option<Tensors> {
        let path = self.file(name)?;
        let state = StateDict::read(&path).unwrap_or_else(|e| panic!("{e}"));
        Some(Tensors(state.tensors))
    }
}

/// Named tensors on the host.
pub struct Tensors(pub BTreeMap<String, TensorData>);

impl Tensors {
    /// The tensor `name`, if it is there.
    pub fn get(&self, name: &str) -> Option<&TensorData> {
        self.0.get(name)
    }

    /// The tensor `name` on `device`.
    ///
    /// # Panics
    /// If it is not there or has another rank.
    pub fn on<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let data = self.get(name).unwrap_or_else(|| panic!("no tensor {name}"));
        Tensor::from_data(data.clone(), device)
    }

    /// The numbers of the tensor `name`.
    ///
    /// # Panics
    /// If it is not there.
    pub fn numbers(&self, name: &str) -> Vec<f32> {
        numbers(self.get(name).unwrap_or_else(|| panic!("no tensor {name}")))
    }
}

/// The numbers of a tensor on the host.
pub fn numbers(data: &TensorData) -> Vec<f32> {
    data.iter::<f32>().collect()
}

/// Largest difference relative to the largest magnitude expected; infinite if the shapes differ or a number of either is not finite.
pub fn relative_difference(found: &TensorData, expected: &TensorData) -> f64 {
    if found.shape() != expected.shape() {
        return f64::INFINITY;
    }
    let (found, expected) = (numbers(found), numbers(expected));
    if !found.iter().chain(&expected).all(|x| x.is_finite()) {
        return f64::INFINITY;
    }
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0, f32::max);
    let difference = largest(&mut found.iter().zip(&expected).map(|(a, b)| (a - b).abs()));
    let scale = largest(&mut expected.iter().map(|b| b.abs()));
    if difference == 0.0 {
        0.0
    } else {
        f64::from(difference) / f64::from(scale)
    }
}
