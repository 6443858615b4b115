//! The pictures of a comparison. Every data set keeps its colour and marker in all of them; the truth is the black line.

mod figures;

use std::path::{Path, PathBuf};

use rheome_cli::Failure;
use rheome_statistics::{FlowResults, SpaceTimeSlices};

use super::course::Course;
use super::scores::Scores;
use super::{Entry, REFERENCE};
use rheome_figures::units::{over, with_unit};
use rheome_figures::{ColorScale, Figure, Plane, PlaneAxis, SliceRow, draw_slices};

/// What the reference trajectory is called beside the truth.
const THIS_TRAJECTORY: &str = "this DNS trajectory";

/// Error of the profiles from which on a contestant does not set the axes.
const OUTLIER: f64 = 1.0;

/// A picture of the page.
pub struct Picture {
    /// Its file: SVG where there is one, or PNG.
    pub path: PathBuf,
    /// What it shows, in a sentence or two.
    pub caption: String,
}

/// Draws everything into `folder`; line charts as PNG and as SVG.
pub fn draw(
    folder: &Path,
    entries: &[Entry],
    scores: &[Scores],
    course: &Course,
) -> Result<Vec<Picture>, Failure> {
    let gallery = Gallery::new(entries, scores, course);
    let mut pictures = Vec::new();
    for (name, figure, caption) in charts(&gallery, scores) {
        if figure.panels.iter().all(|panel| panel.curves.is_empty()) {
            continue;
        }
        figure.draw(&folder.join(name).with_extension("png"))?;
        let path = folder.join(name).with_extension("svg");
        figure.draw(&path)?;
        pictures.push(Picture { path, caption });
    }
    pictures.extend(gallery.spacetime(folder)?);
    Ok(pictures)
}

/// Names of the files, charts, captions.
fn charts(gallery: &Gallery<'_>, scores: &[Scores]) -> Vec<(&'static str, Figure, String)> {
    let [near, centre] = [0, 1].map(|place| gallery.height_label(place));
    vec![
        (
            "profiles",
            gallery.profiles(),
            "Mean velocity, rms of the fluctuations and Reynolds shear stress (of the resolved flow, where there is a subgrid \
             model), both halves of the channel averaged. The axes are made for errors below 100 %; what lies beyond is cut off."
                .into(),
        ),
        (
            "moments",
            gallery.moments(),
            "Skewness and flatness (3 for a normal distribution) of the three components.".into(),
        ),
        (
            "spectra",
            gallery.spectra(),
            format!("One-dimensional energy spectra along x and z at {near} and at {centre}."),
        ),
        (
            "correlations",
            gallery.correlations(),
            format!("Two-point correlations along x and z at {near}."),
        ),
        (
            "errors",
            gallery.errors(),
            "Relative L2 error and correlation of the fluctuations against the reference trajectory, by lead time; the black line \
             is persistence. Turbulence is chaotic: every prediction loses the trajectory sooner or later."
                .into(),
        ),
        (
            "history",
            gallery.history(),
            "Bulk velocity, wall shear, energy of the fluctuations and divergence of the sampled field in time. (A filtered field \
             on few points has some divergence: read it against that of the DNS.)"
                .into(),
        ),
        (
            "cost",
            gallery.cost(scores),
            "Error of the profiles against wall-clock seconds for one unit of physical time, on this machine.".into(),
        ),
    ]
}

/// The data sets: the truth, the contestants, the reference trajectory over the same steps.
struct Gallery<'a> {
    names: Vec<String>,
    sets: Vec<&'a FlowResults>,
    /// Who is so far off that the axes are not made for it.
    outliers: Vec<bool>,
    course: &'a Course,
}

impl<'a> Gallery<'a> {
    /// The first of `entries` is the reference trajectory; it is drawn last.
    fn new(entries: &'a [Entry], scores: &[Scores], course: &'a Course) -> Self {
        let is_outlier = |s: &Scores| !s.profile_error.is_some_and(|error| error < OUTLIER);
        let outliers = scores.iter().skip(1).chain(scores.first()).map(is_outlier);
        let drawn = entries.iter().skip(1).chain(entries.first());
        let named = |e: &&Entry| match e.name.as_str() {
            REFERENCE => THIS_TRAJECTORY.to_owned(),
            name => name.to_owned(),
        };
        let names = drawn.clone().map(|e| named(&e));
        Self {
            names: std::iter::once("truth (DNS)".to_owned())
                .chain(names)
                .collect(),
            sets: std::iter::once(&course.truth.results)
                .chain(drawn.map(|e| &e.results))
                .collect(),
            outliers: std::iter::once(false).chain(outliers).collect(),
            course,
        }
    }

    /// The streamwise velocity along z against time, near the wall and in the centre.
    fn spacetime(&self, folder: &Path) -> Result<Option<Picture>, Failure> {
        // The reference trajectory on top.
        let sets = self.names.iter().zip(&self.sets).skip(1);
        let (last, others) = (sets.clone().next_back(), sets.clone().rev().skip(1).rev());
        let mut rows = Vec::new();
        for (name, results) in last.into_iter().chain(others) {
            if let Some(slices) = results.slices.as_ref().filter(|s| s.time.len() > 1) {
                let planes = (0..slices.heights.len()).map(|height| plane(slices, height));
                rows.push(SliceRow {
                    name: name.clone(),
                    planes: planes.collect(),
                });
            }
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let path = folder.join("spacetime.png");
        let titles = [0, 1].map(|place| self.height_label(place));
        let units = &self.course.units;
        let axes = [
            PlaneAxis::new("time", &units.time),
            PlaneAxis::new("z", &units.length),
        ];
        let quantity = over("u", &units.velocity);
        // Near the wall it is slower by far.
        let colors = (quantity.as_str(), ColorScale::OfColumns);
        draw_slices(&path, &titles, &rows, colors, &axes)?;
        let caption =
            "Streamwise velocity along z against time, from the first to the last snapshot of each: streaks as they form, wander and break."
                .into();
        Ok(Some(Picture { path, caption }))
    }

    /// What a height is called: near the wall (0) or the centre (1).
    fn height_label(&self, place: usize) -> String {
        let height = self.course.shown_heights[place];
        match (place, self.course.wall_units) {
            (1, _) => "centre".into(),
            (_, Some(units)) => format!("y+ = {:.0}", units.length(height)),
            (_, None) => with_unit(format!("y = {height:.2}"), &self.course.units.length),
        }
    }
}

/// u along z against time at one of the heights.
fn plane(slices: &SpaceTimeSlices, height: usize) -> Plane {
    let [times, _, nz] = [0, 1, 2].map(|axis| slices.along_z.shape()[axis]);
    let value = |p: usize| slices.along_z[[p / nz, height, p % nz]];
    let width = match slices.z.as_slice() {
        // The last point is a cell before the end.
        [_, .., last] => last * nz as f64 / (nz - 1) as f64,
        _ => 1.0,
    };
    let (first, last) = (slices.time[0], slices.time[times - 1]);
    let values = (0..times * nz).map(value).collect();
    Plane::spanning(values, [times, nz], [last - first, width], [false, true]).from(first)
}
