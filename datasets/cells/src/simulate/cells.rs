//! The counts of one cell.

use rand_distr::{Distribution, Gamma, LogNormal, Poisson};
use rand_pcg::Pcg64;

use super::network::Network;
use super::random::{Purpose, generator};
use super::screen::Screen;
use super::settings::{Dropout, SimulationSettings};
use crate::error::CellsError;

/// Draws cells, each from its number alone.
pub(super) struct CellSampler<'a> {
    seed: u64,
    network: &'a Network,
    screen: &'a Screen,
    /// Factors of the regulators under each perturbation.
    factors: Vec<Vec<f64>>,
    /// Of the library, around 1.
    library: LogNormal<f64>,
    library_size: f64,
    /// Of the level of a gene, of mean 1.
    noise: Gamma<f64>,
    dropout: Option<Dropout>,
}

/// Genes with counts, in order.
pub(super) struct Counts {
    pub(super) genes: Vec<u32>,
    pub(super) values: Vec<f32>,
}

impl Counts {
    /// Their sum.
    pub(super) fn total(&self) -> f64 {
        self.values.iter().map(|value| f64::from(*value)).sum()
    }
}

impl<'a> CellSampler<'a> {
    pub(super) fn new(
        settings: &SimulationSettings,
        network: &'a Network,
        screen: &'a Screen,
    ) -> Result<Self, CellsError> {
        let measurement = &settings.measurement;
        let (spread, dispersion) = (measurement.library_spread, measurement.dispersion);
        let perturbations = screen.perturbations().iter();
        Ok(Self {
            seed: settings.seed,
            network,
            screen,
            factors: perturbations.map(|p| screen.factors(&p.genes)).collect(),
            library: LogNormal::new(0.0, spread).map_err(|e| {
                CellsError::setting("measurement.library_spread", spread, e.to_string())
            })?,
            library_size: measurement.library_size,
            noise: Gamma::new(1.0 / dispersion, dispersion).map_err(|e| {
                CellsError::setting("measurement.dispersion", dispersion, e.to_string())
            })?,
            dropout: measurement.dropout,
        })
    }

    /// The counts of a cell; `levels` is room for a number a gene.
    pub(super) fn draw(&self, cell: usize, levels: &mut [f64]) -> Counts {
        let mut random = generator(self.seed, Purpose::Cell, cell as u64);
        let factors = &self.factors[self.screen.of_cells()[cell] as usize];
        let mut total = 0.0;
        for (place, gene) in self.network.genes().iter().enumerate() {
            let factor = factors.get(place).copied().unwrap_or(1.0);
            let production = self.network.production(gene, &levels[..place]);
            levels[place] = factor * production * self.noise.sample(&mut random);
            total += levels[place];
        }
        let library = self.library_size * self.library.sample(&mut random);
        let scale = if total > 0.0 { library / total } else { 0.0 };
        let mut counts = Counts {
            genes: Vec::new(),
            values: Vec::new(),
        };
        for (place, level) in levels.iter().enumerate() {
            let count = self.count(level * scale, &mut random);
            if count > 0.0 {
                counts.genes.push(place as u32);
                counts.values.push(count as f32);
            }
        }
        counts
    }

    /// A count where `expected` molecules are.
    fn count(&self, expected: f64, random: &mut Pcg64) -> f64 {
        // Fails where nothing is expected.
        let Ok(molecules) = Poisson::new(expected) else {
            return 0.0;
        };
        let count = molecules.sample(random);
        match self.dropout {
            Some(dropout) if count > 0.0 && dropout.loses(expected, random) => 0.0,
            _ => count,
        }
    }
}

impl Dropout {
    fn loses(self, expected: f64, random: &mut Pcg64) -> bool {
        use rand::RngExt;
        let argument = self.steepness * (expected.ln_1p() - self.midpoint);
        random.random::<f64>() < 1.0 / (1.0 + argument.exp())
    }
}
