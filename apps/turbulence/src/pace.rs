//! The step of an operator in snapshots of a file: the two need not be the same.

use rheome_cli::Failure;
use rheome_fields::{FieldReader, mean_spacing};

use crate::model_folder::LoadedModel;
use crate::trained_flow::other_unit;

/// How far numbers that should be the same may be apart, relatively.
pub const TOLERANCE: f64 = 1e-3;

/// Significant digits of a time that rounding leaves as they are.
const DIGITS: i32 = 12;

/// Whether two numbers are the same within [`TOLERANCE`].
pub fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= TOLERANCE * a.abs().max(b.abs())
}

/// How many snapshots, `spacing` apart, a step of `time_step` is; none if it is no whole number of them.
pub fn stride_of(time_step: f64, spacing: f64) -> Option<usize> {
    let stride = (time_step / spacing).round();
    let is_counted = (1.0..=f64::from(u32::MAX)).contains(&stride);
    (is_counted && is_same(time_step, stride * spacing)).then_some(stride as usize)
}

/// `a + b` without the digits that are rounding errors: 2 + 0.2 is 2.2.
pub fn rounded_sum(a: f64, b: f64) -> f64 {
    let largest = a.abs().max(b.abs()).max(f64::MIN_POSITIVE);
    let digits = DIGITS - largest.log10().ceil() as i32;
    // Powers of ten are exact up to this one.
    let scale = 10.0_f64.powi(digits.clamp(0, 22));
    ((a + b) * scale).round() / scale
}

/// `count` snapshots up to the number `index` of a trajectory, `stride` apart, oldest first: `[count, x, y, z, component]`.
///
/// # Errors
/// [`Failure`] if there are not so many before, or they cannot be read.
pub fn window(
    reader: &dyn FieldReader,
    trajectory: usize,
    index: usize,
    (count, stride): (usize, usize),
) -> Result<Vec<f32>, Failure> {
    let span = (count - 1) * stride;
    let Some(first) = index.checked_sub(span) else {
        return Err(Failure::new(format!(
            "--index {index}: a model needs {count} snapshot(s) up to it, {stride} apart, so it is at least {span}"
        )));
    };
    let length = reader.shape().snapshot_len();
    let mut window = vec![0.0; count * length];
    for (i, snapshot) in window.chunks_mut(length).enumerate() {
        reader.read(trajectory, first + i * stride, snapshot)?;
    }
    Ok(window)
}

/// How a model steps through the snapshots of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Snapshots of the file that a step is; none if it is no whole number of them.
    pub stride: Option<usize>,
    /// Time between two snapshots of the file.
    pub spacing: f64,
    /// Time of a step.
    pub time_step: f64,
    /// Whether anything tells these times: 1 stands for a snapshot otherwise.
    pub is_told: bool,
    /// Whether the file tells the times of its snapshots, in the model's unit as far as both tell theirs.
    pub is_timed: bool,
}

impl Pace {
    /// What the file and the model tell, each where the other does not.
    pub fn of(reader: &dyn FieldReader, trajectory: usize, loaded: &LoadedModel) -> Self {
        let other = other_unit(reader.header(), &loaded.flow, "time_units");
        let times = reader.times().filter(|_| other.is_none());
        let complete = times.map(|times| &times[..reader.completed(trajectory).min(times.len())]);
        // Times that do not rise tell no step.
        let spacing = complete.and_then(mean_spacing).filter(|s| *s > 0.0);
        Self {
            is_timed: times.is_some(),
            ..Self::from_times(spacing, loaded.time_step, loaded.stride)
        }
    }

    fn from_times(spacing: Option<f64>, time_step: Option<f64>, stride: usize) -> Self {
        let known = stride as f64;
        let (stride, spacing_or, time_step_or) = match (spacing, time_step) {
            (Some(spacing), Some(step)) => (stride_of(step, spacing), spacing, step),
            (Some(spacing), None) => (Some(stride), spacing, spacing * known),
            (None, Some(step)) => (Some(stride), step / known, step),
            (None, None) => (Some(stride), 1.0, known),
        };
        Self {
            stride,
            spacing: rounded_sum(spacing_or, 0.0),
            time_step: rounded_sum(time_step_or, 0.0),
            is_told: spacing.or(time_step).is_some(),
            is_timed: spacing.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_a_whole_number_of_snapshots_or_none() {
        assert_eq!(stride_of(0.2, 0.05), Some(4));
        assert_eq!(stride_of(0.2, 0.2 + 1e-9), Some(1));
        assert_eq!(stride_of(0.2, 0.3), None);
        assert_eq!(stride_of(0.05, 0.2), None);
        for (time_step, spacing) in [(1e300, 0.05), (0.2, 0.0), (0.2, 1e-300), (0.0, 0.2)] {
            assert_eq!(stride_of(time_step, spacing), None, "{time_step} {spacing}");
        }
    }

    #[test]
    fn what_is_told_by_one_side_is_taken_from_it() {
        let pace = |spacing, step, stride| {
            let pace = Pace::from_times(spacing, step, stride);
            let told = (pace.is_told, pace.is_timed);
            (pace.stride, pace.spacing, pace.time_step, told)
        };
        let both = (true, true);
        assert_eq!(
            pace(Some(0.1), Some(0.2), 4),
            (Some(2), 0.1, 0.2, both),
            "a file as it is, not as the data of the training were"
        );
        assert_eq!(pace(Some(0.3), Some(0.2), 4), (None, 0.3, 0.2, both));
        assert_eq!(pace(Some(0.1), None, 3), (Some(3), 0.1, 0.3, both));
        let by_the_model = (true, false);
        assert_eq!(pace(None, Some(0.2), 4), (Some(4), 0.05, 0.2, by_the_model));
        assert_eq!(pace(None, None, 4), (Some(4), 1.0, 4.0, (false, false)));
    }

    #[test]
    fn sums_of_times_have_no_rounding_errors() {
        assert_eq!(rounded_sum(8.0, 7.0 * 0.2), 9.4);
        assert_eq!(rounded_sum(0.0, 0.1 * 3.0), 0.3);
        assert_eq!(rounded_sum(1e6, 0.05), 1_000_000.05);
        assert_eq!(rounded_sum(0.0, 0.0), 0.0);
        assert_eq!(rounded_sum(8.05, -8.0), 0.05);
    }
}
