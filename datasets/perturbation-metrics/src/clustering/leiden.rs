//! Communities of a weighted graph: the Leiden algorithm (Traag, Waltman & van Eck 2019), for modularity with a resolution
//! (Reichardt & Bornholdt 2006).

use std::collections::{BTreeMap, VecDeque};

/// Rounds over the whole graph.
const ROUNDS: usize = 2;
/// A gain below this is round-off.
const LEAST_GAIN: f64 = 1e-12;

/// An undirected graph with weights.
#[derive(Debug, Clone)]
pub struct Graph {
    neighbours: Vec<Vec<(usize, f64)>>,
    /// Sum of the weights at each node; of a node that stands for several, of all of theirs.
    strength: Vec<f64>,
}

impl Graph {
    /// `n` nodes without edges.
    pub fn new(n: usize) -> Self {
        Self {
            neighbours: vec![Vec::new(); n],
            strength: vec![0.0; n],
        }
    }

    /// Adds an edge between two different nodes; none where the weight is zero.
    pub fn connect(&mut self, a: usize, b: usize, weight: f64) {
        if weight > 0.0 {
            self.link(a, b, weight);
            self.strength[a] += weight;
            self.strength[b] += weight;
        }
    }

    fn link(&mut self, a: usize, b: usize, weight: f64) {
        self.neighbours[a].push((b, weight));
        self.neighbours[b].push((a, weight));
    }

    fn len(&self) -> usize {
        self.strength.len()
    }

    /// Weight from a node to each community around it.
    fn around(&self, node: usize, communities: &[usize]) -> BTreeMap<usize, f64> {
        let mut around = BTreeMap::new();
        for (other, weight) in &self.neighbours[node] {
            *around.entry(communities[*other]).or_insert(0.0) += weight;
        }
        around
    }

    /// The graph whose nodes are communities.
    fn aggregate(&self, communities: &[usize], count: usize) -> Self {
        let mut whole = Self::new(count);
        let mut between = BTreeMap::new();
        for node in 0..self.len() {
            whole.strength[communities[node]] += self.strength[node];
            for (other, weight) in &self.neighbours[node] {
                let (a, b) = (communities[node], communities[*other]);
                if a < b {
                    *between.entry((a, b)).or_insert(0.0) += weight;
                }
            }
        }
        between
            .into_iter()
            .for_each(|((a, b), weight)| whole.link(a, b, weight));
        whole
    }
}

/// The community of each node, numbered from 0. Nothing is drawn at random: nodes are visited in order, and refinement takes the best
/// merge (the limit of no randomness in the paper's eq. 5).
pub fn leiden(graph: &Graph, resolution: f64) -> Vec<usize> {
    let total: f64 = graph.strength.iter().sum();
    let mut communities: Vec<usize> = (0..graph.len()).collect();
    if total == 0.0 {
        return communities;
    }
    let price = resolution / total;
    for _ in 0..ROUNDS {
        communities = round(graph, communities, price);
    }
    communities
}

/// One round: move nodes, refine, aggregate, until nothing more is to be merged.
fn round(graph: &Graph, start: Vec<usize>, price: f64) -> Vec<usize> {
    let mut level = graph.clone();
    let mut communities = start;
    // Which node of the level each node of the graph is in.
    let mut of_graph: Vec<usize> = (0..graph.len()).collect();
    loop {
        move_nodes(&level, &mut communities, price);
        let count = renumber(&mut communities);
        if count == level.len() {
            break;
        }
        let mut refined = refine(&level, &communities, price);
        let parts = renumber(&mut refined);
        if parts == level.len() {
            break;
        }
        let mut of_parts = vec![0; parts];
        (0..level.len()).for_each(|node| of_parts[refined[node]] = communities[node]);
        level = level.aggregate(&refined, parts);
        of_graph.iter_mut().for_each(|node| *node = refined[*node]);
        communities = of_parts;
    }
    let mut found: Vec<usize> = of_graph.iter().map(|node| communities[*node]).collect();
    renumber(&mut found);
    found
}

