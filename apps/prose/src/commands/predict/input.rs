//! The series: what is shown to the network, in which units, and what is held back to judge by.

use std::path::Path;

use ndarray::Array2;
use rheome_cli::Failure;
use rheome_equations::{DataFile, Scaling, Series, is_data_file};

use crate::arguments::{Resampling, SeriesOptions};
use crate::trained_model::TrainedModel;

/// A series is shown in its own units of time if it is at most so many times longer or shorter than those of the training.
const SAME_DURATION: f64 = 2.0;
/// A series is shown in its own units if its largest value lies between these, as those of the published families do.
const USUAL_VALUES: [f64; 2] = [0.1, 100.0];
/// What the largest value becomes otherwise.
const SCALED_VALUE: f64 = 10.0;

/// A series to continue.
pub struct Input {
    /// The points that are used.
    pub series: Series,
    /// Those behind them, if there are two or more.
    pub held_back: Option<Series>,
    /// How many points are behind them.
    pub left_out: usize,
    /// The units of the network.
    pub scaling: Scaling,
    /// The points that the network sees, in its units.
    pub window: Series,
    /// The points that are used, in the network's units.
    pub scaled: Series,
    /// Why the network is not asked, where that is so.
    pub beyond_network: Option<String>,
}

impl Input {
    /// Reads a series and prepares it for a model. With an equation that can be fitted without the network, it may have more
    /// components than that takes.
    ///
    /// # Errors
    /// [`Failure`] naming the file or the option at fault.
    pub fn read(
        options: &SeriesOptions,
        trained: &TrainedModel,
        has_equation: bool,
    ) -> Result<Self, Failure> {
        let (mut whole, is_sample) = read(options)?;
        if let Some(components) = &options.components {
            let names: Vec<&str> = components.iter().map(|name| name.trim()).collect();
            let chosen = whole.select(&names);
            whole = chosen.map_err(|e| Failure::new(format!("--components: {e}")))?;
        }
        let beyond_network = beyond_network(&whole, trained);
        if let Some(reason) = beyond_network.as_ref().filter(|_| !has_equation) {
            return Err(Failure::new(format!(
                "{}: {reason}; choose some with --components, or give an equation to fit without the network, with C for each \
                 number that is not known, with --equation",
                options.input
            )));
        }
        let points = match options.points {
            Some(points) if points > whole.points() => {
                return Err(Failure::new(format!(
                    "--points {points}: {} has {} points",
                    options.input,
                    whole.points()
                )));
            }
            Some(points) => points,
            None if is_sample => trained.input_points().min(whole.points()),
            None => whole.points(),
        };
        let series = whole.beginning(points);
        let rest: Vec<usize> = (series.points()..whole.points()).collect();
        let held_back = whole.points_at(&rest).ok();
        let scaling = scaling(&series, options, trained);
        let scaled = scaling.of_series(&series)?;
        let window = resampled(&scaled, options.resample, trained.input_points())?;
        Ok(Self {
            series,
            held_back,
            left_out: rest.len(),
            scaling,
            window,
            scaled,
            beyond_network,
        })
    }

    /// States of the network in the units of the series.
    pub fn in_series_units(&self, states: Array2<f64>) -> Array2<f64> {
        states / self.scaling.value
    }
}

/// The series, and whether it is one of many in a file of `prose generate`.
fn read(options: &SeriesOptions) -> Result<(Series, bool), Failure> {
    let path = Path::new(&options.input);
    if options.time_column.is_some() && is_data_file(path) {
        return Err(Failure::new(format!(
            "--time-column: {} is a file of `prose generate`, which has its times; leave the option out",
            options.input
        )));
    }
    match (options.sample, is_data_file(path)) {
        (Some(sample), true) => Ok((DataFile::open(path)?.series(sample)?, true)),
        (None, true) => Err(Failure::new(format!(
            "{}: a file of `prose generate` with {} trajectories; choose one with --sample",
            options.input,
            DataFile::open(path)?.samples()
        ))),
        (Some(_), false) if path.exists() => Err(Failure::new(format!(
            "--sample: {} is no file of `prose generate`; leave the option out",
            options.input
        ))),
        _ => {
            let series = Series::read_timed(&options.input, options.time_column.as_deref());
            Ok((series?, false))
        }
    }
}

