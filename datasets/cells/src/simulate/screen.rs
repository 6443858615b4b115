//! What is done to which cell.

use rand::seq::SliceRandom;
use rand_distr::{Distribution, LogNormal};

use super::network::Network;
use super::random::{Purpose, generator};
use super::settings::{PerturbationKind, SimulationSettings};
use crate::condition::Condition;
use crate::error::CellsError;

/// Genes that are perturbed together: none for control.
#[derive(Debug, Clone, PartialEq)]
pub struct Perturbation {
    /// Places in the network, ascending.
    pub genes: Vec<usize>,
    /// What it is called.
    pub condition: Condition,
}

/// All perturbations, control first, and the cells that have them.
#[derive(Debug, Clone, PartialEq)]
pub struct Screen {
    perturbations: Vec<Perturbation>,
    /// Factor of the production of every regulator where it is perturbed.
    factors: Vec<f64>,
    of_cells: Vec<u32>,
}

impl Screen {
    /// Draws which genes and pairs are perturbed, how strongly, and the order of the cells.
    pub(super) fn draw(
        settings: &SimulationSettings,
        network: &Network,
    ) -> Result<Self, CellsError> {
        let chosen = &settings.perturbations;
        let mut random = generator(settings.seed, Purpose::Perturbations, 0);
        let spread = LogNormal::new(0.0, chosen.fold_spread).map_err(|e| {
            CellsError::setting(
                "perturbations.fold_spread",
                chosen.fold_spread,
                e.to_string(),
            )
        })?;
        let factors = (0..settings.network.regulators).map(|_| {
            let fold = chosen.fold * spread.sample(&mut random);
            match chosen.kind {
                PerturbationKind::Activation => fold,
                PerturbationKind::Knockdown => 1.0 / fold,
                PerturbationKind::Knockout => 0.0,
            }
        });
        let factors = factors.collect();
        let mut singles: Vec<usize> = (0..settings.network.regulators).collect();
        singles.shuffle(&mut random);
        singles.truncate(chosen.singles);
        singles.sort_unstable();
        let ahead = |first: usize| singles[first + 1..].iter().map(move |b| (first, *b));
        let mut pairs: Vec<[usize; 2]> = (0..singles.len())
            .flat_map(|first| ahead(first).map(|(first, b)| [singles[first], b]))
            .collect();
        pairs.shuffle(&mut random);
        pairs.truncate(chosen.pairs);
        pairs.sort_unstable();

        let named = |genes: Vec<usize>| Perturbation {
            condition: Condition::of(genes.iter().map(|g| network.genes()[*g].name.as_str())),
            genes,
        };
        let all = std::iter::once(Vec::new())
            .chain(singles.into_iter().map(|gene| vec![gene]))
            .chain(pairs.into_iter().map(Vec::from));
        let perturbations: Vec<Perturbation> = all.map(named).collect();
        let of_cells = cells(settings, &perturbations);
        Ok(Self {
            perturbations,
            factors,
            of_cells,
        })
    }

    /// The perturbations: control, genes alone, pairs.
    pub fn perturbations(&self) -> &[Perturbation] {
        &self.perturbations
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        let names = self.perturbations.iter().map(|p| p.condition.to_string());
        names.collect()
    }

    /// The place of every cell's perturbation in [`Screen::perturbations`].
    pub fn of_cells(&self) -> &[u32] {
        &self.of_cells
    }

    /// Whether a gene is perturbed in some cell.
    pub fn perturbs(&self, gene: usize) -> bool {
        self.perturbations.iter().any(|p| p.genes.contains(&gene))
    }

    /// The factors of the production of all regulators under a perturbation of these.
    pub fn factors(&self, genes: &[usize]) -> Vec<f64> {
        let factor =
            |(gene, factor): (usize, &f64)| if genes.contains(&gene) { *factor } else { 1.0 };
        self.factors.iter().enumerate().map(factor).collect()
    }
}

/// As many cells of each perturbation as the settings ask for, in random order.
fn cells(settings: &SimulationSettings, perturbations: &[Perturbation]) -> Vec<u32> {
    let count = |perturbation: &Perturbation| match perturbation.genes.len() {
        0 => settings.cells.control,
        1 => settings.cells.per_single,
        _ => settings.cells.per_pair,
    };
    let of_each = perturbations.iter().enumerate();
    let mut cells: Vec<u32> = of_each
        .flat_map(|(place, perturbation)| std::iter::repeat_n(place as u32, count(perturbation)))
        .collect();
    cells.shuffle(&mut generator(settings.seed, Purpose::Order, 0));
    cells
}
