//! Named tensors on the host, read from and written to safetensors and PyTorch files.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use burn::tensor::{Bytes, DType, Shape, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorView};

use super::{WeightsError, pytorch};
use rheome_atomic::write_atomically;

/// Named tensors on the host, as a file holds them.
#[derive(Debug, Clone, Default)]
pub struct StateDict {
    /// The file they came from, for messages.
    pub path: PathBuf,
    /// The key that they lie below in the file, empty for all of it.
    pub set: String,
    /// The tensors by name.
    pub tensors: BTreeMap<String, TensorData>,
    /// Free text pairs stored beside them (safetensors only).
    pub metadata: BTreeMap<String, String>,
}

impl StateDict {
    /// Reads `.safetensors`, or PyTorch's `.pt`, `.pth`, `.ckpt` and `.bin`, by the name's ending; of `FILE:set` what lies below the key
    /// `set` of a checkpoint, as in `checkpoint.pt:ema` ([`split_set`]).
    ///
    /// Nested dictionaries of a PyTorch file are flattened with dots; a pickle is interpreted as data, and nothing in
    /// it is ever executed.
    ///
    /// # Errors
    /// [`WeightsError::File`], [`WeightsError::UnknownFormat`], and [`WeightsError::Damaged`] for anything that is not
    /// a whole, well-formed file; [`WeightsError::NoSuchSet`].
    pub fn read(path: &Path) -> Result<Self, WeightsError> {
        let (file, set) = split_set(path);
        let mut state = Self::read_file(&file)?;
        let Some(set) = set else {
            return Ok(state);
        };
        let first_key = |name: &String| name.split('.').next().unwrap_or_default().to_owned();
        let mut there: Vec<String> = state.tensors.keys().map(first_key).collect();
        state.keep_below(&format!("{set}."));
        state.set.clone_from(&set);
        if state.tensors.is_empty() {
            there.dedup();
            there.truncate(KEYS_TOLD);
            return Err(WeightsError::NoSuchSet {
                path: file,
                set,
                there,
            });
        }
        Ok(state)
    }

    /// Keeps what lies below a key, which ends in a dot, without it.
    pub(super) fn keep_below(&mut self, key: &str) {
        let tensors = std::mem::take(&mut self.tensors).into_iter();
        let below =
            tensors.filter_map(|(name, data)| Some((name.strip_prefix(key)?.to_owned(), data)));
        self.tensors = below.collect();
    }

    /// A key below that of the set, as [`split_set`] takes it.
    pub(super) fn key_in_file(&self, key: &str) -> String {
        let keys = [self.set.as_str(), key.trim_end_matches('.')];
        let keys: Vec<&str> = keys.into_iter().filter(|key| !key.is_empty()).collect();
        keys.join(".")
    }

    fn read_file(path: &Path) -> Result<Self, WeightsError> {
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match ending {
            "safetensors" => Self::read_safetensors(path),
            "pt" | "pth" | "ckpt" | "bin" => Ok(Self {
                path: path.to_owned(),
                tensors: pytorch::read(path)?,
                ..Self::default()
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
        let unread = |source| WeightsError::File {
            path: path.to_owned(),
            action: "read",
            source,
        };
        let mut file = File::open(path).map_err(unread)?;
        let length = file.metadata().map_err(unread)?.len();
        let header = header(&mut file, length).map_err(|failure| match failure {
            HeaderFailure::File(source) => unread(source),
            HeaderFailure::Damaged(reason) => damaged(reason),
        })?;
        let mut tensors = BTreeMap::new();
        // Tensor by tensor in the order of the file, so that no number is in memory twice.
        for name in header.offset_keys() {
            let Some(info) = header.info(&name) else {
                continue;
            };
            let dtype = element_type(info.dtype).ok_or_else(|| {
                damaged(format!(
                    "tensor {name} has the unsupported element type {:?}",
                    info.dtype
                ))
            })?;
            // The header was found to describe this file: no tensor is larger than it.
            let mut bytes = vec![0; info.data_offsets.1 - info.data_offsets.0];
            file.read_exact(&mut bytes).map_err(unread)?;
            let shape = Shape::from(info.shape.clone());
            let data = TensorData::try_from_bytes(Bytes::from_bytes_vec(bytes), shape, dtype)
                .map_err(|e| damaged(format!("tensor {name}: {e}")))?;
            tensors.insert(name, data);
        }
        let metadata = header.metadata().clone().unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            tensors,
            metadata: metadata.into_iter().collect(),
            ..Self::default()
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
        // Without anything in it, it would be written as no reader takes it.
        let metadata = Some(metadata).filter(|pairs| !pairs.is_empty());
        let bytes = safetensors::serialize(views, metadata).map_err(|e| unfit(e.to_string()))?;
        write_atomically(path, &bytes).map_err(|source| WeightsError::File {
            path: path.to_owned(),
            action: "write",
            source,
        })
    }
}

/// How the names of files of weights end.
const ENDINGS: [&str; 5] = ["safetensors", "pt", "pth", "ckpt", "bin"];

/// Keys of a checkpoint that are told to whoever named another.
const KEYS_TOLD: usize = 12;

/// A file of weights and, of `FILE:set`, the key below which the set that is meant lies in it. An existing file whose own name holds a
/// colon wins.
pub fn split_set(path: &Path) -> (PathBuf, Option<String>) {
    let whole = || (path.to_owned(), None);
    let Some((file, set)) = path.to_str().and_then(|text| text.rsplit_once(':')) else {
        return whole();
    };
    let ending = Path::new(file).extension().and_then(|e| e.to_str());
    if set.is_empty() || path.exists() || !ending.is_some_and(|e| ENDINGS.contains(&e)) {
        return whole();
    }
    (file.into(), Some(set.trim_end_matches('.').to_owned()))
}

/// The longest header that the format allows: it is held in memory whole.
const LARGEST_HEADER: u64 = 100_000_000;

enum HeaderFailure {
    File(io::Error),
    Damaged(String),
}

/// The header of a safetensors file: its length in 8 bytes, then JSON. Leaves the file at the first tensor.
fn header(file: &mut File, length: u64) -> Result<Metadata, HeaderFailure> {
    let damaged = |reason: String| Err(HeaderFailure::Damaged(reason));
    const START: u64 = 8;
    if length < START {
        return damaged(format!("{length} bytes are too few for a header"));
    }
    let mut size = [0; START as usize];
    file.read_exact(&mut size).map_err(HeaderFailure::File)?;
    let size = u64::from_le_bytes(size);
    if size > LARGEST_HEADER {
        return damaged(format!(
            "a header of {size} bytes, expected at most {LARGEST_HEADER}"
        ));
    }
    if size > length - START {
        return damaged(format!(
            "a header of {size} bytes in a file of {length} bytes"
        ));
    }
    let mut text = Vec::new();
    file.take(size)
        .read_to_end(&mut text)
        .map_err(HeaderFailure::File)?;
    let header: Metadata = match serde_json::from_slice(&text) {
        Ok(header) => header,
        Err(error) => return damaged(format!("its header: {error}")),
    };
    let found = length - START - size;
    if header.data_len() as u64 != found {
        return damaged(format!(
            "its header describes {} bytes of tensors, {found} are there",
            header.data_len()
        ));
    }
    Ok(header)
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
