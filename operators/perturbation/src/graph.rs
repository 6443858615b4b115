//! The graph of genes that vary together: along its edges the gene encoder looks.
//!
//! [`Coexpression`] collects cells and makes a [`GeneGraph`] of the genes' columns; [`VocabularyGraph`] is the same over the
//! ids of a vocabulary, with every id's edge to itself.

mod coexpression;
mod vocabulary;

pub use coexpression::{Coexpression, GraphConfig};
pub use vocabulary::{SelfEdges, VocabularyGraph};

use serde::{Deserialize, Serialize};

use crate::PerturbationError;

/// Neighbours of each gene, itself not among them, by its column in the data; undirected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<u32>>", into = "Vec<Vec<u32>>")]
pub struct GeneGraph {
    neighbours: Vec<Vec<u32>>,
}

impl GeneGraph {
    /// The graph of `genes` genes with these edges; an edge may be given once or in both directions.
    ///
    /// # Errors
    /// [`PerturbationError::Graph`] for an edge to a gene that is not there.
    pub fn from_edges(
        genes: usize,
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Self, PerturbationError> {
        let mut neighbours = vec![Vec::new(); genes];
        for (i, j) in edges {
            if i.max(j) >= genes {
                let reason = format!("an edge between {i} and {j}, but only {genes} genes");
                return Err(PerturbationError::Graph { reason });
            }
            if i != j {
                neighbours[i].push(j as u32);
                neighbours[j].push(i as u32);
            }
        }
        for list in &mut neighbours {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self { neighbours })
    }

    /// Genes of the graph.
    pub fn genes(&self) -> usize {
        self.neighbours.len()
    }

    /// Undirected edges.
    pub fn edges(&self) -> usize {
        self.neighbours.iter().map(Vec::len).sum::<usize>() / 2
    }

    /// The neighbours of a gene, ascending.
    ///
    /// # Panics
    /// If there is no such gene.
    pub fn neighbours(&self, gene: usize) -> &[u32] {
        &self.neighbours[gene]
    }

    /// Whether two different genes are joined.
    pub fn is_edge(&self, i: usize, j: usize) -> bool {
        self.neighbours
            .get(i)
            .is_some_and(|list| list.binary_search(&(j as u32)).is_ok())
    }
}

impl TryFrom<Vec<Vec<u32>>> for GeneGraph {
    type Error = PerturbationError;

    fn try_from(neighbours: Vec<Vec<u32>>) -> Result<Self, PerturbationError> {
        let edges = neighbours
            .iter()
            .enumerate()
            .flat_map(|(i, list)| list.iter().map(move |j| (i, *j as usize)));
        Self::from_edges(neighbours.len(), edges)
    }
}

impl From<GeneGraph> for Vec<Vec<u32>> {
    fn from(graph: GeneGraph) -> Self {
        graph.neighbours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_undirected_and_counted_once() {
        let graph = GeneGraph::from_edges(4, [(0, 2), (2, 0), (2, 1), (1, 1)]).unwrap();
        assert_eq!(graph.neighbours(2), [0, 1]);
        assert_eq!(graph.edges(), 2);
        assert!(graph.is_edge(0, 2) && graph.is_edge(2, 0));
        assert!(!graph.is_edge(1, 1) && !graph.is_edge(3, 0) && !graph.is_edge(9, 0));
        assert!(GeneGraph::from_edges(4, [(0, 4)]).is_err());
    }

    #[test]
    fn a_stored_graph_is_checked_when_it_is_read() {
        let graph = GeneGraph::from_edges(3, [(0, 2)]).unwrap();
        let text = serde_json::to_string(&graph).unwrap();
        assert_eq!(text, "[[2],[],[0]]");
        assert_eq!(serde_json::from_str::<GeneGraph>(&text).unwrap(), graph);
        assert!(serde_json::from_str::<GeneGraph>("[[3],[],[0]]").is_err());
    }
}
