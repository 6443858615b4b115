//! Settings of a simulated screen.

use serde::{Deserialize, Serialize};

use crate::error::CellsError;

/// Most genes and most cells: beyond, tables and truth would not fit into memory.
const MOST_GENES: usize = 1 << 18;
const MOST_CELLS: usize = 1 << 26;
/// Most numbers in the truth, genes times conditions.
const MOST_TRUTH: usize = 1 << 24;

/// A simulated screen.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulationSettings {
    /// Decides everything that is drawn.
    pub seed: u64,
    /// How many cells.
    pub cells: CellSettings,
    /// How genes regulate one another.
    pub network: NetworkSettings,
    /// What is done to cells.
    pub perturbations: PerturbationSettings,
    /// How counts come from cells.
    pub measurement: MeasurementSettings,
}

/// How many cells there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CellSettings {
    /// Cells to which nothing was done.
    pub control: usize,
    /// Cells of each gene that is perturbed alone. Screens have 100 to 500.
    pub per_single: usize,
    /// Cells of each pair.
    pub per_pair: usize,
}

impl Default for CellSettings {
    fn default() -> Self {
        Self {
            control: 1000,
            per_single: 100,
            per_pair: 100,
        }
    }
}

/// How genes regulate one another: `regulators` act on `mediators`, these on `targets`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkSettings {
    /// Genes that can be perturbed.
    pub regulators: usize,
    /// Genes between regulators and targets, each with a programme of targets. The fewer, the more pairs meet in one.
    pub mediators: usize,
    /// All other genes.
    pub targets: usize,
    /// Share of the regulators that another regulator acts on, so that one perturbation can mask the other.
    pub cascade: f64,
    /// Regulators that act on each mediator.
    pub regulators_per_mediator: usize,
    /// Mediators that act on each target.
    pub mediators_per_target: usize,
    /// Share of the targets that a regulator acts on directly, too.
    pub direct: f64,
    /// Share of the edges that repress.
    pub repression: f64,
    /// Share of the pairs of regulators of a mediator that interact.
    pub interactions: f64,
    /// Strength of an interaction, as a share of the weaker of both effects, at most 1; half of them help, half hinder.
    pub interaction_strength: f64,
    /// Hill coefficient: how sharply a gene responds. SERGIO: 2.
    pub hill: f64,
    /// Level of a regulator, in its levels of control cells, at which it has half its largest effect. SERGIO: 1; a larger one
    /// leaves more room for activation, (1 + half_response^hill) times the effect in control cells.
    pub regulator_half_response: f64,
    /// The same of mediators. Smaller than what perturbations reach, targets saturate: two perturbations that meet in a
    /// mediator do less than the sum of both.
    pub mediator_half_response: f64,
    /// Share of the production of a regulated gene that no regulator changes.
    pub basal: f64,
    /// Standard deviation of the logarithm of the levels of genes.
    pub level_spread: f64,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self {
            regulators: 25,
            mediators: 10,
            targets: 265,
            cascade: 0.2,
            regulators_per_mediator: 5,
            mediators_per_target: 2,
            direct: 0.2,
            repression: 0.3,
            interactions: 0.2,
            interaction_strength: 0.8,
            hill: 2.0,
            regulator_half_response: 4.0,
            mediator_half_response: 2.0,
            basal: 0.1,
            level_spread: 1.0,
        }
    }
}

/// What a perturbation does to a gene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PerturbationKind {
    /// Its production is multiplied by `fold` (CRISPRa).
    #[default]
    Activation,
    /// Its production is divided by `fold` (CRISPRi).
    Knockdown,
    /// It has no production (CRISPR knockout).
    Knockout,
}

/// What is done to cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerturbationSettings {
    /// What a perturbation does to a gene.
    pub kind: PerturbationKind,
    /// Factor of the production of a perturbed gene, above 1; the median of the genes.
    pub fold: f64,
    /// Standard deviation of the logarithm of the factors.
    pub fold_spread: f64,
    /// Regulators that are perturbed alone.
    pub singles: usize,
    /// Pairs of them that are perturbed together.
    pub pairs: usize,
}

impl Default for PerturbationSettings {
    fn default() -> Self {
        Self {
            kind: PerturbationKind::Activation,
            fold: 8.0,
            fold_spread: 0.2,
            singles: 25,
            pairs: 60,
        }
    }
}

/// How counts come from the levels of genes in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeasurementSettings {
    /// Median of the molecules of a cell that are counted.
    pub library_size: f64,
    /// Standard deviation of the logarithm of their number.
    pub library_spread: f64,
    /// Dispersion of the negative binomial distribution of the counts: their variance is mean + dispersion * mean^2.
    pub dispersion: f64,
    /// Counts that are lost altogether; none where this is left out.
    pub dropout: Option<Dropout>,
}

impl Default for MeasurementSettings {
    fn default() -> Self {
        Self {
            library_size: 3000.0,
            library_spread: 0.35,
            dispersion: 0.15,
            dropout: Some(Dropout::default()),
        }
    }
}

