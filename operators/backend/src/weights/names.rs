//! From our names of parameters to those of a family's authors, by rules.

/// How the modules of a model family are called in its authors' PyTorch code.
///
/// A rule replaces the beginning of a parameter's path, whole segments at a time; `{}` stands for one segment (a layer
/// number, usually) and is carried over in order. The first rule that fits is used; a path that fits none keeps its
/// name.
///
/// ```
/// # use rheome_backend::weights::NameTable;
/// let names = NameTable::new(&[("blocks.{}.norm", "encoder.layers.{}.1.in_norm")]);
/// assert_eq!(names.rename("blocks.3.norm.weight"), "encoder.layers.3.1.in_norm.weight");
/// assert_eq!(names.rename("head.weight"), "head.weight");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameTable {
    rules: Vec<(String, String)>,
    ignored: Vec<String>,
}

impl NameTable {
    /// A table of `(path here, path in PyTorch)`; both sides must have the same number of `{}`.
    pub fn new(rules: &[(&str, &str)]) -> Self {
        let mut table = Self::default();
        for (ours, theirs) in rules {
            debug_assert_eq!(ours.matches("{}").count(), theirs.matches("{}").count());
            table.rules.push((ours.to_string(), theirs.to_string()));
        }
        table
    }

    /// Adds tensors of the file that the model does without on purpose (buffers derived from the configuration), by
    /// their full name, with `{}` for any one segment.
    #[must_use]
    pub fn ignoring(mut self, names: &[&str]) -> Self {
        self.ignored.extend(names.iter().map(|n| n.to_string()));
        self
    }

    /// The name in PyTorch of the parameter at `path`.
    pub fn rename(&self, path: &str) -> String {
        self.rules
            .iter()
            .find_map(|(ours, theirs)| rewrite(path, ours, theirs))
            .unwrap_or_else(|| path.to_string())
    }

    /// True if the file's tensor `name` is left out on purpose.
    pub fn ignores(&self, name: &str) -> bool {
        self.ignored
            .iter()
            .any(|pattern| matches!(captures(name, pattern), Some((_, None))))
    }
}

/// What `{}` stood for and the rest of `path` behind `pattern` (none if the whole path is the pattern).
fn captures<'a>(path: &'a str, pattern: &str) -> Option<(Vec<&'a str>, Option<&'a str>)> {
    let mut found = Vec::new();
    let mut rest = Some(path);
    for part in pattern.split('.') {
        let (segment, behind) = match rest?.split_once('.') {
            Some((segment, behind)) => (segment, Some(behind)),
            None => (rest?, None),
        };
        match part {
            "{}" => found.push(segment),
            _ if part == segment => {}
            _ => return None,
        }
        rest = behind;
    }
    Some((found, rest))
}

fn rewrite(path: &str, ours: &str, theirs: &str) -> Option<String> {
    let (found, rest) = captures(path, ours)?;
    let mut found = found.into_iter();
    let mut segments: Vec<&str> = theirs
        .split('.')
        .map(|s| {
            if s == "{}" {
                found.next().unwrap_or(s)
            } else {
                s
            }
        })
        .collect();
    segments.extend(rest);
    Some(segments.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_whole_segments_and_the_first_one_wins() {
        let names = NameTable::new(&[
            ("a.{}.b.{}", "x.{}.{}.y"),
            ("a.{}", "z.{}"),
            ("to_q", "q"),
            ("alone", "renamed.alone"),
        ]);
        assert_eq!(names.rename("a.1.b.22.weight"), "x.1.22.y.weight");
        assert_eq!(names.rename("a.1.c.weight"), "z.1.c.weight");
        assert_eq!(names.rename("to_qk.weight"), "to_qk.weight");
        assert_eq!(names.rename("alone"), "renamed.alone");
        assert_eq!(names.rename("a"), "a");
    }

    #[test]
    fn ignored_names_are_whole_names() {
        let names = NameTable::default().ignoring(&["layers.{}.inv_freq"]);
        assert!(names.ignores("layers.12.inv_freq"));
        assert!(!names.ignores("layers.12.inv_freq.more"));
        assert!(!names.ignores("layers.inv_freq"));
        assert!(!names.ignores("layers.1.2.inv_freq"));
    }
}
