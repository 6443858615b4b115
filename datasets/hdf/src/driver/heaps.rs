//! What HDF5 2.2.0 never comes to the end of: a heap of texts ("global heap") of whose objects one does not lead to the next.
//!
//! A heap is a header, then one object behind the other: each says how long it is, and so where the next one begins.
//! `H5HG__cache_heap_deserialize` takes as many steps as that asks for, and none forwards from an object of index 0 and no size.
//! Steps are counted here as there, so that no heap is called endless that the library would read, or refuse by itself.

/// What the library reads of a heap first; none is shorter (`H5HG_MINSIZE`).
pub(super) const SHORTEST: usize = 4096;
/// Bytes of the header of a heap, and of each of its objects (`H5HG_SIZEOF_HDR`, `H5HG_SIZEOF_OBJHDR`), for all of [`Lengths`].
const HEADER: usize = 16;
/// The cache's name for heaps (`H5AC_GHEAP_ID`).
const HEAP: u8 = 4;

/// How lengths and addresses are stored in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths {
    /// Bytes of a length.
    length: usize,
    /// Bytes of an address.
    address: usize,
}

impl Lengths {
    /// What the first 16 bytes of a superblock say. Of lengths that are no number of 2, 4 or 8 bytes the library reads no heap.
    pub(super) fn of(superblock: &[u8; 16]) -> Option<Self> {
        let at = match superblock[8] {
            0 | 1 => 13,
            2 | 3 => 9,
            _ => return None,
        };
        let [address, length] = [at, at + 1].map(|at| usize::from(superblock[at]));
        matches!(length, 2 | 4 | 8).then_some(Self { length, address })
    }

    fn read(self, bytes: &[u8], at: usize) -> Option<u64> {
        number(bytes, at, self.length)
    }

    /// How long the heap is that begins with these bytes; none if no heap does that the library would read.
    pub(super) fn of_heap(self, start: &[u8]) -> Option<u64> {
        if !begins_heap(start) {
            return None;
        }
        let length = self.read(start, 8)?;
        (length >= SHORTEST as u64).then_some(length)
    }

    /// Whether the library would never come to the end of this heap, which says that it has `length` bytes.
    pub(super) fn is_endless(self, heap: &[u8], length: u64) -> bool {
        let end = heap.len() as u64;
        let mut at = HEADER as u64;
        while at + HEADER as u64 <= length && at < end {
            let object = &heap[at as usize..];
            let (Some(index), Some(size)) = (number(object, 0, 2), self.read(object, 8)) else {
                return false;
            };
            // Free space, of index 0, counts its header; what counts no header is padded, by the library's arithmetic.
            let step = match index {
                0 => size,
                _ => (size.wrapping_add(7) / 8 * 8).wrapping_add(HEADER as u64),
            };
            if step == 0 {
                return true;
            }
            if step > end - at {
                return false;
            }
            at += step;
        }
        false
    }

    /// Whether there is such a heap in a cache that was saved with the file ("metadata cache image", all of its bytes).
    pub(super) fn has_endless(self, cache: &[u8]) -> bool {
        let header = 6 + self.length;
        let (true, Some(entries)) = (cache.starts_with(b"MDCI"), number(cache, header, 4)) else {
            return false;
        };
        let mut rest = cache.get(header + 4..).unwrap_or_default();
        for _ in 0..entries {
            // Kind, flags, ring, age, counts of children, dirty children and parents, rank, address, length, parents, content.
            let before = 14 + self.address;
            let parents = number(rest, 8, 2);
            let (Some(parents), Some(size)) = (parents, self.read(rest, before)) else {
                return false;
            };
            let start = before + self.length + parents as usize * self.address;
            let content = rest.get(start..).unwrap_or_default();
            let Some((content, behind)) = content.split_at_checked(size as usize) else {
                return false;
            };
            let heap = self.of_heap(content).filter(|_| rest[0] == HEAP);
            if heap.is_some_and(|length| self.is_endless(content, length)) {
                return true;
            }
            rest = behind;
        }
        false
    }
}

/// Whether a heap begins with these bytes.
pub(super) fn begins_heap(start: &[u8]) -> bool {
    start.starts_with(b"GCOL\x01")
}

