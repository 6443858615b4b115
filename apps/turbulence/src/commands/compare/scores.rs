//! The referee's numbers: how far each contestant is from the truth, and what it cost.

use rheome_statistics::{FlowResults, LineSpectra};
use serde::Serialize;

use super::Entry;
use super::course::Course;
use crate::pace::is_same;

/// Numbers of one contestant. Errors of profiles are relative L2 norms over y against the truth.
#[derive(Debug, Clone, Serialize)]
pub struct Scores {
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Trained numbers of an operator.
    pub parameters: Option<usize>,
    /// Steps of the reference that it covered.
    pub steps: u64,
    /// Why it ended before the last step.
    pub stopped: Option<String>,
    /// Bulk velocity over that of the truth, minus 1.
    pub bulk_velocity_error: f64,
    /// Of the mean velocity.
    pub mean_error: f64,
    /// Of the rms of u, v, w.
    pub rms_error: [f64; 3],
    /// Of the Reynolds shear stress.
    pub stress_error: f64,
    /// Mean of the five errors above: what the ranking goes by.
    pub profile_error: f64,
    /// Mean distance of the energy spectra of u along x and z near the wall and in the centre, in decades.
    pub spectrum_error: Option<f64>,
    /// Relative L2 error of the velocity after one step of its own.
    pub first_step_error: Option<f64>,
    /// Lead time at which the fluctuations' correlation with the reference falls below one half.
    pub decorrelation_time: Option<f64>,
    /// Wall-clock seconds for one unit of physical time.
    pub seconds_per_time: Option<f64>,
}

impl Scores {
    /// The numbers of `entry`; NaN where it left no statistics.
    pub fn of(entry: &Entry, course: &Course) -> Self {
        let (own, truth) = (&entry.results, &course.truth.results);
        let error = |pick: &dyn Fn(&FlowResults) -> &[f64]| {
            profile_error(own, pick(own), truth, pick(truth))
        };
        let mean_error = error(&|r| &r.profiles.mean[0]);
        let rms_error = [0, 1, 2].map(|c| error(&move |r: &FlowResults| &r.profiles.rms[c]));
        let stress_error = error(&|r| &r.profiles.shear_stress);
        let all = [
            mean_error,
            rms_error[0],
            rms_error[1],
            rms_error[2],
            stress_error,
        ];
        let lead = entry.results.lead_time.as_ref();
        Self {
            name: entry.name.clone(),
            description: entry.description.clone(),
            parameters: entry.parameters,
            steps: entry.steps,
            stopped: entry.stopped.clone(),
            bulk_velocity_error: own.bulk_velocity() / truth.bulk_velocity() - 1.0,
            mean_error,
            rms_error,
            stress_error,
            profile_error: all.iter().sum::<f64>() / all.len() as f64,
            spectrum_error: spectrum_error(own, truth, course.shown_heights),
            first_step_error: lead.map(|l| l.prediction.relative_error[[0, 0]]),
            decorrelation_time: lead.and_then(|l| l.prediction.decorrelation_time),
            seconds_per_time: entry.seconds_per_time,
        }
    }
}

/// |a - b| / |b| over y by the trapezoidal rule on the heights of `a`, `b` interpolated to them; NaN without snapshots.
fn profile_error(own: &FlowResults, a: &[f64], truth: &FlowResults, b: &[f64]) -> f64 {
    if own.snapshots == 0 {
        return f64::NAN;
    }
    let y = &own.heights;
    let b: Vec<f64> = y
        .iter()
        .map(|y| interpolate(&truth.heights, b, *y))
        .collect();
    let norm = |f: &dyn Fn(usize) -> f64| -> f64 {
        (1..y.len())
            .map(|j| 0.5 * (y[j] - y[j - 1]) * (f(j).powi(2) + f(j - 1).powi(2)))
            .sum::<f64>()
            .sqrt()
    };
    norm(&|j| a[j] - b[j]) / norm(&|j| b[j])
}

/// Linear between the points, constant beyond them.
pub fn interpolate(x: &[f64], values: &[f64], at: f64) -> f64 {
    let right = x.partition_point(|x| *x < at);
    if right == 0 || right == x.len() {
        return values[right.min(x.len() - 1)];
    }
    let part = (at - x[right - 1]) / (x[right] - x[right - 1]);
    values[right - 1] + part * (values[right] - values[right - 1])
}

/// Index of the height that is nearest to `height`.
pub fn nearest_height(results: &FlowResults, height: f64) -> usize {
    let distance = |j: &usize| (results.heights[*j] - height).abs();
    let all = 0..results.heights.len();
    all.min_by(|a, b| distance(a).total_cmp(&distance(b)))
        .unwrap_or(0)
}

/// Mean of |log10(E / E_truth)| of u at `heights`, over the wavenumbers that both have, behind the mean.
fn spectrum_error(own: &FlowResults, truth: &FlowResults, heights: [f64; 2]) -> Option<f64> {
    let pairs = [
        (own.streamwise.as_ref()?, truth.streamwise.as_ref()?),
        (own.spanwise.as_ref()?, truth.spanwise.as_ref()?),
    ];
    let mut distances = Vec::new();
    for height in heights {
        let (j, i) = (nearest_height(own, height), nearest_height(truth, height));
        for (a, b) in pairs {
            distances.extend(spectral_distances((a, j), (b, i)));
        }
    }
    let count = distances.len();
    (count > 0).then(|| distances.iter().sum::<f64>() / count as f64)
}

fn spectral_distances((a, j): (&LineSpectra, usize), (b, i): (&LineSpectra, usize)) -> Vec<f64> {
    // The last wavenumber of an even number of points is left out by the filter.
    let kept = |spectra: &LineSpectra| 1..spectra.wavenumber.len().saturating_sub(1);
    let partner = |k: usize| kept(b).find(|m| is_same(a.wavenumber[k], b.wavenumber[*m]));
    kept(a)
        .filter_map(|k| Some((a.energy[[0, j, k]], b.energy[[0, i, partner(k)?]])))
        .filter(|(a, b)| *a > 0.0 && *b > 0.0)
        .map(|(a, b)| (a / b).log10().abs())
        .collect()
}

/// Best first: those that made all steps before those that did not, by the error of the profiles.
pub fn ranked(scores: &[Scores]) -> Vec<&Scores> {
    let mut order: Vec<&Scores> = scores.iter().collect();
    order.sort_by(|a, b| {
        let key = |s: &Scores| (s.stopped.is_some(), s.profile_error.is_nan());
        key(a)
            .cmp(&key(b))
            .then(a.profile_error.total_cmp(&b.profile_error))
    });
    order
}
