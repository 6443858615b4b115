//! Numbers on axes.

/// Labels on a logarithmic axis, at most and at least.
const MOST: usize = 7;
const FEWEST: usize = 2;

/// Places of the labels between `low` and `high` (both positive): powers of ten, their halves and fifths where there are few,
/// evenly spaced numbers where it spans too little for two of these. None where there is no such axis.
pub fn logarithmic(low: f64, high: f64) -> Vec<f64> {
    if !(low > 0.0 && high.is_finite() && low < high) {
        return Vec::new();
    }
    let first = low.log10().floor() as i32;
    let last = high.log10().ceil() as i32;
    let within = |steps: &[f64], every: i32| -> Vec<f64> {
        (first..=last)
            .filter(|power| (power - first) % every == 0)
            .flat_map(|power| steps.iter().map(move |s| s * 10_f64.powi(power)))
            .filter(|v| *v >= low * (1.0 - 1e-9) && *v <= high * (1.0 + 1e-9))
            .collect()
    };
    let candidates = [
        within(&[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 1),
        within(&[1.0, 2.0, 3.0, 5.0, 7.0], 1),
        within(&[1.0, 2.0, 5.0], 1),
        within(&[1.0], 1),
        within(&[1.0], 2),
        within(&[1.0], 4),
    ];
    let few_enough = candidates.into_iter().find(|ticks| ticks.len() <= MOST);
    few_enough
        .filter(|ticks| ticks.len() >= FEWEST)
        .unwrap_or_else(|| even(low, high))
}

/// Two to seven round numbers between `low` and `high`, evenly spaced.
fn even(low: f64, high: f64) -> Vec<f64> {
    // A power of ten below the span, whose multiples are too many, then ever wider steps.
    let unit = 10_f64.powf((high - low).log10().floor() - 1.0);
    let steps = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].map(|step| step * unit);
    let multiples = |step: f64| -> Vec<f64> {
        let (first, last) = ((low / step).ceil(), (high / step).floor());
        let count = (last - first + 1.0).clamp(0.0, 1000.0) as usize;
        (0..count).map(|i| (first + i as f64) * step).collect()
    };
    let mut ticks = steps.into_iter().map(multiples);
    let fitting = ticks.find(|ticks| (FEWEST..=MOST).contains(&ticks.len()));
    fitting.unwrap_or_else(|| vec![low, high])
}

/// A number on an axis: as short as it can be told from its neighbours.
pub fn label(value: &f64) -> String {
    let size = value.abs();
    if size < 1e-12 {
        "0".into()
    } else if !(1e-3..1e5).contains(&size) {
        let of_digits = |decimals: usize| format!("{value:.decimals$e}");
        let is_near = |text: &String| {
            let read: f64 = text.parse().unwrap_or(f64::NAN);
            (read - value).abs() <= 1e-6 * size
        };
        let short = (0..3).map(of_digits).find(is_near);
        short.unwrap_or_else(|| of_digits(2))
    } else {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_axes_are_short() {
        let cases = [
            (0.0, "0"),
            (15.0, "15"),
            (0.25, "0.25"),
            (1e-5, "1e-5"),
            (3e6, "3e6"),
            (1.05e-4, "1.05e-4"),
            (1.23456e7, "1.23e7"),
        ];
        for (value, text) in cases {
            assert_eq!(label(&value), text);
        }
    }

    #[test]
    fn a_logarithmic_axis_has_a_few_labels_whatever_it_spans() {
        assert_eq!(logarithmic(0.5, 200.0).len(), 3);
        for (low, high) in [
            (0.0, 1.0),
            (-2.0, 3.0),
            (f64::NAN, 1.0),
            (1.0, f64::INFINITY),
        ] {
            assert!(logarithmic(low, high).is_empty());
        }
        assert_eq!(logarithmic(2.0, 12.0), [2.0, 3.0, 5.0, 7.0, 10.0]);
        for (low, high) in [
            (0.9, 1.3),
            (0.02, 0.15),
            (1e-9, 1e9),
            (1e-3, 1.0),
            (4.1, 4.2),
            (12.0, 19.0),
            (0.22, 0.39),
            (99.0, 101.0),
        ] {
            let ticks = logarithmic(low, high);
            assert!((2..=7).contains(&ticks.len()), "{low} {high}: {ticks:?}");
        }
    }
}
