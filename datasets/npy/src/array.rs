//! Arrays read as a whole.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::{Header, NpyError};

/// An array of numbers in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its extents.
    pub extents: Vec<usize>,
    /// Its numbers, the last axis the fastest.
    pub values: Vec<f64>,
}

impl Array {
    /// Reads an array of float32, float64 or integers, in C or Fortran order. Memory is bounded by the length of the file.
    ///
    /// # Errors
    /// [`NpyError`] where the file cannot be read, is no NumPy file, is cut short, or holds other numbers, or integers that float64 would
    /// round.
    pub fn read(path: &Path) -> Result<Self, NpyError> {
        let mut file = File::open(path)?;
        let header = Header::read(&mut file)?;
        let element = header.element()?;
        header.check_length(&file)?;
        let mut bytes = vec![0; header.numbers() * element.width()];
        file.read_exact(&mut bytes)?;
        let numbers = || bytes.chunks_exact(element.width());
        if let Some(whole) = numbers().find_map(|number| element.rounded(number)) {
            return Err(NpyError::Format(format!(
                "found the integer {whole}, expected numbers that float64 holds exactly: subtract the first time, or take a greater unit"
            )));
        }
        let values: Vec<f64> = numbers().map(|number| element.decode(number)).collect();
        Ok(Self {
            values: match header.fortran {
                true => in_c_order(&values, &header.extents),
                false => values,
            },
            extents: header.extents,
        })
    }
}

/// Numbers whose first axis is the fastest, with the last one the fastest.
fn in_c_order(values: &[f64], extents: &[usize]) -> Vec<f64> {
    let index = |mut place: usize| {
        // From the last axis to the first: the place along the axis times what lies between neighbours.
        let mut stride = values.len();
        let mut index = 0;
        for extent in extents.iter().rev() {
            stride /= extent;
            index += place % extent * stride;
            place /= extent;
        }
        index
    };
    (0..values.len())
        .map(|place| values[index(place)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(header: &str, data: &[u8]) -> Result<Array, NpyError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        std::fs::write(&path, bytes).unwrap();
        Array::read(&path)
    }

    #[test]
    fn both_orders_both_widths_and_both_ends_give_the_same() {
        let c = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.5]].concat();
        let fortran = [0.0, 3.0, 1.0, 4.0, 2.0, 5.5];
        let header = |descr: &str, order: &str| {
            format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3), }}\n")
        };
        let expected = Array {
            extents: vec![2, 3],
            values: c.clone(),
        };
        let little: Vec<u8> = c.iter().flat_map(|x: &f64| x.to_le_bytes()).collect();
        let found = read(&header("<f8", "False"), &little).unwrap();
        assert_eq!(found, expected);
        let big = fortran.iter().flat_map(|x| (*x as f32).to_be_bytes());
        let found = read(&header(">f4", "True"), &big.collect::<Vec<u8>>());
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn what_a_file_lacks_is_said() {
        let message = |header: &str| read(header, &[0; 16]).unwrap_err().to_string();
        let complex = "{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }";
        assert!(message(complex).contains("\"<c8\", expected float32, float64 or integers"));
        let huge =
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999), }";
        assert!(message(huge).contains("cut short"), "{}", message(huge));
        assert!(message("{}").starts_with("not a NumPy header"));
        let nanoseconds = [1_700_000_000_000_000_000_i64, 1_700_000_000_000_001_000];
        let bytes: Vec<u8> = nanoseconds.iter().flat_map(|t| t.to_le_bytes()).collect();
        let header = "{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }";
        let message = read(header, &bytes).unwrap_err().to_string();
        let told = "found the integer 1700000000000001000, expected numbers that float64 holds";
        assert!(message.contains(told), "{message}");
        assert!(Array::read("nowhere.npy".as_ref()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(header in ".{0,80}", data: Vec<u8>) {
            let _ = read(&header, &data);
        }
    }
}
