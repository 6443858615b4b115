//! What differs between the parameters of a file and those of a model.

use std::collections::BTreeMap;
use std::fmt;

/// Names of each kind that a message has room for.
const TOLD: usize = 3;

/// Every difference between the parameters of a file and those of a model. Displayed, it is one line with the likely reason and the first
/// of each kind; [`Listing::whole`] has them all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Parameters of the model that the file lacks, with the shape they should have.
    pub missing: Vec<(String, Vec<usize>)>,
    /// Tensors of the file that the model does not know, with their shape.
    pub unexpected: Vec<(String, Vec<usize>)>,
    /// Parameters that both have, but that do not fit.
    pub misfits: Vec<Misfit>,
}

/// A parameter that the file has in another shape or kind of number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Name of the parameter in the file.
    pub name: String,
    /// Element type and shape that the file holds.
    pub found: (String, Vec<usize>),
    /// Element type and shape that the model needs.
    pub expected: (String, Vec<usize>),
}

impl Misfit {
    /// The lengths of axes that differ, found and expected, each pair once.
    fn lengths(&self) -> Vec<(usize, usize)> {
        let (found, expected) = (&self.found.1, &self.expected.1);
        if found.len() != expected.len() {
            return Vec::new();
        }
        let axes = found.iter().copied().zip(expected.iter().copied());
        let mut pairs: Vec<(usize, usize)> = axes.filter(|(a, b)| a != b).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((found, of_file), (expected, of_model)) = (&self.found, &self.expected);
        write!(
            f,
            "{} found {found} {of_file:?}, expected {expected} {of_model:?}",
            self.name
        )
    }
}

impl Listing {
    /// True if nothing differs.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.misfits.is_empty()
    }

    /// Every difference by name, in one line, which may be long.
    pub fn whole(&self) -> String {
        self.told(usize::MAX)
    }

    /// A length of an axis that explains most of the misshapen parameters, found and expected, and how many: that of the features, where
    /// a model has another width than the file.
    pub fn common_length(&self) -> Option<((usize, usize), usize)> {
        let mut counts = BTreeMap::new();
        for pair in self.misfits.iter().flat_map(Misfit::lengths) {
            *counts.entry(pair).or_insert(0_usize) += 1;
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count)?;
        (most.1 > 1 && 2 * most.1 > self.misfits.len()).then_some(most)
    }

    fn told(&self, most: usize) -> String {
        let named = |(name, shape): &(String, Vec<usize>)| format!("{name} {shape:?}");
        let mut parts = Vec::new();
        let mut part = |what: &str, entries: Vec<String>| {
            let (count, told) = (entries.len(), entries.len().min(most));
            let more = match count - told {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            if count > 0 {
                parts.push(format!(
                    "{count} {what}: {}{more}",
                    entries[..told].join(", ")
                ));
            }
        };
        part("missing", self.missing.iter().map(named).collect());
        part("unexpected", self.unexpected.iter().map(named).collect());
        let misfits = self.misfits.iter().map(Misfit::to_string);
        part("misshapen", misfits.collect());
        parts.join("; ")
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(((found, expected), count)) = self.common_length() {
            write!(
                f,
                "{count} of {} misshapen parameters are {found} long where the settings make it {expected} (the width?); ",
                self.misfits.len()
            )?;
        }
        f.write_str(&self.told(TOLD))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misfit(number: usize, found: &[usize], expected: &[usize]) -> Misfit {
        let shape = |lengths: &[usize]| ("F32".to_owned(), lengths.to_vec());
        Misfit {
            name: format!("layer.{number}"),
            found: shape(found),
            expected: shape(expected),
        }
    }

    #[test]
    fn a_long_listing_is_told_in_part_with_the_likely_reason() {
        let listing = Listing {
            missing: (0..100).map(|n| (format!("block.{n}"), vec![n])).collect(),
            unexpected: vec![("more".to_owned(), vec![1])],
            misfits: vec![
                misfit(0, &[96, 32], &[1536, 512]),
                misfit(1, &[32, 32], &[512, 512]),
                misfit(2, &[32], &[512]),
                misfit(3, &[7], &[9]),
            ],
        };
        assert_eq!(listing.common_length(), Some(((32, 512), 3)));
        assert_eq!(
            listing.to_string(),
            "3 of 4 misshapen parameters are 32 long where the settings make it 512 (the width?); \
             100 missing: block.0 [0], block.1 [1], block.2 [2] and 97 more; 1 unexpected: more [1]; \
             4 misshapen: layer.0 found F32 [96, 32], expected F32 [1536, 512], \
             layer.1 found F32 [32, 32], expected F32 [512, 512], layer.2 found F32 [32], expected F32 [512] and 1 more"
        );
        let whole = listing.whole();
        assert!(whole.contains("block.99 [99];") && whole.ends_with("expected F32 [9]"));
    }

    #[test]
    fn few_differences_are_told_as_they_are() {
        let listing = Listing {
            misfits: vec![misfit(0, &[32], &[512])],
            ..Listing::default()
        };
        assert_eq!(
            listing.to_string(),
            "1 misshapen: layer.0 found F32 [32], expected F32 [512]"
        );
        assert_eq!(listing.to_string(), listing.whole());
        // Other lengths each, and other ranks: no reason.
        let listing = Listing {
            misfits: vec![
                misfit(0, &[1], &[2]),
                misfit(1, &[3], &[4]),
                misfit(2, &[5], &[5, 6]),
            ],
            ..Listing::default()
        };
        assert_eq!(listing.common_length(), None);
    }
}
