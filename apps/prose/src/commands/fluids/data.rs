//! Flows and their equations in a field file, as the network is given them.

use burn::tensor::Device;
use rheome_cli::{Checksum, DataFingerprint, Failure};
use rheome_equations::{PADDING, Parameters, System, Vocabulary};
use rheome_fields::{
    Attribute, BatchReader, FieldReader, Window, ends_of_trajectories, mean_spacing,
};
use rheome_prose::Symbols;
use rheome_prose::fluids::{FluidsConfig, FrameSequence, Frames};

/// Attribute with the formulas of the equations; names in them are those of numbers of each trajectory, or of the file.
pub const EQUATIONS_ATTRIBUTE: &str = "equations";
/// Trajectories whose ends tell one file from another.
const FINGERPRINTED: usize = 16;

/// A field file with equations, open for reading.
pub struct FlowData {
    reader: Box<dyn FieldReader>,
    vocabulary: Vocabulary,
    /// The channel of the network that each component is.
    channels: Vec<usize>,
    /// Equations by trajectory.
    systems: Vec<System>,
    /// Their words.
    ids: Vec<Vec<u32>>,
}

impl FlowData {
    /// Opens a file for a network of this size.
    ///
    /// # Errors
    /// [`Failure`] naming the file, where its grid, components or equations are none that the network can be given.
    pub fn open(path: &str, model: &FluidsConfig) -> Result<Self, Failure> {
        let reader = rheome_fields::open(path)?;
        let wrong = |what: String| Failure::new(format!("{}: {what}", reader.label()));
        let [x, y] = model.grid;
        let [nx, ny, nz] = reader.shape().grid;
        if [nx, ny, nz] != [x, y, 1] {
            let found = format!("found {nx} x {ny} x {nz} points, expected {x} x {y} x 1");
            return Err(wrong(format!("{found}, as model.grid has it")));
        }
        let channels = channels(reader.as_ref(), model).map_err(wrong)?;
        let vocabulary = model.words()?;
        let systems = systems(reader.as_ref())?;
        let ids = systems.iter().map(|system| vocabulary.encode(system));
        let ids = ids.collect::<Result<_, _>>();
        let ids = ids.map_err(|e| wrong(format!("attribute {EQUATIONS_ATTRIBUTE}: {e}")))?;
        Ok(Self {
            vocabulary,
            channels,
            systems,
            ids,
            reader,
        })
    }

    /// The fields.
    pub fn reader(&self) -> &dyn FieldReader {
        self.reader.as_ref()
    }

    /// The words that the network knows.
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Channels of the network, one a component of the file.
    pub fn channels(&self) -> &[usize] {
        &self.channels
    }

    /// Time between two snapshots, where the file tells.
    pub fn spacing(&self) -> Option<f64> {
        let times = self.reader.times()?;
        // Snapshots that are not there yet have none.
        let told = times.iter().take_while(|time| time.is_finite()).count();
        mean_spacing(&times[..told])
    }

    /// Reads stretches of `frames` snapshots: `[window, frame, x, y, component]`.
    ///
    /// # Errors
    /// [`Failure`] naming the file and what cannot be read.
    pub fn read(
        &self,
        windows: &[Window],
        frames: usize,
        stride: usize,
    ) -> Result<Vec<f32>, Failure> {
        // The reader calls the last snapshot of a window its target.
        let inputs = frames - 1;
        let read = BatchReader::new(self.reader(), inputs, stride).read(windows)?;
        let length = self.reader.shape().snapshot_len();
        let mut values = Vec::with_capacity(windows.len() * frames * length);
        let targets = read.targets.chunks(length);
        for (index, target) in targets.enumerate() {
            values.extend(&read.inputs[index * inputs * length..(index + 1) * inputs * length]);
            values.extend(target);
        }
        Ok(values)
    }

    /// Stretches that were [read](Self::read), on a device.
    ///
    /// # Errors
    /// [`Failure`] if they do not fit the network.
    pub fn frames(
        &self,
        values: &[f32],
        frames: usize,
        model: &FluidsConfig,
        device: &Device,
    ) -> Result<Frames, Failure> {
        let length = frames * self.reader.shape().snapshot_len();
        let members: Vec<FrameSequence> = values
            .chunks(length)
            .map(|values| FrameSequence {
                values,
                channels: &self.channels,
            })
            .collect();
        Ok(Frames::new(&members, frames, model, device)?)
    }

    /// The words of the equations of trajectories, on a device.
    ///
    /// # Errors
    /// [`Failure`] if there is no trajectory.
    pub fn symbols(&self, trajectories: &[usize], device: &Device) -> Result<Symbols, Failure> {
        let members: Vec<Vec<u32>> = trajectories.iter().map(|t| self.ids[*t].clone()).collect();
        let padding = self.vocabulary.id(PADDING)?;
        let size = self.vocabulary.size();
        Ok(Symbols::new(&members, size, padding, device)?)
    }

    /// Shape, times, equations, and of up to 16 trajectories the first and the last complete snapshot.
    ///
    /// # Errors
    /// [`Failure`] if the file cannot be read.
    pub fn fingerprint(&self) -> Result<DataFingerprint, Failure> {
        let mut times = Checksum::new();
        for time in self.reader.times().into_iter().flatten() {
            times.add(&time.to_le_bytes());
        }
        let mut values = Checksum::new();
        ends_of_trajectories(self.reader(), FINGERPRINTED, |completed, snapshot| {
            values.add(&(completed as u64).to_le_bytes());
            values.add_numbers(snapshot);
        })?;
        let words = self.systems.iter().map(|system| system.words().join(" "));
        Ok(DataFingerprint::new()
            .with("shape", format!("{:?}", self.reader.shape().extents()))
            .with("times", times)
            .with("equations", Checksum::of_texts(words))
            .with("values", values))
    }
}

/// The channel of each component of the file.
fn channels(reader: &dyn FieldReader, model: &FluidsConfig) -> Result<Vec<usize>, String> {
    let known = || model.channels.join(", ");
    let Some(names) = &reader.header().components else {
        let expected = format!("expected names, some of model.channels = {}", known());
        return Err(format!("its components have no names, {expected}"));
    };
    let place = |name: &String| {
        let place = model.channels.iter().position(|channel| channel == name);
        place.ok_or_else(|| format!("component {name:?} is none of model.channels = {}", known()))
    };
    names.iter().map(place).collect()
}

/// The equations of every trajectory.
fn systems(reader: &dyn FieldReader) -> Result<Vec<System>, Failure> {
    let header = reader.header();
    let wrong = |what: String| Failure::new(format!("{}: {what}", reader.label()));
    let Some(Attribute::Text(formulas)) = header.attributes.get(EQUATIONS_ATTRIBUTE) else {
        return Err(wrong(format!(
            "no attribute {EQUATIONS_ATTRIBUTE:?}, expected the formulas of the flow's equations, as `prose fluids generate` writes them"
        )));
    };
    let numbers = header.attributes.iter().filter_map(|(name, value)| {
        let Attribute::Number(number) = value else {
            return None;
        };
        Some((name.clone(), *number))
    });
    let mut parameters: Parameters = numbers.collect();
    (0..reader.shape().trajectories)
        .map(|trajectory| {
            for (name, values) in &header.per_trajectory {
                parameters.insert(name.clone(), values[trajectory]);
            }
            System::parse(formulas, &parameters)
                .map_err(|e| wrong(format!("attribute {EQUATIONS_ATTRIBUTE}: {e}")))
        })
        .collect()
}
