//! What the network answers: states at the times asked for, and equations.

use burn::tensor::{Tensor, TensorData};
use ndarray::{Array2, s};
use rheome_cli::Failure;
use rheome_equations::{PADDING, Series};
use rheome_prose::decoding::{Decoded, DecodingSettings, Method};
use rheome_prose::{Fused, Series as Batch, Symbols, Trajectory};

use super::rough::RoughEquation;
use crate::arguments::DecodingOptions;
use crate::trained_model::TrainedModel;

/// Width of a beam that is not told.
const BEAM: usize = 10;
/// Times that are asked for at once.
const TIMES_AT_ONCE: usize = 2048;

/// A series with every rough equation, behind the fusion.
pub struct Asked<'a> {
    trained: &'a TrainedModel,
    fused: Fused,
    members: usize,
    components: usize,
}

impl<'a> Asked<'a> {
    /// Shows the network a series, in its units, once with each rough equation.
    ///
    /// # Errors
    /// [`Failure`] if the network reads no symbols but there are several, or they are not in its vocabulary.
    pub fn new(
        trained: &'a TrainedModel,
        window: &Series,
        rough: &[RoughEquation],
    ) -> Result<Self, Failure> {
        let reads_symbols = trained.network.config().modalities.reads_symbols();
        let members = if reads_symbols { rough.len() } else { 1 };
        let states: Vec<f64> = window.states().iter().copied().collect();
        let member = Trajectory {
            times: window.times(),
            states: &states,
            components: window.dimension(),
        };
        let (device, words) = (&trained.device, &trained.words);
        let series = Batch::new(&vec![member; members], words.dimension(), device)?;
        let skeletons = rough
            .iter()
            .map(|rough| words.encode(&rough.system.skeleton()));
        let symbols = match reads_symbols {
            true => {
                let ids: Vec<Vec<u32>> = skeletons.collect::<Result<_, _>>()?;
                let padding = words.id(PADDING)?;
                Some(Symbols::new(&ids, words.size(), padding, device)?)
            }
            false => None,
        };
        Ok(Self {
            trained,
            fused: trained.network.encode(&series, symbols.as_ref())?,
            members,
            components: window.dimension(),
        })
    }

    /// Shows it the series with other rough equations.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn again(self, window: &Series, rough: &[RoughEquation]) -> Result<Self, Failure> {
        Self::new(self.trained, window, rough)
    }

    /// Equations for every rough equation, the likeliest first; none where the network writes no symbols.
    ///
    /// # Errors
    /// [`Failure`] if the settings of the decoding cannot work, or the scores are not finite.
    pub fn equations(
        &self,
        options: &DecodingOptions,
        seed: u64,
    ) -> Result<Vec<Vec<Decoded>>, Failure> {
        let mut found = vec![Vec::new(); self.members];
        let network = &self.trained.network;
        if !network.config().modalities.writes_symbols() {
            return Ok(found);
        }
        let components = vec![self.components; self.members];
        for settings in self.decodings(options, seed) {
            let decoding = self.trained.decoding(&settings)?;
            let more = decoding.run(network, &self.fused, &components)?;
            for (found, more) in found.iter_mut().zip(more) {
                let before: Vec<Vec<u32>> = found.iter().map(|d: &Decoded| d.ids.clone()).collect();
                found.extend(more.into_iter().filter(|d| !before.contains(&d.ids)));
            }
        }
        Ok(found)
    }

    /// The decodings that the options ask for: one, or one a draw.
    fn decodings(&self, options: &DecodingOptions, seed: u64) -> Vec<DecodingSettings> {
        let with = |method| DecodingSettings {
            method,
            grammatical: options.grammatical || self.trained.settings.decoding.grammatical,
            ..self.trained.settings.decoding
        };
        let sampling = |number: usize| {
            with(Method::Sampling {
                temperature: options.temperature,
                top_k: 0,
                top_p: 1.0,
                seed: seed.wrapping_add(number as u64),
            })
        };
        match (options.draw, options.greedy) {
            (Some(count), _) => (0..count).map(sampling).collect(),
            (None, true) => vec![with(Method::Greedy)],
            (None, false) => vec![with(Method::Beam {
                width: options.beam.unwrap_or(BEAM),
                length_penalty: options.length_penalty,
            })],
        }
    }

    /// The states at `times` in the network's units, by the first rough equation: `[times, components]`.
    ///
    /// # Errors
    /// [`Failure`] if they are not finite.
    pub fn states(&self, times: &[f64]) -> Result<Array2<f64>, Failure> {
        let dimension = self.trained.words.dimension();
        let mut values = Vec::with_capacity(times.len() * dimension);
        for part in times.chunks(TIMES_AT_ONCE) {
            let numbers: Vec<f32> = part.iter().map(|time| *time as f32).collect();
            let data = TensorData::new(numbers, [1, part.len()]);
            let times = Tensor::<2>::from_data(data, &self.trained.device);
            let states = self.trained.network.predict(&self.fused, times);
            let states = states.narrow(0, 0, 1).into_data();
            values.extend(states.iter::<f32>().map(f64::from));
        }
        if !values.iter().all(|value| value.is_finite()) {
            return Err(Failure::new(
                "the network's states are not finite; are the series and the weights?",
            ));
        }
        let all = Array2::from_shape_vec((times.len(), dimension), values)?;
        Ok(all.slice(s![.., ..self.components]).to_owned())
    }
}
