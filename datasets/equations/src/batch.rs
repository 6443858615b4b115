//! Batches: what the network is given and what it should answer, as a pure function of seed and step.

mod noise;

use std::sync::Arc;

use ndarray::{Array2, Array3, Axis, s};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

pub use noise::{InputNoise, NoiseKind};

use crate::data::stream;
use crate::error::EquationError;
use crate::file::DataFile;
use crate::noise::SymbolNoise;
use crate::system::System;
use crate::vocabulary::{BEGIN, END, PADDING, Vocabulary};

/// How batches are made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchConfig {
    /// Samples of a batch (published: 256; a good value for few cores: 32).
    pub size: usize,
    /// Points in time that the network is given; it is asked for the others (published: 64 of 192).
    pub input_points: usize,
    /// Noise on these points (published: 2 %).
    pub noise: InputNoise,
    /// What is wrong with the symbols (published: 15 % each).
    pub symbols: SymbolNoise,
    /// Whether the network is given the true equation with its numbers instead of a skeleton, as if it were known (published
    /// beside the skeletons).
    pub known: bool,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            size: 256,
            input_points: 64,
            noise: InputNoise::default(),
            symbols: SymbolNoise::default(),
            known: false,
        }
    }
}

/// Samples side by side. Components that an equation does not have are 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Which samples of the file.
    pub samples: Vec<usize>,
    /// Time and states that the network is given, `[batch, input points, 1 + dimension]`, with noise.
    pub input: Array3<f32>,
    /// Times it is asked for, `[queries]`, the same for all samples.
    pub times: Vec<f32>,
    /// States at these times, `[batch, queries, dimension]`, without noise.
    pub labels: Array3<f32>,
    /// Number of components of each equation, `[batch]`.
    pub dimensions: Vec<usize>,
    /// Ids of the symbols that the network is given, `[batch, longest]`: skeletons (or known equations), padded.
    pub symbols: Array2<u32>,
    /// Number of symbols, `[batch]`.
    pub symbol_lengths: Vec<usize>,
    /// Ids of the true equation between [`BEGIN`] and [`END`], `[batch, longest]`, padded.
    pub targets: Array2<u32>,
    /// Number of words of the target, [`BEGIN`] and [`END`] among them, `[batch]`.
    pub target_lengths: Vec<usize>,
}

/// Makes batches of some samples of a data file.
#[derive(Debug, Clone)]
pub struct BatchReader {
    data: Arc<DataFile>,
    vocabulary: Vocabulary,
    samples: Vec<usize>,
    config: BatchConfig,
    seed: u64,
    /// The samples in the order of the epoch that was asked for last.
    order: Option<(u64, Vec<usize>)>,
}

impl BatchReader {
    /// Batches of `samples` in the words of `vocabulary`, whose dimension is that of the batches.
    ///
    /// # Errors
    /// Where there is no sample, too few points in time, or a vocabulary of fewer components than the file has.
    pub fn new(
        data: Arc<DataFile>,
        samples: Vec<usize>,
        vocabulary: Vocabulary,
        config: BatchConfig,
        seed: u64,
    ) -> Result<Self, EquationError> {
        let unsuitable = |context: &str, found: String, expected: String| {
            Err(EquationError::Unsuitable {
                context: format!("{}: {context}", data.path().display()),
                found,
                expected,
            })
        };
        if samples.is_empty() || config.size == 0 {
            let found = format!("{} sample(s), {} in a batch", samples.len(), config.size);
            return unsuitable("batches", found, "at least one of both".to_owned());
        }
        if let Some(sample) = samples.iter().find(|sample| **sample >= data.samples()) {
            let expected = format!("less than {}", data.samples());
            return unsuitable("sample", sample.to_string(), expected);
        }
        let points = data.times().len();
        if !(1..points).contains(&config.input_points) {
            let found = config.input_points.to_string();
            return unsuitable("input_points", found, format!("1 to {}", points - 1));
        }
        if vocabulary.dimension() < data.dimension() {
            let found = format!("{} components", data.dimension());
            return unsuitable(
                "equations",
                found,
                format!("at most {}", vocabulary.dimension()),
            );
        }
        config.noise.check()?;
        Ok(Self {
            data,
            vocabulary,
            samples,
            config,
            seed,
            order: None,
        })
    }

    /// Number of samples.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }

    /// Batches that show every sample once; a last one of fewer samples is left out unless it is the only one.
    pub fn batches_of_epoch(&self) -> u64 {
        (self.samples.len() / self.config.size).max(1) as u64
    }

