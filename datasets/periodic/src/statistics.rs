//! What velocities on the points of a box tell of a flow, whoever computed them: energy, enstrophy, spectrum, vorticity.

use rustfft::num_complex::Complex64;

use crate::transforms::Transforms;
use crate::waves::{Wave, Waves};
use crate::{PeriodicConfig, PeriodicError};

/// Analyses flows on the points of a box.
pub struct FlowAnalysis {
    points: usize,
    length: f64,
    waves: Waves,
    transforms: Transforms,
    /// Of u, v and what is derived of them.
    modes: [Vec<Complex64>; 2],
}

/// What one snapshot of a flow tells.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotStatistics {
    /// Mean kinetic energy per mass, half the mean square velocity.
    pub energy: f64,
    /// Half the mean square vorticity.
    pub enstrophy: f64,
    /// Root mean square of the divergence in units of that of the vorticity: 0 for an incompressible flow.
    pub divergence: f64,
    /// Fourth moment of the vorticity in units of its squared variance: 3 for Gaussian vorticity, more where eddies are few and
    /// strong.
    pub flatness: f64,
    /// Energy of the shells around 1, 2, 3, ... waves per side.
    pub energy_spectrum: Vec<f64>,
    /// The vorticity, `[x, y]`.
    pub vorticity: Vec<f64>,
}

impl FlowAnalysis {
    /// For a box of `length` with `points` along each side.
    ///
    /// # Errors
    /// [`PeriodicError::Setting`] if there can be no such box.
    pub fn new(points: usize, length: f64) -> Result<Self, PeriodicError> {
        let config = PeriodicConfig {
            points,
            length,
            peak: 1.0,
            ..PeriodicConfig::default()
        };
        config.validate()?;
        let waves = Waves::new(&config);
        let modes = || vec![Complex64::default(); waves.len()];
        Ok(Self {
            points,
            length,
            transforms: Transforms::new(points),
            modes: [modes(), modes()],
            waves,
        })
    }

    /// Length of a side of the box.
    pub fn length(&self) -> f64 {
        self.length
    }

    /// Analyses a snapshot: both components of the velocity, `[x, y]` each.
    ///
    /// # Errors
    /// [`PeriodicError::Shape`] for another number of points.
    pub fn of(&mut self, velocity: [&[f64]; 2]) -> Result<SnapshotStatistics, PeriodicError> {
        let expected = self.points * self.points;
        for (component, modes) in velocity.iter().zip(&mut self.modes) {
            if component.len() != expected {
                return Err(PeriodicError::Shape {
                    found: component.len(),
                    expected,
                });
            }
            self.transforms.forward(&mut component.to_vec(), modes);
        }
        let vorticity = self.vorticity();
        let squared_divergence = self.sum(|wave, [u, v]| {
            let [kx, ky] = self.slopes(wave);
            (u * kx + v * ky).norm_sqr()
        });
        let mean =
            |power: i32| vorticity.iter().map(|w| w.powi(power)).sum::<f64>() / expected as f64;
        let (square, fourth, smallest) = (mean(2), mean(4), f64::MIN_POSITIVE);
        Ok(SnapshotStatistics {
            energy: self.sum(|_, [u, v]| 0.5 * (u.norm_sqr() + v.norm_sqr())),
            enstrophy: 0.5 * square,
            divergence: (squared_divergence / square.max(smallest)).sqrt(),
            flatness: fourth / (square * square).max(smallest),
            energy_spectrum: self.spectrum(),
            vorticity,
        })
    }

    /// Wave numbers of slopes; a wave of two points a period has none that its points could tell.
    fn slopes(&self, wave: Wave) -> [f64; 2] {
        let half = self.points as f64 / 2.0;
        let [x, y] = wave.per_side.map(|k| f64::from(u8::from(k.abs() < half)));
        [x * wave.kx, y * wave.ky]
    }

    /// dv/dx - du/dy on the points.
    fn vorticity(&mut self) -> Vec<f64> {
        let [u, v] = &self.modes;
        let mode = |place: usize| {
            let [kx, ky] = self.slopes(self.waves.at(place));
            Complex64::i() * (v[place] * kx - u[place] * ky)
        };
        let modes: Vec<Complex64> = (0..self.waves.len()).map(mode).collect();
        let mut vorticity = vec![0.0; self.points * self.points];
        self.transforms.inverse(&modes, &mut vorticity);
        vorticity
    }

    /// A sum over all modes of u and v.
    fn sum(&self, of: impl Fn(Wave, [Complex64; 2]) -> f64) -> f64 {
        let [u, v] = &self.modes;
        let modes = u.iter().zip(v).enumerate();
        modes
            .map(|(place, (u, v))| {
                let wave = self.waves.at(place);
                wave.weight * of(wave, [*u, *v])
            })
            .sum()
    }

    fn spectrum(&self) -> Vec<f64> {
        let [u, v] = &self.modes;
        self.waves
            .shells(|place, wave| 0.5 * wave.weight * (u[place].norm_sqr() + v[place].norm_sqr()))
    }
}

/// A field `[x, y]` of `from` points along each side on `to` points: the sum of its waves that both grids have.
///
/// # Errors
/// [`PeriodicError::Shape`] for a field of another number of points, [`PeriodicError::Setting`] for a grid that cannot be.
pub fn resample(field: &[f64], from: usize, to: usize) -> Result<Vec<f64>, PeriodicError> {
    let waves = |points| FlowAnalysis::new(points, 1.0).map(|analysis| analysis.waves);
    let (source, target) = (waves(from)?, waves(to)?);
    if field.len() != from * from {
        return Err(PeriodicError::Shape {
            found: field.len(),
            expected: from * from,
        });
    }
    let mut modes = vec![Complex64::default(); source.len()];
    Transforms::new(from).forward(&mut field.to_vec(), &mut modes);
    let mut there = vec![Complex64::default(); target.len()];
    let common = from.min(to) as f64 / 2.0;
    for (place, mode) in there.iter_mut().enumerate() {
        let [x, y] = target.at(place).per_side;
        if x.abs() < common && y < common {
            let column = if x < 0.0 { from as f64 + x } else { x };
            *mode = modes[y as usize * from + column as usize];
        }
    }
    let mut resampled = vec![0.0; to * to];
    Transforms::new(to).inverse(&there, &mut resampled);
    Ok(resampled)
}