/// Loss of all molecules of a gene in a cell, with the probability 1 / (1 + exp(steepness * (log(1 + m) - midpoint))) where `m`
/// are expected (SERGIO, after Splatter: Zappia et al., Genome Biology 18, 174, 2017).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dropout {
    /// log(1 + m) at which half the genes are lost.
    pub midpoint: f64,
    /// How sharply loss depends on it. SERGIO: 1 to 8.
    pub steepness: f64,
}

impl Default for Dropout {
    fn default() -> Self {
        Self {
            midpoint: 0.3,
            steepness: 4.0,
        }
    }
}

impl SimulationSettings {
    /// Number of genes.
    pub fn n_genes(&self) -> usize {
        let network = &self.network;
        let tiers = [network.regulators, network.mediators, network.targets];
        tiers.into_iter().fold(0, usize::saturating_add)
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        let (cells, perturbations) = (&self.cells, &self.perturbations);
        let singles = perturbations.singles.saturating_mul(cells.per_single);
        let pairs = perturbations.pairs.saturating_mul(cells.per_pair);
        cells.control.saturating_add(singles).saturating_add(pairs)
    }

    /// Refuses what cannot be.
    ///
    /// # Errors
    /// [`CellsError::Setting`] naming the key.
    pub fn check(&self) -> Result<(), CellsError> {
        self.check_sizes()?;
        self.check_network()?;
        let perturbations = &self.perturbations;
        within("perturbations.fold", perturbations.fold, 1.0, 1e6)?;
        let spread = perturbations.fold_spread;
        within("perturbations.fold_spread", spread, 0.0, 5.0)?;
        let measurement = &self.measurement;
        let size = measurement.library_size;
        within("measurement.library_size", size, 1.0, 1e9)?;
        let spread = measurement.library_spread;
        within("measurement.library_spread", spread, 0.0, 5.0)?;
        let dispersion = measurement.dispersion;
        within("measurement.dispersion", dispersion, 1e-6, 100.0)?;
        let dropout = measurement.dropout.unwrap_or_default();
        within("measurement.dropout.midpoint", dropout.midpoint, 0.0, 100.0)?;
        let steepness = dropout.steepness;
        within("measurement.dropout.steepness", steepness, 0.0, 100.0)
    }

    fn check_network(&self) -> Result<(), CellsError> {
        let network = &self.network;
        within("network.cascade", network.cascade, 0.0, 1.0)?;
        within("network.direct", network.direct, 0.0, 1.0)?;
        within("network.repression", network.repression, 0.0, 1.0)?;
        within("network.interactions", network.interactions, 0.0, 1.0)?;
        let strength = network.interaction_strength;
        within("network.interaction_strength", strength, 0.0, 1.0)?;
        within("network.level_spread", network.level_spread, 0.0, 5.0)?;
        within("network.basal", network.basal, 1e-3, 1.0)?;
        within("network.hill", network.hill, 0.5, 10.0)?;
        let half = network.regulator_half_response;
        within("network.regulator_half_response", half, 0.01, 100.0)?;
        let half = network.mediator_half_response;
        within("network.mediator_half_response", half, 0.01, 100.0)
    }

    fn check_sizes(&self) -> Result<(), CellsError> {
        let (network, perturbations) = (&self.network, &self.perturbations);
        let (regulators, mediators) = (network.regulators, network.mediators);
        let (singles, pairs) = (perturbations.singles, perturbations.pairs);
        let genes = self.n_genes();
        within("network.regulators", regulators, 1, MOST_GENES)?;
        within("network.mediators", mediators, 1, MOST_GENES)?;
        within("network.targets", network.targets, 1, MOST_GENES)?;
        within("network (all genes)", genes, 3, MOST_GENES)?;
        let inputs = network.regulators_per_mediator;
        within("network.regulators_per_mediator", inputs, 1, regulators)?;
        let inputs = network.mediators_per_target;
        within("network.mediators_per_target", inputs, 1, mediators)?;
        within("perturbations.singles", singles, 0, regulators)?;
        within("perturbations.pairs", pairs, 0, pairs_of(singles))?;
        within("cells.control", self.cells.control, 1, MOST_CELLS)?;
        within("cells (in all)", self.n_cells(), 1, MOST_CELLS)?;
        let conditions = 1 + singles.saturating_add(pairs);
        if conditions.saturating_mul(genes) > MOST_TRUTH {
            let found = format!("{genes} genes times {conditions} conditions");
            let expected =
                format!("at most {MOST_TRUTH} in all, so that the truth fits into memory");
            return Err(CellsError::setting("perturbations.pairs", found, expected));
        }
        Ok(())
    }
}

fn within<T: PartialOrd + std::fmt::Display>(
    key: &'static str,
    found: T,
    low: T,
    high: T,
) -> Result<(), CellsError> {
    if found >= low && found <= high {
        return Ok(());
    }
    let expected = format!("a number from {low} to {high}");
    Err(CellsError::setting(key, found, expected))
}

/// Pairs of `count` things.
fn pairs_of(count: usize) -> usize {
    count.saturating_mul(count.saturating_sub(1)) / 2
}
