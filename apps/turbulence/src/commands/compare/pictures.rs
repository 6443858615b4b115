//! The pictures of a comparison. Every contestant keeps its colour and marker; the reference is the black line.

use std::path::{Path, PathBuf};

use rheome_cli::Failure;
use rheome_statistics::{FlowResults, HistoryEntry, LineSpectra};

use super::Entry;
use super::course::Course;
use super::scores::{Scores, shown_heights};
use crate::plots::{Axis, Curve, Figure, Panel, Plane, PlaneAxis, SliceRow, draw_slices};

/// A picture of the page.
pub struct Picture {
    /// Its file: SVG where there is one, or PNG.
    pub path: PathBuf,
    /// What it shows, in a sentence.
    pub caption: String,
}

/// Draws everything into `folder`; line charts as PNG and as SVG.
pub fn draw(
    folder: &Path,
    entries: &[Entry],
    scores: &[Scores],
    course: &Course,
) -> Result<Vec<Picture>, Failure> {
    let Some((itself, contestants)) = entries.split_first() else {
        return Ok(Vec::new());
    };
    let gallery = Gallery::new(("DNS, all snapshots", &course.truth), contestants, course);
    // In time, the reference is the trajectory itself.
    let timed = Gallery::new((&itself.name, &itself.results), contestants, course);
    let figures = [
        (
            "profiles",
            gallery.profiles(),
            "Mean velocity, rms of the fluctuations and Reynolds shear stress, both halves of the channel averaged.",
        ),
        (
            "moments",
            gallery.moments(),
            "Skewness and flatness (3 for a normal distribution) of the three components.",
        ),
        (
            "spectra",
            gallery.spectra(),
            "One-dimensional energy spectra along x and z near the wall (y+ = 15) and in the centre.",
        ),
        (
            "correlations",
            gallery.correlations(),
            "Two-point correlations along x and z near the wall.",
        ),
        (
            "errors",
            gallery.errors(),
            "Relative L2 error and correlation of the fluctuations against the reference trajectory, by lead time. Turbulence is chaotic: every prediction loses the trajectory sooner or later.",
        ),
        (
            "history",
            timed.history(),
            "Bulk velocity, wall shear, energy of the fluctuations and divergence of the sampled field in time.",
        ),
        (
            "cost",
            gallery.cost(scores),
            "Error of the profiles against wall-clock seconds for one unit of physical time, on this machine.",
        ),
    ];
    let mut pictures = Vec::new();
    for (name, figure, caption) in figures {
        if figure.panels.iter().all(|panel| panel.curves.is_empty()) {
            continue;
        }
        figure.draw(&folder.join(name).with_extension("png"))?;
        let path = folder.join(name).with_extension("svg");
        figure.draw(&path)?;
        pictures.push(Picture {
            path,
            caption: caption.into(),
        });
    }
    pictures.extend(timed.spacetime(folder)?);
    Ok(pictures)
}

/// The data sets: a reference, then the contestants.
struct Gallery<'a> {
    names: Vec<String>,
    sets: Vec<&'a FlowResults>,
    course: &'a Course,
    /// Unit names of time, length and velocity on the axes.
    velocity: String,
}

