//! A series without its noise: local parabolas through so many neighbours as predict left-out points best.

use ndarray::ArrayView1;

use crate::series::Series;

/// Neighbours on each side that are tried.
const HALF_WIDTHS: [usize; 6] = [2, 3, 4, 6, 8, 12];

/// The series by local regression, each component with neighbours of its own number; as it is where it is too short.
pub fn smoothed(series: &Series) -> Series {
    let states = series.states();
    let mut smooth = states.clone();
    for (column, mut place) in states.columns().into_iter().zip(smooth.columns_mut()) {
        let tried = HALF_WIDTHS
            .iter()
            .filter(|half| 2 * *half < series.points())
            .filter_map(|half| regression(series.times(), column, *half));
        let best = tried.min_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((values, _)) = best {
            place.assign(&ArrayView1::from(&values));
        }
    }
    series.with_states(smooth)
}

/// Values of local parabolas at the points, and the mean square by which they miss a point that is left out.
fn regression(times: &[f64], values: ArrayView1<f64>, half: usize) -> Option<(Vec<f64>, f64)> {
    let points = times.len();
    let (mut smooth, mut missed) = (Vec::with_capacity(points), 0.0);
    for point in 0..points {
        let first = point.saturating_sub(half).min(points - 1 - 2 * half);
        let window = first..first + 2 * half + 1;
        let weights = parabola(&times[window.clone()], times[point])?;
        let value: f64 = weights
            .iter()
            .zip(window.clone())
            .map(|(w, p)| w * values[p])
            .sum();
        let own = weights[point - first];
        missed += ((values[point] - value) / (1.0 - own).max(1e-6)).powi(2);
        smooth.push(value);
    }
    let missed = missed / points as f64;
    missed.is_finite().then_some((smooth, missed))
}

/// The weights with which values at `times` make the value at `time` of the parabola of weighted least squares through them.
fn parabola(times: &[f64], time: f64) -> Option<Vec<f64>> {
    let reach = times
        .iter()
        .fold(0.0_f64, |reach, t| reach.max((t - time).abs()));
    // The furthest keep a little weight: five points make more than a parabola.
    let reach = 1.1 * reach;
    let rows: Vec<(f64, f64)> = times
        .iter()
        .map(|t| {
            let s = (t - time) / reach;
            ((1.0 - s.abs().powi(3)).powi(3), s)
        })
        .collect();
    // The normal equations of 1, s, s^2 at s = 0.
    let sum = |power: i32| rows.iter().map(|(w, s)| w * s.powi(power)).sum::<f64>();
    let m: [f64; 5] = std::array::from_fn(|power| sum(power as i32));
    let matrix = nalgebra::Matrix3::new(m[0], m[1], m[2], m[1], m[2], m[3], m[2], m[3], m[4]);
    let inverse = matrix.try_inverse()?;
    let row = [inverse[(0, 0)], inverse[(0, 1)], inverse[(0, 2)]];
    let weight = |&(w, s): &(f64, f64)| w * (row[0] + row[1] * s + row[2] * s * s);
    Some(rows.iter().map(weight).collect())
}

/// Evenly chosen points of a series, at most so many.
pub fn thinned(series: &Series, points: usize) -> Series {
    if series.points() <= points {
        return series.clone();
    }
    let last = series.points() - 1;
    let chosen: Vec<usize> = (0..points)
        .map(|point| point * last / (points - 1))
        .collect();
    series.points_at(&chosen).unwrap_or_else(|_| series.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verification::relative_l2;
    use ndarray::Array2;

    fn taken_away(series: &Series, smooth: &Series) -> f64 {
        relative_l2(smooth.states(), series.states())
    }

    fn series(points: usize, value: impl Fn(f64, usize) -> f64) -> Series {
        let times: Vec<f64> = (0..points).map(|p| 0.1 * p as f64).collect();
        let states = Array2::from_shape_fn((points, 1), |(p, _)| value(times[p], p));
        Series::new(times, states).unwrap()
    }

    #[test]
    fn parabolas_stay_and_noise_goes() {
        let parabola = series(30, |t, _| 1.0 - 2.0 * t + 3.0 * t * t);
        assert!(taken_away(&parabola, &smoothed(&parabola)) < 1e-12);
        let noise = |p: usize| 0.1 * ((7 * p * p + 3 * p) % 11) as f64 / 5.0 - 0.1;
        let clean = series(200, |t, _| t.sin());
        let noisy = series(200, |t, p| t.sin() + noise(p));
        let before = taken_away(&noisy, &clean);
        let after = taken_away(&smoothed(&noisy), &clean);
        assert!(after < 0.5 * before, "{before} {after}");
    }

    #[test]
    fn short_series_stay() {
        let short = series(4, |_, p| [1.0, 5.0, 2.0, 7.0][p]);
        assert_eq!(smoothed(&short), short);
    }
}
