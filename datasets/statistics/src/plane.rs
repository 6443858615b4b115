//! What one wall-parallel plane of one snapshot contributes: moments, spectra along x and z, derivatives along x and z.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::num_complex::Complex64;

use crate::grid::FlowGrid;
use crate::moments::PlaneMoments;

/// Quantities of the one-dimensional spectra: uu, vv, ww, uv.
pub(crate) const SPECTRA: usize = 4;

/// Copies u, v, w of the plane `j` of a snapshot `[x, y, z, component]` into three planes `[x, z]`.
pub(crate) fn read_plane<T: Copy + Into<f64>>(
    snapshot: &[T],
    [nx, ny, nz]: [usize; 3],
    components: usize,
    j: usize,
    [u, v, w]: &mut [Vec<f64>; 3],
) {
    for i in 0..nx {
        let row = &snapshot[(i * ny + j) * nz * components..][..nz * components];
        let line = i * nz..(i + 1) * nz;
        let places = u[line.clone()]
            .iter_mut()
            .zip(&mut v[line.clone()])
            .zip(&mut w[line]);
        for (point, ((u, v), w)) in row.chunks_exact(components).zip(places) {
            (*u, *v, *w) = (point[0].into(), point[1].into(), point[2].into());
        }
    }
}

/// What a plane contributes to the statistics.
#[derive(Debug, Clone)]
pub(crate) struct PlaneSample {
    pub moments: PlaneMoments,
    /// Along x and along z: sums over the lines of the products of the Fourier coefficients of the deviations from the
    /// plane's mean, unscaled, `[uu vv ww uv][k]`.
    pub power: [Vec<f64>; 2],
    /// Sum of (du/dx)^2 + (dw/dz)^2, if the lengths are known.
    pub gradients: f64,
}

impl PlaneSample {
    pub fn new([nx, _, nz]: [usize; 3]) -> Self {
        Self {
            moments: PlaneMoments::default(),
            power: [nx, nz].map(|n| vec![0.0; SPECTRA * (n / 2 + 1)]),
            gradients: 0.0,
        }
    }
}

/// Fourier transforms along one direction.
struct Lines {
    points: usize,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    wavenumber_step: f64,
}

impl Lines {
    fn new(points: usize, wavenumber_step: f64, planner: &mut RealFftPlanner<f64>) -> Self {
        Self {
            points,
            forward: planner.plan_fft_forward(points),
            inverse: planner.plan_fft_inverse(points),
            wavenumber_step,
        }
    }

    /// Adds the products of the coefficients of all lines of u, v, w to `power`. The lines become working memory, but for
    /// those of the component `differentiate`, which become their derivative.
    fn transform(
        &self,
        velocity: &mut [Vec<f64>; 3],
        differentiate: Option<usize>,
        power: &mut [f64],
        modes: &mut [Vec<Complex64>; 3],
        fft: &mut [Complex64],
    ) {
        let n = self.points;
        let kept = n / 2 + 1;
        for line in 0..velocity[0].len() / n {
            let place = line * n..(line + 1) * n;
            for (points, modes) in velocity.iter_mut().zip(modes.iter_mut()) {
                let scratch = &mut fft[..self.forward.get_scratch_len()];
                self.forward
                    .process_with_scratch(&mut points[place.clone()], &mut modes[..kept], scratch)
                    .expect("buffers planned for these lengths");
            }
            add_products(modes, kept, power);
            if let Some(component) = differentiate {
                let modes = &mut modes[component][..kept];
                self.differentiate(modes);
                let scratch = &mut fft[..self.inverse.get_scratch_len()];
                self.inverse
                    .process_with_scratch(modes, &mut velocity[component][place], scratch)
                    .expect("buffers planned for these lengths");
            }
        }
    }

    /// Multiplies by i k. The highest mode of an even number of points has no derivative that these points could tell.
    fn differentiate(&self, modes: &mut [Complex64]) {
        let scale = self.wavenumber_step / self.points as f64;
        for (k, mode) in modes.iter_mut().enumerate() {
            *mode *= Complex64::new(0.0, k as f64 * scale);
        }
        // Also for a plane that holds infinities, which is refused later on.
        modes[0] = Complex64::ZERO;
        if self.points.is_multiple_of(2) {
            modes[self.points / 2] = Complex64::ZERO;
        }
    }
}

