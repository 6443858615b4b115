//! Random flow to start from.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rustfft::num_complex::Complex64;

use crate::PeriodicConfig;
use crate::transforms::Transforms;
use crate::waves::Waves;

/// Modes of a random vorticity whose energy per wave number goes as `k^4 exp(-2 (k / peak)^2)`, with random phases: a narrow band
/// of eddies. The same seed gives the same flow on every grid that has its modes.
pub fn vorticity(
    config: &PeriodicConfig,
    waves: &Waves,
    seed: u64,
    transforms: &mut Transforms,
) -> Vec<Complex64> {
    let mut modes: Vec<Complex64> = (0..waves.len())
        .map(|place| {
            let wave = waves.at(place);
            // Each mode has a generator of its own.
            let waves = wave.waves();
            let name = [waves.to_bits(), wave.kx.to_bits(), wave.ky.to_bits()];
            let stream = name.iter().fold(seed, |hash, bits| {
                (hash ^ bits)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .rotate_left(29)
            });
            let phase = std::f64::consts::TAU * Pcg64Mcg::seed_from_u64(stream).random::<f64>();
            let k = waves / config.peak;
            // A shell of waves holds 2 pi k of them, and vorticity is k times velocity.
            let size = if waves > 0.0 && wave.is_kept {
                (k.powi(4) * (-2.0 * k * k).exp() / k).sqrt() * wave.square.sqrt()
            } else {
                0.0
            };
            Complex64::from_polar(size, phase)
        })
        .collect();
    // Modes without a partner in the half plane are made those of a real field.
    let mut field = vec![0.0; config.points * config.points];
    transforms.inverse(&modes, &mut field);
    transforms.forward(&mut field, &mut modes);
    modes[0] = Complex64::default();
    let energy: f64 = (1..waves.len())
        .map(|place| {
            let wave = waves.at(place);
            0.5 * wave.weight * modes[place].norm_sqr() / wave.square
        })
        .sum();
    let factor = config.velocity / energy.sqrt();
    modes.iter_mut().for_each(|mode| *mode *= factor);
    modes
}
