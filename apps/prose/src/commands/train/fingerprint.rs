//! What a network learns from, so that a training is not continued with another file.

use rheome_cli::training::evenly;
use rheome_cli::{Checksum, DataFingerprint, Failure};
use rheome_equations::DataFile;

/// Trajectories that are looked into, evenly spread.
const TRAJECTORIES: usize = 64;

/// Times, all equations and which of them each trajectory solves, and 64 of the trajectories: a change of other trajectories
/// alone goes unnoticed.
///
/// # Errors
/// [`Failure`] if the file cannot be read.
pub fn fingerprint(data: &DataFile) -> Result<DataFingerprint, Failure> {
    let mut times = Checksum::new();
    for time in data.times() {
        times.add(&time.to_le_bytes());
    }
    let equations = data.equations().iter();
    let equations = equations.map(|equation| equation.system.words().join(" "));
    let samples: Vec<usize> = (0..data.samples()).collect();
    let of_sample = |sample: &usize| {
        let equation = data.equation(*sample);
        format!("{} {}", equation.family, equation.number)
    };
    let mut values = Checksum::new();
    for sample in evenly(&samples, TRAJECTORIES) {
        values.add_numbers(&data.trajectory(sample)?);
    }
    Ok(DataFingerprint::new()
        .with("times", times)
        .with("equations", Checksum::of_texts(equations))
        .with(
            "trajectories",
            Checksum::of_texts(samples.iter().map(of_sample)),
        )
        .with("values", values))
}