impl<'a> Gallery<'a> {
    /// The reference and what it is called, then the contestants.
    fn new(
        (name, reference): (&str, &'a FlowResults),
        contestants: &'a [Entry],
        course: &'a Course,
    ) -> Self {
        let names = contestants.iter().map(|e| e.name.clone());
        let sets = contestants.iter().map(|e| &e.results);
        Self {
            names: std::iter::once(name.to_owned()).chain(names).collect(),
            sets: std::iter::once(reference).chain(sets).collect(),
            velocity: course.units.velocity.clone(),
            course,
        }
    }

    fn figure(&self, columns: usize, panels: Vec<Panel>) -> Figure {
        Figure {
            names: self.names.clone(),
            panels,
            columns,
        }
    }

    /// One curve a data set, of those that have one.
    fn curves(&self, points: impl Fn(&FlowResults) -> Option<Vec<(f64, f64)>>) -> Vec<Curve> {
        let sets = self
            .sets
            .iter()
            .enumerate()
            .filter(|(_, set)| set.snapshots > 0);
        sets.filter_map(|(set, results)| {
            Some(Curve {
                set,
                points: points(results)?,
                is_scatter: false,
            })
        })
        .collect()
    }

    /// A line over the distance from the wall, up to the centre.
    fn over_wall_distance(
        &self,
        label: &str,
        is_logarithmic: bool,
        line: impl Fn(&FlowResults) -> Option<Vec<f64>>,
    ) -> Panel {
        let (label_y, scale) = match self.course.wall_units {
            Some(units) => ("y+", units.length(1.0)),
            None => ("y / h", 1.0),
        };
        let points = |results: &FlowResults| {
            let half = results.heights.len().div_ceil(2);
            let line = line(results)?;
            let heights = results.heights.iter().map(|y| y * scale);
            Some(
                heights
                    .zip(line)
                    .take(half)
                    .filter(|p| !is_logarithmic || p.0 > 0.5)
                    .collect(),
            )
        };
        Panel {
            x: if is_logarithmic {
                Axis::logarithmic(label_y)
            } else {
                Axis::linear(label_y)
            },
            y: Axis::linear(label),
            curves: self.curves(points),
        }
    }

    fn profiles(&self) -> Figure {
        let unit = &self.velocity;
        let mean = |r: &FlowResults| Some(r.profiles.symmetrized().mean[0].clone());
        let rms = |c: usize| move |r: &FlowResults| Some(r.profiles.symmetrized().rms[c].clone());
        let stress = |r: &FlowResults| {
            Some(
                r.profiles
                    .symmetrized()
                    .shear_stress
                    .iter()
                    .map(|s| -s)
                    .collect(),
            )
        };
        self.figure(
            3,
            vec![
                self.over_wall_distance(&format!("mean u / {unit}"), true, mean),
                self.over_wall_distance(&format!("mean u / {unit}"), false, mean),
                self.over_wall_distance(&format!("-<u'v'> / {unit}²"), false, stress),
                self.over_wall_distance(&format!("rms u / {unit}"), false, rms(0)),
                self.over_wall_distance(&format!("rms v / {unit}"), false, rms(1)),
                self.over_wall_distance(&format!("rms w / {unit}"), false, rms(2)),
            ],
        )
    }

    fn moments(&self) -> Figure {
        let panels = [("skewness", true), ("flatness", false)]
            .into_iter()
            .flat_map(|(name, is_skewness)| {
                ["u", "v", "w"]
                    .into_iter()
                    .enumerate()
                    .map(move |(c, component)| (name, is_skewness, c, component))
            });
        let panels = panels.map(|(name, is_skewness, c, component)| {
            self.over_wall_distance(&format!("{name} of {component}"), false, move |r| {
                let shape = r.profiles.shape.as_ref()?;
                let lines = if is_skewness {
                    &shape.skewness
                } else {
                    &shape.flatness
                };
                // Nothing fluctuates at the wall itself.
                Some(
                    lines[c]
                        .iter()
                        .enumerate()
                        .map(|(j, v)| if j == 0 { f64::NAN } else { *v })
                        .collect(),
                )
            })
        });
        self.figure(3, panels.collect())
    }

    fn spectra(&self) -> Figure {
        let mut panels = Vec::new();
        for (place, name) in ["y+ = 15", "centre"].into_iter().enumerate() {
            for (axis, component, label) in [(0, 0, "E_uu"), (1, 0, "E_uu"), (1, 1, "E_vv")] {
                let points = |r: &FlowResults| {
                    let spectra = spectra_along(r, axis)?;
                    let j = shown_heights(r)[place];
                    // The last wavenumber of an even number of points is left out by the filter.
                    let count = spectra.wavenumber.len().saturating_sub(1);
                    let energy = |k: usize| spectra.energy[[component, j, k]];
                    Some(
                        (1..count)
                            .map(|k| (spectra.wavenumber[k], energy(k)))
                            .collect(),
                    )
                };
                let wavenumber = ["k_x h", "k_z h"][axis];
                panels.push(Panel {
                    x: Axis::logarithmic(wavenumber),
                    y: Axis::logarithmic(format!("{label} / ({}² h), {name}", self.velocity)),
                    curves: self.curves(points),
                });
            }
        }
        self.figure(3, panels)
    }

    fn correlations(&self) -> Figure {
        let panels = [
            (0, 0, "R_uu", "x"),
            (1, 0, "R_uu", "z"),
            (1, 2, "R_ww", "z"),
        ]
        .map(|(axis, component, label, along)| Panel {
            x: Axis::linear(format!("separation along {along} / h")),
            y: Axis::linear(format!("{label}, y+ = 15")),
            curves: self.curves(|r| {
                let spectra = spectra_along(r, axis)?;
                let j = shown_heights(r)[0];
                let value = |(s, r): (usize, &f64)| (*r, spectra.correlation[[component, j, s]]);
                Some(spectra.separation.iter().enumerate().map(value).collect())
            }),
        });
        self.figure(3, panels.into())
    }

    /// Errors by lead time; the black line is persistence.
    fn errors(&self) -> Figure {
        let quantity = |is_error: bool| {
            let of = |curves: &rheome_statistics::ErrorCurves, time: &[f64]| -> Vec<(f64, f64)> {
                let table = if is_error {
                    &curves.relative_error
                } else {
                    &curves.correlation
                };
                time.iter()
                    .enumerate()
                    .map(|(i, t)| (*t, table[[i, 0]]))
                    .collect()
            };
            let mut curves = self.curves(|r| {
                let lead = r.lead_time.as_ref()?;
                Some(of(&lead.prediction, &lead.lead_time))
            });
            let lead = self.sets.iter().find_map(|r| r.lead_time.as_ref());
            curves.extend(lead.map(|lead| Curve {
                set: 0,
                points: of(&lead.persistence, &lead.lead_time),
                is_scatter: false,
            }));
            curves
        };
        let time = "lead time / (h/u_tau)";
        let mut figure = self.figure(
            2,
            vec![
                Panel {
                    x: Axis::linear(time),
                    y: Axis::logarithmic("relative L2 error"),
                    curves: quantity(true),
                },
                Panel {
                    x: Axis::linear(time),
                    y: Axis::linear("correlation of the fluctuations"),
                    curves: quantity(false),
                },
            ],
        );
        if let Some(first) = figure.names.first_mut() {
            *first = "persistence".into();
        }
        figure
    }

    fn history(&self) -> Figure {
        let viscosity = self
            .course
            .wall_units
            .map_or(1.0, |units| units.viscosity());
        type Pick<'p> = &'p dyn Fn(&HistoryEntry) -> Option<f64>;
        let panel = |label: String, pick: Pick<'_>| Panel {
            x: Axis::linear("time / (h/u_tau)"),
            y: Axis::linear(label),
            curves: self.curves(|r| {
                Some(
                    r.history
                        .iter()
                        .filter_map(|e| Some((e.time, pick(e)?)))
                        .collect(),
                )
            }),
        };
        let unit = &self.velocity;
        let shear = |e: &HistoryEntry| {
            Some(viscosity * 0.5 * (e.wall_shear_rate[0] + e.wall_shear_rate[1]))
        };
        self.figure(
            2,
            vec![
                panel(format!("bulk velocity / {unit}"), &|e| {
                    Some(e.bulk_velocity)
                }),
                panel(format!("wall shear (differences) / {unit}²"), &shear),
                panel(format!("energy of the fluctuations / {unit}²"), &|e| {
                    Some(e.fluctuation_energy)
                }),
                panel(format!("rms divergence / ({unit}/h)"), &|e| {
                    e.divergence.map(|d| d.rms)
                }),
            ],
        )
    }

