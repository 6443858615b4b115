//! What is drawn at random: a pure function of seed, purpose (for equations, the family) and number.

use rand::{Rng, RngExt};
use rand_pcg::Pcg64;

use super::family::Family;
use crate::formula::Parameters;

/// The random numbers of one equation of a family: others do not shift when families are added or left out.
pub fn equation_stream(seed: u64, family: &str, equation: u64) -> Pcg64 {
    stream(seed, family, equation)
}

/// The random numbers of a purpose at a step: a pure function of seed, name of the purpose and step.
pub(crate) fn stream(seed: u64, purpose: &str, step: u64) -> Pcg64 {
    // FNV-1a.
    let name = purpose
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let state = u128::from(seed) << 64 | u128::from(name);
    Pcg64::new(state, u128::from(step))
}

/// Parameters drawn uniformly within `spread` of their reference values (published: 0.1; 0.15 and 0.2 to test beyond).
pub fn sample_parameters(family: &Family, spread: f64, random: &mut impl Rng) -> Parameters {
    let mut draw = |reference: f64| reference * (1.0 + spread * random.random_range(-1.0..=1.0));
    let parameters = family.parameters().iter();
    parameters
        .map(|(name, &reference)| (name.clone(), draw(reference)))
        .collect()
}

/// Initial values drawn uniformly from the family's range, `[components]`.
pub fn sample_initial(family: &Family, random: &mut impl Rng) -> Vec<f64> {
    let [low, high] = family.initial();
    (0..family.dimension())
        .map(|_| random.random_range(low..=high))
        .collect()
}
