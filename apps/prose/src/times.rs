//! Times to continue to, as they are typed.

use std::str::FromStr;

/// Most times that can be asked for.
const MOST_TIMES: usize = 1_000_000;

/// Evenly spaced times, `first:last:count`, both ends among them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    first: f64,
    last: f64,
    count: usize,
}

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |reason: &str| format!("{reason}; expected first:last:count, e.g. 2:6:128");
        let parts: Vec<&str> = text.split(':').collect();
        let [first, last, count] = parts.as_slice() else {
            return Err(wrong("not three numbers with colons between them"));
        };
        let time = |text: &str| {
            let time: Option<f64> = text.trim().parse().ok();
            time.filter(|time| time.is_finite())
                .ok_or_else(|| wrong(&format!("{text:?} is no time")))
        };
        let (first, last) = (time(first)?, time(last)?);
        let count = count.trim().parse().ok();
        let count = count.filter(|count| (2..=MOST_TIMES).contains(count));
        let count = count.ok_or_else(|| wrong(&format!("the count is not 2 to {MOST_TIMES}")))?;
        if last <= first {
            return Err(wrong("the last time is not after the first"));
        }
        Ok(Self { first, last, count })
    }
}

impl Times {
    /// All of them, increasing.
    pub fn all(&self) -> Vec<f64> {
        let steps = (self.count - 1) as f64;
        let time = |index: usize| {
            let part = index as f64 / steps;
            self.first * (1.0 - part) + self.last * part
        };
        (0..self.count).map(time).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_among_the_times() {
        let times: Times = "-1:3:5".parse().unwrap();
        assert_eq!(times.all(), [-1.0, 0.0, 1.0, 2.0, 3.0]);
        let times: Times = "0.1:0.7:2".parse().unwrap();
        assert_eq!(times.all(), [0.1, 0.7]);
    }

    #[test]
    fn what_is_no_range_is_explained() {
        for text in [
            "",
            "1:2",
            "a:2:3",
            "2:1:3",
            "1:2:1",
            "1:2:2000000",
            "0:inf:3",
            "1:2:3:4",
        ] {
            let reason = text.parse::<Times>().unwrap_err();
            assert!(reason.contains("first:last:count"), "{reason}");
        }
    }
}
