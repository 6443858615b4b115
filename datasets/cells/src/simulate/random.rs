//! Random numbers that depend on the seed, what they are for, and the cell, on nothing else.

use rand::SeedableRng;
use rand_pcg::Pcg64;

/// What numbers are drawn for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Network = 1,
    Perturbations,
    Order,
    Cell,
}

/// The generator of a purpose; `index` is the cell, where there is one each.
pub(super) fn generator(seed: u64, purpose: Purpose, index: u64) -> Pcg64 {
    Pcg64::seed_from_u64(mix(mix(seed ^ mix(purpose as u64)) ^ index))
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): neighbouring numbers become unrelated ones.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
