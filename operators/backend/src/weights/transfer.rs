//! Between a [`StateDict`] and the parameters of a module.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};

use crate::memory::give_back_freed_memory;

use super::{Listing, Misfit, NameTable, StateDict, WeightsError};

/// Fills `module` from `path` (see [`StateDict::read`]) and returns it; devices and which parameters are trained stay.
///
/// Numbers of another precision are converted to the parameter's.
///
/// # Errors
/// Those of [`StateDict::read`], and those of [`import`].
pub fn load<M: Module>(module: M, names: &NameTable, path: &Path) -> Result<M, WeightsError> {
    let loaded = import(module, names, StateDict::read(path)?);
    // What the file was read to lies between the parameters.
    give_back_freed_memory();
    loaded
}

/// Writes the parameters of `module` to the safetensors file `path` under the names of `names`, with `metadata`.
///
/// # Errors
/// Those of [`export`] and [`StateDict::write`]; an old file is then untouched.
pub fn save<M: Module>(
    module: &M,
    names: &NameTable,
    path: &Path,
    metadata: &[(&str, &str)],
) -> Result<(), WeightsError> {
    let mut state = export(module, names)?;
    state.metadata = metadata
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    state.write(path)
}

/// Fills `module` from tensors in hand.
///
/// Where the dictionary holds the parameters below some key of a checkpoint, that key is found by itself: it is the one
/// below which most of the expected names lie.
///
/// # Errors
/// [`WeightsError::Mismatch`] lists every missing, unexpected and misshapen name; [`WeightsError::Ambiguous`];
/// [`WeightsError::DuplicateName`]; [`WeightsError::NonFinite`] for a parameter that holds NaN or infinite values.
pub fn import<M: Module>(
    module: M,
    names: &NameTable,
    mut state: StateDict,
) -> Result<M, WeightsError> {
    let expected = slots(&module, names)?;
    select(&mut state, &expected)?;
    let listing = compare(&state, &expected, names);
    if !listing.is_empty() {
        return Err(WeightsError::Mismatch {
            path: state.path,
            listing: Box::new(listing),
        });
    }
    check_finite(&state, &expected)?;
    Ok(module.map(&mut Filler {
        path: Place::default(),
        names,
        tensors: state.tensors,
    }))
}

/// Whether all numbers of the expected parameters are finite.
fn check_finite(state: &StateDict, expected: &BTreeMap<String, Slot>) -> Result<(), WeightsError> {
    for (name, data) in &state.tensors {
        if !expected.contains_key(name) || !data.dtype().is_float() {
            continue;
        }
        let found = data.iter::<f32>().enumerate();
        if let Some((index, value)) = found.into_iter().find(|(_, value)| !value.is_finite()) {
            return Err(WeightsError::NonFinite {
                path: state.path.clone(),
                name: name.clone(),
                value,
                index,
                count: data.num_elements(),
            });
        }
    }
    Ok(())
}

/// The parameters of `module` on the host, under the names and in the layout of PyTorch.
///
/// # Errors
/// [`WeightsError::DuplicateName`], [`WeightsError::Device`].
pub fn export<M: Module>(module: &M, names: &NameTable) -> Result<StateDict, WeightsError> {
    slots(module, names)?;
    let mut reader = Reader {
        path: Place::default(),
        names,
        tensors: BTreeMap::new(),
        failure: None,
    };
    module.visit(&mut reader);
    match reader.failure {
        Some(error) => Err(error),
        None => Ok(StateDict {
            tensors: reader.tensors,
            ..StateDict::default()
        }),
    }
}

/// Keys that hold the weights in a checkpoint by custom, the more specific ones first.
const CUSTOMARY_KEYS: [&str; 8] = [
    "",
    "model_state_dict",
    "state_dict",
    "model",
    "net",
    "network",
    "module",
    "weights",
];