    fn cost(&self, scores: &[Scores]) -> Figure {
        let point = |(set, s): (usize, &Scores)| {
            let seconds = s.seconds_per_time?;
            s.profile_error.is_finite().then(|| Curve {
                set,
                points: vec![(seconds, 100.0 * s.profile_error)],
                is_scatter: true,
            })
        };
        let curves: Vec<Curve> = scores
            .iter()
            .enumerate()
            .skip(1)
            .filter_map(point)
            .collect();
        let mut figure = self.figure(
            1,
            vec![Panel {
                x: Axis::logarithmic("wall-clock seconds per h/u_tau"),
                y: Axis::linear("error of the profiles / %"),
                curves,
            }],
        );
        figure.names[0] = String::new();
        figure
    }

    /// The streamwise velocity along z against time, near the wall and in the centre.
    fn spacetime(&self, folder: &Path) -> Result<Option<Picture>, Failure> {
        let mut rows = Vec::new();
        for (name, results) in self.names.iter().zip(&self.sets) {
            let Some(slices) = results.slices.as_ref().filter(|s| s.time.len() > 1) else {
                continue;
            };
            let planes = (0..slices.heights.len())
                .map(|height| {
                    let [times, _, nz] = [0, 1, 2].map(|axis| slices.along_z.shape()[axis]);
                    let value = |p: usize| slices.along_z[[p / nz, height, p % nz]];
                    Plane {
                        values: (0..times * nz).map(value).collect(),
                        points: [times, nz],
                        extent: [
                            slices.time[times - 1] - slices.time[0],
                            slices.z.last().copied().unwrap_or(1.0),
                        ],
                    }
                })
                .collect();
            rows.push(SliceRow {
                name: name.clone(),
                planes,
            });
        }
        if rows.is_empty() {
            return Ok(None);
        }
        let path = folder.join("spacetime.png");
        let titles = ["near the wall, y+ = 15", "centre"].map(str::to_owned);
        let units = &self.course.units;
        let axes = [
            PlaneAxis::new("time", &units.time),
            PlaneAxis::new("z", &units.length),
        ];
        let quantity = format!("u / {}", units.velocity);
        draw_slices(&path, &titles, &rows, &quantity, &axes)?;
        let caption =
            "Streamwise velocity along z against time: streaks as they form, wander and break."
                .into();
        Ok(Some(Picture { path, caption }))
    }
}

fn spectra_along(results: &FlowResults, axis: usize) -> Option<&LineSpectra> {
    [results.streamwise.as_ref(), results.spanwise.as_ref()][axis]
}
