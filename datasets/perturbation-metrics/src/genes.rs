//! Where genes are in a file.

use std::collections::HashMap;
use std::path::Path;

use crate::MetricsError;

/// The places of `genes` among those of the file `path`, `there`.
///
/// # Errors
/// [`MetricsError::Cells`] naming the file and the first gene that is not there, or that is there several times: which of its values
/// were meant, nobody can tell.
pub fn gene_places(
    path: &Path,
    there: &[String],
    genes: &[String],
) -> Result<Vec<usize>, MetricsError> {
    let fail = |reason| {
        Err(MetricsError::cells(
            format!("{}: var", path.display()),
            reason,
        ))
    };
    let mut places: HashMap<&str, (usize, usize)> = HashMap::new();
    for (place, name) in there.iter().enumerate() {
        places.entry(name).or_insert((place, 0)).1 += 1;
    }
    let mut found = Vec::with_capacity(genes.len());
    let mut missing = Vec::new();
    for gene in genes {
        match places.get(gene.as_str()) {
            Some((place, 1)) => found.push(*place),
            Some((_, count)) => {
                return fail(format!(
                    "{count} genes are called {gene:?}, expected names of their own; in Python: adata.var_names_make_unique()"
                ));
            }
            None => missing.push(gene),
        }
    }
    match missing.first() {
        None => Ok(found),
        Some(first) => fail(format!(
            "{} of {} genes are missing, the first is {first:?}; expected the genes of both files to be the same",
            missing.len(),
            genes.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genes_are_found_by_names_of_their_own() {
        let there = ["A", "B", "C", "B"].map(String::from);
        let of = |genes: &[&str]| {
            let genes: Vec<String> = genes.iter().map(|gene| gene.to_string()).collect();
            gene_places(Path::new("real.h5ad"), &there, &genes).map_err(|error| error.to_string())
        };
        assert_eq!(of(&["C", "A"]), Ok(vec![2, 0]));
        let twice = of(&["A", "B"]).unwrap_err();
        assert!(
            twice.starts_with("real.h5ad: var: 2 genes are called \"B\", expected"),
            "{twice}"
        );
        let missing = of(&["A", "X", "Y"]).unwrap_err();
        assert!(
            missing.contains("2 of 3 genes are missing, the first is \"X\""),
            "{missing}"
        );
    }
}
