//! Names of genes and their ids: the special names first, then the genes sorted by name, as in the authors' checkpoints.

use serde::{Deserialize, Serialize};

use crate::PerturbationError;

/// The names that come before the genes, at ids 0 to 3.
pub const SPECIAL_NAMES: [&str; 4] = ["<pad>", "<cls>", "<mask>", "control"];

/// Names and their ids: [`SPECIAL_NAMES`], then the genes in the order of their names, as the authors number them.
///
/// Stored as the list of the genes.
///
/// ```
/// # fn main() -> Result<(), rheome_perturbation::PerturbationError> {
/// let vocabulary = rheome_perturbation::Vocabulary::new(["KLF1", "CEBPA", "BAK1"])?;
/// assert_eq!(vocabulary.ids(["BAK1", "KLF1", "control"])?, [4, 6, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Vocabulary {
    genes: Vec<String>,
}

impl Vocabulary {
    /// The vocabulary of `genes`, in any order.
    ///
    /// # Errors
    /// [`PerturbationError::Name`] for a name that is empty, special or given twice.
    pub fn new<S: Into<String>>(
        genes: impl IntoIterator<Item = S>,
    ) -> Result<Self, PerturbationError> {
        let mut genes: Vec<String> = genes.into_iter().map(Into::into).collect();
        genes.sort_unstable();
        let wrong = |name: &String, reason| {
            Err(PerturbationError::Name {
                name: name.clone(),
                reason,
            })
        };
        for (i, name) in genes.iter().enumerate() {
            if name.is_empty() {
                return wrong(name, "a gene needs a name");
            }
            if SPECIAL_NAMES.contains(&name.as_str()) {
                return wrong(name, "this name is reserved");
            }
            if i > 0 && genes[i - 1] == *name {
                return wrong(name, "two genes have this name");
            }
        }
        Ok(Self { genes })
    }

    /// Names in all, the special ones included.
    pub fn size(&self) -> usize {
        SPECIAL_NAMES.len() + self.genes.len()
    }

    /// The genes in the order of their ids, which start at 4.
    pub fn genes(&self) -> &[String] {
        &self.genes
    }

    /// The id of a name.
    pub fn id(&self, name: &str) -> Option<usize> {
        let special = SPECIAL_NAMES.iter().position(|special| *special == name);
        special.or_else(|| {
            let place = self.genes.binary_search_by(|gene| gene.as_str().cmp(name));
            place.ok().map(|i| SPECIAL_NAMES.len() + i)
        })
    }

    /// The ids of names, in their order.
    ///
    /// # Errors
    /// [`PerturbationError::UnknownName`] for the first that is not there.
    pub fn ids<S: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Vec<usize>, PerturbationError> {
        let id = |name: S| {
            let name = name.as_ref();
            self.id(name).ok_or_else(|| PerturbationError::UnknownName {
                name: name.to_owned(),
                size: self.size(),
            })
        };
        names.into_iter().map(id).collect()
    }

    /// The name at an id.
    pub fn name(&self, id: usize) -> Option<&str> {
        match SPECIAL_NAMES.get(id) {
            Some(name) => Some(name),
            None => self.genes.get(id - SPECIAL_NAMES.len()).map(String::as_str),
        }
    }
}

impl TryFrom<Vec<String>> for Vocabulary {
    type Error = PerturbationError;

    fn try_from(genes: Vec<String>) -> Result<Self, PerturbationError> {
        Self::new(genes)
    }
}

impl From<Vocabulary> for Vec<String> {
    fn from(vocabulary: Vocabulary) -> Self {
        vocabulary.genes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ids_belong_together() {
        let vocabulary = Vocabulary::new(["b", "c", "a"]).unwrap();
        assert_eq!(vocabulary.size(), 7);
        for id in 0..7 {
            assert_eq!(vocabulary.id(vocabulary.name(id).unwrap()), Some(id));
        }
        assert_eq!(vocabulary.name(7), None);
        let error = vocabulary.ids(["a", "x"]).unwrap_err().to_string();
        assert_eq!(error, "\"x\" is not in the vocabulary of 7 names");
    }

    #[test]
    fn unusable_names_are_refused_also_from_a_file() {
        for text in [r#"["a", "a"]"#, r#"[""]"#, r#"["control"]"#] {
            assert!(serde_json::from_str::<Vocabulary>(text).is_err(), "{text}");
        }
        let read: Vocabulary = serde_json::from_str(r#"["b", "a"]"#).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), r#"["a","b"]"#);
    }
}
