//! The dynamic Smagorinsky model: Germano, Piomelli, Moin & Cabot (1991, Phys. Fluids A 3, 1760) with the least squares of
//! Lilly (1992, Phys. Fluids A 4, 633), averaged over a wall-parallel plane.
//!
//! The test filter is a box over two grid spacings in x and z. On the points of the products, 3/2 as many as the grid's, these
//! are three spacings: the box is the mean of three neighbours, along x and then along z.

use super::gradient::{Gradient, contract, square};

/// (test filter width / grid filter width)^2 with volume-based widths: the test filter is twice as wide in two of three directions.
fn width_ratio_squared() -> f64 {
    4.0_f64.powf(2.0 / 3.0)
}

/// Buffers of the dynamic procedure on one plane.
pub struct DynamicSmagorinsky {
    points: [usize; 2],
    /// Test-filtered velocity.
    velocity: [Vec<f64>; 3],
    /// Test-filtered u_i u_j.
    product: [Vec<f64>; 6],
    /// Test-filtered strain rate.
    strain: [Vec<f64>; 6],
    /// Test-filtered |S| S_ij.
    flux: [Vec<f64>; 6],
}

impl DynamicSmagorinsky {
    /// Buffers for planes of `[nx, nz]` points.
    pub fn new([nx, nz]: [usize; 2]) -> Self {
        let field = |_| vec![0.0; nx * nz];
        Self {
            points: [nx, nz],
            velocity: std::array::from_fn(field),
            product: std::array::from_fn(field),
            strain: std::array::from_fn(field),
            flux: std::array::from_fn(field),
        }
    }

    /// nu_t = C Delta^2 |S|, but at least minus the viscosity, at every point; returns C Delta^2 of the plane.
    pub fn evaluate(
        &mut self,
        gradient: &Gradient,
        viscosity: f64,
        eddy_viscosity: &mut [f64],
    ) -> f64 {
        let coefficient = self.coefficient(gradient);
        for (point, nu_t) in eddy_viscosity.iter_mut().enumerate() {
            *nu_t = (coefficient * norm(&gradient.strain_at(point))).max(-viscosity);
        }
        coefficient
    }

    /// C Delta^2 of the plane.
    fn coefficient(&mut self, gradient: &Gradient) -> f64 {
        self.fill(gradient);
        let fields = self.velocity.iter_mut().chain(&mut self.product);
        for field in fields.chain(&mut self.strain).chain(&mut self.flux) {
            average_neighbours(field, self.points);
        }
        let points = 0..self.velocity[0].len();
        least_squares(points.map(|point| (self.resolved_stress(point), self.model(point))))
    }

    /// L_ij = [u_i u_j] - [u_i][u_j], where [.] is the test filter.
    fn resolved_stress(&self, point: usize) -> [f64; 6] {
        std::array::from_fn(|c| {
            let [i, j] = PAIRS[c];
            self.product[c][point] - self.velocity[i][point] * self.velocity[j][point]
        })
    }

    /// M_ij = r^2 |[S]| [S_ij] - [|S| S_ij], where r is the ratio of the widths.
    fn model(&self, point: usize) -> [f64; 6] {
        let strain: [f64; 6] = std::array::from_fn(|c| self.strain[c][point]);
        let scale = width_ratio_squared() * norm(&strain);
        std::array::from_fn(|c| scale * strain[c] - self.flux[c][point])
    }

    /// What is to be filtered, point by point.
    fn fill(&mut self, gradient: &Gradient) {
        for point in 0..self.velocity[0].len() {
            let velocity: [f64; 3] = std::array::from_fn(|c| gradient.velocity[c][point]);
            for (field, value) in self.velocity.iter_mut().zip(velocity) {
                field[point] = value;
            }
            let strain = gradient.strain_at(point);
            let norm = norm(&strain);
            for (c, [i, j]) in PAIRS.into_iter().enumerate() {
                self.product[c][point] = velocity[i] * velocity[j];
                self.strain[c][point] = strain[c];
                self.flux[c][point] = norm * strain[c];
            }
        }
    }
}

/// The C Delta^2 that brings L_ij = -2 C Delta^2 M_ij closest to the tensors (L, M) of all points, -<L_ij M_ij> / (2 <M_ij M_ij>);
/// M being traceless, the isotropic part of L does not count. 0 where nothing is strained.
fn least_squares(tensors: impl Iterator<Item = ([f64; 6], [f64; 6])>) -> f64 {
    let (mut product, mut squares) = (0.0, 0.0);
    for (resolved, model) in tensors {
        product += contract(&resolved, &model);
        squares += square(&model);
    }
    if squares > 0.0 {
        -0.5 * product / squares
    } else {
        0.0
    }
}

