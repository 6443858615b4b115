//! The flow and its way through time.

use rayon::prelude::*;
use rustfft::num_complex::Complex64;

use crate::transforms::Transforms;
use crate::waves::Waves;
use crate::{PeriodicConfig, PeriodicError, initial};

/// Numbers that sum a flow up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diagnostics {
    /// Mean kinetic energy per mass, half the mean square velocity.
    pub energy: f64,
    /// Half the mean square vorticity. Energy is lost at the rate `2 viscosity enstrophy`.
    pub enstrophy: f64,
    /// Largest sum of the magnitudes of the velocity components.
    pub largest_velocity: f64,
}

/// A flow in a periodic box.
pub struct PeriodicFlow {
    config: PeriodicConfig,
    waves: Waves,
    transforms: Transforms,
    time: f64,
    /// Modes of the vorticity, `[ky, kx]`.
    vorticity: Vec<Complex64>,
    work: Workspace,
}

/// Memory that every step uses again.
struct Workspace {
    /// Fields `[x, y]`: u, v, vorticity gradients, their product.
    fields: [Vec<f64>; 3],
    modes: Vec<Complex64>,
    /// Slopes of the four stages, and the state that they are taken at.
    slopes: [Vec<Complex64>; 4],
    stage: Vec<Complex64>,
    /// What viscosity leaves of each mode over half a step.
    decay: Vec<f64>,
}

impl PeriodicFlow {
    /// Decaying turbulence: a band of eddies with random phases.
    ///
    /// # Errors
    /// [`PeriodicError::Setting`] if a setting cannot work.
    pub fn decaying(config: &PeriodicConfig, seed: u64) -> Result<Self, PeriodicError> {
        let mut this = Self::at_rest(config)?;
        this.vorticity = initial::vorticity(config, &this.waves, seed, &mut this.transforms);
        Ok(this)
    }

    /// The flow with this vorticity, `[x, y]`; its mean and the waves that are cut off are taken away.
    ///
    /// # Errors
    /// [`PeriodicError::Setting`] if a setting cannot work, [`PeriodicError::Shape`] for another number of points.
    pub fn from_vorticity(
        config: &PeriodicConfig,
        vorticity: &[f64],
    ) -> Result<Self, PeriodicError> {
        let mut this = Self::at_rest(config)?;
        let expected = config.points * config.points;
        if vorticity.len() != expected {
            return Err(PeriodicError::Shape {
                found: vorticity.len(),
                expected,
            });
        }
        this.transforms
            .forward(&mut vorticity.to_vec(), &mut this.vorticity);
        this.waves.cut_off(&mut this.vorticity);
        Ok(this)
    }

    fn at_rest(config: &PeriodicConfig) -> Result<Self, PeriodicError> {
        config.validate()?;
        let waves = Waves::new(config);
        let modes = || vec![Complex64::default(); waves.len()];
        let field = || vec![0.0; config.points * config.points];
        Ok(Self {
            transforms: Transforms::new(config.points),
            time: 0.0,
            vorticity: modes(),
            work: Workspace {
                fields: [field(), field(), field()],
                modes: modes(),
                slopes: [modes(), modes(), modes(), modes()],
                stage: modes(),
                decay: vec![0.0; waves.len()],
            },
            config: config.clone(),
            waves,
        })
    }

    /// Its settings.
    pub fn config(&self) -> &PeriodicConfig {
        &self.config
    }

    /// Time since the start.
    pub fn time(&self) -> f64 {
        self.time
    }

    /// The vorticity, `[x, y]`.
    pub fn vorticity(&mut self) -> Vec<f64> {
        let mut field = vec![0.0; self.config.points * self.config.points];
        self.transforms.inverse(&self.vorticity, &mut field);
        field
    }

    /// Both components of the velocity, `[x, y]` each.
    pub fn velocity(&mut self) -> [Vec<f64>; 2] {
        let points = self.config.points * self.config.points;
        [Component::U, Component::V].map(|component| {
            let mut field = vec![0.0; points];
            component.of(&self.vorticity, &self.waves, &mut self.work.modes);
            self.transforms.inverse(&self.work.modes, &mut field);
            field
        })
    }

    /// Energy, enstrophy and the largest velocity.
    pub fn diagnostics(&mut self) -> Diagnostics {
        let [u, v] = self.velocity();
        let largest = u.iter().zip(&v).map(|(u, v)| u.abs() + v.abs());
        let sum = |of: fn(f64, f64) -> f64| -> f64 {
            let modes = self.vorticity.iter().enumerate().skip(1);
            modes
                .map(|(place, mode)| {
                    let wave = self.waves.at(place);
                    0.5 * wave.weight * of(mode.norm_sqr(), wave.square)
                })
                .sum()
        };
        Diagnostics {
            energy: sum(|square, k2| square / k2),
            enstrophy: sum(|square, _| square),
            largest_velocity: largest.fold(0.0, f64::max),
        }
    }

