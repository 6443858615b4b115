//! Names that columns of times have.
//!
//! A name has to be one as a whole: `min`, `sec_temp`, `week_cases` and `second species` begin with words for times, and are none.

/// Names of times, whatever their case, alone or with a unit of time behind. No `min`, which is a minimum, and no `second`, which is a
/// number.
const TIMES: [&str; 20] = [
    "time",
    "times",
    "timestamp",
    "elapsed",
    "epoch",
    "date",
    "year",
    "years",
    "month",
    "months",
    "week",
    "weeks",
    "day",
    "days",
    "hour",
    "hours",
    "hrs",
    "minute",
    "minutes",
    "seconds",
];
/// Units of time.
const UNITS: [&str; 29] = [
    "ns", "us", "µs", "μs", "ms", "s", "sec", "secs", "second", "seconds", "min", "mins", "minute",
    "minutes", "h", "hr", "hrs", "hour", "hours", "d", "day", "days", "week", "weeks", "month",
    "months", "yr", "year", "years",
];
/// The unit that is something else in a name such as `t_min`, the minimum of t.
const MINIMUM: &str = "min";

/// Whether a name is one of times: `Time`, `Year`, `time (h)`, `t_s`, `T [min]`, `t/s`.
///
/// A single letter has many meanings. `t` has a unit behind it; `T`, which is a temperature more often (`T_s` that of a surface), has it in
/// brackets or behind a stroke, as `min` of `t` has.
pub(super) fn is_of_times(name: &str) -> bool {
    let is_inside = |letter: char| letter.is_alphanumeric();
    let end = name.find(|letter| !is_inside(letter)).unwrap_or(name.len());
    let (word, rest) = name.split_at(end);
    let unit = rest.trim_matches(|letter| !is_inside(letter));
    let has_unit = UNITS.contains(&unit);
    let is_set_apart = rest.contains(['(', '[', '/']);
    match word {
        "t" => has_unit && (is_set_apart || unit != MINIMUM),
        "T" => has_unit && is_set_apart,
        _ => TIMES.contains(&word.to_lowercase().as_str()) && (rest.is_empty() || has_unit),
    }
}

/// Whether a name that is none of times may be meant as one nevertheless.
pub(super) fn could_be_times(name: &str) -> bool {
    name == "T"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_times_is_one_as_a_whole() {
        for name in [
            "Time",
            "TIME",
            "times",
            "Year",
            "days",
            "date",
            "time (s)",
            "Time [h]",
            "time_min",
            "time/ms",
            "t_s",
            "t (min)",
            "t/h",
            "T (s)",
            "T [min]",
            "hours",
            "elapsed (s)",
        ] {
            assert!(is_of_times(name), "{name}");
        }
        for name in [
            "T",
            "T_s",
            "T_min",
            "T (K)",
            "t_min",
            "t_max",
            "t0",
            "min",
            "sec",
            "second",
            "second species",
            "sec_temp",
            "week_cases",
            "timeout",
            "time constant",
            "Year of birth",
            "time_0",
            "",
            "(s)",
            "_t",
            "temperature",
            "Days_since",
            "min (s)",
        ] {
            assert!(!is_of_times(name), "{name}");
        }
    }
}
