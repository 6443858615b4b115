//! The discrete Fourier transform of real fields, cut down to its lowest modes, and its inverse.

use burn::tensor::{Device, Tensor, TensorData};

/// The components of a real number, a complex one, and a product of two complex ones before its parts are summed
/// (re re, re im, im re, im im), as powers of i.
const REAL: &[u8] = &[0];
const COMPLEX: &[u8] = &[0, 1];
const PRODUCT: &[u8] = &[0, 1, 1, 2];

/// The lowest Fourier modes of a real field on a grid of up to three axes, and the field of given modes.
///
/// `modes[a]` is m for axis a. The first axis is one-sided, since the field is real: it keeps the m frequencies
/// 0 ... m-1. Every further axis keeps 2 m, in the order 0 ... m-1, -m ... -1 of an FFT. Frequencies that the grid is too
/// coarse for are absent (zero).
///
/// Each axis is one product with a small matrix of cosines and sines, real and imaginary parts stacked, from the first
/// axis to the last, so that what is cut away is never computed. With so few modes that costs no more than an FFT, and
/// it has a gradient and runs on grids of any size and on every backend. Fields stay in place: nothing is permuted.
#[derive(Debug, Clone)]
pub struct TruncatedTransform {
    grid: [usize; 3],
    axes: Vec<AxisTransform>,
}

/// Both directions along one axis.
#[derive(Debug, Clone)]
struct AxisTransform {
    points: usize,
    frequencies: usize,
    /// From real or complex values to complex coefficients.
    forward: Tensor<2>,
    /// From complex coefficients, or the products they are sums of, to real or complex values.
    inverse: Tensor<2>,
}

impl TruncatedTransform {
    /// The transform of a grid (of 1 point along the axes that `modes` does not name) on `device`.
    ///
    /// # Panics
    /// Unless there are one to three numbers of modes.
    pub fn new(grid: [usize; 3], modes: &[usize], device: &Device) -> Self {
        assert!(
            (1..=grid.len()).contains(&modes.len()),
            "modes of one to three axes"
        );
        let last = modes.len() - 1;
        let axes = modes.iter().enumerate().map(|(axis, modes)| {
            let points = grid[axis];
            let modes = AxisModes::of(axis, *modes, points);
            let values = if axis == 0 { REAL } else { COMPLEX };
            let products = if axis == last { PRODUCT } else { COMPLEX };
            AxisTransform {
                points,
                frequencies: modes.frequencies.len(),
                forward: modes.forward_matrix(values, device),
                inverse: modes.inverse_matrix(products, values, device),
            }
        });
        Self {
            grid,
            axes: axes.collect(),
        }
    }

    /// Points per axis.
    pub fn grid(&self) -> [usize; 3] {
        self.grid
    }

    /// The Fourier coefficients of a field (divided by the number of points, so that they do not depend on the grid).
    ///
    /// # Shapes
    /// - field: `[batch, nx, ny, nz, features]`
    /// - output: `[batch, modes, 2, features]`, the first axis' frequencies being the slowest; real and imaginary parts
    ///
    /// # Panics
    /// If the field is not on this grid.
    pub fn forward(&self, field: Tensor<5>) -> Tensor<4> {
        let [batch, nx, ny, nz, features] = field.dims();
        assert_eq!([nx, ny, nz], self.grid, "the grid of the transform");
        let (mut rows, mut rest) = (batch, nx * ny * nz * features);
        let mut values: Tensor<3> = field.reshape([rows, 1, rest]);
        for axis in &self.axes {
            rest /= axis.points;
            values = along(&axis.forward, values, rows, rest);
            rows *= axis.frequencies;
        }
        values.reshape([batch, rows / batch, 2, features])
    }

    /// The field whose Fourier coefficients are products of two complex numbers each, given as the four products of
    /// their parts. Summing them to a complex number is part of the first matrix, not a pass of its own. As with every
    /// real inverse transform, the imaginary part at frequency 0 of the first axis (the whole plane's) has no effect.
    ///
    /// # Shapes
    /// - products: `[batch, modes, 4, features]`: re re, re im, im re, im im
    /// - output: `[batch, nx, ny, nz, features]`
    ///
    /// # Panics
    /// If the number of modes is not that of the transform.
    pub fn inverse(&self, products: Tensor<4>) -> Tensor<5> {
        let [batch, modes, components, features] = products.dims();
        let [nx, ny, nz] = self.grid;
        let (mut rows, mut rest) = (batch * modes, features);
        let mut values: Tensor<3> = products.reshape([rows, components, rest]);
        for axis in self.axes.iter().rev() {
            rows /= axis.frequencies;
            values = along(&axis.inverse, values, rows, rest);
            rest *= axis.points;
        }
        values.reshape([batch, nx, ny, nz, features])
    }
}

