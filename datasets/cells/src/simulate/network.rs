//! How genes regulate one another.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, LogNormal};
use rand_pcg::Pcg64;
use rheome_anndata::{AnnDataError, Frame, SparseMatrix, Values};

use super::random::{Purpose, generator};
use super::settings::{NetworkSettings, SimulationSettings};

/// Share of the production of a regulator that another one is responsible for, where one is.
const CASCADE_SHARE: f64 = 0.3;
/// Weights of the regulators of a gene lie between 1 - this and 1 + this.
const WEIGHT_SPREAD: f64 = 0.5;

/// The tier of a gene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It can be perturbed, and acts on mediators.
    Regulator,
    /// It acts on targets.
    Mediator,
    /// It acts on nothing.
    Target,
}

impl Role {
    /// All of them, in the order of the network.
    pub const ALL: [Self; 3] = [Self::Regulator, Self::Mediator, Self::Target];

    /// As it is written in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regulator => "regulator",
            Self::Mediator => "mediator",
            Self::Target => "target",
        }
    }
}

/// A gene, its production a function of the levels of its regulators:
/// `basal + max(0, sum_j strength_j a_j + sum_jk strength_jk a_j a_k)`, where `a_j` is the activity of the regulator `j`. Production and
/// levels are in units in which a gene decays at the rate 1, so that in the steady state they are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Gene {
    /// Its name.
    pub name: String,
    /// Its tier.
    pub role: Role,
    /// Its level in control cells, without noise.
    pub level: f64,
    /// Production that no regulator changes.
    pub basal: f64,
    /// Its regulators.
    pub inputs: Vec<Input>,
    /// Pairs of them that interact.
    pub interactions: Vec<Interaction>,
}

/// A regulator of a gene. Its activity is the Hill function `x^n / (h^n + x^n)` of its level `x`, or one less that if it
/// represses (SERGIO, equation 6).
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    /// Place of the regulator in the network.
    pub gene: usize,
    /// The largest production that it adds.
    pub strength: f64,
    /// Level `h` at which it has half its effect.
    pub half_response: f64,
    /// Whether it represses.
    pub represses: bool,
}

/// Two regulators of a gene that help (strength above 0) or hinder one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// Places in [`Gene::inputs`].
    pub inputs: [usize; 2],
    /// Production that is added (or taken) where both are fully active.
    pub strength: f64,
}

/// Genes, each after all that regulate it.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    genes: Vec<Gene>,
    hill: f64,
}

impl Network {
    /// Draws a network.
    pub fn draw(settings: &SimulationSettings) -> Self {
        let mut builder = Builder {
            settings: &settings.network,
            random: generator(settings.seed, Purpose::Network, 0),
            levels: Vec::with_capacity(settings.n_genes()),
            of_role: [0; 3],
            network: Self {
                genes: Vec::with_capacity(settings.n_genes()),
                hill: settings.network.hill,
            },
        };
        builder.regulators();
        builder.mediators();
        builder.targets();
        builder.network
    }

    /// The genes, each after all that regulate it: regulators, mediators, targets.
    pub fn genes(&self) -> &[Gene] {
        &self.genes
    }

    /// What a gene produces at these levels of the genes before it.
    pub fn production(&self, gene: &Gene, levels: &[f64]) -> f64 {
        let activity = |input: &Input| self.activity(input, levels[input.gene]);
        let alone = |input: &Input| input.strength * activity(input);
        let together = |interaction: &Interaction| {
            let [a, b] = interaction
                .inputs
                .map(|place| activity(&gene.inputs[place]));
            interaction.strength * a * b
        };
        let alone: f64 = gene.inputs.iter().map(alone).sum();
        let together: f64 = gene.interactions.iter().map(together).sum();
        // Regulators that hinder one another leave what is basal.
        gene.basal + (alone + together).max(0.0)
    }

