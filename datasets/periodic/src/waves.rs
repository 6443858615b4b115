//! Wave numbers of the modes.

use rayon::prelude::*;
use rustfft::num_complex::Complex64;

use crate::PeriodicConfig;

/// The modes of a real field, `[ky, kx]` with ky from 0 to half the points and kx in the order of the transform.
#[derive(Debug, Clone)]
pub struct Waves {
    /// Waves per side along x, by place.
    along_x: Vec<f64>,
    /// Wave number of one wave per side.
    unit: f64,
    /// Waves per side above which modes are cut off.
    cutoff: f64,
    points: usize,
}

/// One mode.
#[derive(Debug, Clone, Copy)]
pub struct Wave {
    /// Wave number along x.
    pub kx: f64,
    /// Wave number along y.
    pub ky: f64,
    /// Waves per side, along x and y.
    pub per_side: [f64; 2],
    /// Square of its wave number.
    pub square: f64,
    /// Whether products keep it.
    pub is_kept: bool,
    /// How many modes of the whole plane it stands for.
    pub weight: f64,
}

impl Wave {
    /// Waves per side of the mode.
    pub fn waves(&self) -> f64 {
        self.per_side[0].hypot(self.per_side[1])
    }
}

impl Waves {
    pub fn new(config: &PeriodicConfig) -> Self {
        let n = config.points;
        let signed = |i: usize| i as f64 - if 2 * i > n { n as f64 } else { 0.0 };
        Self {
            along_x: (0..n).map(signed).collect(),
            unit: std::f64::consts::TAU / config.length,
            cutoff: n as f64 / 3.0,
            points: n,
        }
    }

    /// Number of modes.
    pub fn len(&self) -> usize {
        self.points * (self.points / 2 + 1)
    }

    /// The mode at a place.
    pub fn at(&self, place: usize) -> Wave {
        let n = self.points;
        let (y, x) = (place / n, self.along_x[place % n]);
        let y_waves = y as f64;
        let (kx, ky) = (self.unit * x, self.unit * y_waves);
        Wave {
            kx,
            ky,
            per_side: [x, y_waves],
            square: kx * kx + ky * ky,
            // A product of two kept modes then only reaches modes that are cut off.
            is_kept: x.abs() < self.cutoff && y_waves < self.cutoff,
            weight: if y == 0 || 2 * y == n { 1.0 } else { 2.0 },
        }
    }

    /// Sums of `of` a mode over the shells around 1, 2, 3, ... waves per side, up to half the points.
    pub fn shells(&self, of: impl Fn(usize, Wave) -> f64) -> Vec<f64> {
        let mut shells = vec![0.0; self.points / 2];
        for place in 1..self.len() {
            let wave = self.at(place);
            let shell = wave.waves().round() as usize;
            if let Some(sum) = shell.checked_sub(1).and_then(|shell| shells.get_mut(shell)) {
                *sum += of(place, wave);
            }
        }
        shells
    }

    /// Takes away the mean and the modes that products do not keep.
    pub fn cut_off(&self, modes: &mut [Complex64]) {
        modes.par_iter_mut().enumerate().for_each(|(place, mode)| {
            if place == 0 || !self.at(place).is_kept {
                *mode = Complex64::default();
            }
        });
    }
}
