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
        self.check_shares()?;
        self.check_ranges()
    }

    fn check_shares(&self) -> Result<(), CellsError> {
        let network = &self.network;
        for (key, share) in [
            ("network.cascade", network.cascade),
            ("network.direct", network.direct),
            ("network.repression", network.repression),
            ("network.interactions", network.interactions),
            ("network.interaction_strength", network.interaction_strength),
        ] {
            expect(
                key,
                share,
                (0.0..=1.0).contains(&share),
                "a number from 0 to 1",
            )?;
        }
        Ok(())
    }

    fn check_ranges(&self) -> Result<(), CellsError> {
        let (network, perturbations) = (&self.network, &self.perturbations);
        let measurement = &self.measurement;
        let dropout = measurement.dropout.unwrap_or_default();
        for (key, number, low, high) in [
            ("network.level_spread", network.level_spread, 0.0, 5.0),
            ("network.basal", network.basal, 1e-3, 1.0),
            ("network.hill", network.hill, 0.5, 10.0),
            (
                "network.regulator_half_response",
                network.regulator_half_response,
                0.01,
                100.0,
            ),
            (
                "network.mediator_half_response",
                network.mediator_half_response,
                0.01,
                100.0,
            ),
            ("perturbations.fold", perturbations.fold, 1.0, 1e6),
            (
                "perturbations.fold_spread",
                perturbations.fold_spread,
                0.0,
                5.0,
            ),
            (
                "measurement.library_size",
                measurement.library_size,
                1.0,
                1e9,
            ),
            (
                "measurement.library_spread",
                measurement.library_spread,
                0.0,
                5.0,
            ),
            (
                "measurement.dispersion",
                measurement.dispersion,
                1e-6,
                100.0,
            ),
            ("measurement.dropout.midpoint", dropout.midpoint, 0.0, 100.0),
            (
                "measurement.dropout.steepness",
                dropout.steepness,
                0.0,
                100.0,
            ),
        ] {
            let expected = format!("a number from {low} to {high}");
            expect(key, number, (low..=high).contains(&number), &expected)?;
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), CellsError> {
        let (network, perturbations) = (&self.network, &self.perturbations);
        let (genes, cells) = (self.n_genes(), self.n_cells());
        for (key, found, low, high) in [
            ("network.regulators", network.regulators, 1, MOST_GENES),
            ("network.mediators", network.mediators, 1, MOST_GENES),
            ("network.targets", network.targets, 1, MOST_GENES),
            ("network (all genes)", genes, 3, MOST_GENES),
            (
                "network.regulators_per_mediator",
                network.regulators_per_mediator,
                1,
                network.regulators,
            ),
            (
                "network.mediators_per_target",
                network.mediators_per_target,
                1,
                network.mediators,
            ),
            (
                "perturbations.singles",
                perturbations.singles,
                0,
                network.regulators,
            ),
            (
                "perturbations.pairs",
                perturbations.pairs,
                0,
                pairs_of(perturbations.singles),
            ),
            ("cells.control", self.cells.control, 1, MOST_CELLS),
            ("cells (in all)", cells, 1, MOST_CELLS),
        ] {
            let expected = format!("a number from {low} to {high}");
            expect(key, found, (low..=high).contains(&found), &expected)?;
        }
        let conditions = 1 + perturbations.singles.saturating_add(perturbations.pairs);
        let truth = conditions.saturating_mul(genes);
        let expected =
            format!("genes times conditions, {genes} x {conditions}, up to {MOST_TRUTH}");
        expect(
            "perturbations.pairs",
            perturbations.pairs,
            truth <= MOST_TRUTH,
            &expected,
        )
    }
}

fn expect(
    key: &'static str,
    found: impl ToString,
    holds: bool,
    expected: &str,
) -> Result<(), CellsError> {
    match holds {
        true => Ok(()),
        false => Err(CellsError::setting(key, found, expected)),
    }
}

/// Pairs of `count` things.
fn pairs_of(count: usize) -> usize {
    count.saturating_mul(count.saturating_sub(1)) / 2
}
