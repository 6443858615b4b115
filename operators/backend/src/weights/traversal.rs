//! Walks over the parameters of a module, under the names and in the layout that they have in a file: PyTorch keeps the matrices of
//! linear layers transposed, and calls the parameters of a norm otherwise than burn.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Bool, DType, Int, Tensor, TensorData};

use super::{NameTable, WeightsError};

/// Where a tensor of the file goes: its shape there, and the kind of number.
pub(super) struct Slot {
    path: String,
    pub shape: Vec<usize>,
    pub kind: Kind,
}

/// Kinds of numbers that parameters hold.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Float,
    Int,
    Bool,
}

impl Kind {
    /// Whether a tensor of this type in a file can be one.
    pub fn accepts(self, dtype: DType) -> bool {
        match self {
            Self::Float => dtype.is_float(),
            Self::Int => dtype.is_int() || dtype.is_uint(),
            Self::Bool => dtype.is_bool() || dtype == DType::U8,
        }
    }

    /// Its name, for messages.
    pub fn name(self) -> &'static str {
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

/// Where the tensors of a file go, by their names in it.
///
/// # Errors
/// [`WeightsError::DuplicateName`] if two parameters are called alike.
pub(super) fn slots<M: Module>(
    module: &M,
    names: &NameTable,
) -> Result<BTreeMap<String, Slot>, WeightsError> {
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
pub(super) struct Reader<'a> {
    path: Place,
    names: &'a NameTable,
    tensors: BTreeMap<String, TensorData>,
    failure: Option<WeightsError>,
}

impl<'a> Reader<'a> {
    pub fn new(names: &'a NameTable) -> Self {
        Self {
            path: Place::default(),
            names,
            tensors: BTreeMap::new(),
            failure: None,
        }
    }

    /// The parameters, by their names in a file.
    ///
    /// # Errors
    /// [`WeightsError::Device`] for the first that could not be read.
    pub fn finish(self) -> Result<BTreeMap<String, TensorData>, WeightsError> {
        match self.failure {
            Some(error) => Err(error),
            None => Ok(self.tensors),
        }
    }

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
pub(super) struct Filler<'a> {
    path: Place,
    names: &'a NameTable,
    tensors: BTreeMap<String, TensorData>,
}

impl<'a> Filler<'a> {
    pub fn new(names: &'a NameTable, tensors: BTreeMap<String, TensorData>) -> Self {
        Self {
            path: Place::default(),
            names,
            tensors,
        }
    }

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