    fn activity(&self, input: &Input, level: f64) -> f64 {
        let ratio = level / input.half_response;
        // The usual coefficient, without the cost of a power.
        let power = if self.hill == 2.0 {
            ratio * ratio
        } else {
            ratio.powf(self.hill)
        };
        match input.represses {
            true => 1.0 / (1.0 + power),
            false => 1.0 - 1.0 / (1.0 + power),
        }
    }

    /// The levels of all genes, without noise, where the production of each is multiplied by its factor (1 beyond the last).
    pub fn steady_state(&self, factors: &[f64]) -> Vec<f64> {
        let mut levels = Vec::with_capacity(self.genes.len());
        for (place, gene) in self.genes.iter().enumerate() {
            let factor = factors.get(place).copied().unwrap_or(1.0);
            levels.push(factor * self.production(gene, &levels));
        }
        levels
    }

    /// Gene by regulator: the largest production that the regulator adds, negative where it represses.
    pub(super) fn regulation(&self) -> SparseMatrix {
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for gene in &self.genes {
            let mut inputs: Vec<&Input> = gene.inputs.iter().collect();
            inputs.sort_by_key(|input| input.gene);
            for input in inputs {
                indices.push(input.gene as u32);
                values.push(if input.represses {
                    -input.strength
                } else {
                    input.strength
                });
            }
            indptr.push(values.len());
        }
        SparseMatrix {
            shape: [self.genes.len(); 2],
            by_rows: true,
            indptr,
            indices,
            values: values.into(),
        }
    }

    /// A row an interaction: the gene, its two regulators, and the strength.
    pub(super) fn interactions(&self) -> Result<Frame, AnnDataError> {
        let [mut of, mut first, mut second] = [const { Vec::new() }; 3];
        let mut strengths = Vec::new();
        for gene in &self.genes {
            for interaction in &gene.interactions {
                let [a, b] = interaction.inputs.map(|place| gene.inputs[place].gene);
                of.push(gene.name.clone());
                first.push(self.genes[a].name.clone());
                second.push(self.genes[b].name.clone());
                strengths.push(interaction.strength);
            }
        }
        let index = (0..of.len()).map(|row| row.to_string()).collect();
        let mut frame = Frame::new(Values::Text(index));
        frame.set("gene", Values::Text(of))?;
        frame.set("first", Values::Text(first))?;
        frame.set("second", Values::Text(second))?;
        frame.set("strength", strengths)?;
        Ok(frame)
    }
}

/// A network that is being drawn.
struct Builder<'a> {
    settings: &'a NetworkSettings,
    random: Pcg64,
    /// Of the genes so far, in control cells.
    levels: Vec<f64>,
    /// Number of genes of each role so far.
    of_role: [usize; 3],
    network: Network,
}

