//! Perturb-seq screens with known truth.
//!
//! Cells are drawn from the model of SERGIO (Dibaeinia and Sinha, Cell Systems 11, 252, 2020): a network of genes whose production
//! is a sum of Hill functions of their regulators, at its steady state, measured with log-normal library sizes, sampling of
//! molecules and dropout. A perturbation multiplies the production of a gene, and everything downstream follows; two of them
//! meet in mediators that saturate and in pairs of regulators that help or hinder one another, so what they do together is
//! not the sum of what each does. Three things differ from SERGIO:
//!
//! - The steady state of a cell is drawn gene by gene down the network, each level times a gamma factor, not integrated over
//!   time by the chemical Langevin equation. Counts of a gene, given its regulators, are then negative binomial with that
//!   dispersion, as scDesign (Li and Li, Bioinformatics 35, i41, 2019) and most models of counts have it; what varies in a
//!   regulator is passed on to its targets.
//! - Regulators of a gene may interact: a term in the product of their Hill functions.
//! - The network is drawn here, in three tiers: regulators (those that are perturbed), mediators, targets.

mod cells;
mod network;
mod random;
mod screen;
mod settings;
mod truth;

use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;
use rheome_anndata::{
    AnnDataWriter, Array, Axis, Categorical, Column, ElementType, Frame, RowBlock, Storage, Value,
    Values, WriteOptions,
};

use crate::error::CellsError;
use crate::prepare::go_on;
use cells::{CellSampler, Counts};
pub use network::{Gene, Input, Interaction, Network, Role};
pub use screen::{Perturbation, Screen};
pub use settings::{
    CellSettings, Dropout, MeasurementSettings, NetworkSettings, PerturbationKind,
    PerturbationSettings, SimulationSettings,
};
pub use truth::Truth;

/// The column of `obs` with what was done to a cell.
const CONDITION: &str = "condition";
/// Values of a block of cells held at a time, were they all stored.
const BLOCK_VALUES: usize = 4 << 20;

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The screen: its conditions, and which of them every cell has.
    pub screen: Screen,
    /// Number of genes.
    pub genes: usize,
    /// Mean of the counts of a cell.
    pub mean_total: f64,
    /// Share of gene and cell pairs without a count.
    pub zeros: f64,
    /// What each condition really does.
    pub truth: Truth,
}

