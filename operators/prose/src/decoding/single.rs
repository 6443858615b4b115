//! One equation a series: the likeliest word at each place, or one at random.

use rand::{Rng, RngExt};
use rheome_training::randomness::{Purpose, generator};

use super::hypothesis::{Hypothesis, Rules, WordScores};
use super::{Decoded, Method};
use crate::ProseError;

/// Decodes the equation of every series.
///
/// # Errors
/// [`ProseError::NonFinite`].
pub(super) fn search(
    scores: &mut impl WordScores,
    rules: &Rules,
    starts: Vec<Hypothesis>,
    method: Method,
) -> Result<Vec<Vec<Decoded>>, ProseError> {
    let mut found = vec![Vec::new(); starts.len()];
    let seed = match method {
        Method::Sampling { seed, .. } => seed,
        _ => 0,
    };
    let mut generators: Vec<_> = (0..starts.len() as u64)
        .map(|series| generator(seed, Purpose::Words, series))
        .collect();
    let mut alive = starts;
    let mut parents: Vec<usize> = (0..alive.len()).collect();
    while !alive.is_empty() {
        let words: Vec<u32> = alive.iter().filter_map(|h| h.ids.last().copied()).collect();
        let rows = scores.next(&parents, &words);
        let vocabulary = rows.len() / alive.len();
        let mut next = Vec::with_capacity(alive.len());
        parents.clear();
        for (row, (hypothesis, scores)) in alive.iter().zip(rows.chunks(vocabulary)).enumerate() {
            let candidates = rules.candidates(hypothesis, scores)?;
            let (id, log_probability) =
                choose(candidates, method, &mut generators[hypothesis.series]);
            let longer = rules.extend(hypothesis, id, log_probability);
            if rules.is_finished(&longer) {
                found[longer.series].push(rules.finish(longer, 0.0));
            } else {
                parents.push(row);
                next.push(longer);
            }
        }
        alive = next;
    }
    Ok(found)
}

fn choose(mut candidates: Vec<(u32, f64)>, method: Method, random: &mut impl Rng) -> (u32, f64) {
    let Method::Sampling {
        temperature,
        top_k,
        top_p,
        ..
    } = method
    else {
        return likeliest(&candidates);
    };
    candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    if top_k > 0 {
        candidates.truncate(top_k);
    }
    let largest = candidates[0].1;
    let weight = |candidate: &(u32, f64)| ((candidate.1 - largest) / temperature).exp();
    let total: f64 = candidates.iter().map(weight).sum();
    let mut sum = 0.0;
    let kept = candidates.iter().take_while(|candidate| {
        let is_needed = sum < top_p * total;
        sum += weight(candidate);
        is_needed
    });
    let kept = kept.count().max(1);
    candidates.truncate(kept);
    let total: f64 = candidates.iter().map(weight).sum();
    let mut left = random.random::<f64>() * total;
    for candidate in &candidates {
        left -= weight(candidate);
        if left < 0.0 {
            return *candidate;
        }
    }
    candidates[0]
}

/// The first of the likeliest.
pub(super) fn likeliest(candidates: &[(u32, f64)]) -> (u32, f64) {
    let better = |best: (u32, f64), next: &(u32, f64)| if next.1 > best.1 { *next } else { best };
    candidates[1..].iter().fold(candidates[0], better)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frequencies(method: Method) -> [f64; 3] {
        let candidates = vec![(0, 0.2_f64.ln()), (1, 0.5_f64.ln()), (2, 0.3_f64.ln())];
        let mut random = generator(3, Purpose::Words, 0);
        let mut counts = [0.0; 3];
        for _ in 0..4000 {
            counts[choose(candidates.clone(), method, &mut random).0 as usize] += 1.0 / 4000.0;
        }
        counts
    }

    fn check(method: (f64, usize, f64), expected: [f64; 3]) {
        let (temperature, top_k, top_p) = method;
        let found = frequencies(Method::Sampling {
            temperature,
            top_k,
            top_p,
            seed: 0,
        });
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.03, "{found} {expected}");
        }
    }

    #[test]
    fn words_are_drawn_as_often_as_they_are_likely() {
        check((1.0, 0, 1.0), [0.2, 0.5, 0.3]);
        // Squares of the probabilities.
        check((0.5, 0, 1.0), [0.04 / 0.38, 0.25 / 0.38, 0.09 / 0.38]);
        check((1.0, 2, 1.0), [0.0, 0.625, 0.375]);
        check((1.0, 0, 0.6), [0.0, 0.625, 0.375]);
        check((1.0, 0, 0.4), [0.0, 1.0, 0.0]);
        check((1.0, 1, 1.0), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn of_equally_likely_words_the_first_is_taken() {
        assert_eq!(likeliest(&[(4, -2.0), (7, -1.0), (9, -1.0)]).0, 7);
    }
}