/// Why the network cannot take a series.
fn beyond_network(series: &Series, trained: &TrainedModel) -> Option<String> {
    let most = trained.words.dimension();
    (series.dimension() > most).then(|| {
        format!(
            "found {} components ({}), expected at most {most}, those of the model",
            series.dimension(),
            series.names().join(", ")
        )
    })
}

/// The units of the network.
fn scaling(series: &Series, options: &SeriesOptions, trained: &TrainedModel) -> Scaling {
    let times = series.times();
    let duration = times[times.len() - 1] - times[0];
    let usual = trained.input_duration();
    let is_usual = (usual / SAME_DURATION..=usual * SAME_DURATION).contains(&duration);
    let time = if is_usual || usual <= 0.0 {
        1.0
    } else {
        usual / duration
    };
    let largest = series.states().iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    let is_usual = (USUAL_VALUES[0]..=USUAL_VALUES[1]).contains(&largest) || largest == 0.0;
    let value = if is_usual {
        1.0
    } else {
        SCALED_VALUE / largest
    };
    Scaling {
        origin: times[0],
        time: options.time_scale.unwrap_or(time),
        value: options.value_scale.unwrap_or(value),
    }
}

fn resampled(series: &Series, how: Resampling, points: usize) -> Result<Series, Failure> {
    let points = points.max(2);
    match how {
        Resampling::Even => interpolated(series, points),
        Resampling::Thin if series.points() > points => {
            let last = series.points() - 1;
            let chosen = (0..points).map(|point| point * last / (points - 1));
            Ok(series.points_at(&chosen.collect::<Vec<_>>())?)
        }
        _ => Ok(series.clone()),
    }
}

/// Straight lines between the points, read at evenly spaced times.
fn interpolated(series: &Series, points: usize) -> Result<Series, Failure> {
    let (times, states) = (series.times(), series.states());
    let (first, last) = (times[0], times[times.len() - 1]);
    let mut values = Array2::zeros((points, series.dimension()));
    let mut even = Vec::with_capacity(points);
    for (point, mut row) in values.rows_mut().into_iter().enumerate() {
        let part = point as f64 / (points - 1) as f64;
        let time = first * (1.0 - part) + last * part;
        let right = times
            .partition_point(|t| *t < time)
            .clamp(1, times.len() - 1);
        let (a, b) = (times[right - 1], times[right]);
        let weight = ((time - a) / (b - a)).clamp(0.0, 1.0);
        let between = &states.row(right - 1) * (1.0 - weight) + &states.row(right) * weight;
        row.assign(&between);
        even.push(time);
    }
    Ok(Series::named(even, values, series.names().to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    fn line(points: usize) -> Series {
        let times = (0..points).map(|t| t as f64);
        let states = Array2::from_shape_fn((points, 1), |(t, _)| 2.0 * t as f64);
        Series::new(times.collect(), states).unwrap()
    }

    #[test]
    fn long_series_are_thinned_from_end_to_end() {
        let thin = resampled(&line(101), Resampling::Thin, 5).unwrap();
        assert_eq!(thin.times(), [0.0, 25.0, 50.0, 75.0, 100.0]);
        assert_eq!(resampled(&line(4), Resampling::Thin, 5).unwrap(), line(4));
        assert_eq!(
            resampled(&line(101), Resampling::All, 5).unwrap(),
            line(101)
        );
    }

    #[test]
    fn lines_between_the_points_are_read_evenly() {
        let series = Series::new(vec![0.0, 1.0, 4.0], arr2(&[[0.0], [2.0], [8.0]])).unwrap();
        let even = resampled(&series, Resampling::Even, 9).unwrap();
        assert_eq!(even.points(), 9);
        for (time, state) in even.times().iter().zip(even.states()) {
            assert!((state - 2.0 * time).abs() < 1e-12);
        }
    }
}
