//! Errors and the statistics of turbulence, by contestant and lead.

use rheome_cli::Failure;
use rheome_periodic::{FlowAnalysis, SnapshotStatistics};
use serde_json::{Value, json};

use super::contestants::{Flow, Velocity};

/// Vorticity is counted within so many root mean squares, in so many bins.
const RANGE: f64 = 8.0;
const BINS: usize = 64;

/// Sums over stretches of flows.
pub struct Scores {
    /// Names of the contestants, the truth first.
    pub names: Vec<String>,
    /// Time between two frames.
    pub step: f64,
    /// Stretches that judge.
    pub count: usize,
    /// Flows that they are of.
    pub flows: usize,
    /// By contestant and lead.
    sums: Vec<Vec<Sums>>,
    /// Seconds of computing, by contestant.
    seconds: Vec<f64>,
}

#[derive(Debug, Clone, Default)]
struct Sums {
    error: f64,
    energy: f64,
    enstrophy: f64,
    flatness: f64,
    divergence: f64,
    spectrum: Vec<f64>,
    /// Points by vorticity.
    histogram: Vec<u64>,
}

/// Means of one contestant at one lead.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    /// Relative L2 error of the velocity.
    pub error: f64,
    /// Kinetic energy per mass.
    pub energy: f64,
    /// Half the square vorticity.
    pub enstrophy: f64,
    /// Flatness of the vorticity.
    pub flatness: f64,
    /// Root mean square of divergence over that of vorticity.
    pub divergence: f64,
}

impl Scores {
    /// Nothing yet, of stretches of so many flows.
    pub fn new(names: &[String], leads: usize, step: f64, flows: usize) -> Self {
        Self {
            names: names.to_vec(),
            step,
            count: 0,
            flows,
            sums: vec![vec![Sums::default(); leads]; names.len()],
            seconds: vec![0.0; names.len()],
        }
    }

    /// Frames that are forecast.
    pub fn leads(&self) -> usize {
        self.sums[0].len()
    }

    /// Time of a lead (counted from 0) behind the last given frame.
    pub fn time(&self, lead: usize) -> f64 {
        (lead + 1) as f64 * self.step
    }

    /// A contestant computed for so long.
    pub fn add_seconds(&mut self, contestant: usize, seconds: f64) {
        self.seconds[contestant] += seconds;
    }

    /// One stretch more.
    ///
    /// # Errors
    /// [`Failure`] if a forecast is not finite.
    pub fn add(&mut self, flow: &Flow, analysis: &mut FlowAnalysis) -> Result<(), Failure> {
        let truth = &flow.forecasts[0];
        for (contestant, forecast) in flow.forecasts.iter().enumerate() {
            for (lead, (velocity, truth)) in forecast.iter().zip(truth).enumerate() {
                let found = analysis.of([&velocity[0], &velocity[1]])?;
                if !found.energy.is_finite() || !found.enstrophy.is_finite() {
                    let name = &self.names[contestant];
                    return Err(Failure::new(format!(
                        "{name}: frame {lead} behind the given ones is not finite; are the weights finite?"
                    )));
                }
                self.sums[contestant][lead].add(error(velocity, truth), &found);
            }
        }
        self.count += 1;
        Ok(())
    }

    /// Means of a contestant at a lead.
    pub fn means(&self, contestant: usize, lead: usize) -> Means {
        let (sums, count) = (&self.sums[contestant][lead], self.count.max(1) as f64);
        Means {
            error: sums.error / count,
            energy: sums.energy / count,
            enstrophy: sums.enstrophy / count,
            flatness: sums.flatness / count,
            divergence: sums.divergence / count,
        }
    }

    /// Mean energy of the shells around 1, 2, 3, ... waves per side.
    pub fn spectrum(&self, contestant: usize, lead: usize) -> Vec<f64> {
        let count = self.count.max(1) as f64;
        let sums = &self.sums[contestant][lead].spectrum;
        sums.iter().map(|sum| sum / count).collect()
    }

    /// Vorticity in units of each snapshot's root mean square, and its probability density.
    pub fn density(&self, contestant: usize, lead: usize) -> Vec<(f64, f64)> {
        let histogram = &self.sums[contestant][lead].histogram;
        let (total, width) = (histogram.iter().sum::<u64>().max(1), bin_width());
        let bins = histogram.iter().enumerate();
        bins.map(|(bin, count)| {
            let centre = -RANGE + (bin as f64 + 0.5) * width;
            (centre, *count as f64 / (total as f64 * width))
        })
        .collect()
    }

    /// Mean relative L2 error over all leads.
    fn error(&self, contestant: usize) -> f64 {
        let errors = (0..self.leads()).map(|lead| self.means(contestant, lead).error);
        errors.sum::<f64>() / self.leads() as f64
    }

