//! How a number is stored.

/// A number of a kind, a width and an order of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    kind: Kind,
    width: usize,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Float,
    Signed,
    Unsigned,
}

impl Element {
    /// The element type of a header, such as `<f4`; none for others than float32, float64 and integers of 8 to 64 bits.
    pub fn of(descr: &str) -> Option<Self> {
        let (order, rest) = descr.split_at_checked(1)?;
        let (kind, width) = rest.split_at_checked(1)?;
        let width = match width {
            "1" => 1,
            "2" => 2,
            "4" => 4,
            "8" => 8,
            _ => return None,
        };
        let kind = match kind {
            "f" if width >= 4 => Kind::Float,
            "i" => Kind::Signed,
            "u" => Kind::Unsigned,
            _ => return None,
        };
        let big_endian = match order {
            "<" => false,
            ">" => true,
            // What has one byte has no order.
            "|" if width == 1 => false,
            _ => return None,
        };
        Some(Self {
            kind,
            width,
            big_endian,
        })
    }

    /// Bytes of a number.
    pub fn width(self) -> usize {
        self.width
    }

    /// The number in the first bytes, an integer beyond 2^53 rounded (see [`Self::rounded`]); NaN if there are too few.
    pub fn decode(self, bytes: &[u8]) -> f64 {
        match (self.bits(bytes), self.kind) {
            (None, _) => f64::NAN,
            (Some(bits), Kind::Float) if self.width == 4 => f64::from(f32::from_bits(bits as u32)),
            (Some(bits), Kind::Float) => f64::from_bits(bits),
            (Some(bits), Kind::Unsigned) => bits as f64,
            (Some(bits), Kind::Signed) => self.signed(bits) as f64,
        }
    }

    /// The integer in the first bytes, if float64 cannot hold it and [`Self::decode`] rounds it: some beyond 2^53.
    pub fn rounded(self, bytes: &[u8]) -> Option<i128> {
        let bits = self.bits(bytes).filter(|_| self.width == 8)?;
        let whole = match self.kind {
            Kind::Float => return None,
            Kind::Unsigned => i128::from(bits),
            Kind::Signed => i128::from(self.signed(bits)),
        };
        (whole as f64 as i128 != whole).then_some(whole)
    }

    /// The bits of the number in the first bytes.
    fn bits(self, bytes: &[u8]) -> Option<u64> {
        let bytes = bytes.get(..self.width)?;
        // The last bytes of a number of eight with the highest first.
        let mut ordered = [0; 8];
        let place = &mut ordered[8 - self.width..];
        place.copy_from_slice(bytes);
        if !self.big_endian {
            place.reverse();
        }
        Some(u64::from_be_bytes(ordered))
    }

    /// Bits as an integer with a sign.
    fn signed(self, bits: u64) -> i64 {
        let unused = 64 - 8 * self.width as u32;
        // Shifted up and down again, the sign fills what is not used.
        (bits << unused) as i64 >> unused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(descr: &str, bytes: &[u8]) -> f64 {
        Element::of(descr).unwrap().decode(bytes)
    }

    #[test]
    fn integers_of_every_width_and_order_are_numbers() {
        assert_eq!(decoded("|i1", &[0xff]), -1.0);
        assert_eq!(decoded("|u1", &[0xff]), 255.0);
        assert_eq!(decoded("<i2", &(-300_i16).to_le_bytes()), -300.0);
        assert_eq!(decoded(">u2", &65_000_u16.to_be_bytes()), 65_000.0);
        assert_eq!(decoded(">i4", &i32::MIN.to_be_bytes()), f64::from(i32::MIN));
        assert_eq!(decoded("<u4", &u32::MAX.to_le_bytes()), f64::from(u32::MAX));
        assert_eq!(decoded("<i8", &(-1900_i64).to_le_bytes()), -1900.0);
        assert_eq!(decoded("<u8", &u64::MAX.to_le_bytes()), u64::MAX as f64);
        assert_eq!(decoded("<f4", &1.5_f32.to_le_bytes()), 1.5);
        assert_eq!(decoded(">f8", &(-0.1_f64).to_be_bytes()), -0.1);
        assert!(decoded("<i8", &[1, 2, 3]).is_nan());
    }

    #[test]
    fn integers_that_float64_cannot_hold_are_known() {
        let rounded = |descr: &str, bytes: [u8; 8]| Element::of(descr).unwrap().rounded(&bytes);
        let beyond = (1_i64 << 53) + 1;
        assert_eq!(rounded("<i8", beyond.to_le_bytes()), Some(beyond.into()));
        assert_eq!(
            rounded(">i8", (-beyond).to_be_bytes()),
            Some((-beyond).into())
        );
        assert_eq!(
            rounded("<u8", u64::MAX.to_le_bytes()),
            Some(u64::MAX.into())
        );
        for exact in [0, -1, 1 << 53, (1 << 53) + 2, i64::MIN] {
            assert_eq!(rounded("<i8", exact.to_le_bytes()), None, "{exact}");
        }
        assert_eq!(rounded("<f8", 1e300_f64.to_le_bytes()), None);
        assert_eq!(rounded("<i4", [255; 8]), None);
    }

    #[test]
    fn other_elements_are_none() {
        for descr in [
            "", "<", "<f", "<f2", "|f4", "=f8", "<c8", "|b1", "|O", "<U8", "<i16", "µf4",
        ] {
            assert_eq!(Element::of(descr), None, "{descr}");
        }
    }
}
