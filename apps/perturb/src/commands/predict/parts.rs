//! Perturbations that are done, each in a file beside the output, so that a prediction that is stopped goes on behind the last of
//! them.
//!
//! ```text
//! OUTPUT.parts/request.json   what is predicted from what; it is to be the same when the prediction is resumed
//!              000000.part    the cells of the first perturbation; and so on
//! ```
//!
//! A part holds, little endian, the magic `rheome-part-1\n`, the length of a JSON header (u64), the header, the values (f32), and
//! the CRC-32 of everything before (u32).

use std::path::{Path, PathBuf};

use rheome_backend::atomic::write_atomically;
use rheome_cli::{DataFingerprint, Failure};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8] = b"rheome-part-1\n";
const REQUEST: &str = "request.json";

/// The predicted cells of a perturbation.
#[derive(Debug, PartialEq)]
pub struct Part {
    /// The perturbation.
    pub label: String,
    /// The control cell that each cell was predicted from.
    pub sources: Vec<usize>,
    /// Values gene by gene, one cell after the other.
    pub values: Vec<f32>,
}

/// What a part has to be, to be one of this prediction.
#[derive(Debug)]
pub struct Expected {
    /// The perturbation.
    pub label: String,
    /// Predicted cells.
    pub cells: usize,
    /// Genes of each.
    pub genes: usize,
    /// Cells of the data, from which they are predicted.
    pub measured: usize,
}

impl Expected {
    /// Whether a part is so. Its checksum tells of damage alone: nothing keeps a part of another prediction from lying here.
    fn admits(&self, part: &Part) -> bool {
        part.label == self.label
            && part.sources.len() == self.cells
            && part.sources.iter().all(|cell| *cell < self.measured)
            && Some(part.values.len()) == self.cells.checked_mul(self.genes)
            && part.values.iter().all(|value| value.is_finite())
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    label: String,
    sources: Vec<usize>,
}

/// The folder of the parts.
#[derive(Debug)]
pub struct Parts {
    folder: PathBuf,
}

impl Parts {
    /// The folder that belongs to an output.
    pub fn beside(output: &Path) -> Self {
        let mut name = output.file_name().unwrap_or_default().to_owned();
        name.push(".parts");
        Self {
            folder: output.with_file_name(name),
        }
    }

    /// Whether a prediction was begun and not ended.
    pub fn are_left(&self) -> bool {
        self.folder.join(REQUEST).exists()
    }

    /// Begins a prediction: an empty folder.
    ///
    /// # Errors
    /// [`Failure`] if the folder cannot be written.
    pub fn begin(&self, request: &DataFingerprint) -> Result<(), Failure> {
        self.remove();
        std::fs::create_dir_all(&self.folder)
            .map_err(|e| Failure::new(format!("{}: cannot create: {e}", self.folder.display())))?;
        let (path, text) = (
            self.folder.join(REQUEST),
            serde_json::to_vec_pretty(request)?,
        );
        write_atomically(&path, &text)
            .map_err(|e| Failure::new(format!("{}: cannot write: {e}", path.display())))
    }