    /// For people: a line for each contestant.
    pub fn lines(&self) -> Vec<String> {
        let last = self.leads() - 1;
        let truth = self.means(0, last);
        let time = self.time(last);
        let mut lines = vec![format!(
            "{} stretch(es) of {} flow(s), {} frames, until {time:.3} behind the last given one",
            self.count,
            self.flows,
            last + 1
        )];
        let width = self.names.iter().map(String::len).max().unwrap_or(0);
        lines.extend((0..self.names.len()).map(|contestant| {
            let means = self.means(contestant, last);
            format!(
                "{:width$}  relative L2 {:.4}, at the end {:.4}; at the end energy x {:.3}, enstrophy x {:.3}, flatness {:.2}, divergence {:.1e}",
                self.names[contestant],
                self.error(contestant),
                means.error,
                means.energy / truth.energy,
                means.enstrophy / truth.enstrophy,
                means.flatness,
                means.divergence
            )
        }));
        lines
    }

    /// For programs.
    pub fn summary(&self) -> Value {
        let last = self.leads() - 1;
        let contestants: Vec<Value> = (0..self.names.len())
            .map(|contestant| {
                let means = self.means(contestant, last);
                json!({
                    "name": self.names[contestant], "relative_l2": self.error(contestant),
                    "relative_l2_at_the_end": means.error, "energy_at_the_end": means.energy,
                    "enstrophy_at_the_end": means.enstrophy, "flatness_at_the_end": means.flatness,
                    "seconds_a_stretch": self.seconds[contestant] / self.count.max(1) as f64,
                })
            })
            .collect();
        json!({
            "event": "evaluated", "flows": self.flows, "stretches": self.count, "leads": last + 1, "contestants": contestants,
        })
    }
}

impl Sums {
    fn add(&mut self, error: f64, found: &SnapshotStatistics) {
        self.error += error;
        self.energy += found.energy;
        self.enstrophy += found.enstrophy;
        self.flatness += found.flatness;
        self.divergence += found.divergence;
        self.spectrum.resize(found.energy_spectrum.len(), 0.0);
        for (sum, energy) in self.spectrum.iter_mut().zip(&found.energy_spectrum) {
            *sum += energy;
        }
        self.histogram.resize(BINS, 0);
        let unit = (2.0 * found.enstrophy).sqrt().max(f64::MIN_POSITIVE);
        for vorticity in &found.vorticity {
            // What lies beyond the range is counted at its ends.
            let bin = (vorticity / unit + RANGE) / bin_width();
            self.histogram[bin.clamp(0.0, (BINS - 1) as f64) as usize] += 1;
        }
    }
}

fn bin_width() -> f64 {
    2.0 * RANGE / BINS as f64
}

/// Relative L2 error of a velocity.
fn error(found: &Velocity, truth: &Velocity) -> f64 {
    let pairs = || {
        let of = |c: usize| found[c].iter().zip(&truth[c]);
        of(0).chain(of(1))
    };
    let squares: f64 = pairs().map(|(a, b)| (a - b).powi(2)).sum();
    let norm: f64 = pairs().map(|(_, b)| b.powi(2)).sum();
    (squares / norm.max(f64::MIN_POSITIVE)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    #[test]
    fn a_weakened_flow_has_the_error_and_the_energy_it_should() {
        let n = 16;
        // Off the symmetric points, whose vorticities lie between two bins.
        let angle = |i: usize| TAU * i as f64 / n as f64 + 0.13;
        let u: Vec<f64> = (0..n * n)
            .map(|i| -angle(i / n).cos() * angle(i % n).sin())
            .collect();
        let v: Vec<f64> = (0..n * n)
            .map(|i| angle(i / n).sin() * angle(i % n).cos())
            .collect();
        let weak = |factor: f64| [&u, &v].map(|f| f.iter().map(|x| factor * x).collect());
        let flow = Flow {
            forecasts: vec![vec![weak(1.0), weak(0.5)], vec![weak(0.9), weak(0.25)]],
            step: 0.1,
        };
        let mut scores = Scores::new(&["truth".into(), "weak".into()], 2, 0.1, 1);
        let mut analysis = FlowAnalysis::new(n, TAU).unwrap();
        scores.add(&flow, &mut analysis).unwrap();
        scores.add(&flow, &mut analysis).unwrap();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12);
        close(scores.means(0, 1).error, 0.0);
        close(scores.means(1, 0).error, 0.1);
        close(scores.means(1, 1).error, 0.5);
        close(scores.error(1), 0.3);
        close(
            scores.means(1, 1).energy,
            0.0625 * scores.means(0, 0).energy,
        );
        close(scores.time(1), 0.2);
        close(
            scores.spectrum(0, 0).iter().sum(),
            scores.means(0, 0).energy,
        );
        // A density has the integral 1, whatever the strength of the flow.
        // Two stretches of one flow are no two flows.
        let said = scores.lines().remove(0);
        assert!(
            said.starts_with("2 stretch(es) of 1 flow(s), 2 frames"),
            "{said}"
        );
        assert_eq!(scores.summary()["flows"], 1);
        assert_eq!(scores.summary()["stretches"], 2);
        let density = scores.density(1, 0);
        let integral: f64 = density.iter().map(|(_, p)| p * bin_width()).sum();
        close(integral, 1.0);
        assert_eq!(density, scores.density(0, 0));
        let broken = Flow {
            forecasts: vec![vec![weak(f64::NAN); 2]; 2],
            step: 0.1,
        };
        let failure = scores.add(&broken, &mut analysis).unwrap_err();
        assert!(failure.line().contains("truth: frame 0"), "{failure:?}");
    }
}