    /// Energy of the shells around 1, 2, 3, ... waves per side; their sum is the energy of all modes below half the points.
    pub fn energy_spectrum(&self) -> Vec<f64> {
        self.waves.shells(|place, wave| {
            0.5 * wave.weight * self.vorticity[place].norm_sqr() / wave.square
        })
    }

    /// Advances the flow by `duration`, in equal steps that keep to the Courant number.
    ///
    /// # Errors
    /// [`PeriodicError::NonFinite`] if the flow blows up, [`PeriodicError::Setting`] for a duration below 0.
    pub fn advance(&mut self, duration: f64) -> Result<(), PeriodicError> {
        if !(duration >= 0.0 && duration.is_finite()) {
            return Err(PeriodicError::Setting {
                key: "duration",
                found: duration.to_string(),
                expected: "0 or a positive number",
            });
        }
        let end = self.time + duration;
        loop {
            let now = self.diagnostics();
            // A maximum would pass over what is not a number; the energy does not.
            if !now.energy.is_finite() {
                return Err(PeriodicError::NonFinite { time: self.time });
            }
            if end - self.time <= 1e-12 * duration.max(end.abs()) {
                break;
            }
            let left = end - self.time;
            let longest = self.config.cfl * self.config.spacing()
                / now.largest_velocity.max(f64::MIN_POSITIVE);
            // At most a Courant number ahead, so that the last steps are no shorter than the others.
            let step = left / (left / longest).ceil().max(1.0);
            self.step(step);
        }
        self.time = end;
        Ok(())
    }

    /// One Runge-Kutta step.
    fn step(&mut self, step: f64) {
        let rate = -0.5 * self.config.viscosity * step;
        let waves = &self.waves;
        let decay = self.work.decay.par_iter_mut().enumerate();
        decay.for_each(|(place, decay)| *decay = (rate * waves.at(place).square).exp());
        for stage in 0..4 {
            let Workspace {
                slopes,
                stage: state,
                decay,
                ..
            } = &mut self.work;
            let start = &self.vorticity;
            state.par_iter_mut().enumerate().for_each(|(place, state)| {
                let (half, w) = (decay[place], start[place]);
                *state = match stage {
                    0 => w,
                    1 => (w + slopes[0][place] * (0.5 * step)) * half,
                    2 => w * half + slopes[1][place] * (0.5 * step),
                    _ => (w * half + slopes[2][place] * step) * half,
                };
            });
            self.convection(stage);
        }
        let Workspace { slopes, decay, .. } = &self.work;
        let modes = self.vorticity.par_iter_mut().enumerate();
        modes.for_each(|(place, w)| {
            let half = decay[place];
            let middle = (slopes[1][place] + slopes[2][place]) * (2.0 * half);
            let sum = slopes[0][place] * (half * half) + middle + slopes[3][place];
            *w = *w * (half * half) + sum * (step / 6.0);
        });
        self.time += step;
    }

    /// `-u . grad w` of the state of a stage, into the slope of that stage.
    fn convection(&mut self, stage: usize) {
        let Workspace {
            fields,
            modes,
            slopes,
            stage: state,
            ..
        } = &mut self.work;
        let [velocity, gradient, product] = fields;
        product.fill(0.0);
        for (component, slope) in [
            (Component::U, Component::AlongX),
            (Component::V, Component::AlongY),
        ] {
            component.of(state, &self.waves, modes);
            self.transforms.inverse(modes, velocity);
            slope.of(state, &self.waves, modes);
            self.transforms.inverse(modes, gradient);
            let factors = velocity.par_iter().zip(gradient.par_iter());
            let sums = product.par_iter_mut().zip(factors);
            sums.for_each(|(sum, (u, w))| *sum -= u * w);
        }
        self.transforms.forward(product, &mut slopes[stage]);
        self.waves.cut_off(&mut slopes[stage]);
    }
}

/// A linear function of the vorticity.
#[derive(Debug, Clone, Copy)]
enum Component {
    /// Velocity along x: the stream function's slope along y.
    U,
    /// Velocity along y: minus its slope along x.
    V,
    /// Slope along x.
    AlongX,
    /// Slope along y.
    AlongY,
}

impl Component {
    fn of(self, vorticity: &[Complex64], waves: &Waves, into: &mut [Complex64]) {
        into.par_iter_mut().enumerate().for_each(|(place, out)| {
            let wave = waves.at(place);
            let factor = match self {
                _ if place == 0 || !wave.is_kept => 0.0,
                Self::U => wave.ky / wave.square,
                Self::V => -wave.kx / wave.square,
                Self::AlongX => wave.kx,
                Self::AlongY => wave.ky,
            };
            *out = Complex64::i() * vorticity[place] * factor;
        });
    }
}
