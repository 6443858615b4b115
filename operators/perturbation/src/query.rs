//! The genes that are asked for, with their neighbours of the graph, as tensors.

use std::collections::BTreeMap;

use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::PerturbationError;
use crate::graph::VocabularyGraph;

/// Most edges whose keys and values are gathered at once: at 512 features 4 MB of each, so that they stay in the cache.
const EDGES: usize = 1 << 11;

/// Genes asked for, with the neighbours that the gene encoder looks at, on the device.
///
/// Made once per set of genes. The queries are in groups of like numbers of neighbours, so that gathering them pads little
/// even where a few genes have many.
#[derive(Debug, Clone)]
pub struct GeneQuery {
    ids: Vec<usize>,
    /// Ids of all genes concerned: `[table]`. All else counts in places of this table.
    pub(crate) table: Tensor<1, Int>,
    /// Places of the genes asked for, in the order of the groups: `[n]`.
    pub(crate) places: Tensor<1, Int>,
    pub(crate) groups: Vec<QueryGroup>,
    /// Where the genes asked for are in the order of the groups: `[n]`.
    pub(crate) order: Tensor<1, Int>,
}

/// Queries with their neighbours, padded to the largest number of them.
#[derive(Debug, Clone)]
pub(crate) struct QueryGroup {
    pub(crate) queries: usize,
    pub(crate) width: usize,
    /// Places of the neighbours: `[queries * width]`.
    pub(crate) neighbours: Tensor<1, Int>,
    /// Added to the scores: 0 for a neighbour, a huge negative number for padding; `[queries, width, 1]`.
    pub(crate) padding: Option<Tensor<3>>,
}

impl GeneQuery {
    /// The genes `ids` of a vocabulary with the graph `graph`.
    ///
    /// # Errors
    /// [`PerturbationError::Id`] for an id that the graph lacks; [`PerturbationError::Shape`] for no ids at all.
    pub fn new(
        graph: &VocabularyGraph,
        ids: &[usize],
        device: &Device,
    ) -> Result<Self, PerturbationError> {
        let size = graph.size();
        if let Some(id) = ids.iter().copied().find(|id| *id >= size) {
            return Err(PerturbationError::Id { id, size });
        }
        if ids.is_empty() {
            return Err(PerturbationError::Shape {
                what: "genes asked for",
                found: vec![0],
                expected: vec![1],
            });
        }
        let mut places: BTreeMap<u32, i32> = BTreeMap::new();
        for id in ids {
            places.insert(*id as u32, 0);
            places.extend(graph.neighbours(*id).iter().map(|j| (*j, 0)));
        }
        for (place, entry) in places.values_mut().enumerate() {
            *entry = place as i32;
        }
        let mut by_degree: Vec<usize> = (0..ids.len()).collect();
        by_degree.sort_by_key(|i| graph.neighbours(ids[*i]).len());
        let mut order = vec![0; ids.len()];
        for (position, i) in by_degree.iter().enumerate() {
            order[*i] = position as i32;
        }
        let sorted: Vec<usize> = by_degree.iter().map(|i| ids[*i]).collect();
        let ints = |numbers: Vec<i32>| {
            let length = numbers.len();
            Tensor::<1, Int>::from_data(TensorData::new(numbers, [length]), device)
        };
        Ok(Self {
            ids: ids.to_vec(),
            table: ints(places.keys().map(|id| *id as i32).collect()),
            places: ints(sorted.iter().map(|id| places[&(*id as u32)]).collect()),
            groups: groups(graph, &sorted, &places, device),
            order: ints(order),
        })
    }

    /// The genes asked for, by id.
    pub fn ids(&self) -> &[usize] {
        &self.ids
    }
}

fn groups(
    graph: &VocabularyGraph,
    sorted: &[usize],
    places: &BTreeMap<u32, i32>,
    device: &Device,
) -> Vec<QueryGroup> {
    let mut groups = Vec::new();
    let mut rest = sorted;
    while !rest.is_empty() {
        let mut queries = 1;
        while queries < rest.len() && (queries + 1) * graph.neighbours(rest[queries]).len() <= EDGES
        {
            queries += 1;
        }
        let (now, later) = rest.split_at(queries);
        groups.push(QueryGroup::new(graph, now, places, device));
        rest = later;
    }
    groups
}