/// The product of `matrix` with `rows` matrices of `rest` columns each.
fn along(matrix: &Tensor<2>, values: Tensor<3>, rows: usize, rest: usize) -> Tensor<3> {
    let columns = matrix.dims()[1];
    matrix
        .clone()
        .unsqueeze::<3>()
        .matmul(values.reshape([rows, columns, rest]))
}

/// How many frequencies an axis keeps: `modes` along the first, which is one-sided, twice as many along the others.
pub fn frequency_count(axis: usize, modes: usize) -> usize {
    if axis == 0 { modes } else { 2 * modes }
}

/// The largest useful number of modes along an axis of `points`: beyond it frequencies are absent.
pub fn most_modes(axis: usize, points: usize) -> usize {
    if axis == 0 {
        points / 2 + 1
    } else {
        points / 2
    }
}

/// The modes of one axis.
struct AxisModes {
    points: usize,
    /// In the order of an FFT; none where the points do not hold a frequency.
    frequencies: Vec<Option<i64>>,
    one_sided: bool,
}

impl AxisModes {
    fn of(axis: usize, modes: usize, points: usize) -> Self {
        let count = frequency_count(axis, modes);
        let most = most_modes(axis, points);
        let frequencies = (0..count).map(|f| match (f < modes, f, count - f) {
            (true, frequency, _) => (frequency < most).then_some(frequency as i64),
            (false, _, frequency) => (frequency <= most).then_some(-(frequency as i64)),
        });
        Self {
            points,
            frequencies: frequencies.collect(),
            one_sided: axis == 0,
        }
    }

    /// `[frequencies * 2, components * points]`: `exp(-2 pi i k j / n) / n` for each component of the values.
    fn forward_matrix(&self, components: &[u8], device: &Device) -> Tensor<2> {
        let n = self.points;
        let shape = [self.frequencies.len() * 2, components.len() * n];
        matrix(shape, device, |row, column| {
            let frequency = self.frequencies[row / 2].map(|k| -k);
            self.phase(frequency, column % n, components[column / n])[row % 2] / n as f64
        })
    }

    /// `[values * points, frequencies * components]`: `exp(2 pi i k j / n)` for each component of the coefficients.
    fn inverse_matrix(&self, components: &[u8], values: &[u8], device: &Device) -> Tensor<2> {
        let (n, each) = (self.points, components.len());
        let shape = [values.len() * n, self.frequencies.len() * each];
        matrix(shape, device, |row, column| {
            let frequency = self.frequencies[column / each];
            let turned = self.phase(frequency, row % n, components[column % each]);
            self.occurrences(frequency) * turned[row / n]
        })
    }

    /// How many modes of the real field a frequency stands for.
    fn occurrences(&self, frequency: Option<i64>) -> f64 {
        let its_own_conjugate = |k: i64| (2 * k).rem_euclid(self.points as i64) == 0;
        match frequency {
            Some(k) if self.one_sided && !its_own_conjugate(k) => 2.0,
            _ => 1.0,
        }
    }

    /// Real and imaginary part of `exp(2 pi i k j / n) i^power`.
    fn phase(&self, frequency: Option<i64>, point: usize, power: u8) -> [f64; 2] {
        let Some(frequency) = frequency else {
            return [0.0, 0.0];
        };
        // Whole turns are left out exactly, before anything is rounded.
        let turns = (frequency * point as i64).rem_euclid(self.points as i64);
        let angle = std::f64::consts::TAU * turns as f64 / self.points as f64;
        let (sin, cos) = angle.sin_cos();
        match power {
            0 => [cos, sin],
            1 => [-sin, cos],
            _ => [-cos, -sin],
        }
    }
}

fn matrix(shape: [usize; 2], device: &Device, entry: impl Fn(usize, usize) -> f64) -> Tensor<2> {
    let [rows, columns] = shape;
    let numbers: Vec<f32> = (0..rows * columns)
        .map(|at| entry(at / columns, at % columns) as f32)
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}
