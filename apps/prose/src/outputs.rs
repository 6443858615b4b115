//! The files that commands write, claimed before anything is computed.

use std::path::{Path, PathBuf};

use rheome_cli::outputs::NewFile;
use rheome_cli::{Claim, ComputeOptions, Failure, RunFiles};

/// The output for this run alone, after a look at everything that the run reads and writes: `read` are the files that it reads, `beside`
/// those that it writes beside the output, and the option that asks for them. What is there already is kept, unless the output may be
/// replaced.
///
/// # Errors
/// [`Failure`] naming the option and the file that would be lost.
pub fn claim(
    read: RunFiles,
    output: NewFile,
    (option, beside): (&str, &[PathBuf]),
    compute: &ComputeOptions,
) -> Result<Claim, Failure> {
    let files = read.write(output.option, output.path);
    files.write_all(option, beside).log(compute).check()?;
    output.begin_with(beside)
}

/// Fails for an output that is HDF5 whose name does not end so: who opens it goes by that.
///
/// # Errors
/// [`Failure`] naming the option.
pub fn check_hdf5(output: &Path) -> Result<(), Failure> {
    match rheome_hdf::has_ending(output, &rheome_hdf::ENDINGS) {
        true => Ok(()),
        false => Err(Failure::new(format!(
            "--output {}: expected a name that ends in .{}",
            output.display(),
            rheome_hdf::ENDINGS.join(" or .")
        ))),
    }
}