/// The test filter on a periodic plane `[z, x]` of `[nx, nz]` points, in place.
fn average_neighbours(values: &mut [f64], [nx, nz]: [usize; 2]) {
    const THIRD: f64 = 1.0 / 3.0;
    for row in values.chunks_exact_mut(nx) {
        let first = row[0];
        let mut before = row[nx - 1];
        for i in 0..nx {
            let (here, next) = (row[i], if i + 1 < nx { row[i + 1] } else { first });
            row[i] = (before + here + next) * THIRD;
            before = here;
        }
    }
    let first = values[..nx].to_vec();
    let mut before = values[(nz - 1) * nx..].to_vec();
    for k in 0..nz {
        let (head, tail) = values.split_at_mut((k + 1) * nx);
        let row = &mut head[k * nx..];
        let next = if tail.is_empty() {
            &first[..]
        } else {
            &tail[..nx]
        };
        for ((value, before), next) in row.iter_mut().zip(&mut before).zip(next) {
            let here = *value;
            *value = (*before + here + next) * THIRD;
            *before = here;
        }
    }
}

/// Indices of the components of a symmetric tensor.
const PAIRS: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]];

/// |S| = sqrt(2 S_ij S_ij).
fn norm(strain: &[f64; 6]) -> f64 {
    (2.0 * square(strain)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [usize; 2] = [9, 6];

    fn field(f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let [nx, nz] = POINTS;
        let angle = |i: usize, n: usize| std::f64::consts::TAU * i as f64 / n as f64;
        (0..nx * nz)
            .map(|p| f(angle(p % nx, nx), angle(p / nx, nz)))
            .collect()
    }

    #[test]
    fn the_test_filter_keeps_means_and_damps_a_wave_by_the_response_of_the_box() {
        let wave = |x: f64, z: f64| 3.0 + (2.0 * x - z).cos();
        let mut filtered = field(wave);
        average_neighbours(&mut filtered, POINTS);
        let response =
            |k: f64, n: usize| (1.0 + 2.0 * (k * std::f64::consts::TAU / n as f64).cos()) / 3.0;
        let damped = response(2.0, POINTS[0]) * response(1.0, POINTS[1]);
        for (value, exact) in filtered
            .iter()
            .zip(field(|x, z| 3.0 + damped * (2.0 * x - z).cos()))
        {
            approx::assert_abs_diff_eq!(*value, exact, epsilon = 1e-13);
        }
    }

    /// The procedure written out once more, point by point from the definitions, without any of the code above.
    fn from_definition(gradient: &Gradient) -> f64 {
        let [nx, nz] = POINTS;
        let filter = |f: &dyn Fn(usize) -> f64, p: usize| -> f64 {
            let (i, k) = (p % nx, p / nx);
            let near = |centre: usize, n: usize| [(centre + n - 1) % n, centre, (centre + 1) % n];
            near(k, nz)
                .iter()
                .flat_map(|k| near(i, nx).map(|i| f(k * nx + i)))
                .sum::<f64>()
                / 9.0
        };
        let s = |i: usize, j: usize, p: usize| {
            0.5 * (gradient.tensor[i][j][p] + gradient.tensor[j][i][p])
        };
        let size = |s: &dyn Fn(usize, usize) -> f64| {
            (0..9)
                .map(|n| 2.0 * s(n / 3, n % 3).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let (mut lm, mut mm) = (0.0, 0.0);
        for p in 0..nx * nz {
            let filtered = |i: usize, j: usize| filter(&|q| s(i, j, q), p);
            for n in 0..9 {
                let (i, j) = (n / 3, n % 3);
                let (u, v) = (&gradient.velocity[i], &gradient.velocity[j]);
                let l = filter(&|q| u[q] * v[q], p) - filter(&|q| u[q], p) * filter(&|q| v[q], p);
                let flux = filter(&|q| size(&|a, b| s(a, b, q)) * s(i, j, q), p);
                let m = 16.0_f64.powf(1.0 / 3.0) * size(&filtered) * filtered(i, j) - flux;
                lm += l * m;
                mm += m * m;
            }
        }
        -lm / (2.0 * mm)
    }

    /// A solenoidal flow at y = 1/2: u = sin x cos z + sin 3x, w = cos x sin 2z, v = y f(x, z) with f = -du/dx - dw/dz.
    fn flow() -> Gradient {
        let y = 0.5;
        let f =
            |x: f64, z: f64| -x.cos() * (z.cos() + 2.0 * (2.0 * z).cos()) - 3.0 * (3.0 * x).cos();
        let f_x =
            |x: f64, z: f64| x.sin() * (z.cos() + 2.0 * (2.0 * z).cos()) + 9.0 * (3.0 * x).sin();
        let f_z = |x: f64, z: f64| x.cos() * (z.sin() + 4.0 * (2.0 * z).sin());
        let mut gradient = Gradient::new(0, POINTS[0] * POINTS[1]);
        gradient.velocity = [
            field(|x, z| x.sin() * z.cos() + (3.0 * x).sin()),
            field(|x, z| y * f(x, z)),
            field(|x, z| x.cos() * (2.0 * z).sin()),
        ];
        gradient.tensor = [
            [
                field(|x, z| x.cos() * z.cos() + 3.0 * (3.0 * x).cos()),
                field(|_, _| 0.0),
                field(|x, z| -x.sin() * z.sin()),
            ],
            [
                field(|x, z| y * f_x(x, z)),
                field(f),
                field(|x, z| y * f_z(x, z)),
            ],
            [
                field(|x, z| -x.sin() * (2.0 * z).sin()),
                field(|_, _| 0.0),
                field(|x, z| 2.0 * x.cos() * (2.0 * z).cos()),
            ],
        ];
        gradient.update_strain();
        gradient
    }

    #[test]
    fn the_coefficient_is_the_procedure_of_the_definitions_and_the_eddy_viscosity_is_clipped() {
        let gradient = flow();
        let mut dynamic = DynamicSmagorinsky::new(POINTS);
        let coefficient = dynamic.coefficient(&gradient);
        approx::assert_relative_eq!(
            coefficient,
            from_definition(&gradient),
            max_relative = 1e-12
        );
        let viscosity = 1e-3;
        let mut nu_t = vec![0.0; POINTS[0] * POINTS[1]];
        dynamic.evaluate(&gradient, viscosity, &mut nu_t);
        for (p, nu_t) in nu_t.iter().enumerate() {
            let free = coefficient * norm(&gradient.strain_at(p));
            assert_eq!(*nu_t, free.max(-viscosity));
        }
    }

    /// Stresses that the Smagorinsky model describes exactly at both widths: tau = -2 C Delta^2 |S| S at the grid's and
    /// T = -2 C (r Delta)^2 |[S]| [S] at the test filter's. The identity of Germano, L = T - [tau], then holds with this C.
    #[test]
    fn the_coefficient_of_a_flow_that_the_model_describes_comes_back() {
        let gradient = flow();
        let points = POINTS[0] * POINTS[1];
        let mut dynamic = DynamicSmagorinsky::new(POINTS);
        dynamic.coefficient(&gradient);
        let filtered = |mut values: Vec<f64>| {
            average_neighbours(&mut values, POINTS);
            values
        };
        for exact in [0.03, -0.01] {
            // A filter twice as wide along x and z only.
            let wider = (2.0_f64 * 1.0 * 2.0).powf(1.0 / 3.0).powi(2);
            let stress = |strain: &[Vec<f64>; 6], width_squared: f64| -> [Vec<f64>; 6] {
                let at = |c: usize, p: usize| strain[c][p];
                let size = |p: usize| {
                    let diagonal = (0..3).map(|c| at(c, p).powi(2)).sum::<f64>();
                    let rest = (3..6).map(|c| at(c, p).powi(2)).sum::<f64>();
                    (2.0 * diagonal + 4.0 * rest).sqrt()
                };
                let value = |c: usize, p: usize| -2.0 * exact * width_squared * size(p) * at(c, p);
                std::array::from_fn(|c| (0..points).map(|p| value(c, p)).collect())
            };
            let grid = stress(&gradient.strain, 1.0).map(filtered);
            let test = stress(&gradient.strain.clone().map(filtered), wider);
            let resolved = |p: usize| -> [f64; 6] {
                let isotropic = 5.0 + (p as f64).sin();
                std::array::from_fn(|c| {
                    test[c][p] - grid[c][p] + if c < 3 { isotropic } else { 0.0 }
                })
            };
            let found = least_squares((0..points).map(|p| (resolved(p), dynamic.model(p))));
            approx::assert_relative_eq!(found, exact, max_relative = 1e-10);
        }
    }
}
