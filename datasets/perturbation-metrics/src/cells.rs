//! Cells in memory, by gene and by perturbation.

use std::collections::HashMap;
use std::path::Path;

use rheome_anndata::{AnnData, Categorical, Storage};

use crate::MetricsError;
use crate::genes::gene_places;

/// What files call their parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Column of `obs` with the perturbation of every cell.
    pub perturbation: String,
    /// What control cells are called there.
    pub control: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            perturbation: "perturbation".into(),
            control: "control".into(),
        }
    }
}

/// Cells, grouped by perturbation, their values stored gene by gene.
///
/// Memory: 8 bytes a value that is not zero, twice that while they are read.
#[derive(Debug, Clone, PartialEq)]
pub struct Cells {
    genes: Vec<String>,
    /// Names of the groups, ascending.
    names: Vec<String>,
    /// Number of cells of each group.
    sizes: Vec<usize>,
    /// Where each gene starts in the two others, and the end.
    starts: Vec<usize>,
    /// Cell of each value, counted group after group.
    cells: Vec<u32>,
    values: Vec<f32>,
    /// First cell of each group, and the end.
    firsts: Vec<u32>,
    is_sparse: bool,
}

impl Cells {
    /// Reads cells of the perturbations `wanted` (all, if none) and the genes `genes` (all, in the order of the file, if none).
    ///
    /// # Errors
    /// [`MetricsError`] for a missing column or gene, a value that is not finite, or a file without cells.
    pub fn read(
        path: &Path,
        keys: &Keys,
        wanted: Option<&[String]>,
        genes: Option<&[String]>,
    ) -> Result<Self, MetricsError> {
        let file = AnnData::open(path)?;
        file.require(&[keys.perturbation.as_str()], &[], &[])?;
        let labels = file.obs().column(&keys.perturbation)?.to_categorical();
        let all = file.var().names()?;
        let columns = match genes {
            None => (0..all.len()).collect(),
            Some(genes) => gene_places(path, &all, genes)?,
        };
        let groups = members(&labels, wanted);
        if groups.is_empty() {
            let place = format!("{}: obs/{}", path.display(), keys.perturbation);
            return Err(MetricsError::cells(
                place,
                "no cell has a label that is looked for",
            ));
        }
        let x = file.x()?.columns(&columns)?;
        let mut builder = Builder::new(columns.len(), x.storage() != Storage::Dense);
        for (_, members) in &groups {
            for rows in members.chunks(CELLS_AT_ONCE) {
                let block = x.rows_at::<f32>(rows)?;
                for (i, row) in rows.iter().enumerate() {
                    builder.add(block.row(i)).map_err(|gene| {
                        let gene: &String = &all[columns[gene]];
                        let place = format!("{}: X", path.display());
                        MetricsError::cells(
                            place,
                            format!("cell {row}, gene {gene:?}: not a finite number"),
                        )
                    })?;
                }
            }
        }
        Ok(builder.finish(
            columns.iter().map(|column| all[*column].clone()).collect(),
            groups.iter().map(|(name, _)| name.clone()).collect(),
            groups.iter().map(|(_, members)| members.len()).collect(),
        ))
    }

    /// Cells from dense values, `[cells, genes]` a group. Groups may come in any order.
    ///
    /// # Panics
    /// If a group has no whole cells.
    pub fn from_dense(genes: Vec<String>, groups: &[(String, Vec<f32>)]) -> Self {
        let mut order: Vec<&(String, Vec<f32>)> = groups.iter().collect();
        order.sort_by(|a, b| a.0.cmp(&b.0));
        let mut builder = Builder::new(genes.len(), false);
        for (name, values) in &order {
            assert!(
                values.len().is_multiple_of(genes.len()),
                "{name}: whole cells"
            );
            for cell in values.chunks_exact(genes.len()) {
                let _ = builder.add(cell.iter().copied().enumerate());
            }
        }
        let sizes = order
            .iter()
            .map(|(_, values)| values.len() / genes.len())
            .collect();
        let names = order.iter().map(|(name, _)| name.clone()).collect();
        builder.finish(genes, names, sizes)
    }

