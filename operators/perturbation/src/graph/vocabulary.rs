//! The co-expression graph on the ids of a vocabulary: which names each name looks at in the gene encoder.

use serde::{Deserialize, Serialize};

use super::GeneGraph;
use crate::vocabulary::SPECIAL_NAMES;
use crate::{PerturbationError, Vocabulary};

/// Which genes look at themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelfEdges {
    /// All of them.
    #[default]
    All,
    /// All but the last four genes by name: the published code gives self-edges to the first G of the G + 4 ids. One of the
    /// four that has no neighbour keeps its self-edge, since it has to look somewhere.
    Published,
}

/// Which ids of a vocabulary each id looks at, itself included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VocabularyGraph {
    neighbours: Vec<Vec<u32>>,
}

impl VocabularyGraph {
    /// The edges of `graph`, whose genes have the names `names`, over the ids of `vocabulary`. Special names and genes
    /// that `graph` lacks look at themselves alone.
    ///
    /// # Errors
    /// [`PerturbationError::Shape`] if there are not as many names as genes; [`PerturbationError::UnknownName`] for a name
    /// that `vocabulary` lacks.
    pub fn new(
        graph: &GeneGraph,
        names: &[String],
        vocabulary: &Vocabulary,
        self_edges: SelfEdges,
    ) -> Result<Self, PerturbationError> {
        if names.len() != graph.genes() {
            return Err(PerturbationError::Shape {
                what: "names of the genes of the graph",
                found: vec![names.len()],
                expected: vec![graph.genes()],
            });
        }
        let ids = vocabulary.ids(names)?;
        let mut all = Self::isolated(vocabulary.size());
        for (gene, id) in ids.iter().enumerate() {
            let list = &mut all.neighbours[*id];
            list.extend(
                graph
                    .neighbours(gene)
                    .iter()
                    .map(|j| ids[*j as usize] as u32),
            );
            let looks_at_itself = match self_edges {
                SelfEdges::All => true,
                SelfEdges::Published => *id < vocabulary.size() - SPECIAL_NAMES.len(),
            };
            if !looks_at_itself && list.len() > 1 {
                list.remove(0);
            }
            list.sort_unstable();
        }
        Ok(all)
    }

    /// `size` ids that look at themselves alone: what drugs have, which no graph joins.
    pub fn isolated(size: usize) -> Self {
        Self {
            neighbours: (0..size as u32).map(|id| vec![id]).collect(),
        }
    }

    /// Ids of the vocabulary.
    pub fn size(&self) -> usize {
        self.neighbours.len()
    }

    /// The ids that `id` looks at, ascending; at least one.
    ///
    /// # Panics
    /// If there is no such id.
    pub fn neighbours(&self, id: usize) -> &[u32] {
        &self.neighbours[id]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|n| n.to_string()).collect()
    }

    #[test]
    fn columns_become_ids_in_the_order_of_the_names() {
        // Columns b, c, a; b - c joined. Ids: a 4, b 5, c 6, d 7.
        let graph = GeneGraph::from_edges(3, [(0, 1)]).unwrap();
        let vocabulary = Vocabulary::new(["a", "b", "c", "d"]).unwrap();
        let columns = names(&["b", "c", "a"]);
        let all = VocabularyGraph::new(&graph, &columns, &vocabulary, SelfEdges::All).unwrap();
        let found: Vec<&[u32]> = (0..8).map(|id| all.neighbours(id)).collect();
        let expected: [&[u32]; 8] = [&[0], &[1], &[2], &[3], &[4], &[5, 6], &[5, 6], &[7]];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_published_graph_leaves_the_last_four_genes_without_themselves() {
        let letters = names(&["a", "b", "c", "d", "e", "f"]);
        let graph = GeneGraph::from_edges(6, [(0, 1), (1, 2), (2, 3), (3, 4)]).unwrap();
        let vocabulary = Vocabulary::new(letters.clone()).unwrap();
        let made =
            VocabularyGraph::new(&graph, &letters, &vocabulary, SelfEdges::Published).unwrap();
        // Ids 4 to 9; 6 to 9 are the last four, of which 9 has no neighbour.
        let own: Vec<bool> = (4..10)
            .map(|id| made.neighbours(id).contains(&(id as u32)))
            .collect();
        assert_eq!(own, [true, true, false, false, false, true]);
        assert_eq!(made.neighbours(6), [5, 7]);
    }

    #[test]
    fn names_must_fit() {
        let graph = GeneGraph::from_edges(2, [(0, 1)]).unwrap();
        let vocabulary = Vocabulary::new(["a", "b"]).unwrap();
        let make =
            |list: &[&str]| VocabularyGraph::new(&graph, &names(list), &vocabulary, SelfEdges::All);
        assert!(matches!(make(&["a"]), Err(PerturbationError::Shape { .. })));
        assert!(matches!(
            make(&["a", "x"]),
            Err(PerturbationError::UnknownName { .. })
        ));
    }
}
