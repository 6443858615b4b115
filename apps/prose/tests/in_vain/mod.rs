//! Forms that `prose predict` is to fit and cannot.

use hdf5::File;

use crate::command::{fails, folder};
use crate::{MEASURED, predict, texts};

/// Whoever asks for the fit of a form is not to take a network's guess for it.
#[test]
fn a_form_that_cannot_be_fitted_is_a_failure_that_leaves_what_was_found() {
    let folder = folder();
    // Nothing by nothing.
    let form = "C/(x - x) | C y";
    let more = ["--equation", form, "--times", "1921:1930:5", "-q"];
    fails(
        predict(&folder, MEASURED, &more),
        1,
        &[
            "--equation: cannot be fitted to ",
            "lynx_hare.csv: ",
            "out.h5 holds what else was found",
        ],
    );
    let file = File::open(folder.path().join("out.h5")).unwrap();
    assert!(texts(&file, "candidates/author").contains(&"user".to_owned()));
    assert!(file.group("network").is_ok());
    // Nobody asked for the numbers of this one.
    std::fs::remove_file(folder.path().join("out.h5")).unwrap();
    let mut rough = predict(
        &folder,
        MEASURED,
        &["--equation", "C x - C x y | C x y - C y"],
    );
    rough.args(["--times", "1921:1930:5", "--refine", "0", "-q"]);
    rough.assert().success();
}
