//! Names that occur once.

use std::collections::{HashMap, HashSet};

/// Gives every name that occurred before a number behind it, as anndata's `var_names_make_unique` does: `A`, `B`, `A` become `A`,
/// `B`, `A-1`. A number that would make a name that is there already is passed over. Answers the rows that were renamed.
pub fn make_unique(names: &mut [String]) -> Vec<usize> {
    let mut seen = HashSet::new();
    let again: Vec<usize> = (0..names.len())
        .filter(|row| !seen.insert(names[*row].clone()))
        .collect();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for row in &again {
        let number = numbers.entry(names[*row].clone()).or_default();
        names[*row] = loop {
            *number += 1;
            let name = format!("{}-{number}", names[*row]);
            if seen.insert(name.clone()) {
                break name;
            }
        };
    }
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names are those of anndata 0.12: `make_index_unique(pandas.Index(...))`.
    #[test]
    fn names_are_those_of_anndata() {
        let mut names = ["A", "B", "A", "A-1", "A", "B", "C", "A-1"].map(String::from);
        assert_eq!(make_unique(&mut names), [2, 4, 5, 7]);
        assert_eq!(names, ["A", "B", "A-2", "A-1", "A-3", "B-1", "C", "A-1-1"]);
        assert_eq!(make_unique(&mut names), []);
    }
}
