//! PyTorch's own files, through burn's pickle interpreter (which builds data and runs nothing).

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use burn::store::pytorch_reader::{self, PytorchError, PytorchReader};
use burn::tensor::{Bytes, DType, Shape, TensorData};

use super::WeightsError;

/// All tensors of a `.pt`/`.pth` file, nested dictionaries flattened with dots.
///
/// # Errors
/// [`WeightsError::File`] if the system cannot read it, [`WeightsError::Damaged`] for everything else.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, TensorData>, WeightsError> {
    // A file that cannot be opened is told apart from one that is damaged.
    fs::File::open(path).map_err(|source| WeightsError::File {
        path: path.to_owned(),
        action: "read",
        source,
    })?;
    let damaged = |reason: String| WeightsError::Damaged {
        path: path.to_owned(),
        format: "PyTorch",
        reason,
    };
    // The file may come from anywhere: should the interpreter panic on one made to break it, that is a damaged file.
    let tensors = catch_unwind(AssertUnwindSafe(|| read_tensors(path)))
        .map_err(|_| damaged("the reader gave up on its content".into()))?
        .map_err(|e| damaged(one_line(&e.to_string())))?;
    if tensors.is_empty() {
        return Err(damaged("it holds no tensor".into()));
    }
    Ok(tensors)
}

fn read_tensors(path: &Path) -> Result<BTreeMap<String, TensorData>, PytorchError> {
    let mut tensors = BTreeMap::new();
    for (name, tensor) in PytorchReader::new(path)?.into_tensors() {
        let bytes = Bytes::from_bytes_vec(tensor.read()?);
        let shape = Shape::from(tensor.shape().to_vec());
        let data = TensorData::try_from_bytes(bytes, shape, element_type(tensor.dtype()))
            .map_err(|e| PytorchError::InvalidFormat(format!("tensor {name}: {e}")))?;
        tensors.insert(name, data);
    }
    Ok(tensors)
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn element_type(dtype: pytorch_reader::DType) -> DType {
    use pytorch_reader::DType as Stored;
    match dtype {
        Stored::F64 => DType::F64,
        Stored::F32 => DType::F32,
        Stored::F16 => DType::F16,
        Stored::BF16 => DType::BF16,
        Stored::I64 => DType::I64,
        Stored::I32 => DType::I32,
        Stored::I16 => DType::I16,
        Stored::I8 => DType::I8,
        Stored::U64 => DType::U64,
        Stored::U32 => DType::U32,
        Stored::U16 => DType::U16,
        Stored::U8 | Stored::Bool => DType::U8,
    }
}
