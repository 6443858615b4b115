//! The header of a `.npy` file, of any version of the format.

use std::fs::File;
use std::io::{Read, Seek};

use crate::{Element, NpyError};

/// The longest header taken for one; NumPy's own are below a kilobyte.
const LONGEST: usize = 1 << 16;

/// What a header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Element type, such as `<f4`.
    pub descr: String,
    /// Whether the first axis is the fastest.
    pub fortran: bool,
    /// Extents of the array.
    pub extents: Vec<usize>,
}

impl Header {
    /// Reads the header of a file, behind which the numbers begin.
    ///
    /// # Errors
    /// [`NpyError`] where the file cannot be read or is no NumPy file.
    pub fn read(file: &mut File) -> Result<Self, NpyError> {
        let text = text(file)?.ok_or_else(|| {
            NpyError::Format("not a NumPy file, or its header is damaged".to_owned())
        })?;
        parse(&text)
            .ok_or_else(|| NpyError::Format(format!("not a NumPy header: {:.200}", text.trim())))
    }

    /// How the numbers are stored.
    ///
    /// # Errors
    /// [`NpyError::Format`] for others than float32, float64 and integers of up to 64 bits.
    pub fn element(&self) -> Result<Element, NpyError> {
        Element::of(&self.descr).ok_or_else(|| {
            NpyError::Format(format!(
                "element type {:.20?}, expected float32, float64 or integers",
                self.descr
            ))
        })
    }

    /// Numbers of the array, as many as fit if there are more.
    pub fn numbers(&self) -> usize {
        let extents = self.extents.iter();
        extents.fold(1, |product: usize, n| product.saturating_mul(*n))
    }

    /// Whether a file, read up to the end of this header, is as long as the header says.
    ///
    /// # Errors
    /// [`NpyError`] where it is not, or holds other numbers than float32 and float64.
    pub fn check_length(&self, mut file: &File) -> Result<(), NpyError> {
        let width = self.element()?.width() as u64;
        let start = file.stream_position()?;
        let length = file.metadata()?.len();
        let needed = start.saturating_add((self.numbers() as u64).saturating_mul(width));
        if length >= needed {
            return Ok(());
        }
        Err(NpyError::Format(format!(
            "found {length} bytes, expected {needed} for shape {:?}: it is cut short",
            self.extents
        )))
    }

    /// The bytes of the header of a little-endian float32 array in C order, `room` bytes long or the next multiple of 64.
    pub fn encode(extents: &[usize], room: usize) -> Vec<u8> {
        encode(extents, room)
    }
}

/// The text of the header, or none if this is no npy file.
fn text(file: &mut File) -> std::io::Result<Option<String>> {
    let mut fixed = [0; 8];
    if !fill(file, &mut fixed)? || !fixed.starts_with(b"\x93NUMPY") {
        return Ok(None);
    }
    let mut size = [0; 4];
    let wide = fixed[6] >= 2;
    if !fill(file, &mut size[..if wide { 4 } else { 2 }])? {
        return Ok(None);
    }
    let length = u32::from_le_bytes(size) as usize;
    if length > LONGEST {
        return Ok(None);
    }
    let mut text = vec![0; length];
    if !fill(file, &mut text)? {
        return Ok(None);
    }
    Ok(String::from_utf8(text).ok())
}

/// Fills `bytes`; false if the file ends before.
fn fill(file: &mut File, bytes: &mut [u8]) -> std::io::Result<bool> {
    match file.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(e) => Err(e),
    }
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }`; none if it is not of that form.
fn parse(text: &str) -> Option<Header> {
    let value = |key: &str| -> Option<&str> {
        let (_, rest) = text.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr")?
        .strip_prefix('\'')?
        .split_once('\'')?
        .0
        .to_owned();
    let fortran = match value("fortran_order")? {
        v if v.starts_with("True") => true,
        v if v.starts_with("False") => false,
        _ => return None,
    };
    let (shape, _) = value("shape")?.strip_prefix('(')?.split_once(')')?;
    let numbers = shape.split(',').map(str::trim).filter(|n| !n.is_empty());
    let extents = numbers
        .map(|n| n.parse().ok())
        .collect::<Option<Vec<usize>>>()?;
    Some(Header {
        descr,
        fortran,
        extents,
    })
}

fn encode(extents: &[usize], room: usize) -> Vec<u8> {
    let extents: Vec<String> = extents.iter().map(usize::to_string).collect();
    let mut text = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}",
        extents.join(", ")
    );
    let length = (10 + text.len() + 1).next_multiple_of(64).max(room);
    while 10 + text.len() + 1 < length {
        text.push(' ');
    }
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    // At most six extents of twenty digits: far below 2^16.
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_is_read_back() {
        let bytes = encode(&[3, 4, 5, 6, 2], 0);
        assert_eq!(bytes.len() % 64, 0);
        let parsed = parse(std::str::from_utf8(&bytes[10..]).unwrap()).unwrap();
        assert_eq!(
            parsed,
            Header {
                descr: "<f4".into(),
                fortran: false,
                extents: vec![3, 4, 5, 6, 2]
            }
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_value_makes_the_parser_panic(descr in ".{0,8}", order in ".{0,8}", shape in "[(),0-9 a-f]{0,60}") {
            let _ = parse(&format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"));
        }
    }
}
