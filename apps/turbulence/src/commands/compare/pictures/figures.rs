//! The charts of a comparison.

use rheome_statistics::{ErrorCurves, FlowResults, HistoryEntry, LineSpectra};

use super::Gallery;
use crate::commands::compare::scores::{Scores, nearest_height};
use rheome_figures::units::{over, product, quotient, squared};
use rheome_figures::{Axis, Curve, Figure, Panel};

const COMPONENTS: [&str; 3] = ["u", "v", "w"];

/// The points of a data set, if it has any.
type Points = Option<Vec<(f64, f64)>>;

impl Gallery<'_> {
    fn figure(&self, columns: usize, panels: Vec<Panel>) -> Figure {
        // Only who is drawn is named.
        let is_drawn = |set: usize| panels.iter().flat_map(|p| &p.curves).any(|c| c.set == set);
        let names = self.names.iter().enumerate();
        let names = names.map(|(set, name)| {
            if is_drawn(set) {
                name.clone()
            } else {
                String::new()
            }
        });
        Figure {
            names: names.collect(),
            panels,
            columns,
        }
    }

    /// One curve a data set, of those that have one.
    fn curves(&self, points: impl Fn(&FlowResults) -> Points) -> Vec<Curve> {
        let sets = self.sets.iter().enumerate();
        let sets = sets.filter(|(_, set)| set.snapshots > 0);
        sets.filter_map(|(set, results)| {
            Some(Curve {
                is_outlier: self.outliers[set],
                ..Curve::line(set, points(results)?)
            })
        })
        .collect()
    }

    /// A line over the distance from the wall, up to the centre.
    fn over_wall_distance(
        &self,
        label: String,
        is_logarithmic: bool,
        line: impl Fn(&FlowResults) -> Option<Vec<f64>>,
    ) -> Panel {
        let (label_y, scale) = match self.course.wall_units {
            Some(units) => ("y+".to_owned(), units.length(1.0)),
            None => (over("y", &self.course.units.length), 1.0),
        };
        let points = |results: &FlowResults| {
            let half = results.heights.len().div_ceil(2);
            let heights = results.heights.iter().map(|y| y * scale);
            let points = heights.zip(line(results)?).take(half);
            Some(points.filter(|p| !is_logarithmic || p.0 > 0.5).collect())
        };
        let x = if is_logarithmic {
            Axis::logarithmic(label_y)
        } else {
            Axis::linear(label_y)
        };
        Panel {
            x,
            y: Axis::linear(label),
            curves: self.curves(points),
        }
    }

    pub fn profiles(&self) -> Figure {
        let unit = &self.course.units.velocity;
        let mean = |r: &FlowResults| Some(r.profiles.symmetrized().mean[0].clone());
        let stress = |r: &FlowResults| {
            let profiles = r.profiles.symmetrized();
            Some(profiles.shear_stress.iter().map(|s| -s).collect())
        };
        let mut panels = vec![
            self.over_wall_distance(over("mean u", unit), true, mean),
            self.over_wall_distance(over("mean u", unit), false, mean),
            self.over_wall_distance(over("-<u'v'>", &squared(unit)), false, stress),
        ];
        panels.extend(COMPONENTS.iter().enumerate().map(|(c, component)| {
            let rms = |r: &FlowResults| Some(r.profiles.symmetrized().rms[c].clone());
            self.over_wall_distance(over(&format!("rms {component}"), unit), false, rms)
        }));
        self.figure(3, panels)
    }

    pub fn moments(&self) -> Figure {
        let panel = |name: &str, is_skewness: bool, c: usize| {
            let label = format!("{name} of {}", COMPONENTS[c]);
            self.over_wall_distance(label, false, move |r| {
                let shape = r.profiles.shape.as_ref()?;
                let lines = if is_skewness {
                    &shape.skewness
                } else {
                    &shape.flatness
                };
                // Nothing fluctuates at the wall itself.
                let values = lines[c].iter().enumerate();
                Some(
                    values
                        .map(|(j, v)| if j == 0 { f64::NAN } else { *v })
                        .collect(),
                )
            })
        };
        let skewness = (0..3).map(|c| panel("skewness", true, c));
        let flatness = (0..3).map(|c| panel("flatness", false, c));
        self.figure(3, skewness.chain(flatness).collect())
    }

    pub fn spectra(&self) -> Figure {
        let lines = [(0, 0, "E_uu"), (1, 0, "E_uu"), (1, 1, "E_vv")];
        let places = (0..2).flat_map(|place| lines.map(|line| (place, line)));
        let units = &self.course.units;
        let panels = places.map(|(place, (axis, component, label))| {
            let points = |r: &FlowResults| {
                let spectra = spectra_along(r, axis)?;
                let j = nearest_height(r, self.course.shown_heights[place]);
                // The last wavenumber of an even number of points is left out by the filter.
                let kept = 1..spectra.wavenumber.len().saturating_sub(1);
                let energy = |k: usize| spectra.energy[[component, j, k]];
                Some(kept.map(|k| (spectra.wavenumber[k], energy(k))).collect())
            };
            let unit = product(&squared(&units.velocity), &units.length);
            let energy = over(label, &unit);
            Panel {
                x: Axis::logarithmic(format!("{} · {}", ["k_x", "k_z"][axis], units.length)),
                y: Axis::logarithmic(format!("{energy}, {}", self.height_label(place))),
                curves: self.curves(points),
            }
        });
        self.figure(3, panels.collect())
    }

    pub fn correlations(&self) -> Figure {
        let lines = [
            (0, 0, "R_uu", "x"),
            (1, 0, "R_uu", "z"),
            (1, 2, "R_ww", "z"),
        ];
        let panels = lines.map(|(axis, component, label, along)| Panel {
            x: Axis::linear(over(
                &format!("separation along {along}"),
                &self.course.units.length,
            )),
            y: Axis::linear(format!("{label}, {}", self.height_label(0))),
            curves: self.curves(|r| {
                let spectra = spectra_along(r, axis)?;
                let j = nearest_height(r, self.course.shown_heights[0]);
                let value = |(s, r): (usize, &f64)| (*r, spectra.correlation[[component, j, s]]);
                Some(spectra.separation.iter().enumerate().map(value).collect())
            }),
        });
        self.figure(3, panels.into())
    }

    /// Errors by lead time; the black line is persistence.
    pub fn errors(&self) -> Figure {
        let time = over("lead time", &self.course.units.time);
        let panel = |label: &str, is_error: bool| {
            let of = |curves: &ErrorCurves, time: &[f64]| -> Vec<(f64, f64)> {
                let table = if is_error {
                    &curves.relative_error
                } else {
                    &curves.correlation
                };
                let values = time.iter().enumerate();
                values.map(|(i, t)| (*t, table[[i, 0]])).collect()
            };
            let mut curves = self.curves(|r| {
                let lead = r.lead_time.as_ref()?;
                Some(of(&lead.prediction, &lead.lead_time))
            });
            let lead = self.sets.iter().find_map(|r| r.lead_time.as_ref());
            curves.retain(|curve| curve.set > 0);
            curves.extend(lead.map(|lead| Curve::line(0, of(&lead.persistence, &lead.lead_time))));
            let y = if is_error {
                Axis::logarithmic(label)
            } else {
                Axis::linear(label)
            };
            Panel {
                x: Axis::linear(&time),
                y,
                curves,
            }
        };
        let panels = vec![
            panel("relative L2 error", true),
            panel("correlation of the fluctuations", false),
        ];
        let mut figure = self.figure(2, panels);
        figure.names[0] = "persistence".into();
        figure
    }

    pub fn history(&self) -> Figure {
        let units = &self.course.units;
        let unit = &units.velocity;
        let viscosity = self.course.wall_units.map(|units| units.viscosity());
        let panel = |label: String, pick: &dyn Fn(&HistoryEntry) -> Option<f64>| {
            let mut curves = self.curves(|r| {
                let points = r.history.iter().filter_map(|e| Some((e.time, pick(e)?)));
                Some(points.collect())
            });
            // The truth is of other times.
            curves.retain(|curve| curve.set > 0);
            Panel {
                x: Axis::linear(over("time", &units.time)),
                y: Axis::linear(label),
                curves,
            }
        };
        let shear = |e: &HistoryEntry| {
            Some(viscosity? * 0.5 * (e.wall_shear_rate[0] + e.wall_shear_rate[1]))
        };
        let bulk = |e: &HistoryEntry| Some(e.bulk_velocity);
        let energy = |e: &HistoryEntry| Some(e.fluctuation_energy);
        let divergence = |e: &HistoryEntry| e.divergence.map(|d| d.rms);
        let panels = vec![
            panel(over("bulk velocity", unit), &bulk),
            panel(over("wall shear (differences)", &squared(unit)), &shear),
            panel(over("energy of the fluctuations", &squared(unit)), &energy),
            panel(
                over("rms divergence", &quotient(unit, &units.length)),
                &divergence,
            ),
        ];
        self.figure(2, panels)
    }

    pub fn cost(&self, scores: &[Scores]) -> Figure {
        let point = |(set, s): (usize, &Scores)| {
            let seconds = s.seconds_per_time?;
            let point = (seconds, 100.0 * s.profile_error?);
            point
                .1
                .is_finite()
                .then(|| Curve::scatter(set, vec![point]))
        };
        // The first score is that of the reference trajectory, which was not run.
        let contestants = scores.iter().enumerate().skip(1);
        let panel = Panel {
            x: Axis::logarithmic(format!("wall-clock seconds per {}", self.course.units.time)),
            y: Axis::logarithmic("error of the profiles / %"),
            curves: contestants.filter_map(point).collect(),
        };
        self.figure(1, vec![panel])
    }
}

fn spectra_along(results: &FlowResults, axis: usize) -> Option<&LineSpectra> {
    [results.streamwise.as_ref(), results.spanwise.as_ref()][axis]
}