impl Builder<'_> {
    fn regulators(&mut self) {
        let settings = self.settings;
        for place in 0..settings.regulators {
            let acted_on = place > 0 && self.random.random_bool(settings.cascade);
            let upstream = match acted_on {
                true => vec![self.random.random_range(0..place)],
                false => Vec::new(),
            };
            let half_response = settings.regulator_half_response;
            let inputs = upstream
                .into_iter()
                .map(|gene| (gene, half_response))
                .collect();
            self.add(Role::Regulator, 1.0 - CASCADE_SHARE, inputs, 0.0);
        }
    }

    fn mediators(&mut self) {
        let settings = self.settings;
        let mut waiting: Vec<usize> = Vec::new();
        for _ in 0..settings.mediators {
            // Dealt out like cards, so that every regulator acts on as many mediators as any other, if one more or less.
            let mut inputs: Vec<usize> = Vec::new();
            while inputs.len() < settings.regulators_per_mediator {
                if waiting.is_empty() {
                    waiting = (0..settings.regulators)
                        .filter(|r| !inputs.contains(r))
                        .collect();
                    waiting.shuffle(&mut self.random);
                }
                inputs.extend(waiting.pop());
            }
            let half_response = settings.regulator_half_response;
            let inputs = inputs
                .into_iter()
                .map(|gene| (gene, half_response))
                .collect();
            self.add(
                Role::Mediator,
                settings.basal,
                inputs,
                settings.interactions,
            );
        }
    }

    fn targets(&mut self) {
        let settings = self.settings;
        let mediators = settings.regulators..settings.regulators + settings.mediators;
        let mut mediators: Vec<usize> = mediators.collect();
        for _ in 0..settings.targets {
            let (chosen, _) =
                mediators.partial_shuffle(&mut self.random, settings.mediators_per_target);
            let mut inputs: Vec<(usize, f64)> = chosen
                .iter()
                .map(|gene| (*gene, settings.mediator_half_response))
                .collect();
            if self.random.random_bool(settings.direct) {
                let regulator = self.random.random_range(0..settings.regulators);
                inputs.push((regulator, settings.regulator_half_response));
            }
            self.add(Role::Target, settings.basal, inputs, 0.0);
        }
    }

    /// Adds a gene with these regulators and their half responses (in their levels of control cells). Strengths are such that in
    /// control cells the share `basal` of the production is basal and each regulator has its weight in the rest.
    fn add(&mut self, role: Role, basal: f64, inputs: Vec<(usize, f64)>, interactions: f64) {
        let of_role = self.of_role[role as usize];
        self.of_role[role as usize] += 1;
        let name = match role {
            Role::Regulator => format!("REG{of_role:03}"),
            Role::Mediator => format!("MED{of_role:03}"),
            Role::Target => format!("GENE{of_role:05}"),
        };
        let level = self.log_normal(self.settings.level_spread);
        let basal = if inputs.is_empty() { 1.0 } else { basal };
        let weights = inputs.iter().map(|_| {
            self.random
                .random_range(1.0 - WEIGHT_SPREAD..=1.0 + WEIGHT_SPREAD)
        });
        let weights: Vec<f64> = weights.collect();
        let total: f64 = weights.iter().sum();
        let mut gene = Gene {
            name,
            role,
            level,
            basal: basal * level,
            inputs: Vec::with_capacity(inputs.len()),
            interactions: Vec::new(),
        };
        for ((regulator, half_response), weight) in inputs.into_iter().zip(weights) {
            let control = self.levels[regulator];
            let mut input = Input {
                gene: regulator,
                strength: 1.0,
                half_response: half_response * control,
                represses: self.random.random_bool(self.settings.repression),
            };
            let activity = self.network.activity(&input, control);
            input.strength = (1.0 - basal) * level * weight / total / activity;
            gene.inputs.push(input);
        }
        gene.interactions = self.interactions(&gene.inputs, interactions);
        // Interactions add to it: the level is what comes out.
        gene.level = self.network.production(&gene, &self.levels);
        self.levels.push(gene.level);
        self.network.genes.push(gene);
    }

    /// Draws which pairs of regulators interact.
    fn interactions(&mut self, inputs: &[Input], share: f64) -> Vec<Interaction> {
        let mut drawn = Vec::new();
        for first in 0..inputs.len() {
            for second in first + 1..inputs.len() {
                if !self.random.random_bool(share) {
                    continue;
                }
                let weaker = inputs[first].strength.min(inputs[second].strength);
                let sign = if self.random.random_bool(0.5) {
                    1.0
                } else {
                    -1.0
                };
                drawn.push(Interaction {
                    inputs: [first, second],
                    strength: sign * self.settings.interaction_strength * weaker,
                });
            }
        }
        drawn
    }

    fn log_normal(&mut self, spread: f64) -> f64 {
        match LogNormal::new(0.0, spread) {
            Ok(distribution) => distribution.sample(&mut self.random),
            // Settings are checked: the spread is finite and not negative.
            Err(_) => 1.0,
        }
    }
}
