//! Hostile inputs out of valid ones.

use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Numbers that headers lie with.
const LIES: [u64; 12] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 40,
    1 << 62,
    u64::MAX >> 1,
    u64::MAX,
];

/// Texts that break what reads texts.
const TEXTS: [&str; 12] = [
    "999999999999999999999",
    "-1",
    "1e999",
    "nan",
    "\0",
    "((((((((((((((((",
    "[[[[[[[[[[[[[[[[",
    "{\"",
    "\u{e9}\u{1f300}",
    "../../etc/passwd",
    "\n\n",
    "'",
];

/// The hostile input of a number: one of `corpus`, damaged in one to four places; with the valid file that it came from.
///
/// # Panics
/// If there is no corpus.
pub fn mutated(corpus: &[(PathBuf, Vec<u8>)], number: u64) -> (&Path, Vec<u8>) {
    let mut random = Pcg64::seed_from_u64(number);
    let (path, valid) = &corpus[random.random_range(0..corpus.len())];
    let mut bytes = valid.clone();
    for _ in 0..random.random_range(1..=4) {
        damage(&mut bytes, corpus, &mut random);
    }
    (path, bytes)
}

fn damage(bytes: &mut Vec<u8>, corpus: &[(PathBuf, Vec<u8>)], random: &mut Pcg64) {
    let at = place(bytes.len(), random);
    match random.random_range(0..9) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.random_range(0..8),
        1 if !bytes.is_empty() => {
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'9'][random.random_range(0..6)]
        }
        2 | 3 => {
            let width = [2, 4, 8][random.random_range(0..3)];
            let lie = LIES[random.random_range(0..LIES.len())];
            let lie = if random.random() {
                lie.to_le_bytes()
            } else {
                lie.to_be_bytes()
            };
            let lie = match lie[0] == 0 && width < 8 {
                true => &lie[8 - width..],
                false => &lie[..width],
            };
            let end = bytes.len().min(at + width);
            let count = end - at;
            bytes[at..end].copy_from_slice(&lie[..count]);
        }
        4 => bytes.truncate(at),
        5 => {
            let end = bytes.len().min(at + random.random_range(1..64));
            bytes.drain(at..end);
        }
        6 => {
            let (_, other) = &corpus[random.random_range(0..corpus.len())];
            let from = place(other.len(), random);
            let end = other.len().min(from + random.random_range(1..256));
            bytes.splice(at..at, other[from..end].iter().copied());
        }
        7 => inflate(bytes, at),
        _ => {
            let text = TEXTS[random.random_range(0..TEXTS.len())].as_bytes();
            bytes.splice(at..at, text.iter().copied());
        }
    }
}

/// A place in a file; headers lie at its beginning, and are hit more often than numbers.
fn place(length: usize, random: &mut Pcg64) -> usize {
    let span = match random.random_range(0..4) {
        0 => length.min(64),
        1 => length.min(1024),
        _ => length,
    };
    random
        .random_range(0..span.max(1))
        .min(length.saturating_sub(1))
}

/// Makes the next decimal number of a text header a huge one of the same length.
fn inflate(bytes: &mut [u8], at: usize) {
    let digits = bytes.iter_mut().skip(at);
    let digits = digits.skip_while(|byte| !byte.is_ascii_digit());
    digits
        .take_while(|byte| byte.is_ascii_digit())
        .for_each(|byte| *byte = b'9');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_makes_the_same_input_again_and_others_make_others() {
        let corpus = vec![
            (PathBuf::from("a"), (0..200).collect()),
            (PathBuf::from("b"), vec![]),
        ];
        let all: Vec<Vec<u8>> = (0..500).map(|n| mutated(&corpus, n).1).collect();
        let again: Vec<Vec<u8>> = (0..500).map(|n| mutated(&corpus, n).1).collect();
        assert_eq!(all, again);
        let different: std::collections::HashSet<&Vec<u8>> = all.iter().collect();
        assert!(different.len() > 250, "{}", different.len());
    }
}