/// Simulates a screen into an AnnData file, cells in blocks that all threads draw together; the file is the same whatever
/// their number.
///
/// - `X`: counts (CSR, float32), cells in random order;
/// - `obs`: `condition` (`control`, `REG003`, `REG003+REG011`), `n_counts`;
/// - `var`: `role`, the `level` in control cells and the `basal` production, both without noise; `perturbed`;
/// - `varp/regulation`: gene (row) by regulator (column), the largest production that the regulator adds to, negative where it
///   represses;
/// - `varm/steady_state` (genes by conditions): the noise-free share of a gene in the molecules of a cell, of 10,000;
///   `varm/delta`: log(1 + that) less the same of control;
/// - `uns/truth`: names of the `conditions` in the order of these columns, `additivity_error` (see [`Truth`]), the interactions
///   of regulators.
///
/// `provenance` (settings, versions) goes into `uns` as it is; `progress` is told the cells drawn and how many there
/// will be, and answers whether to go on.
///
/// # Errors
/// [`CellsError::Setting`] for settings that cannot be; [`CellsError::AnnData`] if the file cannot be written;
/// [`CellsError::Stopped`] if `progress` answers so.
pub fn simulate(
    settings: &SimulationSettings,
    output: &Path,
    provenance: &[(&str, Value)],
    options: WriteOptions,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Simulated, CellsError> {
    settings.check()?;
    let network = Network::draw(settings);
    let screen = Screen::draw(settings, &network)?;
    let truth = Truth::new(&network, &screen);
    let mut writer = AnnDataWriter::create(output, &genes(&network, &screen)?, options)?;
    write_truth(&mut writer, &network, &screen, &truth)?;
    for (name, value) in provenance {
        writer.write_uns(name, value)?;
    }
    let x = writer.add_x(Storage::Csr, ElementType::F32)?;
    let sampler = CellSampler::new(settings, &network, &screen)?;
    let (n_cells, n_genes) = (screen.of_cells().len(), network.genes().len());
    let mut totals = Vec::with_capacity(n_cells);
    let mut stored = 0;
    let block = (BLOCK_VALUES / n_genes).clamp(1, n_cells);
    for first in (0..n_cells).step_by(block) {
        let end = (first + block).min(n_cells);
        let levels = || vec![0.0; n_genes];
        let drawn: Vec<Counts> = (first..end)
            .into_par_iter()
            .map_init(levels, |levels, cell| sampler.draw(cell, levels))
            .collect();
        totals.extend(drawn.iter().map(Counts::total));
        stored += drawn.iter().map(|counts| counts.genes.len()).sum::<usize>();
        writer.append(x, &rows(drawn, n_genes)?)?;
        go_on(progress(end as u64, n_cells as u64))?;
    }
    let mean_total = totals.iter().sum::<f64>() / n_cells as f64;
    writer.finish(&cells(&screen, totals)?)?;
    Ok(Simulated {
        genes: n_genes,
        mean_total,
        zeros: 1.0 - stored as f64 / (n_cells as f64 * n_genes as f64),
        truth,
        screen,
    })
}

fn rows(drawn: Vec<Counts>, n_genes: usize) -> Result<RowBlock<f32>, CellsError> {
    let (mut starts, mut genes, mut values) = (vec![0], Vec::new(), Vec::new());
    for counts in drawn {
        genes.extend(counts.genes);
        values.extend(counts.values);
        starts.push(values.len());
    }
    Ok(RowBlock::sparse(n_genes, starts, genes, values)?)
}

fn cells(screen: &Screen, totals: Vec<f64>) -> Result<Frame, CellsError> {
    let names = (0..totals.len()).map(|cell| format!("cell{cell:07}"));
    let mut obs = Frame::new(Values::Text(names.collect()));
    let codes = screen.of_cells().iter().map(|c| *c as i32).collect();
    let labels = Categorical::new(codes, Values::Text(screen.names()), false)?;
    obs.set(CONDITION, Column::from(labels))?;
    obs.set("n_counts", totals)?;
    Ok(obs)
}

fn genes(network: &Network, screen: &Screen) -> Result<Frame, CellsError> {
    let genes = network.genes();
    let mut var = Frame::new(Values::Text(genes.iter().map(|g| g.name.clone()).collect()));
    let roles = Role::ALL.map(Role::name).to_vec();
    let codes = genes.iter().map(|g| g.role as i32).collect();
    var.set(
        "role",
        Column::from(Categorical::new(codes, roles.into(), false)?),
    )?;
    let numbers = |pick: fn(&Gene) -> f64| genes.iter().map(pick).collect::<Vec<f64>>();
    var.set("level", numbers(|g| g.level))?;
    var.set("basal", numbers(|g| g.basal))?;
    let perturbed: Vec<bool> = (0..genes.len()).map(|gene| screen.perturbs(gene)).collect();
    var.set("perturbed", perturbed)?;
    Ok(var)
}

fn write_truth(
    writer: &mut AnnDataWriter,
    network: &Network,
    screen: &Screen,
    truth: &Truth,
) -> Result<(), CellsError> {
    writer.write_pairwise(Axis::Var, "regulation", &network.regulation())?;
    let shape = vec![network.genes().len(), screen.perturbations().len()];
    let by_gene = |of_conditions: &[Vec<f64>]| Array {
        shape: shape.clone(),
        values: (0..shape[0])
            .flat_map(|gene| of_conditions.iter().map(move |of| of[gene]))
            .collect::<Vec<f64>>()
            .into(),
    };
    writer.write_annotation(Axis::Var, "steady_state", &by_gene(&truth.shares))?;
    writer.write_annotation(Axis::Var, "delta", &by_gene(&truth.deltas))?;
    let told = Value::Dict(vec![
        ("conditions".into(), crate::prepare::texts(screen.names())),
        (
            "additivity_error".into(),
            truth.additivity_error.clone().into(),
        ),
        ("interactions".into(), Value::Frame(network.interactions()?)),
    ]);
    Ok(writer.write_uns("truth", &told)?)
}
