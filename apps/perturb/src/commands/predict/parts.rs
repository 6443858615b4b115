//! Perturbations that are done, each in a file beside the output, so that a prediction that is stopped goes on behind the last of
//! them.
//!
//! ```text
//! OUTPUT.parts/request.json   what is predicted from what; it is to be the same when the prediction is resumed
//!              000000.part    the cells of the first perturbation; and so on
//! ```
//!
//! A part is [sealed](rheome_backend::sealed): the magic `rheome-part-1\n`, a JSON header, and the values (f32, little endian).

use std::path::{Path, PathBuf};

use rheome_atomic::remove_partials;
use rheome_backend::sealed::{seal, unseal};
use rheome_cli::{DataFingerprint, Failure, files};
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
        Self {
            folder: files::beside(output, ".parts"),
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
        files::create_folder(&self.folder)?;
        let text = serde_json::to_vec_pretty(request)?;
        files::write(&self.folder.join(REQUEST), text)
    }

    /// Goes on with a prediction that was begun, if it is the same.
    ///
    /// # Errors
    /// [`Failure`] if it is another one.
    pub fn go_on(&self, request: &DataFingerprint) -> Result<(), Failure> {
        let path = self.folder.join(REQUEST);
        match request.difference(&files::read_json(&path)?) {
            None => {
                // The claim on the output is one on its parts too.
                remove_partials(&self.folder, None);
                Ok(())
            }
            Some(difference) => Err(Failure::new(format!(
                "{}: another prediction was begun ({difference}); resume with the options, data and model of before",
                path.display()
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
        let Some(bytes) = files::read_if_there(&path)? else {
            return Ok(None);
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
        files::write(&self.file(number), pack(part)?)
    }

    /// Removes the folder and all that is in it.
    pub fn remove(&self) {
        // A part that stays is ignored or replaced by a later run.
        files::discard_folder(&self.folder);
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
    let values: Vec<u8> = part.values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Ok(seal(MAGIC, &header, &values))
}

fn unpack(bytes: &[u8]) -> Option<Part> {
    let (header, values) = unseal(MAGIC, bytes)?;
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
