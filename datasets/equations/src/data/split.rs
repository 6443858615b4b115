//! Which equations are learnt from, and which are kept for judging.

use serde::{Deserialize, Serialize};

/// A part of the equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subset {
    /// Those learnt from.
    Train,
    /// Those that choose the best weights.
    Validation,
    /// Those that judge.
    Test,
}

/// Which part of each family's equations is kept back. All trajectories of an equation are in the same part, so that what is
/// judged are equations never seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    /// Share of the equations for validation. A good starting value is 0.1.
    pub validation: f64,
    /// Share of the equations for the test. A good starting value is 0.1.
    pub test: f64,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            validation: 0.1,
            test: 0.1,
        }
    }
}

impl Split {
    /// Where equation `number` of a family with `count` equations belongs: the last ones are the test, those before them the
    /// validation. Parameters are drawn independently, so that the order means nothing.
    pub fn subset(&self, number: u64, count: u64) -> Subset {
        // Casts saturate: shares beyond 0 to 1 keep nothing or everything.
        let share = |fraction: f64| ((fraction * count as f64).round() as u64).min(count);
        let test = share(self.test);
        let validation = share(self.validation).min(count - test);
        if number >= count - test {
            Subset::Test
        } else if number >= count - test - validation {
            Subset::Validation
        } else {
            Subset::Train
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_equation_is_in_one_subset() {
        let split = Split {
            validation: 0.2,
            test: 0.1,
        };
        let subsets: Vec<Subset> = (0..10).map(|number| split.subset(number, 10)).collect();
        let count = |subset| subsets.iter().filter(|s| **s == subset).count();
        assert_eq!(
            (
                count(Subset::Train),
                count(Subset::Validation),
                count(Subset::Test)
            ),
            (7, 2, 1)
        );
        let greedy = Split {
            validation: 0.9,
            test: 7.0,
        };
        assert_eq!(greedy.subset(0, 4), Subset::Test);
        assert_eq!(Split::default().subset(0, 1), Subset::Train);
    }
}