/// Moves nodes to the community where they gain most, as long as one gains.
fn move_nodes(graph: &Graph, communities: &mut [usize], price: f64) {
    let n = graph.len();
    let mut strength = vec![0.0; n];
    let mut size = vec![0; n];
    for node in 0..n {
        strength[communities[node]] += graph.strength[node];
        size[communities[node]] += 1;
    }
    let mut queue: VecDeque<usize> = (0..n).collect();
    let mut waits = vec![true; n];
    while let Some(node) = queue.pop_front() {
        waits[node] = false;
        let (own, weight) = (communities[node], graph.strength[node]);
        strength[own] -= weight;
        size[own] -= 1;
        let around = graph.around(node, communities);
        let gain = |community: usize| {
            around.get(&community).copied().unwrap_or(0.0) - price * weight * strength[community]
        };
        let mut best = (own, gain(own));
        // A community of its own gains nothing.
        let empty = (0..n).find(|c| size[*c] == 0).unwrap_or(own);
        for community in around.keys().copied().chain([empty]) {
            let gain = gain(community);
            if gain > best.1 + LEAST_GAIN {
                best = (community, gain);
            }
        }
        communities[node] = best.0;
        strength[best.0] += weight;
        size[best.0] += 1;
        if best.0 == own {
            continue;
        }
        for (other, _) in &graph.neighbours[node] {
            if communities[*other] != best.0 && !waits[*other] {
                waits[*other] = true;
                queue.push_back(*other);
            }
        }
    }
}

/// Splits communities into parts that hang together: each node by itself at first, merged where it gains most.
fn refine(graph: &Graph, communities: &[usize], price: f64) -> Vec<usize> {
    let n = graph.len();
    let mut whole = vec![0.0; n];
    (0..n).for_each(|node| whole[communities[node]] += graph.strength[node]);
    // Weight from each part to the rest of its community.
    let inside = |node: usize| {
        graph.neighbours[node]
            .iter()
            .filter(|(o, _)| communities[*o] == communities[node])
            .map(|(_, w)| w)
            .sum::<f64>()
    };
    let mut cut: Vec<f64> = (0..n).map(inside).collect();
    let mut strength = graph.strength.clone();
    let mut parts: Vec<usize> = (0..n).collect();
    let mut single = vec![true; n];
    for node in 0..n {
        let community = whole[communities[node]];
        let is_connected =
            |cut: f64, strength: f64| cut >= price * strength * (community - strength) - LEAST_GAIN;
        if !single[node] || !is_connected(cut[node], strength[node]) {
            continue;
        }
        let mut best = (node, LEAST_GAIN);
        for (part, weight) in graph.around(node, &parts) {
            let same = communities[part] == communities[node];
            let gain = weight - price * graph.strength[node] * strength[part];
            if same && part != node && gain > best.1 && is_connected(cut[part], strength[part]) {
                best = (part, gain);
            }
        }
        if best.0 != node {
            let shared = graph.around(node, &parts)[&best.0];
            cut[best.0] += cut[node] - 2.0 * shared;
            strength[best.0] += strength[node];
            strength[node] = 0.0;
            parts[node] = best.0;
            single[best.0] = false;
        }
    }
    parts
}

/// Numbers communities from 0 in the order they come, and says how many there are.
fn renumber(communities: &mut [usize]) -> usize {
    let mut numbers = BTreeMap::new();
    for community in communities {
        let next = numbers.len();
        *community = *numbers.entry(*community).or_insert(next);
    }
    numbers.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_of_cliques_falls_into_cliques() {
        let mut graph = Graph::new(20);
        for clique in 0..4 {
            for i in 0..5 {
                (0..i).for_each(|j| graph.connect(5 * clique + i, 5 * clique + j, 1.0));
            }
            graph.connect(5 * clique, (5 * clique + 9) % 20, 1.0);
        }
        let expected: Vec<usize> = (0..20).map(|i| i / 5).collect();
        assert_eq!(leiden(&graph, 1.0), expected);
        assert_eq!(leiden(&graph, 0.0), vec![0; 20]);
        assert_eq!(leiden(&graph, 50.0), (0..20).collect::<Vec<_>>());
    }
}