fn add_products(modes: &[Vec<Complex64>; 3], kept: usize, power: &mut [f64]) {
    let [u, v, _] = modes;
    let (squares, products) = power.split_at_mut(3 * kept);
    for (modes, sums) in modes.iter().zip(squares.chunks_exact_mut(kept)) {
        for (sum, mode) in sums.iter_mut().zip(modes) {
            *sum += mode.norm_sqr();
        }
    }
    for ((sum, u), v) in products.iter_mut().zip(u).zip(v) {
        *sum += u.re * v.re + u.im * v.im;
    }
}

/// Plans for the planes of one grid.
pub(crate) struct PlaneAnalysis {
    points: [usize; 2],
    along_x: Lines,
    along_z: Lines,
    has_lengths: bool,
    scratch: Mutex<Vec<PlaneScratch>>,
}

/// Working memory of one thread.
pub(crate) struct PlaneScratch {
    /// u, v, w on `[x, z]`: the plane to analyse.
    pub velocity: [Vec<f64>; 3],
    /// The same on `[z, x]`.
    turned: [Vec<f64>; 3],
    modes: [Vec<Complex64>; 3],
    fft: Vec<Complex64>,
}

impl PlaneAnalysis {
    pub fn new(grid: &FlowGrid) -> Self {
        let [nx, _, nz] = grid.points();
        let mut planner = RealFftPlanner::new();
        Self {
            points: [nx, nz],
            along_x: Lines::new(nx, grid.wavenumber_step(0), &mut planner),
            along_z: Lines::new(nz, grid.wavenumber_step(1), &mut planner),
            has_lengths: grid.lengths().is_some(),
            scratch: Mutex::default(),
        }
    }

    /// Working memory for one thread; it goes back when it is dropped.
    pub fn scratch(&self) -> Lease<'_> {
        let kept = self.pool().pop();
        let scratch = kept.unwrap_or_else(|| {
            let [nx, nz] = self.points;
            let plane = || [0; 3].map(|_| vec![0.0; nx * nz]);
            let lengths = [&self.along_x, &self.along_z]
                .map(|l| l.forward.get_scratch_len().max(l.inverse.get_scratch_len()));
            PlaneScratch {
                velocity: plane(),
                turned: plane(),
                modes: [0; 3].map(|_| vec![Complex64::ZERO; nx.max(nz) / 2 + 1]),
                fft: vec![Complex64::ZERO; lengths[0].max(lengths[1])],
            }
        });
        Lease {
            analysis: self,
            scratch: Some(scratch),
        }
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Vec<PlaneScratch>> {
        // A thread that panicked in between left a list of buffers, as good as before.
        self.scratch.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Analyses the plane that `scratch` holds: its contribution to `sample`, du/dx + dw/dz to `horizontal` (if the lengths
    /// are known) and v to `wall_normal`, both `[x, z]`.
    pub fn analyze(
        &self,
        scratch: &mut PlaneScratch,
        sample: &mut PlaneSample,
        horizontal: &mut [f64],
        wall_normal: &mut [f64],
    ) {
        let [nx, nz] = self.points;
        let PlaneScratch {
            velocity,
            turned,
            modes,
            fft,
        } = scratch;
        sample.moments = PlaneMoments::take(velocity);
        let mean = sample.moments.means()[1];
        for (to, deviation) in wall_normal.iter_mut().zip(&velocity[1]) {
            *to = mean + deviation;
        }
        for (from, to) in velocity.iter().zip(turned.iter_mut()) {
            transpose::transpose(from, to, nz, nx);
        }
        sample.power.iter_mut().for_each(|power| power.fill(0.0));
        let [power_x, power_z] = &mut sample.power;
        let component = |c: usize| self.has_lengths.then_some(c);
        self.along_x
            .transform(turned, component(0), power_x, modes, fft);
        self.along_z
            .transform(velocity, component(2), power_z, modes, fft);
        if self.has_lengths {
            transpose::transpose(&turned[0], horizontal, nx, nz);
            let mut squares = 0.0;
            for (sum, derivative) in horizontal.iter_mut().zip(&velocity[2]) {
                squares += *sum * *sum + derivative * derivative;
                *sum += derivative;
            }
            sample.gradients = squares;
        }
    }
}

/// Working memory on loan.
pub(crate) struct Lease<'a> {
    analysis: &'a PlaneAnalysis,
    // Taken out on drop only.
    scratch: Option<PlaneScratch>,
}

impl Deref for Lease<'_> {
    type Target = PlaneScratch;

    fn deref(&self) -> &PlaneScratch {
        self.scratch.as_ref().expect("there until it is dropped")
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut PlaneScratch {
        self.scratch.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let scratch = self.scratch.take();
        self.analysis.pool().extend(scratch);
    }
}
