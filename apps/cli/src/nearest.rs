//! The nearest names to one that is not known, by the distance of Damerau (1964) and Levenshtein (1966).

/// The names most like `found`, by the number of changes of a letter (Damerau and Levenshtein), as the end of a message:
/// `; did you mean KLF1, KLF2 or KLF10?`. Empty if none is like it.
pub fn did_you_mean<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let wanted = found.to_lowercase();
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|name| {
            let distance = strsim::damerau_levenshtein(&wanted, &name.to_lowercase());
            (distance, name)
        })
        .filter(|(distance, _)| *distance <= found.chars().count().max(3) / 2)
        .collect();
    near.sort_unstable();
    let names: Vec<&str> = near.iter().take(3).map(|(_, name)| *name).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => format!("; did you mean {only}?"),
        [first @ .., last] => format!("; did you mean {} or {last}?", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first_and_strangers_not_at_all() {
        let known = ["KLF10", "KLF1", "GATA1", "klf2"];
        assert_eq!(did_you_mean("KLF", known), "; did you mean KLF1 or klf2?");
        assert_eq!(did_you_mean("gata1", known), "; did you mean GATA1?");
        assert_eq!(did_you_mean("MALAT1", ["KLF1"]), "");
    }
}
