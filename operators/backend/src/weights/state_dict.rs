use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Bytes, DType, Shape, TensorData};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::{WeightsError, pytorch};
use crate::atomic::write_atomically;

/// Named tensors on the host, as a file holds them.
#[derive(Debug, Clone, Default)]
pub struct StateDict {
    /// The file they came from, for messages.
    pub path: PathBuf,
    /// The tensors by name.
    pub tensors: BTreeMap<String, TensorData>,
    /// Free text pairs stored beside them (safetensors only).
    pub metadata: BTreeMap<String, String>,
}

impl StateDict {
    /// Reads `.safetensors`, or PyTorch's `.pt`, `.pth`, `.ckpt` and `.bin`, by the name's ending.
    ///
    /// Nested dictionaries of a PyTorch file are flattened with dots; a pickle is interpreted as data, and nothing in
    /// it is ever executed.
    ///
    /// # Errors
    /// [`WeightsError::File`], [`WeightsError::UnknownFormat`], and [`WeightsError::Damaged`] for anything that is not
    /// a whole, well-formed file.
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match ending {
            "safetensors" => Self::read_safetensors(path),
            "pt" | "pth" | "ckpt" | "bin" => Ok(Self {
                path: path.to_owned(),
                tensors: pytorch::read(path)?,
                metadata: BTreeMap::new(),
            }),
            _ => Err(WeightsError::UnknownFormat {
                path: path.to_owned(),
            }),
        }
    }

    fn read_safetensors(path: &Path) -> Result<Self, WeightsError> {
        let damaged = |reason: String| WeightsError::Damaged {
            path: path.to_owned(),
            format: "safetensors",
            reason,
        };
        let buffer = fs::read(path).map_err(|source| WeightsError::File {
            path: path.to_owned(),
            action: "read",
            source,
        })?;
        let file = SafeTensors::deserialize(&buffer).map_err(|e| damaged(e.to_string()))?;
        let (_, header) =
            SafeTensors::read_metadata(&buffer).map_err(|e| damaged(e.to_string()))?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.iter() {
            let dtype = element_type(view.dtype()).ok_or_else(|| {
                damaged(format!(
                    "tensor {name} has the unsupported element type {:?}",
                    view.dtype()
                ))
            })?;
            let data = TensorData::try_from_bytes(
                Bytes::from_bytes_vec(view.data().to_vec()),
                Shape::from(view.shape().to_vec()),
                dtype,
            )
            .map_err(|e| damaged(format!("tensor {name}: {e}")))?;
            tensors.insert(name.to_string(), data);
        }
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            tensors,
            metadata: metadata.into_iter().collect(),
        })
    }

    /// Writes safetensors, replacing `path` as a whole.
    ///
    /// # Errors
    /// [`WeightsError::File`]; [`WeightsError::Damaged`] for an element type that the format lacks.
    pub fn write(&self, path: &Path) -> Result<(), WeightsError> {
        let unfit = |reason: String| WeightsError::Damaged {
            path: path.to_owned(),
            format: "safetensors",
            reason,
        };
        let mut views = Vec::with_capacity(self.tensors.len());
        for (name, data) in &self.tensors {
            let dtype = stored_type(data.dtype())
                .ok_or_else(|| unfit(format!("cannot store {name} as {:?}", data.dtype())))?;
            let view = TensorView::new(dtype, data.shape().to_vec(), data.bytes())
                .map_err(|e| unfit(format!("tensor {name}: {e}")))?;
            views.push((name, view));
        }
        let metadata: HashMap<String, String> = self
            .metadata
            .iter()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let bytes =
            safetensors::serialize(views, Some(metadata)).map_err(|e| unfit(e.to_string()))?;
        write_atomically(path, &bytes).map_err(|source| WeightsError::File {
            path: path.to_owned(),
            action: "write",
            source,
        })
    }
}

fn element_type(dtype: Dtype) -> Option<DType> {
    Some(match dtype {
        Dtype::F64 => DType::F64,
        Dtype::F32 => DType::F32,
        Dtype::F16 => DType::F16,
        Dtype::BF16 => DType::BF16,
        Dtype::I64 => DType::I64,
        Dtype::I32 => DType::I32,
        Dtype::I16 => DType::I16,
        Dtype::I8 => DType::I8,
        Dtype::U64 => DType::U64,
        Dtype::U32 => DType::U32,
        Dtype::U16 => DType::U16,
        Dtype::U8 | Dtype::BOOL => DType::U8,
        _ => return None,
    })
}

fn stored_type(dtype: DType) -> Option<Dtype> {
    Some(match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::I32 => Dtype::I32,
        DType::I16 => Dtype::I16,
        DType::I8 => Dtype::I8,
        DType::U64 => Dtype::U64,
        DType::U32 => Dtype::U32,
        DType::U16 => Dtype::U16,
        DType::U8 => Dtype::U8,
        _ => return None,
    })
}