/// The number that is stored in `width` bytes (at most eight) from `at`, if there are as many.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let stored = bytes.get(at..)?.get(..width)?;
    let mut word = [0; 8];
    word[..width].copy_from_slice(stored);
    Some(u64::from_le_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Lengths = Lengths {
        length: 8,
        address: 8,
    };

    /// A heap of so many bytes with these objects: place, index and size.
    fn heap(length: usize, objects: &[(usize, u16, u64)]) -> Vec<u8> {
        let mut bytes = vec![0xee; length];
        bytes[..8].copy_from_slice(b"GCOL\x01\0\0\0");
        bytes[8..16].copy_from_slice(&(length as u64).to_le_bytes());
        for (at, index, size) in objects {
            bytes[*at..at + 2].copy_from_slice(&index.to_le_bytes());
            bytes[at + 8..at + 16].copy_from_slice(&size.to_le_bytes());
        }
        bytes
    }

    fn endless(lengths: Lengths, heap: &[u8]) -> bool {
        let length = lengths.of_heap(heap).unwrap();
        lengths.is_endless(heap, length)
    }

    #[test]
    fn a_step_that_goes_nowhere_is_endless() {
        let sound = [(16, 1, 3), (40, 2, 8), (64, 0, 4096 - 64)];
        assert!(!endless(WIDE, &heap(4096, &sound)));
        // Free space of no size; and a size to which the header adds up to 2^64.
        for (index, size) in [(0, 0), (1, u64::MAX - 22), (1, u64::MAX - 15)] {
            let damaged = [(16, 1, 3), (40, index, size)];
            assert!(endless(WIDE, &heap(4096, &damaged)), "{index} {size}");
        }
    }

    #[test]
    fn what_the_library_refuses_is_not_endless() {
        for (index, size) in [
            (0, 4096),
            (0, u64::MAX),
            (1, 4041),
            (1, u64::MAX - 23),
            (1, u64::MAX / 2),
        ] {
            let object = [(16, 1, 3), (40, index, size)];
            assert!(!endless(WIDE, &heap(4096, &object)), "{index} {size}");
        }
        // An object of no size that is never come to, or within the space that is too short for an object.
        assert!(!endless(
            WIDE,
            &heap(4096, &[(16, 1, 4064), (4080, 0, 0), (40, 0, 0)])
        ));
        assert!(!endless(
            WIDE,
            &heap(4096, &[(16, 0, 4096 - 16 - 8), (4080, 0, 0)])
        ));
        for (at, byte) in [(0, b'g'), (4, 2), (9, 0x0f)] {
            let mut other = heap(4096, &[(16, 0, 0)]);
            other[at] = byte;
            assert_eq!(WIDE.of_heap(&other), None, "byte {at}");
        }
        assert_eq!(WIDE.of_heap(b"GCOL\x01\0"), None);
        // Cut short before the end that it claims.
        assert!(!WIDE.is_endless(&heap(4096, &[(16, 1, 3)])[..40], 4096));
        assert!(!WIDE.is_endless(&heap(4096, &[(16, 1, 3)])[..48], 4096));
    }

    #[test]
    fn small_steps_come_to_an_end() {
        // Free space within free space, a byte at a time, then eight.
        let mut bytes = heap(8192, &[]);
        bytes[16..].fill(0);
        (16..8192 - 24).for_each(|at| bytes[at + 8] = u8::from(at % 8 == 0) * 8);
        assert!(!endless(WIDE, &bytes));
    }

    #[test]
    fn lengths_are_as_wide_as_the_superblock_says() {
        let superblock = |version: u8, at: usize, widths: [u8; 2]| {
            let mut bytes = *b"\x89HDF\r\n\x1a\n\0\0\0\0\0\0\0\0";
            bytes[8] = version;
            bytes[at..at + 2].copy_from_slice(&widths);
            Lengths::of(&bytes)
        };
        assert_eq!(superblock(0, 13, [8, 8]), Some(WIDE));
        assert_eq!(superblock(1, 13, [8, 8]), Some(WIDE));
        assert_eq!(superblock(3, 9, [8, 8]), Some(WIDE));
        assert_eq!(superblock(4, 9, [8, 8]), None);
        assert_eq!(superblock(2, 9, [8, 16]), None);
        let short = superblock(2, 9, [8, 4]).unwrap();
        assert_eq!((short.length, short.address), (4, 8));
        // What follows a length of four bytes is no part of it.
        let mut bytes = heap(4096, &[(16, 0, 0xffff_ffff_0000_0000)]);
        bytes[12..16].fill(0xff);
        assert!(endless(short, &bytes));
        assert_eq!(WIDE.of_heap(&bytes), Some(0xffff_ffff_0000_1000));
    }

    #[test]
    fn heaps_of_a_saved_cache_are_found() {
        let cache = |kind: u8, parents: u16, content: &[u8]| {
            let mut bytes = b"MDCI\0\0".to_vec();
            bytes.extend(0_u64.to_le_bytes());
            bytes.extend(2_u32.to_le_bytes());
            for (kind, content) in [(2, &b"other"[..]), (kind, content)] {
                bytes.extend([kind, 0, 0, 0, 0, 0, 0, 0]);
                bytes.extend(parents.to_le_bytes());
                bytes.extend([0; 4 + 8]);
                bytes.extend((content.len() as u64).to_le_bytes());
                bytes.extend(vec![0; 8 * usize::from(parents)]);
                bytes.extend(content);
            }
            bytes
        };
        let endless = heap(4096, &[(16, 0, 0)]);
        for parents in [0, 3] {
            let whole = cache(HEAP, parents, &endless);
            assert!(WIDE.has_endless(&whole));
            for length in [0, 3, 10, 17, 30, 60, whole.len() - 1] {
                assert!(!WIDE.has_endless(&whole[..length]), "{length} bytes");
            }
            assert!(!WIDE.has_endless(&cache(3, parents, &endless)));
            assert!(!WIDE.has_endless(&cache(HEAP, parents, &heap(4096, &[(16, 0, 4080)]))));
        }
        assert!(!WIDE.has_endless(&endless));
    }
}