    /// The batch of a step of the training: every epoch has an order of its own.
    ///
    /// # Errors
    /// Where a sample cannot be read.
    pub fn training(&mut self, step: u64) -> Result<Batch, EquationError> {
        let epoch = step / self.batches_of_epoch();
        let first = (step % self.batches_of_epoch()) as usize * self.config.size;
        if self.order.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let mut order = self.samples.clone();
            order.shuffle(&mut stream(self.seed, "order of the samples", epoch));
            self.order = Some((epoch, order));
        }
        let order = self
            .order
            .as_ref()
            .map_or(&self.samples, |(_, order)| order);
        let last = order.len().min(first + self.config.size);
        self.batch(
            &order[first..last],
            &mut stream(self.seed, "noise in training", step),
        )
    }

    /// Batches that judging needs to show every sample once.
    pub fn batches_of_evaluation(&self) -> u64 {
        self.samples.len().div_ceil(self.config.size) as u64
    }

    /// A batch for judging: the samples in order, the same noise every time; the last one may be smaller.
    ///
    /// # Errors
    /// Where there is no such batch, or a sample cannot be read.
    pub fn evaluation(&self, number: u64) -> Result<Batch, EquationError> {
        let chunk = self.samples.chunks(self.config.size).nth(number as usize);
        let samples = chunk.ok_or_else(|| EquationError::Unsuitable {
            context: format!("{}: batch", self.data.path().display()),
            found: number.to_string(),
            expected: format!("less than {}", self.batches_of_evaluation()),
        })?;
        self.batch(
            samples,
            &mut stream(self.seed, "noise in evaluation", number),
        )
    }

    fn batch(&self, samples: &[usize], random: &mut impl Rng) -> Result<Batch, EquationError> {
        let (input, labels) = self.states(samples, random)?;
        let systems = samples
            .iter()
            .map(|sample| &self.data.equation(*sample).system);
        let (mut symbols, mut targets) = (Vec::new(), Vec::new());
        for system in systems.clone() {
            let ids = self.vocabulary.encode(system)?;
            symbols.push(match self.config.known {
                true => ids.clone(),
                false => self
                    .vocabulary
                    .encode(&self.config.symbols.apply(system, random))?,
            });
            targets.push(self.target(ids)?);
        }
        let (symbols, symbol_lengths) = self.padded(&symbols)?;
        let (targets, target_lengths) = self.padded(&targets)?;
        let queries = &self.data.times()[self.config.input_points..];
        Ok(Batch {
            samples: samples.to_vec(),
            input,
            times: queries.iter().map(|time| *time as f32).collect(),
            labels,
            dimensions: systems.map(System::dimension).collect(),
            symbols,
            symbol_lengths,
            targets,
            target_lengths,
        })
    }

    /// Input with noise, `[batch, input points, 1 + dimension]`, and labels, `[batch, queries, dimension]`.
    fn states(
        &self,
        samples: &[usize],
        random: &mut impl Rng,
    ) -> Result<(Array3<f32>, Array3<f32>), EquationError> {
        let (given, dimension) = (self.config.input_points, self.vocabulary.dimension());
        let times = self.data.times();
        let mut input = Array3::zeros((samples.len(), given, 1 + dimension));
        let mut labels = Array3::zeros((samples.len(), times.len() - given, dimension));
        for (row, &sample) in samples.iter().enumerate() {
            let components = self.data.equation(sample).system.dimension();
            let trajectory = self.data.trajectory(sample)?;
            let known = trajectory.slice(s![.., ..components]);
            let mut window = known.slice(s![..given, ..]).to_owned();
            self.config.noise.apply(&mut window, random);
            let mut input = input.index_axis_mut(Axis(0), row);
            for (mut point, time) in input.rows_mut().into_iter().zip(times) {
                point[0] = *time as f32;
            }
            input.slice_mut(s![.., 1..=components]).assign(&window);
            let mut labels = labels.slice_mut(s![row, .., ..components]);
            labels.assign(&known.slice(s![given.., ..]));
        }
        Ok((input, labels))
    }

    fn target(&self, ids: Vec<u32>) -> Result<Vec<u32>, EquationError> {
        let mut target = vec![self.vocabulary.id(BEGIN)?];
        target.extend(ids);
        target.push(self.vocabulary.id(END)?);
        Ok(target)
    }

    fn padded(&self, rows: &[Vec<u32>]) -> Result<(Array2<u32>, Vec<usize>), EquationError> {
        let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        let padding = self.vocabulary.id(PADDING)?;
        let mut padded = Array2::from_elem((rows.len(), longest), padding);
        for (mut row, ids) in padded.rows_mut().into_iter().zip(rows) {
            for (place, id) in row.iter_mut().zip(ids) {
                *place = *id;
            }
        }
        Ok((padded, lengths))
    }
}
