//! Numbers on axes.

use std::ops::Range;

use super::Scale;
use super::clip::Span;

/// Labels on an axis, at most and at least.
pub const MOST: usize = 7;
const FEWEST: usize = 2;

/// Places of the labels of an axis.
pub fn of(span: &Span) -> Vec<f64> {
    match span.scale {
        Scale::Linear => even(span.low, span.high),
        Scale::Logarithmic => logarithmic(span.low, span.high),
    }
}

/// Places of the labels between `low` and `high` (both positive): powers of ten, their halves and fifths where there are few,
/// evenly spaced numbers where it spans too little for two of these. None where there is no such axis.
fn logarithmic(low: f64, high: f64) -> Vec<f64> {
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

/// Ticks that are closer to each other than so much of their size are told from a number that they have in common.
const CLOSE: f64 = 2e-5;
/// Digits behind the point, at most.
const DIGITS: usize = 17;

/// How the ticks of an axis are written: as short as each can be told from its neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct Labels {
    /// Subtracted from all of them, if anything is.
    offset: Option<f64>,
    /// How exact they are.
    tolerance: f64,
    /// Which numbers are written without a power of ten.
    plain: Range<f64>,
}

/// Sizes of numbers that are written without a power of ten, and those on an axis where all numbers are of such a size: there they are
/// not mixed.
const PLAIN: Range<f64> = 1e-3..1e5;
const ALL_PLAIN: Range<f64> = 2e-4..1e6;

impl Labels {
    /// Those of ticks in their order.
    pub fn of(ticks: &[f64]) -> Self {
        let pairs = || ticks.windows(2).map(|pair| (pair[0], pair[1]));
        let distances = pairs().map(|(a, b)| (b - a).abs());
        let distance = distances.reduce(f64::min).unwrap_or(0.0);
        let size = |(a, b): (f64, f64)| a.abs().max(b.abs());
        let is_close = pairs().any(|(a, b)| (b - a).abs() < CLOSE * size((a, b)));
        let first = ticks.first().filter(|_| is_close && distance > 0.0);
        // The first of a logarithmic axis is less than what lies between it and the next.
        let sizes = ticks.iter().map(|tick| tick.abs()).filter(|t| *t > 0.0);
        let least = sizes.chain([distance]).reduce(f64::min);
        let offset = first.map(|first| round_below(*first, distance));
        let left = ticks
            .iter()
            .map(|tick| (tick - offset.unwrap_or(0.0)).abs());
        let are_plain = left
            .filter(|size| *size > 0.0)
            .all(|size| ALL_PLAIN.contains(&size));
        Self {
            offset,
            tolerance: 1e-3 * least.unwrap_or(0.0),
            plain: if are_plain { ALL_PLAIN } else { PLAIN },
        }
    }

    /// A number on the axis.
    pub fn label(&self, value: f64) -> String {
        number(
            value - self.offset.unwrap_or(0.0),
            self.tolerance,
            &self.plain,
        )
    }

    /// The label of the axis: what is subtracted is told there.
    pub fn quantity(&self, label: &str) -> String {
        match self.offset {
            None => label.to_owned(),
            Some(offset) => {
                let sign = if offset < 0.0 { '+' } else { '-' };
                format!(
                    "{label} {sign} {}",
                    number(offset.abs(), self.tolerance, &PLAIN)
                )
            }
        }
    }
}

/// A round number a little below `value`, seen from `distance`.
fn round_below(value: f64, distance: f64) -> f64 {
    let step = 10_f64.powf(distance.log10().ceil() + 1.0);
    (value / step).floor() * step
}

/// The ends of a range, with digits enough to see how far they are apart.
pub fn ends(low: f64, high: f64) -> [String; 2] {
    [low, high].map(|end| number(end, 5e-3 * (high - low).abs(), &PLAIN))
}

/// The shortest number that is no farther from `value` than `tolerance`, without a power of ten if its size is `plain`.
fn number(value: f64, tolerance: f64, plain: &Range<f64>) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    // Numbers know themselves no better than this.
    let tolerance = tolerance.max(1e-14 * value.abs());
    if value.abs() <= tolerance {
        return "0".to_owned();
    }
    let is_plain = plain.contains(&value.abs());
    let of_digits = |digits: usize| match is_plain {
        true => format!("{value:.digits$}"),
        false => format!("{value:.digits$e}"),
    };
    let is_near = |text: &String| {
        let read: f64 = text.parse().unwrap_or(f64::NAN);
        (read - value).abs() <= tolerance
    };
    let found = (0..DIGITS).map(of_digits).find(is_near);
    found.unwrap_or_else(|| of_digits(DIGITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[f64]) -> (Vec<String>, String) {
        let labels = Labels::of(ticks);
        let texts = ticks.iter().map(|tick| labels.label(*tick));
        (texts.collect(), labels.quantity("t"))
    }

    #[test]
    fn numbers_on_axes_are_short() {
        let cases: [(&[f64], &[&str], &str); 10] = [
            (&[-0.0, 15.0], &["0", "15"], "t"),
            (&[-0.25, 0.0, 0.25], &["-0.25", "0", "0.25"], "t"),
            (&[1e-5, 1e-3, 1e-1], &["1e-5", "0.001", "0.1"], "t"),
            (&[1e-9, 1e-5, 1.0, 3e6], &["1e-9", "1e-5", "1", "3e6"], "t"),
            (&[0.0, 5e-4, 1e-3], &["0", "0.0005", "0.001"], "t"),
            (&[1e-4, 1.05e-4], &["1e-4", "1.05e-4"], "t"),
            (&[1e-13, 2e-13, 3e-13], &["1e-13", "2e-13", "3e-13"], "t"),
            (
                &[99_700.0, 1e5, 100_300.0],
                &["99700", "100000", "100300"],
                "t",
            ),
            (
                &[1.7e9, 1.7e9 + 20.0, 1.7e9 + 40.0],
                &["0", "20", "40"],
                "t - 1.7e9",
            ),
            (&[-1.7e9, 0.01 - 1.7e9], &["0", "0.01"], "t + 1.7e9"),
        ];
        for (ticks, texts, quantity) in cases {
            let (found, label) = labels(ticks);
            assert_eq!(
                (found, label.as_str()),
                (texts.iter().map(|t| (*t).to_owned()).collect(), quantity)
            );
        }
    }

    #[test]
    fn no_two_labels_of_an_axis_are_the_same() {
        let spans = [
            (1.7e9, 1e-3),
            (1.7e9, 6e4),
            (0.0, 3e-13),
            (-2e-5, 5e-5),
            (1e-40, 1e-39),
            (0.3, 1e-9),
            (7e300, 1e300),
        ];
        for (low, length) in spans {
            let ticks = even(low, low + length);
            let (mut texts, label) = labels(&ticks);
            assert!(
                (2..=MOST).contains(&texts.len()),
                "{low} {length}: {texts:?}"
            );
            assert!(
                texts.iter().all(|text| text.len() <= 8),
                "{texts:?} {label}"
            );
            texts.dedup();
            assert_eq!(texts.len(), ticks.len(), "{texts:?}");
        }
    }

    #[test]
    fn the_ends_of_a_range_are_told_apart() {
        for ((low, high), texts) in [
            ((-0.01, 19.66), ["0", "19.7"]),
            ((0.0, 0.001), ["0", "0.001"]),
            ((1e-5, 3.456e-5), ["1e-5", "3.46e-5"]),
            ((-0.1, 0.1), ["-0.1", "0.1"]),
            ((f64::NAN, f64::NAN), ["NaN", "NaN"]),
        ] {
            assert_eq!(ends(low, high), texts);
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
