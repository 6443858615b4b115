//! What is in a file, for whoever looked for something else.

use hdf5::Group;

/// Links may form circles, and nobody reads more than this.
const DEEPEST: usize = 4;
const MOST: usize = 100;

/// Paths, from the group, and shapes of its datasets and of those in the groups below it: the first hundred, four groups deep.
pub fn datasets(group: &Group) -> Vec<(String, Vec<usize>)> {
    let mut found = Vec::new();
    list(group, "", 0, &mut found);
    found
}

fn list(group: &Group, prefix: &str, depth: usize, found: &mut Vec<(String, Vec<usize>)>) {
    let mut names = group.member_names().unwrap_or_default();
    // The order in the file is nobody's.
    names.sort();
    for name in names {
        if found.len() >= MOST {
            return;
        }
        let full = format!("{prefix}{name}");
        if let Ok(dataset) = group.dataset(&name) {
            found.push((full, dataset.shape()));
        } else if let Ok(below) = group.group(&name)
            && depth < DEEPEST
        {
            list(&below, &format!("{full}/"), depth + 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datasets_are_listed_with_their_paths_though_links_form_a_circle() {
        let folder = tempfile::tempdir().unwrap();
        let file = hdf5::File::create(folder.path().join("a.h5")).unwrap();
        let shaped = |name: &str, shape: &[usize]| {
            let builder = file.new_dataset::<f64>().shape(shape);
            builder.create(name).unwrap();
        };
        shaped("time", &[3]);
        file.create_group("runs").unwrap();
        shaped("runs/values", &[3, 2]);
        assert_eq!(
            datasets(&file),
            [
                ("runs/values".to_owned(), vec![3, 2]),
                ("time".to_owned(), vec![3])
            ]
        );
        file.link_hard("runs", "runs/again").unwrap();
        let found = datasets(&file);
        assert!(found.len() < 10, "{found:?}");
        for number in 0..2 * MOST {
            shaped(&format!("{number}"), &[]);
        }
        assert_eq!(datasets(&file).len(), MOST);
    }
}