/// Keeps what lies below the key with most of the expected names.
fn select(state: &mut StateDict, expected: &BTreeMap<String, Slot>) -> Result<(), WeightsError> {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for name in state.tensors.keys() {
        // Every way to read the name as "some key, a dot, an expected name".
        let starts = std::iter::once(0).chain(name.match_indices('.').map(|(i, _)| i + 1));
        for start in starts.filter(|&i| expected.contains_key(&name[i..])) {
            *found.entry(name[..start].to_string()).or_default() += 1;
        }
    }
    let Some(&most) = found.values().max() else {
        return Ok(());
    };
    let best: Vec<String> = found
        .into_iter()
        .filter_map(|(key, count)| (count == most).then_some(key))
        .collect();
    let custom = |key: &&String| {
        CUSTOMARY_KEYS
            .iter()
            .position(|c| key.trim_end_matches('.') == *c)
    };
    let chosen = match best.as_slice() {
        [only] => only,
        several => several
            .iter()
            .filter(|key| custom(key).is_some())
            .min_by_key(custom)
            .ok_or_else(|| WeightsError::Ambiguous {
                path: state.path.clone(),
                candidates: best.clone(),
            })?,
    };
    if !chosen.is_empty() {
        state.tensors = std::mem::take(&mut state.tensors)
            .into_iter()
            .filter_map(|(name, data)| {
                let inner = name.strip_prefix(chosen)?.to_string();
                Some((inner, data))
            })
            .collect();
    }
    Ok(())
}

fn compare(state: &StateDict, expected: &BTreeMap<String, Slot>, names: &NameTable) -> Listing {
    let mut listing = Listing::default();
    for (name, slot) in expected {
        let Some(data) = state.tensors.get(name) else {
            listing.missing.push((name.clone(), slot.shape.clone()));
            continue;
        };
        let shape = data.shape().to_vec();
        if shape != slot.shape || !slot.kind.accepts(data.dtype()) {
            listing.misfits.push(Misfit {
                name: name.clone(),
                found: format!("{} {shape:?}", data.dtype().name()),
                expected: format!("{} {:?}", slot.kind.name(), slot.shape),
            });
        }
    }
    let known: BTreeSet<&String> = expected.keys().collect();
    for (name, data) in &state.tensors {
        if !known.contains(name) && !names.ignores(name) {
            listing
                .unexpected
                .push((name.clone(), data.shape().to_vec()));
        }
    }
    listing
}

/// Where a tensor of the file goes: its shape there, and the kind of number.
struct Slot {
    path: String,
    shape: Vec<usize>,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Float,
    Int,
    Bool,
}

impl Kind {
    fn accepts(self, dtype: DType) -> bool {
        match self {
            Self::Float => dtype.is_float(),
            Self::Int => dtype.is_int() || dtype.is_uint(),
            Self::Bool => dtype.is_bool() || dtype == DType::U8,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int => "integer",
            Self::Bool => "bool",
        }
    }
}

/// Where a traversal of a module stands.
#[derive(Default)]
struct Place {
    segments: Vec<String>,
    owners: Vec<String>,
}

impl Place {
    fn enter(&mut self, name: &str, owner: &str) {
        self.owners.push(owner.to_string());
        // A variant of an enum is a choice of ours, not a level of the authors' code.
        if !owner.starts_with("Enum:") {
            self.segments.push(name.to_string());
        }
    }

    fn exit(&mut self, owner: &str) {
        self.owners.pop();
        if !owner.starts_with("Enum:") {
            self.segments.pop();
        }
    }

    fn owner(&self) -> &str {
        self.owners
            .last()
            .map_or("", |o| o.strip_prefix("Struct:").unwrap_or(o))
    }

    fn is_transposed(&self, rank: usize) -> bool {
        rank == 2 && self.owner() == "Linear"
    }

    /// The path, with PyTorch's names for the parameters of a norm.
    fn name(&self, names: &NameTable) -> String {
        let mut segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        if self.owner().ends_with("Norm")
            && let Some(last) = segments.last_mut()
        {
            *last = match *last {
                "gamma" => "weight",
                "beta" => "bias",
                other => other,
            };
        }
        names.rename(&segments.join("."))
    }
}

fn slots<M: Module>(module: &M, names: &NameTable) -> Result<BTreeMap<String, Slot>, WeightsError> {
    let mut census = Census {
        path: Place::default(),
        names,
        slots: BTreeMap::new(),
        duplicate: None,
    };
    module.visit(&mut census);
    match census.duplicate {
        Some(error) => Err(error),
        None => Ok(census.slots),
    }
}

