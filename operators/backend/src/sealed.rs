//! Two parts in one file, sealed by a checksum: what a run keeps of its progress.
//!
//! Layout: the bytes that tell the kind of file, the length of the first part (u64, little endian), the first part, the second part,
//! and the CRC-32 of everything before (u32, little endian).

/// The content of a sealed file; `kind` are the bytes that it begins with.
///
/// ```
/// use rheome_backend::sealed::{seal, unseal};
///
/// let bytes = seal(b"kind-1\n", b"header", b"numbers");
/// assert_eq!(unseal(b"kind-1\n", &bytes), Some((&b"header"[..], &b"numbers"[..])));
/// assert_eq!(unseal(b"kind-2\n", &bytes), None);
/// assert_eq!(unseal(b"kind-1\n", &bytes[1..]), None);
/// ```
pub fn seal(kind: &[u8], first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.extend((first.len() as u64).to_le_bytes());
    bytes.extend(first);
    bytes.extend(second);
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

/// The parts of what [`seal`] made; none if it is of another kind, damaged or cut short.
pub fn unseal<'a>(kind: &[u8], bytes: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let (content, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(content) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (length, rest) = content.strip_prefix(kind)?.split_first_chunk::<8>()?;
    rest.split_at_checked(u64::from_le_bytes(*length).try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_bit_or_a_lost_byte_breaks_the_seal() {
        let bytes = seal(b"k", b"ab", b"cde");
        assert_eq!(bytes.len(), 1 + 8 + 2 + 3 + 4);
        assert_eq!(bytes[..11], *b"k\x02\0\0\0\0\0\0\0ab");
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert_eq!(unseal(b"k", &damaged), None, "{place}");
            assert_eq!(unseal(b"k", &bytes[..place]), None, "{place}");
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_damage_though_the_checksum_fits() {
        let mut bytes = b"k".to_vec();
        bytes.extend(u64::MAX.to_le_bytes());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        assert_eq!(unseal(b"k", &bytes), None);
    }
}
