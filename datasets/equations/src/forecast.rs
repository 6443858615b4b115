//! Forecasts that need no network: what one has to beat.

use ndarray::{Array3, Axis, s};

use crate::batch::Batch;

/// Points of the input, counted from its end, through which [`Batch::straight_on`] lays its lines: enough for noise of a few per
/// cent to average out.
pub const LINE_POINTS: usize = 8;

impl Batch {
    /// The forecast that nothing changes: the last state of the input, noise and all, at every time asked for, `[batch, queries,
    /// dimension]`.
    pub fn persistence(&self) -> Array3<f32> {
        let last = self.input.slice(s![.., -1, 1..]);
        Array3::from_shape_fn(self.labels.dim(), |(row, _, component)| {
            last[[row, component]]
        })
    }

    /// The forecast that everything goes straight on: the line of least squares through the last [`LINE_POINTS`] points of each
    /// component, `[batch, queries, dimension]`.
    pub fn straight_on(&self) -> Array3<f32> {
        let points = self.input.dim().1;
        let used = self
            .input
            .slice(s![.., points.saturating_sub(LINE_POINTS).., ..]);
        let mut forecast = Array3::zeros(self.labels.dim());
        for (window, mut rows) in used.outer_iter().zip(forecast.outer_iter_mut()) {
            let times = window.index_axis(Axis(1), 0);
            let lines: Vec<Line> = window
                .axis_iter(Axis(1))
                .skip(1)
                .map(|values| Line::through(times.iter().zip(values)))
                .collect();
            for (time, mut row) in self.times.iter().zip(rows.rows_mut()) {
                for (place, line) in row.iter_mut().zip(&lines) {
                    *place = line.at(*time);
                }
            }
        }
        forecast
    }
}

/// A line of least squares.
struct Line {
    mean_time: f64,
    mean: f64,
    slope: f64,
}

impl Line {
    fn through<'a>(points: impl Iterator<Item = (&'a f32, &'a f32)> + Clone) -> Self {
        let points = points.map(|(t, u)| (f64::from(*t), f64::from(*u)));
        let count = points.clone().count().max(1) as f64;
        let (sum_time, sum) = points
            .clone()
            .fold((0.0, 0.0), |(t, u), (time, value)| (t + time, u + value));
        let (mean_time, mean) = (sum_time / count, sum / count);
        let (mut product, mut square) = (0.0, 0.0);
        for (time, value) in points {
            product += (time - mean_time) * (value - mean);
            square += (time - mean_time).powi(2);
        }
        Self {
            mean_time,
            mean,
            slope: if square > 0.0 { product / square } else { 0.0 },
        }
    }

    fn at(&self, time: f32) -> f32 {
        (self.mean + self.slope * (f64::from(time) - self.mean_time)) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    /// Two components that go straight: 1 + 2 t and -3 t, 12 points up to 1.1, asked for 2 and 3.
    fn batch() -> Batch {
        let line = |t: f32| [1.0 + 2.0 * t, -3.0 * t];
        let input = Array3::from_shape_fn((1, 12, 3), |(_, point, column)| {
            let t = point as f32 / 10.0;
            [t, line(t)[0], line(t)[1]][column]
        });
        let times = vec![2.0, 3.0];
        Batch {
            samples: vec![0],
            labels: Array3::from_shape_fn((1, 2, 2), |(_, query, c)| line(times[query])[c]),
            times,
            input,
            dimensions: vec![2],
            symbols: Array2::zeros((1, 1)),
            symbol_lengths: vec![1],
            targets: Array2::zeros((1, 2)),
            target_lengths: vec![2],
        }
    }

    #[test]
    fn what_goes_straight_is_foretold() {
        let batch = batch();
        for (found, expected) in batch.straight_on().iter().zip(&batch.labels) {
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
        let mut noisy = batch;
        noisy.input[[0, 11, 1]] += 0.1;
        // One point of eight is off at the end of the line: the slope rises by 0.1 * 0.35 / 0.42.
        let slope = 2.0 + 0.1 * 0.35 / 0.42;
        let found = noisy.straight_on();
        let rise = found[[0, 1, 0]] - found[[0, 0, 0]];
        assert!((rise - slope).abs() < 1e-3, "{rise}");
    }

    #[test]
    fn persistence_is_the_last_state() {
        let found = batch().persistence();
        for query in 0..2 {
            assert!((found[[0, query, 0]] - 3.2).abs() < 1e-6);
            assert!((found[[0, query, 1]] + 3.3).abs() < 1e-6);
        }
    }
}
