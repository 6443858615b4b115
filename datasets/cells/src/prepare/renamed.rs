//! Columns that are kept under another name.

/// What the columns of a source are called, and what they are called in the output: `obs/split`, `obs/source_split`.
#[derive(Default)]
pub(crate) struct Renamed(Vec<(String, String)>);

impl Renamed {
    /// Columns of `group` that are called otherwise now, with their new names. One that had another name before keeps that of the
    /// source beside its last one.
    pub(crate) fn note(&mut self, group: &str, kept: Vec<(String, String)>) {
        for (old, new) in kept {
            let [old, new] = [old, new].map(|name| format!("{group}/{name}"));
            match self.0.iter_mut().find(|(_, before)| *before == old) {
                Some((_, before)) => *before = new,
                None => self.0.push((old, new)),
            }
        }
    }

    /// The pairs, in the order in which they were noted.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_is_told_once_by_the_name_that_it_had() {
        let mut renamed = Renamed::default();
        let pairs = |pairs: &[[&str; 2]]| {
            let owned = pairs.iter().map(|pair| pair.map(str::to_owned));
            owned.map(<(String, String)>::from).collect::<Vec<_>>()
        };
        renamed.note("obs", pairs(&[["split/", "split"], ["a//b", "a/b"]]));
        renamed.note("var", pairs(&[["split", "source_split"]]));
        renamed.note("obs", pairs(&[["split", "source_split"]]));
        let expected = pairs(&[
            ["obs/split/", "obs/source_split"],
            ["obs/a//b", "obs/a/b"],
            ["var/split", "var/source_split"],
        ]);
        assert_eq!(renamed.into_pairs(), expected);
    }
}
