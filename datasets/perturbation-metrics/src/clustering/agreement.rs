//! Adjusted mutual information of two partitions (Vinh, Epps & Bailey 2010).

use std::collections::BTreeMap;

/// 1 for the same partition, about 0 for independent ones; normalised by the mean of both entropies.
pub fn adjusted_mutual_information(a: &[usize], b: &[usize]) -> f64 {
    let n = a.len() as f64;
    let (of_a, of_b) = (sizes(a.iter().copied()), sizes(b.iter().copied()));
    if of_a.len() == 1 && of_b.len() == 1 {
        return 1.0;
    }
    let joint = sizes(a.iter().copied().zip(b.iter().copied()));
    let information: f64 = joint
        .iter()
        .map(|((x, y), count)| count / n * (n * count / (of_a[x] * of_b[y])).ln())
        .sum();
    let expected = expected_information(&of_a, &of_b, n);
    let entropy =
        |sizes: &BTreeMap<usize, f64>| -sizes.values().map(|s| s / n * (s / n).ln()).sum::<f64>();
    let most = (entropy(&of_a) + entropy(&of_b)) / 2.0 - expected;
    let most = if most < 0.0 {
        most.min(-f64::EPSILON)
    } else {
        most.max(f64::EPSILON)
    };
    (information - expected) / most
}

fn sizes<K: Ord>(labels: impl Iterator<Item = K>) -> BTreeMap<K, f64> {
    let mut sizes = BTreeMap::new();
    labels.for_each(|label| *sizes.entry(label).or_insert(0.0) += 1.0);
    sizes
}

/// What partitions of these sizes share on average if they are drawn at random (eq. 24a).
fn expected_information(a: &BTreeMap<usize, f64>, b: &BTreeMap<usize, f64>, n: f64) -> f64 {
    let log_factorial = |x: f64| libm::lgamma(x + 1.0);
    let mut sum = 0.0;
    for x in a.values() {
        for y in b.values() {
            let mut count = (x + y - n).max(1.0);
            while count <= x.min(*y) {
                let log_probability = log_factorial(*x)
                    + log_factorial(*y)
                    + log_factorial(n - x)
                    + log_factorial(n - y)
                    - log_factorial(n)
                    - log_factorial(count)
                    - log_factorial(x - count)
                    - log_factorial(y - count)
                    - log_factorial(n - x - y + count);
                sum += count / n * (n * count / (x * y)).ln() * log_probability.exp();
                count += 1.0;
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((adjusted_mutual_information(&[0, 0, 1, 1], &[1, 1, 0, 0]) - 1.0).abs() < 1e-12);
        assert!(adjusted_mutual_information(&[0, 0, 0, 0], &[0, 1, 2, 3]).abs() < 1e-12);
        // sklearn.metrics.adjusted_mutual_info_score of the same labels.
        let found = adjusted_mutual_information(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 2, 2]);
        assert!((found - KNOWN).abs() < 1e-12, "{found}");
    }

    const KNOWN: f64 = 0.083_726_783_786_712_43;
}
