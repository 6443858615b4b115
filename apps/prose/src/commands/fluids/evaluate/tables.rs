//! Scores as CSV, in long form: a row a contestant and lead.

use rheome_cli::Failure;
use rheome_cli::files::{self, cannot};
use serde::Serialize;

use super::Outputs;
use super::scores::Scores;

#[derive(Serialize)]
struct ErrorRow<'a> {
    contestant: &'a str,
    frame: usize,
    time: f64,
    relative_l2: f64,
}

#[derive(Serialize)]
struct StatisticsRow<'a> {
    contestant: &'a str,
    frame: usize,
    time: f64,
    energy: f64,
    enstrophy: f64,
    vorticity_flatness: f64,
    divergence: f64,
}

#[derive(Serialize)]
struct SpectrumRow<'a> {
    contestant: &'a str,
    frame: usize,
    waves: usize,
    energy: f64,
}

#[derive(Serialize)]
struct DensityRow<'a> {
    contestant: &'a str,
    frame: usize,
    vorticity: f64,
    density: f64,
}

/// Writes all tables; frames count from 1, the first behind the given ones.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn write(scores: &Scores, outputs: &Outputs) -> Result<(), Failure> {
    let leads = || {
        let names = scores.names.iter().enumerate();
        names.flat_map(|(contestant, name)| {
            (0..scores.leads()).map(move |lead| (contestant, name.as_str(), lead))
        })
    };
    let errors = leads()
        .skip(scores.leads())
        .map(|(of, contestant, lead)| ErrorRow {
            contestant,
            frame: lead + 1,
            time: scores.time(lead),
            relative_l2: scores.means(of, lead).error,
        });
    table(outputs, "errors.csv", errors)?;
    let statistics = leads().map(|(of, contestant, lead)| {
        let means = scores.means(of, lead);
        StatisticsRow {
            contestant,
            frame: lead + 1,
            time: scores.time(lead),
            energy: means.energy,
            enstrophy: means.enstrophy,
            vorticity_flatness: means.flatness,
            divergence: means.divergence,
        }
    });
    table(outputs, "statistics.csv", statistics)?;
    let spectra = leads().flat_map(|(of, contestant, lead)| {
        let shells = scores.spectrum(of, lead).into_iter().enumerate();
        shells.map(move |(shell, energy)| SpectrumRow {
            contestant,
            frame: lead + 1,
            waves: shell + 1,
            energy,
        })
    });
    table(outputs, "spectrum.csv", spectra)?;
    let densities = leads().flat_map(|(of, contestant, lead)| {
        let bins = scores.density(of, lead).into_iter();
        bins.map(move |(vorticity, density)| DensityRow {
            contestant,
            frame: lead + 1,
            vorticity,
            density,
        })
    });
    table(outputs, "vorticity.csv", densities)
}

fn table<R: Serialize>(
    outputs: &Outputs,
    name: &str,
    rows: impl Iterator<Item = R>,
) -> Result<(), Failure> {
    let path = outputs.path(name);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(cannot("write", &path))?;
    }
    files::write(&path, writer.into_inner().map_err(cannot("write", &path))?)
}