/// The transpose of a matrix; on the host, so that the parameter lies in memory as one made here would.
fn transposed(data: TensorData) -> TensorData {
    let [rows, columns] = data.shape().dims::<2>();
    let dtype = data.dtype();
    let width = dtype.size();
    let from = data.bytes();
    let mut bytes = vec![0; from.len()];
    for row in 0..rows {
        for column in 0..columns {
            let (source, target) = (row * columns + column, column * rows + row);
            bytes[target * width..][..width].copy_from_slice(&from[source * width..][..width]);
        }
    }
    TensorData::from_bytes_vec(bytes, [columns, rows], dtype)
}

/// Lists the parameters of a module with the names and shapes they have in a file.
struct Census<'a> {
    path: Place,
    names: &'a NameTable,
    slots: BTreeMap<String, Slot>,
    duplicate: Option<WeightsError>,
}

impl Census<'_> {
    fn add(&mut self, mut shape: Vec<usize>, kind: Kind) {
        if self.path.is_transposed(shape.len()) {
            shape.reverse();
        }
        let name = self.path.name(self.names);
        let path = self.path.segments.join(".");
        let slot = Slot {
            path: path.clone(),
            shape,
            kind,
        };
        if let Some(before) = self.slots.insert(name.clone(), slot) {
            self.duplicate = Some(WeightsError::DuplicateName {
                name,
                first: before.path,
                second: path,
            });
        }
    }
}

impl ModuleVisitor for Census<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }
    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.lazy_shape().to_vec(), Kind::Float);
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.lazy_shape().to_vec(), Kind::Int);
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        self.add(param.lazy_shape().to_vec(), Kind::Bool);
    }
}

/// Reads the parameters of a module back from their device.
struct Reader<'a> {
    path: Place,
    names: &'a NameTable,
    tensors: BTreeMap<String, TensorData>,
    failure: Option<WeightsError>,
}

impl Reader<'_> {
    fn add<E: std::fmt::Display>(&mut self, data: Result<TensorData, E>) {
        let name = self.path.name(self.names);
        match data {
            Ok(data) => {
                self.tensors.insert(name, data);
            }
            Err(error) => {
                self.failure.get_or_insert(WeightsError::Device {
                    name,
                    reason: error.to_string(),
                });
            }
        }
    }
}

impl ModuleVisitor for Reader<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }
    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.transform_for_save().val();
        let tensor = if self.path.is_transposed(D) {
            tensor.transpose()
        } else {
            tensor
        };
        self.add(tensor.try_into_data());
    }
    fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
        self.add(param.val().try_into_data());
    }
    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        let data = param
            .val()
            .try_into_data()
            .map(|d| d.convert_dtype(DType::U8));
        self.add(data);
    }
}

/// Puts the tensors of a file into the parameters of a module; the names and shapes were compared before.
struct Filler<'a> {
    path: Place,
    names: &'a NameTable,
    tensors: BTreeMap<String, TensorData>,
}

impl Filler<'_> {
    fn take(&mut self) -> Option<TensorData> {
        self.tensors.remove(&self.path.name(self.names))
    }
}

impl ModuleMapper for Filler<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.enter(name, container_type);
    }
    fn exit_module(&mut self, _name: &str, container_type: &str) {
        self.path.exit(container_type);
    }
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(data) = self.take() else {
            return param;
        };
        let data = if self.path.is_transposed(D) {
            transposed(data)
        } else {
            data
        };
        // Without a data type of its own a tensor gets the device's, which is what the parameters have.
        let tensor = Tensor::<D>::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
    fn map_int<const D: usize>(&mut self, param: Param<Tensor<D, Int>>) -> Param<Tensor<D, Int>> {
        let Some(data) = self.take() else {
            return param;
        };
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
    fn map_bool<const D: usize>(
        &mut self,
        param: Param<Tensor<D, Bool>>,
    ) -> Param<Tensor<D, Bool>> {
        let Some(data) = self.take() else {
            return param;
        };
        let tensor = Tensor::from_data(data, &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}
