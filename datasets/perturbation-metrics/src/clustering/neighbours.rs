//! The weighted graph of nearest neighbours of UMAP (McInnes, Healy & Melville 2018, section 3.1).

use super::leiden::Graph;

/// Steps of the bisection for a point's scale.
const STEPS: usize = 64;
const TOLERANCE: f64 = 1e-5;
/// The least scale, in mean distances.
const LEAST_SCALE: f64 = 1e-3;

/// The fuzzy union a + b - a b of each point's memberships of its `count` nearest neighbours (itself among them).
pub fn neighbour_graph(points: &[Vec<f64>], count: usize) -> Graph {
    let n = points.len();
    let near: Vec<Vec<(usize, f64)>> = (0..n).map(|i| nearest(points, i, count)).collect();
    let all: f64 = near.iter().flatten().map(|(_, d)| d).sum();
    let mean_of_all = all / (n * count) as f64;
    let mut weights = vec![vec![0.0; n]; n];
    for (i, near) in near.iter().enumerate() {
        for (j, membership) in memberships(near, mean_of_all) {
            weights[i][j] = membership;
        }
    }
    let mut graph = Graph::new(n);
    for (i, row) in weights.iter().enumerate() {
        for (j, a) in row.iter().take(i).enumerate() {
            let b = weights[j][i];
            graph.connect(i, j, a + b - a * b);
        }
    }
    graph
}

fn nearest(points: &[Vec<f64>], i: usize, count: usize) -> Vec<(usize, f64)> {
    let distance = |j: usize| {
        let pairs = points[i].iter().zip(&points[j]);
        pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    };
    let mut near: Vec<(usize, f64)> = (0..points.len()).map(|j| (j, distance(j))).collect();
    // The point itself first, whatever equals it.
    near.sort_by(|a, b| (a.0 != i).cmp(&(b.0 != i)).then(a.1.total_cmp(&b.1)));
    near.truncate(count);
    near
}

/// exp(-(d - least) / scale) of each neighbour, the scale chosen so that they add up to log2(count).
fn memberships(near: &[(usize, f64)], mean_of_all: f64) -> Vec<(usize, f64)> {
    let target = (near.len() as f64).log2();
    let least = near[1..]
        .iter()
        .map(|(_, d)| *d)
        .find(|d| *d > 0.0)
        .unwrap_or(0.0);
    let membership = |distance: f64, scale: f64| match distance - least {
        beyond if beyond > 0.0 => (-beyond / scale).exp(),
        _ => 1.0,
    };
    let (mut low, mut high, mut scale) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..STEPS {
        let sum: f64 = near[1..].iter().map(|(_, d)| membership(*d, scale)).sum();
        if (sum - target).abs() < TOLERANCE {
            break;
        }
        if sum > target {
            high = scale;
            scale = (low + high) / 2.0;
        } else {
            low = scale;
            scale = if high.is_finite() {
                (low + high) / 2.0
            } else {
                scale * 2.0
            };
        }
    }
    let mean = near.iter().map(|(_, d)| d).sum::<f64>() / near.len() as f64;
    let scale = scale.max(LEAST_SCALE * if least > 0.0 { mean } else { mean_of_all });
    near[1..]
        .iter()
        .map(|(j, d)| (*j, membership(*d, scale)))
        .collect()
}
