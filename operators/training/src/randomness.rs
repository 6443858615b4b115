//! Random numbers that need no stored state.

use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

/// What a stream of random numbers is for. Streams of different purposes are independent, so adding a draw for one
/// purpose changes no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights.
    Weights = 1,
    /// Noise on inputs.
    Noise = 2,
    /// Which symmetry or crop a sample is shown under.
    Augmentation = 3,
    /// Perturbations of the members of an ensemble.
    Ensemble = 4,
    /// Order in which samples are seen.
    Order = 5,
    /// Times of a flow that is learnt.
    FlowTime = 6,
    /// Features that a step leaves out.
    Dropout = 7,
    /// Words that are drawn.
    Words = 8,
    /// Flows to start from, and their parameters.
    Flow = 9,
}

/// The generator for `purpose` at `step` of a run with `seed`: a pure function of the three.
pub fn generator(seed: u64, purpose: Purpose, step: u64) -> Pcg64Mcg {
    // SplitMix64 (Steele, Lea & Flood 2014) spreads neighbouring keys over the whole state space.
    let mut state = seed;
    let mut words = [0u64; 2];
    for (word, key) in words.iter_mut().zip([(purpose as u64) << 56 ^ step, !step]) {
        state = split_mix(state ^ key);
        *word = state;
    }
    let mut bytes = [0u8; 16];
    bytes[..8].copy_from_slice(&words[0].to_le_bytes());
    bytes[8..].copy_from_slice(&words[1].to_le_bytes());
    Pcg64Mcg::from_seed(bytes)
}

fn split_mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, purpose, step| generator(seed, purpose, step).random::<u64>();
        assert_eq!(draw(1, Purpose::Noise, 5), draw(1, Purpose::Noise, 5));
        let streams = [
            draw(1, Purpose::Noise, 5),
            draw(2, Purpose::Noise, 5),
            draw(1, Purpose::Noise, 6),
            draw(1, Purpose::Augmentation, 5),
        ];
        for (i, a) in streams.iter().enumerate() {
            for b in &streams[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }
}
