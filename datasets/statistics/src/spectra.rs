//! One-dimensional spectra by Fourier transforms along x or z, and two-point correlations as their inverse (Wiener-Khinchin).

use ndarray::{Array2, Array3};
use realfft::RealFftPlanner;
use rustfft::num_complex::Complex64;
use serde::{Deserialize, Serialize};

use crate::grid::FlowGrid;
use crate::moments::PlaneMoments;
use crate::plane::{PlaneSample, SPECTRA};

/// Fluctuations below this part of the largest rms anywhere are rounding errors and have no correlation.
const ROUND_OFF: f64 = 1e-10;

/// One-dimensional spectra and two-point correlations along x or z, at every height.
///
/// The fluctuations are those about the mean over the plane *and* all snapshots. A line's mean is therefore no zero: the
/// wavenumber 0 holds what varies over the other direction and in time, and belongs to the variance.
#[derive(Debug, Clone, PartialEq)]
pub struct LineSpectra {
    /// Wavenumbers 0, dk, 2 dk, ... with dk = 2 pi / length (1 where the length is not known).
    pub wavenumber: Vec<f64>,
    /// E_uu, E_vv, E_ww, one-sided: the sum of E dk over all wavenumbers is the variance. `[component, y, wavenumber]`.
    pub energy: Array3<f64>,
    /// Co-spectrum of u and v, one-sided: the sum of C_uv dk is <u'v'>. `[y, wavenumber]`.
    pub cospectrum: Array2<f64>,
    /// Separations from 0 to half of the length (in parts of the length where that is not known).
    pub separation: Vec<f64>,
    /// <u_i'(s) u_i'(s + r)> / <u_i'^2>, the inverse transform of the spectrum (Wiener-Khinchin); NaN where nothing
    /// fluctuates. `[component, y, separation]`.
    pub correlation: Array3<f64>,
}

/// Spectra gathered so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpectrumStatistics {
    snapshots: f64,
    planes: Vec<PlaneSpectra>,
}

/// Spectra of one plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PlaneSpectra {
    /// As in [`PlaneSample`], summed over the snapshots.
    power: [Vec<f64>; 2],
    /// Moments of the plane's mean over the snapshots: the part of wavenumber 0 that a single snapshot does not know.
    means: PlaneMoments,
}

impl SpectrumStatistics {
    pub fn new(points: [usize; 3]) -> Self {
        let plane = PlaneSpectra {
            power: PlaneSample::new(points).power,
            means: PlaneMoments::default(),
        };
        Self {
            snapshots: 0.0,
            planes: vec![plane; points[1]],
        }
    }

    /// Adds the planes of one snapshot.
    pub fn add(&mut self, samples: &[PlaneSample]) {
        for (plane, sample) in self.planes.iter_mut().zip(samples) {
            plane.add_power(&sample.power);
            let mean = PlaneMoments::of_one(sample.moments.means());
            plane.means.join(self.snapshots, &mean, 1.0);
        }
        self.snapshots += 1.0;
    }

    /// Joins what `other` gathered on the same grid.
    pub fn merge(&mut self, other: &Self) {
        if other.snapshots == 0.0 {
            return;
        }
        for (plane, other_plane) in self.planes.iter_mut().zip(&other.planes) {
            plane.add_power(&other_plane.power);
            plane
                .means
                .join(self.snapshots, &other_plane.means, other.snapshots);
        }
        self.snapshots += other.snapshots;
    }

    /// The spectra along x (`axis` 0) or z (`axis` 1); none if nothing was added.
    pub fn finish(&self, grid: &FlowGrid, axis: usize) -> Option<LineSpectra> {
        if self.snapshots == 0.0 {
            return None;
        }
        let [nx, ny, nz] = grid.points();
        let (n, lines) = if axis == 0 { (nx, nz) } else { (nz, nx) };
        let kept = n / 2 + 1;
        let step = grid.wavenumber_step(axis);
        let shares = Array3::from_shape_fn((SPECTRA, ny, kept), |(quantity, j, k)| {
            let plane = &self.planes[j];
            let scale = (n * n * lines) as f64 * self.snapshots;
            let share = sides(k, n) * plane.power[axis][quantity * kept + k] / scale;
            if k == 0 {
                share + plane.mean_part(quantity) / self.snapshots
            } else {
                share
            }
        });
        let length = grid.lengths().map_or(1.0, |lengths| lengths[axis]);
        let (components, product) = shares.view().split_at(ndarray::Axis(0), 3);
        Some(LineSpectra {
            wavenumber: (0..kept).map(|k| k as f64 * step).collect(),
            energy: components.mapv(|share| share / step),
            cospectrum: product
                .index_axis(ndarray::Axis(0), 0)
                .mapv(|share| share / step),
            separation: (0..kept).map(|r| r as f64 * length / n as f64).collect(),
            correlation: correlations(components, n),
        })
    }
}

impl PlaneSpectra {
    fn add_power(&mut self, power: &[Vec<f64>; 2]) {
        for (sums, more) in self.power.iter_mut().zip(power) {
            for (sum, more) in sums.iter_mut().zip(more) {
                *sum += more;
            }
        }
    }

    /// Sum over the snapshots of the square of the plane mean's fluctuation, or of its product for u and v.
    fn mean_part(&self, quantity: usize) -> f64 {
        let squares = self.means.squares();
        squares.get(quantity).copied().unwrap_or(self.means.product)
    }
}

/// How many of the wavenumbers k and -k of `n` points there are.
fn sides(k: usize, n: usize) -> f64 {
    if k == 0 || 2 * k == n { 1.0 } else { 2.0 }
}

/// Correlations from the parts of the variance `[component, y, wavenumber]` on lines of `n` points.
fn correlations(shares: ndarray::ArrayView3<f64>, n: usize) -> Array3<f64> {
    let (components, ny, kept) = shares.dim();
    let inverse = RealFftPlanner::new().plan_fft_inverse(n);
    let largest = shares
        .rows()
        .into_iter()
        .map(|row| row.sum())
        .fold(0.0, f64::max);
    let mut correlation = Array3::from_elem((components, ny, kept), f64::NAN);
    let (mut modes, mut line) = (vec![Complex64::ZERO; kept], vec![0.0; n]);
    for (share, mut out) in shares.rows().into_iter().zip(correlation.rows_mut()) {
        let variance = share.sum();
        if variance <= ROUND_OFF * ROUND_OFF * largest {
            continue;
        }
        for (k, (mode, share)) in modes.iter_mut().zip(share).enumerate() {
            *mode = Complex64::new(share / (sides(k, n) * variance), 0.0);
        }
        inverse
            .process(&mut modes, &mut line)
            .expect("buffers planned for these lengths");
        for (to, from) in out.iter_mut().zip(&line) {
            *to = *from;
        }
    }
    correlation
}
