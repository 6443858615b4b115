//! `tests/FAILURES.md` names tests and files that are there.

use std::path::Path;

#[test]
fn every_file_that_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = std::fs::read_to_string(root.join("tests/FAILURES.md")).unwrap();
    let mut named = 0;
    for word in page.split('`').skip(1).step_by(2) {
        let is_place = ["apps/", "datasets/", "operators/", "tests/"];
        if is_place.iter().any(|start| word.starts_with(start)) {
            assert!(root.join(word).exists(), "{word} is not there");
            named += 1;
        }
    }
    assert!(named > 15, "{named}");
}

#[test]
fn the_page_tells_of_every_program() {
    let root = rheome_testing::root();
    let page = std::fs::read_to_string(root.join("tests/FAILURES.md")).unwrap();
    for program in rheome_testing::programs() {
        let told = format!("`{program} train`");
        assert!(page.contains(&told), "{told}: what does a kill leave?");
    }
}