impl QueryGroup {
    fn new(
        graph: &VocabularyGraph,
        ids: &[usize],
        places: &BTreeMap<u32, i32>,
        device: &Device,
    ) -> Self {
        let lists = || ids.iter().map(|id| graph.neighbours(*id));
        let width = lists().map(<[u32]>::len).max().unwrap_or(1);
        let mut neighbours = Vec::with_capacity(ids.len() * width);
        let mut padding = Vec::with_capacity(ids.len() * width);
        for list in lists() {
            neighbours.extend(list.iter().map(|id| places[id]));
            neighbours.resize(neighbours.len() + width - list.len(), 0);
            padding.resize(padding.len() + list.len(), 0.0_f32);
            padding.resize(padding.len() + width - list.len(), -1e30);
        }
        let queries = ids.len();
        let is_padded = padding.iter().any(|p| *p != 0.0);
        let data = TensorData::new(padding, [queries, width, 1]);
        Self {
            queries,
            width,
            neighbours: Tensor::from_data(TensorData::new(neighbours, [queries * width]), device),
            padding: is_padded.then(|| Tensor::from_data(data, device)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Vocabulary;
    use crate::graph::{GeneGraph, SelfEdges};

    #[test]
    fn every_query_finds_its_neighbours_whatever_the_order() {
        let names: Vec<String> = (0..6).map(|i| format!("g{i}")).collect();
        let edges = [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2)];
        let graph = GeneGraph::from_edges(6, edges).unwrap();
        let vocabulary = Vocabulary::new(names.clone()).unwrap();
        let graph = VocabularyGraph::new(&graph, &names, &vocabulary, SelfEdges::All).unwrap();
        let device = Device::flex();
        let query = GeneQuery::new(&graph, &[4, 9, 6, 3], &device).unwrap();
        let ints = |tensor: &Tensor<1, Int>| -> Vec<usize> {
            tensor
                .clone()
                .into_data()
                .iter::<i64>()
                .map(|i| i as usize)
                .collect()
        };
        let (table, places, order) = (ints(&query.table), ints(&query.places), ints(&query.order));
        assert_eq!(table, [3, 4, 5, 6, 7, 8, 9]);
        let mut found = Vec::new();
        for group in &query.groups {
            let neighbours = ints(&group.neighbours);
            let padding: Vec<f32> = match &group.padding {
                Some(padding) => padding.clone().into_data().iter::<f32>().collect(),
                None => vec![0.0; neighbours.len()],
            };
            for row in 0..group.queries {
                let range = row * group.width..(row + 1) * group.width;
                let real = neighbours[range.clone()].iter().zip(&padding[range]);
                found.push(
                    real.filter(|(_, p)| **p == 0.0)
                        .map(|(place, _)| table[*place] as u32)
                        .collect::<Vec<_>>(),
                );
            }
        }
        for (i, id) in [4, 9, 6, 3].into_iter().enumerate() {
            assert_eq!(table[places[order[i]]], id);
            assert_eq!(found[order[i]], graph.neighbours(id));
        }
    }

    #[test]
    fn large_queries_are_cut_into_groups() {
        // A star: one gene with many neighbours must not widen the rows of the others.
        let genes = 300;
        let names: Vec<String> = (0..genes).map(|i| format!("g{i:03}")).collect();
        let star = GeneGraph::from_edges(genes, (1..genes).map(|i| (0, i))).unwrap();
        let vocabulary = Vocabulary::new(names.clone()).unwrap();
        let graph = VocabularyGraph::new(&star, &names, &vocabulary, SelfEdges::All).unwrap();
        let ids: Vec<usize> = (4..4 + genes).collect();
        let query = GeneQuery::new(&graph, &ids, &Device::flex()).unwrap();
        let edges: usize = query.groups.iter().map(|g| g.queries * g.width).sum();
        assert!(edges <= EDGES + genes, "{edges} gathered");
        assert!(query.groups.iter().all(|g| g.queries * g.width <= EDGES));
        assert!(query.groups.len() > 1);
    }

    #[test]
    fn unknown_ids_and_nothing_are_refused() {
        let graph = VocabularyGraph::isolated(5);
        let device = Device::flex();
        assert!(matches!(
            GeneQuery::new(&graph, &[5], &device),
            Err(PerturbationError::Id { id: 5, size: 5 })
        ));
        assert!(GeneQuery::new(&graph, &[], &device).is_err());
    }
}
