//! Published statistics to hold one's own against.

use serde::Deserialize;

use crate::profiles::Profiles;
use crate::wall_units::WallUnits;

const MOSER_KIM_MANSOUR: &str = include_str!("../reference/moser-kim-mansour-1999.toml");

/// Statistics of one published simulation of a turbulent channel, in wall units.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedFlow {
    /// Nominal friction Reynolds number, by which the flow is called.
    pub name: String,
    /// Actual friction Reynolds number.
    pub re_tau: f64,
    /// y+ and U+.
    pub mean: Vec<[f64; 2]>,
    /// U+ in the centre.
    pub centre_velocity: f64,
    /// Bulk velocity.
    pub bulk_velocity: f64,
    /// y+ and value of the largest rms of u.
    pub rms_peak_u: [f64; 2],
    /// y+ and value of the largest rms of v.
    pub rms_peak_v: [f64; 2],
    /// y+ and value of the largest rms of w.
    pub rms_peak_w: [f64; 2],
    /// rms of u, v, w in the centre.
    pub centre_rms: [f64; 3],
    /// y+ and value of the largest -<u'v'>.
    pub shear_stress_peak: [f64; 2],
}

/// One published value and one's own.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedValue {
    /// What it is, e.g. `mean u at y+ = 15`.
    pub quantity: String,
    /// The published value, in wall units.
    pub published: f64,
    /// One's own.
    pub found: f64,
}

impl PublishedValue {
    /// Own over published, minus 1.
    pub fn relative_difference(&self) -> f64 {
        self.found / self.published - 1.0
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    #[serde(rename = "source")]
    _source: String,
    flow: Vec<PublishedFlow>,
}

impl PublishedFlow {
    /// The flows of Moser, Kim & Mansour (1999, Phys. Fluids 11, 943): Re_tau = 180, 395 and 590.
    pub fn moser_kim_mansour() -> Vec<Self> {
        // Parsed in a test.
        toml::from_str(MOSER_KIM_MANSOUR).map_or_else(|_| Vec::new(), |p: Published| p.flow)
    }

    /// The published values beside those of `profiles` at the heights `y` above the lower wall: both halves of the channel
    /// averaged, in wall units, interpolated by cubics.
    pub fn compare(
        &self,
        y: &[f64],
        profiles: &Profiles,
        units: &WallUnits,
    ) -> Vec<PublishedValue> {
        let own = profiles.symmetrized().in_wall_units(units);
        let half = y.len().div_ceil(2);
        let plus: Vec<f64> = y[..half].iter().map(|y| units.length(*y)).collect();
        let mut values = Vec::new();
        let mut push = |quantity: String, published: f64, found: f64| {
            values.push(PublishedValue {
                quantity,
                published,
                found,
            });
        };
        for [at, published] in &self.mean {
            let found = interpolate(&plus, &own.mean[0], *at);
            push(format!("mean u at y+ = {at}"), *published, found);
        }
        let centre = |line: &[f64]| line[half - 1];
        push(
            "mean u in the centre".into(),
            self.centre_velocity,
            centre(&own.mean[0]),
        );
        push(
            "bulk velocity".into(),
            self.bulk_velocity,
            own.bulk_velocity(y),
        );
        let peaks = [self.rms_peak_u, self.rms_peak_v, self.rms_peak_w];
        let components = ["u", "v", "w"].into_iter().zip(&own.rms);
        for ((name, rms), [_, published]) in components.clone().zip(peaks) {
            push(
                format!("largest rms of {name}"),
                published,
                largest(&rms[..half]),
            );
        }
        for ((name, rms), published) in components.zip(self.centre_rms) {
            push(
                format!("rms of {name} in the centre"),
                published,
                centre(rms),
            );
        }
        let stress: Vec<f64> = own.shear_stress[..half].iter().map(|s| -s).collect();
        push(
            "largest -<u'v'>".into(),
            self.shear_stress_peak[1],
            largest(&stress),
        );
        values
    }
}

fn largest(line: &[f64]) -> f64 {
    line.iter().copied().fold(f64::MIN, f64::max)
}

/// The cubic through the four points around `at` (fewer at the ends of short lines).
fn interpolate(x: &[f64], values: &[f64], at: f64) -> f64 {
    let count = x.len().min(4);
    let right = x.partition_point(|x| *x < at);
    let first = right.saturating_sub(count / 2).min(x.len() - count);
    let around = first..first + count;
    around
        .clone()
        .map(|i| {
            let others = around.clone().filter(|j| *j != i);
            values[i] * others.map(|j| (at - x[j]) / (x[i] - x[j])).product::<f64>()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_flows_are_complete() {
        let flows = PublishedFlow::moser_kim_mansour();
        assert_eq!(
            flows.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
            ["180", "395", "590"]
        );
        for flow in flows {
            assert_eq!(flow.mean.len(), 9);
            // Another entry of the publication: C_f = 2 / U_b^2 = 8.136e-3, 6.497e-3, 5.748e-3.
            let friction = 2.0 / (flow.bulk_velocity * flow.bulk_velocity);
            let published = [("180", 8.136e-3), ("395", 6.497e-3), ("590", 5.748e-3)];
            let known = published
                .iter()
                .find(|(name, _)| *name == flow.name)
                .unwrap()
                .1;
            assert!((friction / known - 1.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_flow_with_the_published_profile_differs_in_nothing_that_it_was_given() {
        let flow = &PublishedFlow::moser_kim_mansour()[0];
        // Cubic profiles on half-heights: interpolation is exact, symmetry holds.
        let y: Vec<f64> = (0..41).map(|j| f64::from(j) * 0.05).collect();
        let cubic = |y: f64| {
            let d = y.min(2.0 - y);
            40.0 * d - 30.0 * d * d + 8.0 * d * d * d
        };
        let mean: Vec<f64> = y.iter().map(|y| cubic(*y)).collect();
        let zero = vec![0.0; y.len()];
        let rms = |top: f64| y.iter().map(|y| top * y * (2.0 - y)).collect::<Vec<_>>();
        let profiles = Profiles {
            mean: [mean, zero.clone(), zero.clone()],
            rms: [rms(2.0), rms(3.0), rms(4.0)],
            shear_stress: y.iter().map(|y| y - 1.0).collect(),
            shape: None,
        };
        let units = WallUnits::new(2.0, 2.0 / 180.0).unwrap();
        let values = flow.compare(&y, &profiles, &units);
        let found = |name: &str| values.iter().find(|v| v.quantity == name).unwrap().found;
        assert!((found("mean u at y+ = 15") - cubic(15.0 / 180.0) / 2.0).abs() < 1e-9);
        assert!((found("mean u in the centre") - 9.0).abs() < 1e-12);
        assert!((found("largest rms of w") - 2.0).abs() < 1e-12);
        assert!((found("largest -<u'v'>") - 0.25).abs() < 1e-12);
        assert_eq!(values.len(), 18);
    }
}