    /// These cells and those of another file under one roof.
    ///
    /// # Panics
    /// If they have other genes, or both have a group.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        assert_eq!(self.genes, other.genes, "the same genes");
        let mut groups: Vec<(&Self, usize)> = (0..self.names.len()).map(|g| (self, g)).collect();
        groups.extend((0..other.names.len()).map(|g| (other, g)));
        groups.sort_by(|a, b| a.0.names[a.1].cmp(&b.0.names[b.1]));
        let mut builder = Builder::new(self.genes.len(), self.is_sparse);
        for (cells, group) in &groups {
            builder.take_over(cells, *group);
        }
        let names: Vec<String> = groups.iter().map(|(c, g)| c.names[*g].clone()).collect();
        assert!(
            names.is_sorted_by(|a, b| a < b),
            "a group in one of them alone"
        );
        let sizes = groups.iter().map(|(c, g)| c.sizes[*g]).collect();
        builder.finish(self.genes.clone(), names, sizes)
    }

    /// Names of the genes.
    pub fn genes(&self) -> &[String] {
        &self.genes
    }

    /// Whether the file holds only values that are not zero.
    pub fn is_sparse(&self) -> bool {
        self.is_sparse
    }

    /// Whether all values are whole numbers, as counts are and logarithms are not.
    pub fn holds_counts(&self) -> bool {
        self.values.iter().all(|value| value.fract() == 0.0)
    }

    /// Names of the perturbations (control among them), ascending.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a perturbation in [`Cells::names`].
    pub fn group(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|n| n.as_str().cmp(name)).ok()
    }

    /// Cells of a perturbation.
    pub fn size(&self, group: usize) -> usize {
        self.sizes[group]
    }

    /// Where the values of a gene in the cells of a group are.
    fn places(&self, gene: usize, group: usize) -> std::ops::Range<usize> {
        let (start, end) = (self.starts[gene], self.starts[gene + 1]);
        let before = |cell: u32| start + self.cells[start..end].partition_point(|c| *c < cell);
        before(self.firsts[group])..before(self.firsts[group + 1])
    }

    /// The values of a gene in the cells of a group that are not zero, in the order of the cells.
    pub fn values(&self, gene: usize, group: usize) -> &[f32] {
        &self.values[self.places(gene, group)]
    }

    /// Mean of every gene over the cells of a group.
    pub fn means(&self, group: usize) -> Vec<f64> {
        let count = self.sizes[group] as f64;
        let sum = |gene| {
            self.values(gene, group)
                .iter()
                .map(|v| f64::from(*v))
                .sum::<f64>()
        };
        (0..self.genes.len())
            .map(|gene| sum(gene) / count)
            .collect()
    }

    /// Cells of a group with all their zeros, `[cells, genes]`: at most `limit`, evenly spread.
    pub fn dense(&self, group: usize, limit: usize) -> Vec<f64> {
        let (size, genes) = (self.sizes[group], self.genes.len());
        let count = size.min(limit);
        let mut row_of = vec![None; size];
        for row in 0..count {
            row_of[row * size / count] = Some(row);
        }
        let mut dense = vec![0.0; count * genes];
        for gene in 0..genes {
            let places = self.places(gene, group);
            for (cell, value) in self.cells[places.clone()].iter().zip(&self.values[places]) {
                if let Some(row) = row_of[(cell - self.firsts[group]) as usize] {
                    dense[row * genes + gene] += f64::from(*value);
                }
            }
        }
        dense
    }
}

/// Cells that are read at a time.
const CELLS_AT_ONCE: usize = 1024;

/// The groups that are wanted (all, if none are named) and have cells, by their names in ascending order, with the rows of these.
fn members(labels: &Categorical, wanted: Option<&[String]>) -> Vec<(String, Vec<usize>)> {
    let names = labels.names();
    let mut groups: Vec<&String> = wanted.unwrap_or(&names).iter().collect();
    groups.sort_unstable();
    groups.dedup();
    let place: HashMap<&String, usize> = groups.iter().copied().zip(0..).collect();
    let of_code: Vec<Option<usize>> = names.iter().map(|n| place.get(n).copied()).collect();
    let mut members = vec![Vec::new(); groups.len()];
    for (row, code) in labels.codes().iter().enumerate() {
        let group = usize::try_from(*code).ok().and_then(|code| of_code[code]);
        if let Some(group) = group {
            members[group].push(row);
        }
    }
    let named = groups.into_iter().cloned().zip(members);
    named.filter(|(_, rows)| !rows.is_empty()).collect()
}

/// Collects cells one after the other.
struct Builder {
    /// Cell and value, by gene.
    columns: Vec<(Vec<u32>, Vec<f32>)>,
    cells: u32,
    is_sparse: bool,
}

impl Builder {
    fn new(genes: usize, is_sparse: bool) -> Self {
        Self {
            columns: vec![(Vec::new(), Vec::new()); genes],
            cells: 0,
            is_sparse,
        }
    }

    /// Adds a cell; gives back the gene whose value is not finite.
    fn add(&mut self, row: impl Iterator<Item = (usize, f32)>) -> Result<(), usize> {
        for (gene, value) in row {
            if !value.is_finite() {
                return Err(gene);
            }
            if value != 0.0 {
                let (cells, values) = &mut self.columns[gene];
                cells.push(self.cells);
                values.push(value);
            }
        }
        self.cells += 1;
        Ok(())
    }

    /// Adds all cells of a group.
    fn take_over(&mut self, from: &Cells, group: usize) {
        for (gene, (cells, values)) in self.columns.iter_mut().enumerate() {
            let places = from.places(gene, group);
            let moved = from.cells[places.clone()].iter();
            cells.extend(moved.map(|cell| cell - from.firsts[group] + self.cells));
            values.extend_from_slice(&from.values[places]);
        }
        self.cells += from.sizes[group] as u32;
    }

    fn finish(self, genes: Vec<String>, names: Vec<String>, sizes: Vec<usize>) -> Cells {
        let mut starts = vec![0];
        let (mut cells, mut values) = (Vec::new(), Vec::new());
        for (of_cells, of_values) in self.columns {
            cells.extend(of_cells);
            values.extend(of_values);
            starts.push(cells.len());
        }
        let mut firsts = vec![0];
        for size in &sizes {
            firsts.push(firsts[firsts.len() - 1] + *size as u32);
        }
        Cells {
            genes,
            names,
            sizes,
            starts,
            cells,
            values,
            firsts,
            is_sparse: self.is_sparse,
        }
    }
}
