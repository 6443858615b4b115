//! Statistics beside those of a published simulation.

use std::path::Path;

use rheome_cli::{Console, Failure};
use rheome_statistics::{FlowResults, Profiles, PublishedFlow, PublishedValue};

use rheome_cli::table::{Cell, Column, column, markdown, write_csv};
use rheome_figures::{Axis, Curve, Figure, Panel};
use rheome_statistics_file::NamedResults;

const SOURCE: &str = "Moser, Kim & Mansour (1999)";

/// The published flow called `name`.
pub fn find(name: &str) -> Result<PublishedFlow, Failure> {
    let flows = PublishedFlow::moser_kim_mansour();
    let known: Vec<String> = flows.iter().map(|flow| flow.name.clone()).collect();
    let found = flows.into_iter().find(|flow| flow.name == name);
    found.ok_or_else(|| {
        Failure::new(format!(
            "--published {name}: expected one of {} (nominal Re_tau, {SOURCE})",
            known.join(", ")
        ))
    })
}

/// A value of a data set beside the published one.
struct Row {
    name: String,
    value: PublishedValue,
}

const COLUMNS: [Column<Row>; 5] = [
    column("data set", "name", |row| Cell::Word(row.name.clone())),
    column("in wall units", "quantity", |row| {
        Cell::Word(row.value.quantity.clone())
    }),
    column("published", "published", |row| {
        Cell::Number(Some(row.value.published))
    }),
    column("found", "found", |row| Cell::Number(Some(row.value.found))),
    column("difference", "relative_difference", |row| {
        Cell::SignedPercent(Some(row.value.relative_difference()))
    }),
];

/// Prints how far every data set with wall units is from the published values; with a folder, also writes them there as
/// `published.csv` and draws `published.png` and `.svg`.
pub fn compare(
    flow: &PublishedFlow,
    sets: &[NamedResults],
    folder: Option<&Path>,
    console: Console,
) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for set in sets {
        let Some(units) = set.results.wall_units else {
            console.note(format!(
                "{}: no u_tau and viscosity, no comparison with published values",
                set.name
            ));
            continue;
        };
        let values = flow.compare(&set.results.heights, &set.results.profiles, &units);
        rows.extend(values.into_iter().map(|value| Row {
            name: set.name.clone(),
            value,
        }));
    }
    rheome_cli::say(format!("{SOURCE} at Re_tau = {}:", flow.re_tau));
    rheome_cli::say(markdown(&COLUMNS, &rows).trim_end());
    let Some(folder) = folder else {
        return Ok(());
    };
    write_csv(&folder.join("published.csv"), &COLUMNS, &rows)?;
    let figure = figure(flow, sets);
    for ending in ["png", "svg"] {
        let path = folder.join("published").with_extension(ending);
        figure.draw(&path)?;
        console.note(format!("wrote {}", path.display()));
    }
    Ok(())
}

/// What a panel shows of the profiles, in wall units.
type Pick = Box<dyn Fn(&Profiles) -> Vec<f64>>;

fn figure(flow: &PublishedFlow, sets: &[NamedResults]) -> Figure {
    let shown = sets.iter().filter(|set| set.results.wall_units.is_some());
    let shown: Vec<&NamedResults> = shown.collect();
    let panel = |label: &str, published: Vec<(f64, f64)>, pick: Pick| {
        let points = |set: &NamedResults| over_wall_distance(&set.results, &pick);
        let curves = shown
            .iter()
            .enumerate()
            .map(|(i, set)| Curve::line(i + 1, points(set)));
        let published = Curve::scatter(0, published);
        Panel {
            x: Axis::linear("y+"),
            y: Axis::linear(label),
            curves: std::iter::once(published).chain(curves).collect(),
        }
    };
    let centre = flow.re_tau;
    let mean = flow.mean.iter().map(|[y, u]| (*y, *u));
    let mean = mean.chain([(centre, flow.centre_velocity)]).collect();
    let mut first = panel("mean u+", mean, Box::new(|p| p.mean[0].clone()));
    first.x = Axis::logarithmic("y+").within(0.5, 1.2 * centre);
    let stress: Pick = Box::new(|p| p.shear_stress.iter().map(|s| -s).collect());
    let [y, largest] = flow.shear_stress_peak;
    let mut panels = vec![first, panel("-<u'v'>+", vec![(y, largest)], stress)];
    let peaks = [flow.rms_peak_u, flow.rms_peak_v, flow.rms_peak_w];
    for (c, ([y, largest], name)) in peaks.into_iter().zip(["u", "v", "w"]).enumerate() {
        let published = vec![(y, largest), (centre, flow.centre_rms[c])];
        let rms: Pick = Box::new(move |p| p.rms[c].clone());
        panels.push(panel(&format!("rms {name}+"), published, rms));
    }
    let names = shown.iter().map(|set| set.name.clone());
    Figure {
        names: std::iter::once(SOURCE.to_owned()).chain(names).collect(),
        panels,
        columns: 3,
    }
}

/// What `pick` takes of the profiles, both halves averaged, over y+ up to the centre.
fn over_wall_distance(results: &FlowResults, pick: &Pick) -> Vec<(f64, f64)> {
    let Some(units) = results.wall_units else {
        return Vec::new();
    };
    let half = results.heights.len().div_ceil(2);
    let line = pick(&results.profiles.symmetrized().in_wall_units(&units));
    let heights = results.heights.iter().map(|y| units.length(*y));
    heights.zip(line).take(half).collect()
}
