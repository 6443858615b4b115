//! Statistics beside those of a published simulation.

use std::path::Path;

use rheome_backend::atomic::write_atomically;
use rheome_cli::{Console, Failure};
use rheome_statistics::{FlowResults, PublishedFlow};

use crate::plots::{Axis, Curve, Figure, Panel};
use crate::statistics_file::NamedResults;

/// The published flow called `name`.
pub fn find(name: &str) -> Result<PublishedFlow, Failure> {
    let flows = PublishedFlow::moser_kim_mansour();
    let known: Vec<String> = flows.iter().map(|flow| flow.name.clone()).collect();
    flows.into_iter().find(|flow| flow.name == name).ok_or_else(|| {
        Failure::new(format!(
            "--published {name}: expected one of {} (nominal Re_tau, Moser, Kim & Mansour 1999)",
            known.join(", ")
        ))
    })
}

/// Prints how far every data set with wall units is from the published values; with a folder, also writes them there as
/// `published.csv` and draws `published.png` and `.svg`.
pub fn compare(
    flow: &PublishedFlow,
    sets: &[NamedResults],
    folder: Option<&Path>,
    console: Console,
) -> Result<(), Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let fail =
        |e: &dyn std::fmt::Display| Failure::new(format!("published.csv: cannot write: {e}"));
    csv.write_record([
        "name",
        "quantity",
        "published",
        "found",
        "relative_difference",
    ])
    .map_err(|e| fail(&e))?;
    for set in sets {
        let Some(units) = set.results.wall_units else {
            console.note(format!(
                "{}: no u_tau and viscosity, no comparison with published values",
                set.name
            ));
            continue;
        };
        rheome_cli::say(format!(
            "{}, in wall units, and Moser, Kim & Mansour (1999) at Re_tau = {}:",
            set.name, flow.re_tau
        ));
        for value in flow.compare(&set.results.heights, &set.results.profiles, &units) {
            let difference = value.relative_difference();
            rheome_cli::say(format!(
                "  {:<24} {:>8.3} {:>8.3} {:>+7.1} %",
                value.quantity,
                value.found,
                value.published,
                100.0 * difference
            ));
            csv.write_record([
                set.name.clone(),
                value.quantity,
                value.published.to_string(),
                format!("{:.5}", value.found),
                format!("{difference:.5}"),
            ])
            .map_err(|e| fail(&e))?;
        }
    }
    let Some(folder) = folder else {
        return Ok(());
    };
    let bytes = csv.into_inner().map_err(|e| fail(&e))?;
    let path = folder.join("published.csv");
    write_atomically(&path, &bytes)
        .map_err(|e| Failure::new(format!("{}: cannot write: {e}", path.display())))?;
    let figure = figure(flow, sets);
    for ending in ["png", "svg"] {
        let path = folder.join("published").with_extension(ending);
        figure.draw(&path)?;
        console.note(format!("wrote {}", path.display()));
    }
    Ok(())
}

fn figure(flow: &PublishedFlow, sets: &[NamedResults]) -> Figure {
    let published = |points: Vec<(f64, f64)>| Curve {
        set: 0,
        points,
        is_scatter: true,
    };
    let shown: Vec<&NamedResults> = sets
        .iter()
        .filter(|s| s.results.wall_units.is_some())
        .collect();
    type Pick = Box<dyn Fn(&FlowResults) -> Vec<f64>>;
    let panel = |label: &str, is_logarithmic: bool, points: Vec<(f64, f64)>, pick: Pick| {
        let curves = shown.iter().enumerate().map(|(i, set)| Curve {
            set: i + 1,
            points: over_wall_distance(&set.results, &pick(&set.results)),
            is_scatter: false,
        });
        Panel {
            x: if is_logarithmic {
                Axis::logarithmic("y+").within(0.5, 200.0)
            } else {
                Axis::linear("y+")
            },
            y: Axis::linear(label),
            curves: std::iter::once(published(points)).chain(curves).collect(),
        }
    };
    let wall = |r: &FlowResults| {
        let profiles = r.profiles.symmetrized();
        r.wall_units
            .map_or_else(|| profiles.clone(), |units| profiles.in_wall_units(&units))
    };
    let centre = flow.re_tau;
    let peaks = [flow.rms_peak_u, flow.rms_peak_v, flow.rms_peak_w];
    let mean: Vec<(f64, f64)> = flow
        .mean
        .iter()
        .map(|[y, u]| (*y, *u))
        .chain([(centre, flow.centre_velocity)])
        .collect();
    let mut panels = vec![panel(
        "mean u+",
        true,
        mean,
        Box::new(move |r| wall(r).mean[0].clone()),
    )];
    let stress = vec![(flow.shear_stress_peak[0], flow.shear_stress_peak[1])];
    panels.push(panel(
        "-<u'v'>+",
        false,
        stress,
        Box::new(move |r| wall(r).shear_stress.iter().map(|s| -s).collect()),
    ));
    for (c, component) in ["u", "v", "w"].into_iter().enumerate() {
        let points = vec![(peaks[c][0], peaks[c][1]), (centre, flow.centre_rms[c])];
        panels.push(panel(
            &format!("rms {component}+"),
            false,
            points,
            Box::new(move |r| wall(r).rms[c].clone()),
        ));
    }
    let names = shown.iter().map(|set| set.name.clone());
    Figure {
        names: std::iter::once("Moser, Kim & Mansour (1999)".to_owned())
            .chain(names)
            .collect(),
        panels,
        columns: 3,
    }
}

/// Up to the centre, in wall units.
fn over_wall_distance(results: &FlowResults, line: &[f64]) -> Vec<(f64, f64)> {
    let half = results.heights.len().div_ceil(2);
    let scale = results.wall_units.map_or(1.0, |units| units.length(1.0));
    let heights = results.heights.iter().map(|y| y * scale);
    heights.zip(line.iter().copied()).take(half).collect()
}