    /// Goes on with a prediction that was begun, if it is the same.
    ///
    /// # Errors
    /// [`Failure`] if it is another one.
    pub fn go_on(&self, request: &DataFingerprint) -> Result<(), Failure> {
        let path = self.folder.join(REQUEST);
        let wrong = |reason: String| Failure::new(format!("{}: {reason}", path.display()));
        let text = std::fs::read(&path).map_err(|e| wrong(format!("cannot read: {e}")))?;
        let before = serde_json::from_slice(&text).map_err(|e| wrong(e.to_string()))?;
        match request.difference(&before) {
            None => Ok(()),
            Some(difference) => Err(wrong(format!(
                "another prediction was begun ({difference}); resume with the options, data and model of before"
            ))),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// A part that is done; none if it is not.
    ///
    /// # Errors
    /// [`Failure`] naming a file that cannot be read, is damaged or not what is `expected`.
    pub fn load(&self, number: usize, expected: &Expected) -> Result<Option<Part>, Failure> {
        let path = self.file(number);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => {
                return Err(Failure::new(format!(
                    "{}: cannot read: {e}",
                    path.display()
                )));
            }
        };
        match unpack(&bytes) {
            Some(part) if expected.admits(&part) => Ok(Some(part)),
            Some(_) => Err(Failure::new(format!(
                "{}: is not of this prediction: expected {} cells of {} with {} finite values each; remove it to predict them again",
                path.display(),
                expected.cells,
                expected.label,
                expected.genes
            ))),
            None => Err(Failure::new(format!(
                "{}: is damaged or cut short; remove it to predict its perturbation again",
                path.display()
            ))),
        }
    }

    /// Writes a part that is done.
    ///
    /// # Errors
    /// [`Failure`] naming the file, if the disk refuses.
    pub fn save(&self, number: usize, part: &Part) -> Result<(), Failure> {
        let path = self.file(number);
        write_atomically(&path, &pack(part)?)
            .map_err(|e| Failure::new(format!("{}: cannot write: {e}", path.display())))
    }

    /// Removes the folder and all that is in it.
    pub fn remove(&self) {
        // What cannot be removed does no harm: a later run ignores or replaces it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    fn file(&self, number: usize) -> PathBuf {
        self.folder.join(format!("{number:06}.part"))
    }
}

fn pack(part: &Part) -> Result<Vec<u8>, Failure> {
    let header = serde_json::to_vec(&Header {
        label: part.label.clone(),
        sources: part.sources.clone(),
    })?;
    let mut bytes = MAGIC.to_vec();
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(part.values.iter().flat_map(|value| value.to_le_bytes()));
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    Ok(bytes)
}

fn unpack(bytes: &[u8]) -> Option<Part> {
    let (content, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (length, rest) = content.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let (header, values) = rest.split_at_checked(u64::from_le_bytes(*length).try_into().ok()?)?;
    let Header { label, sources } = serde_json::from_slice(header).ok()?;
    let (values, []) = values.as_chunks::<4>() else {
        return None;
    };
    Some(Part {
        label,
        sources,
        values: values.iter().map(|v| f32::from_le_bytes(*v)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_bit_for_bit_and_only_to_the_same_prediction() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("a.h5ad");
        let request = DataFingerprint::new().with("seed", 1);
        let part = Part {
            label: "A+B".to_owned(),
            sources: vec![3, 0],
            values: vec![0.1, -0.0, f32::MIN_POSITIVE, 7.0],
        };
        let expected = Expected {
            label: "A+B".to_owned(),
            cells: 2,
            genes: 2,
            measured: 4,
        };
        let parts = Parts::beside(&output);
        assert!(!parts.are_left());
        parts.begin(&request).unwrap();
        assert!(parts.are_left());
        assert_eq!(parts.load(0, &expected).unwrap(), None);
        parts.save(0, &part).unwrap();
        parts.go_on(&request).unwrap();
        assert_eq!(parts.load(0, &expected).unwrap(), Some(part));
        let other = DataFingerprint::new().with("seed", 2);
        let line = parts.go_on(&other).unwrap_err();
        assert!(
            line.line().contains("seed: found 2, expected 1"),
            "{line:?}"
        );

        let path = parts.file(0);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let line = parts.load(0, &expected).unwrap_err();
        assert!(line.line().contains("000000.part"), "{line:?}");
        // Whole, but of another prediction.
        for (label, sources, values) in [
            ("A", vec![3, 0], vec![0.0; 4]),
            ("A+B", vec![4, 0], vec![0.0; 4]),
            ("A+B", vec![3, 1_000_000_000], vec![0.0; 4]),
            ("A+B", vec![3], vec![0.0; 4]),
            ("A+B", vec![3, 0], vec![0.0; 3]),
            ("A+B", vec![3, 0], vec![0.0, f32::NAN, 0.0, 0.0]),
        ] {
            let label = label.to_owned();
            let foreign = Part {
                label,
                sources,
                values,
            };
            parts.save(0, &foreign).unwrap();
            let line = parts.load(0, &expected).unwrap_err();
            let words = "000000.part: is not of this prediction";
            assert!(line.line().contains(words), "{line:?}");
        }
        // A prediction from its start knows nothing of it.
        parts.begin(&request).unwrap();
        assert_eq!(parts.load(0, &expected).unwrap(), None);
    }
}
