//! Several equations a series: the likeliest continuations side by side.

use super::Decoded;
use super::hypothesis::{Hypothesis, Rules, WordScores};
use super::single::likeliest;
use crate::ProseError;

/// A continuation by one word.
struct Candidate {
    /// The row it continues.
    row: usize,
    id: u32,
    log_probability: f64,
    /// Of the whole.
    total: f64,
    /// Whether it belongs to the greedy equation.
    is_greedy: bool,
}

/// Decodes `width` equations of every series, or as many as there are, the best first.
///
/// At each place the likeliest continuations of a series' hypotheses are kept, one less for each equation that has ended
/// (Sutskever et al. 2014, arXiv 1409.3215, section 3.2). The greedy equation is followed to its end even where others are
/// likelier on the way: a beam of width 1 is greedy decoding, and a wider one finds nothing less likely.
///
/// # Errors
/// [`ProseError::NonFinite`].
pub(super) fn search(
    scores: &mut impl WordScores,
    rules: &Rules,
    starts: Vec<Hypothesis>,
    width: usize,
    length_penalty: f64,
) -> Result<Vec<Vec<Decoded>>, ProseError> {
    let mut found = vec![Vec::new(); starts.len()];
    let mut alive = starts;
    // Rows of the greedy equations.
    let mut greedy = vec![true; alive.len()];
    let mut parents: Vec<usize> = (0..alive.len()).collect();
    while !alive.is_empty() {
        let words: Vec<u32> = alive.iter().filter_map(|h| h.ids.last().copied()).collect();
        let rows = scores.next(&parents, &words);
        let vocabulary = rows.len() / alive.len();
        let mut beams: Vec<Vec<Candidate>> = found.iter().map(|_| Vec::new()).collect();
        for (row, (hypothesis, scores)) in alive.iter().zip(rows.chunks(vocabulary)).enumerate() {
            let slots = width - found[hypothesis.series].len();
            let candidates = rules.candidates(hypothesis, scores)?;
            let best = likeliest(&candidates).0;
            let beam = &mut beams[hypothesis.series];
            beam.extend(
                candidates
                    .into_iter()
                    .map(|(id, log_probability)| Candidate {
                        row,
                        id,
                        log_probability,
                        total: hypothesis.log_probability + log_probability,
                        is_greedy: greedy[row] && id == best,
                    }),
            );
            keep_best(beam, slots);
        }
        let mut next = Vec::new();
        parents.clear();
        greedy.clear();
        for candidate in beams.into_iter().flatten() {
            let (row, id) = (candidate.row, candidate.id);
            let longer = rules.extend(&alive[row], id, candidate.log_probability);
            if rules.is_finished(&longer) {
                found[longer.series].push(rules.finish(longer, length_penalty));
            } else {
                parents.push(row);
                greedy.push(candidate.is_greedy);
                next.push(longer);
            }
        }
        alive = next;
    }
    for equations in &mut found {
        equations.sort_by(|a, b| b.score.total_cmp(&a.score));
    }
    Ok(found)
}

/// Keeps the greedy one and the likeliest, of equals the first.
fn keep_best(candidates: &mut Vec<Candidate>, slots: usize) {
    let order = |a: &Candidate, b: &Candidate| {
        let ties = (a.row, a.id).cmp(&(b.row, b.id));
        let likelier = b.total.total_cmp(&a.total).then(ties);
        b.is_greedy.cmp(&a.is_greedy).then(likelier)
    };
    if slots < candidates.len() {
        candidates.select_nth_unstable_by(slots, order);
        candidates.truncate(slots);
    }
    candidates.sort_by(order);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Markov chain over the words 0 (the end), 1, 2 and 3 (the beginning): scores by the last word.
    struct Chain([[f32; 4]; 4]);

    impl WordScores for Chain {
        fn next(&mut self, _: &[usize], words: &[u32]) -> Vec<f32> {
            words
                .iter()
                .flat_map(|word| self.0[*word as usize])
                .collect()
        }
    }

    fn chain() -> Chain {
        // The likeliest first word, 1, leads to unlikely ones.
        let logs = |row: [f32; 4]| row.map(f32::ln);
        Chain([
            logs([0.25; 4]),
            logs([0.3, 0.3, 0.3, 0.1]),
            logs([0.9, 0.04, 0.03, 0.03]),
            logs([0.05, 0.5, 0.4, 0.05]),
        ])
    }

    fn decode(width: usize, length_penalty: f64) -> Vec<Decoded> {
        let rules = Rules {
            end: 0,
            max_words: 5,
            grammar: None,
        };
        let start = Hypothesis {
            series: 0,
            ids: vec![3],
            log_probability: 0.0,
            prefix: None,
        };
        search(&mut chain(), &rules, vec![start], width, length_penalty)
            .unwrap()
            .remove(0)
    }

    /// Every equation of at most three words with its probability, the likeliest first.
    fn exhaustive() -> Vec<(f64, Vec<u32>)> {
        let table = chain().0;
        let probability = |from: u32, to: u32| f64::from(table[from as usize][to as usize].exp());
        let (mut open, mut all) = (vec![(1.0, vec![3_u32])], Vec::new());
        for _ in 0..4 {
            let mut longer = Vec::new();
            for (p, ids) in &open {
                let last = *ids.last().unwrap();
                all.push((p * probability(last, 0), ids[1..].to_vec()));
                for next in 1..4 {
                    longer.push((p * probability(last, next), [&ids[..], &[next]].concat()));
                }
            }
            open = longer;
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        all
    }

    #[test]
    fn a_wide_beam_finds_the_likeliest_equations_where_greed_fails() {
        let expected = exhaustive();
        let greedy = &decode(1, 0.0)[0];
        assert_eq!(greedy.ids, Vec::<u32>::from([1]));
        assert_eq!(expected[0].1, [2]);
        let found = decode(100, 0.0);
        for (found, (probability, ids)) in found.iter().zip(&expected).take(10) {
            assert!((found.log_probability - probability.ln()).abs() < 1e-5);
            assert!((expected.iter().any(|e| e.1 == found.ids)), "{ids:?}");
        }
        assert_eq!(decode(2, 0.0)[0].ids, [2]);
    }

    #[test]
    fn a_length_penalty_prefers_longer_equations() {
        let mean_length = |penalty| {
            let found = decode(20, penalty);
            let best = &found[..5];
            best.iter().map(|d| d.ids.len()).sum::<usize>()
        };
        assert!(mean_length(2.0) > mean_length(0.0));
        let best = &decode(20, 1.0)[0];
        let words = best.ids.len() + 1;
        assert!((best.score - best.log_probability / words as f64).abs() < 1e-12);
    }
}
