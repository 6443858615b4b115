//! Batches on the host: read, shown under a symmetry, disturbed; prepared on a thread of their own while the device works.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;
use rheome_cli::Failure;
use rheome_fields::{BatchReader, FieldReader, Window};
use rheome_training::randomness::{Purpose, generator};

use super::settings::TrainingSettings;
use super::symmetry::Symmetry;

/// A batch in physical units.
pub struct HostBatch {
    /// Windows in the batch.
    pub size: usize,
    /// `[size, time_window, x, y, z, component]`
    pub inputs: Vec<f32>,
    /// `[size, unroll, x, y, z, component]`
    pub targets: Vec<f32>,
}

/// Where batches come from. Each is a pure function of seed, epoch and number, so a continued run sees the same ones.
pub struct BatchSource<'a> {
    reader: BatchReader<'a>,
    windows: &'a [Window],
    settings: &'a TrainingSettings,
    time_window: usize,
    grid: [usize; 3],
    /// Standard deviation of the noise, per component.
    noise: Vec<f32>,
}

impl<'a> BatchSource<'a> {
    /// Batches of `windows` of `reader`; `std` is the spread of each component, in whose units the noise is set. Each window
    /// holds `time_window` inputs and as many targets as the settings unroll.
    pub fn new(
        reader: &'a dyn FieldReader,
        windows: &'a [Window],
        settings: &'a TrainingSettings,
        time_window: usize,
        stride: usize,
        std: &[f64],
    ) -> Self {
        Self {
            reader: BatchReader::new(reader, time_window + settings.unroll - 1, stride),
            windows,
            settings,
            time_window,
            grid: reader.shape().grid,
            noise: std.iter().map(|s| (s * settings.noise) as f32).collect(),
        }
    }

    /// Batches in an epoch, the last one perhaps smaller.
    pub fn per_epoch(&self) -> u64 {
        self.windows.len().div_ceil(self.settings.batch_size) as u64
    }

    /// The order of the windows in an epoch.
    pub fn order(&self, epoch: u64) -> Vec<Window> {
        let mut order = self.windows.to_vec();
        order.shuffle(&mut generator(self.settings.seed, Purpose::Order, epoch));
        order
    }

    /// Batch `number` of `epoch` (both from 0), given that epoch's order.
    pub fn batch(&self, order: &[Window], epoch: u64, number: u64) -> Result<HostBatch, Failure> {
        let size = self.settings.batch_size;
        let first = number as usize * size;
        let windows = &order[first..(first + size).min(order.len())];
        let read = self.reader.read(windows)?;
        let step = epoch * self.per_epoch() + number;
        let components = self.noise.len();
        let length = self.grid.iter().product::<usize>() * components;
        let (lead, unroll) = (
            self.time_window + self.settings.unroll - 1,
            self.settings.unroll,
        );
        let mut batch = HostBatch {
            size: windows.len(),
            inputs: vec![0.0; windows.len() * self.time_window * length],
            targets: vec![0.0; windows.len() * unroll * length],
        };
        let mut random = generator(self.settings.seed, Purpose::Augmentation, step);
        for (b, window) in read.inputs.chunks(lead * length).enumerate() {
            let symmetry = Symmetry::draw(&self.settings.symmetries, self.grid, &mut random);
            // In order of time: the inputs, then all targets.
            let last = &read.targets[b * length..(b + 1) * length];
            let snapshots = window.chunks(length).chain(std::iter::once(last));
            let inputs = batch.inputs[b * self.time_window * length..].chunks_mut(length);
            let targets = batch.targets[b * unroll * length..].chunks_mut(length);
            for (from, to) in snapshots.zip(inputs.take(self.time_window).chain(targets)) {
                symmetry.apply(from, self.grid, components, to);
            }
        }
        self.disturb(&mut batch.inputs, step);
        Ok(batch)
    }

    fn disturb(&self, inputs: &mut [f32], step: u64) {
        if self.settings.noise == 0.0 {
            return;
        }
        let mut random = generator(self.settings.seed, Purpose::Noise, step);
        for point in inputs.chunks_mut(self.noise.len()) {
            for (value, noise) in point.iter_mut().zip(&self.noise) {
                *value += noise * random.sample::<f32, _>(StandardNormal);
            }
        }
    }
}
