//! What a training learns from, in a few words, so that it is not continued with something else.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::{Deserialize, Serialize};

/// Name of the fingerprint in a model folder.
pub(crate) const DATA: &str = "data.json";

/// Sizes and checksums of data, each under a name. An application tells what they cover: what is equal in all of them is taken
/// for the same data, wherever it lies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DataFingerprint {
    parts: BTreeMap<String, String>,
}

impl DataFingerprint {
    /// One that knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a value, or the [`Checksum`] of many.
    pub fn with(mut self, name: &str, value: impl Display) -> Self {
        self.parts.insert(name.to_owned(), value.to_string());
        self
    }

    /// What differs from an earlier fingerprint, in words.
    pub fn difference(&self, before: &Self) -> Option<String> {
        let of = |parts: &BTreeMap<String, String>, name| {
            parts.get(name).map_or("nothing", String::as_str).to_owned()
        };
        let mut names = before.parts.keys().chain(self.parts.keys());
        let name = names.find(|name| self.parts.get(*name) != before.parts.get(*name))?;
        let (found, expected) = (of(&self.parts, name), of(&before.parts, name));
        Some(format!("{name}: found {found}, expected {expected}"))
    }
}

/// Length and CRC-32 of some content.
#[derive(Debug, Clone, Default)]
pub struct Checksum {
    hasher: crc32fast::Hasher,
    bytes: u64,
}

impl Checksum {
    /// That of no content yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// That of texts, each told from the next.
    pub fn of_texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Self {
        let mut sum = Self::new();
        for text in texts {
            sum.add(text.as_ref().as_bytes());
            sum.add(b"\n");
        }
        sum
    }

    /// Goes on with `bytes`.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// Goes on with numbers.
    pub fn add_numbers<'a>(&mut self, numbers: impl IntoIterator<Item = &'a f32>) {
        for number in numbers {
            self.add(&number.to_le_bytes());
        }
    }
}

impl Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let sum = self.hasher.clone().finalize();
        write!(f, "{} bytes with CRC-32 {sum:08x}", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let of = |genes: &[&str], cells: usize| {
            DataFingerprint::new()
                .with("cells", cells)
                .with("genes", Checksum::of_texts(genes))
        };
        let before = of(&["a", "bc"], 3);
        assert_eq!(of(&["a", "bc"], 3).difference(&before), None);
        let other = of(&["a", "bc"], 4).difference(&before).unwrap();
        assert_eq!(other, "cells: found 4, expected 3");
        // Where one text ends and the next begins matters.
        let other = of(&["ab", "c"], 3).difference(&before).unwrap();
        assert!(
            other.starts_with("genes: found 5 bytes with CRC-32 "),
            "{other}"
        );
        let other = DataFingerprint::new().difference(&before).unwrap();
        assert_eq!(other, "cells: found nothing, expected 3");
    }
}
