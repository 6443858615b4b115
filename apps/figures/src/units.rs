//! Units in labels. The unit `1` is none: it is left out.

/// A quantity over its unit, as an axis is labelled: `u / u_tau`, `time / (h/u_tau)`, or `u` alone.
pub fn over(quantity: &str, unit: &str) -> String {
    match unit {
        "" | "1" => quantity.to_owned(),
        unit if unit.contains([' ', '/']) => format!("{quantity} / ({unit})"),
        unit => format!("{quantity} / {unit}"),
    }
}

/// A number or a range with its unit behind it: `0.55 h/u_tau`, or `0.55` alone.
pub fn with_unit(number: impl std::fmt::Display, unit: &str) -> String {
    match unit {
        "" | "1" => number.to_string(),
        unit => format!("{number} {unit}"),
    }
}

/// The unit of a square: `u_tau²`.
pub fn squared(unit: &str) -> String {
    match unit {
        "" | "1" => "1".to_owned(),
        unit => format!("{unit}²"),
    }
}

/// The unit of a product: `u_tau² h`.
pub fn product(first: &str, second: &str) -> String {
    match (first, second) {
        ("" | "1", unit) | (unit, "" | "1") => with_unit(unit, ""),
        (first, second) => format!("{first} {second}"),
    }
}

/// The unit of a quotient: `u_tau/h`, or `1/h`.
pub fn quotient(above: &str, below: &str) -> String {
    match (above, below) {
        (above, "" | "1") => with_unit(above, ""),
        ("", below) => format!("1/{below}"),
        (above, below) => format!("{above}/{below}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_one_is_left_out() {
        assert_eq!(over("u", "u_tau"), "u / u_tau");
        assert_eq!(over("time", "h/u_tau"), "time / (h/u_tau)");
        assert_eq!(over("u", "1"), "u");
        assert_eq!(with_unit(0.55, "1"), "0.55");
        assert_eq!(with_unit("[0, 2]", "h"), "[0, 2] h");
        assert_eq!(over("<u'v'>", &squared("u_tau")), "<u'v'> / u_tau²");
        assert_eq!(over("<u'v'>", &squared("1")), "<u'v'>");
        assert_eq!(product(&squared("u_tau"), "h"), "u_tau² h");
        assert_eq!(product("1", "h"), "h");
        assert_eq!(product("1", "1"), "1");
        assert_eq!(quotient("u_tau", "h"), "u_tau/h");
        assert_eq!(quotient("1", "h"), "1/h");
        assert_eq!(quotient("1", "1"), "1");
    }
}
