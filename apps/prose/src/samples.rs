//! Which samples judge a network where all would be too many.

use rand::seq::SliceRandom;
use rheome_training::randomness::{Purpose, generator};

/// At most so many of the samples, drawn at random: families follow each other too regularly for every n-th of them.
pub fn some_of(mut samples: Vec<usize>, most: Option<usize>, seed: u64) -> Vec<usize> {
    if let Some(most) = most {
        samples.shuffle(&mut generator(seed, Purpose::Order, 0));
        samples.truncate(most);
        samples.sort_unstable();
    }
    samples
}
