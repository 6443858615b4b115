//! How a number is stored.

/// A floating-point number of a width and an order of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    width: usize,
    big_endian: bool,
}

impl Element {
    /// The element type of a header, such as `<f4`; none for other numbers than float32 and float64.
    pub fn of(descr: &str) -> Option<Self> {
        let (width, big_endian) = match descr {
            "<f4" => (4, false),
            "<f8" => (8, false),
            ">f4" => (4, true),
            ">f8" => (8, true),
            _ => return None,
        };
        Some(Self { width, big_endian })
    }

    /// Bytes of a number.
    pub fn width(self) -> usize {
        self.width
    }

    /// The number in the first bytes; NaN if there are too few.
    pub fn decode(self, bytes: &[u8]) -> f64 {
        let single =
            |decode: fn([u8; 4]) -> f32| bytes.first_chunk().map(|b| f64::from(decode(*b)));
        let double = |decode: fn([u8; 8]) -> f64| bytes.first_chunk().map(|b| decode(*b));
        let number = match (self.width, self.big_endian) {
            (4, false) => single(f32::from_le_bytes),
            (4, true) => single(f32::from_be_bytes),
            (_, false) => double(f64::from_le_bytes),
            (_, true) => double(f64::from_be_bytes),
        };
        number.unwrap_or(f64::NAN)
    }
}
