//! Velocity gradients at the points of one wall-parallel plane.

use crate::modes::Modes;
use crate::transforms::{PlaneScratch, PlaneTransform};

/// Velocity u_i and its gradient du_i/dx_j on the points of a plane.
pub struct Gradient {
    modes: Vec<f64>,
    /// u, v, w: `[component][point]`.
    pub velocity: [Vec<f64>; 3],
    /// du_i/dx_j: `[i][j][point]`.
    pub tensor: [[Vec<f64>; 3]; 3],
    /// S_ij = (du_i/dx_j + du_j/dx_i)/2: xx, yy, zz, xy, xz, yz, `[component][point]`.
    pub strain: [Vec<f64>; 6],
}

impl Gradient {
    /// Buffers for planes of `points` from `rows` rows of modes.
    pub fn new(rows: usize, points: usize) -> Self {
        let field = |_| vec![0.0; points];
        Self {
            modes: vec![0.0; rows],
            velocity: std::array::from_fn(field),
            tensor: std::array::from_fn(|_| std::array::from_fn(field)),
            strain: std::array::from_fn(field),
        }
    }

    /// Evaluates a plane from the modes of u, v, w, omega_x and omega_z. No derivative along y is taken: the vorticity holds
    /// those of u and w, continuity that of v.
    pub fn evaluate(
        &mut self,
        [u, v, w, omega_x, omega_z]: [&[f64]; 5],
        modes: &Modes,
        plane: &PlaneTransform,
        scratch: &mut PlaneScratch,
    ) {
        for (field, values) in [u, v, w].into_iter().zip(&mut self.velocity) {
            plane.to_points(field, values, scratch);
        }
        let Self {
            modes: line,
            tensor,
            ..
        } = self;
        let mut put = |target: &mut Vec<f64>,
                       wavenumber: &[f64],
                       field: &[f64],
                       other: Option<(&[f64], f64)>| {
            // i k field, and a second field on top.
            for (m, k) in wavenumber.iter().enumerate() {
                (line[2 * m], line[2 * m + 1]) = (-k * field[2 * m + 1], k * field[2 * m]);
            }
            if let Some((other, sign)) = other {
                line.iter_mut()
                    .zip(other)
                    .for_each(|(value, o)| *value += sign * o);
            }
            plane.to_points(line, target, scratch);
        };
        let (kx, kz) = (&modes.kx, &modes.kz);
        let [[ux, uy, uz], [vx, vy, vz], [wx, wy, wz]] = tensor;
        put(ux, kx, u, None);
        // omega_z = dv/dx - du/dy and omega_x = dw/dy - dv/dz.
        put(uy, kx, v, Some((omega_z, -1.0)));
        put(uz, kz, u, None);
        put(vx, kx, v, None);
        put(vz, kz, v, None);
        put(wx, kx, w, None);
        put(wy, kz, v, Some((omega_x, 1.0)));
        put(wz, kz, w, None);
        for ((y, x), z) in vy.iter_mut().zip(&*ux).zip(&*wz) {
            *y = -x - z;
        }
        self.update_strain();
    }

    /// The strain rate of the gradient.
    pub fn update_strain(&mut self) {
        let [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = &self.tensor;
        let pairs = [(xx, xx), (yy, yy), (zz, zz), (xy, yx), (xz, zx), (yz, zy)];
        for (strain, (a, b)) in self.strain.iter_mut().zip(pairs) {
            for ((value, a), b) in strain.iter_mut().zip(a).zip(b) {
                *value = 0.5 * (a + b);
            }
        }
    }

    /// The gradient at a point: `[i][j]`.
    pub fn at(&self, point: usize) -> [[f64; 3]; 3] {
        std::array::from_fn(|i| std::array::from_fn(|j| self.tensor[i][j][point]))
    }

    /// The strain rate at a point: xx, yy, zz, xy, xz, yz.
    pub fn strain_at(&self, point: usize) -> [f64; 6] {
        std::array::from_fn(|c| self.strain[c][point])
    }
}

/// The strain rate of a gradient `g[i][j]` = du_i/dx_j: xx, yy, zz, xy, xz, yz.
pub fn strain(g: &[[f64; 3]; 3]) -> [f64; 6] {
    let half = |i: usize, j: usize| 0.5 * (g[i][j] + g[j][i]);
    [
        g[0][0],
        g[1][1],
        g[2][2],
        half(0, 1),
        half(0, 2),
        half(1, 2),
    ]
}

/// A_ij B_ij of two symmetric tensors: xx, yy, zz, xy, xz, yz.
pub fn contract(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    let diagonal = a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    diagonal + 2.0 * (a[3] * b[3] + a[4] * b[4] + a[5] * b[5])
}

/// A_ij A_ij of a symmetric tensor: xx, yy, zz, xy, xz, yz.
pub fn square(a: &[f64; 6]) -> f64 {
    contract(a, a)
}
