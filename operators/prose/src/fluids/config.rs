//! Size and parts of a network for flows.

use rheome_equations::Vocabulary;
use serde::{Deserialize, Serialize};

use crate::ProseError;
use crate::model::layer::{LayerConfig, NormKind, NormPlace};

/// Size of a network for flows. The defaults are the published ones where nothing else is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FluidsConfig {
    /// Names of the channels. A family of flows has some of them, the mask tells which. Published: 4; these names are our own:
    /// velocities `u` and `v`, pressure `p`, and `s` for a depth, a density or another scalar.
    pub channels: Vec<String>,
    /// Components of the largest equation (its states, pressure among them). Fixes the vocabulary.
    pub dimension: usize,
    /// Points along x and y. Published: 128 x 128.
    pub grid: [usize; 2],
    /// Points along a side of a patch; divides both sides of the grid. Our own choice: 16; time and memory grow with the square
    /// of the number of patches.
    pub patch: usize,
    /// Frames in. Published: 10.
    pub input_frames: usize,
    /// Frames out. Published: 10.
    pub output_frames: usize,
    /// Features. Published: 1024. 96 to 192 is a good start on a CPU.
    pub width: usize,
    /// Attention heads; `width` must be a multiple. Published: 8.
    pub heads: usize,
    /// Features between the two maps of each feed-forward network. Published: 2048.
    pub feed_forward: usize,
    /// Layers of the encoder of the patches. Published: 2.
    pub data_encoder: usize,
    /// Layers of the encoder of the symbols. Published: 1.
    pub text_encoder: usize,
    /// Layers over both together. Published: 8.
    pub fusion: usize,
    /// Layers of the decoder of the frames. Published: 8.
    pub data_decoder: usize,
    /// Features of every point behind the patches, before they become channels. Our own choice: 32.
    pub point_features: usize,
}

impl Default for FluidsConfig {
    fn default() -> Self {
        Self {
            channels: ["u", "v", "p", "s"].map(str::to_owned).to_vec(),
            dimension: 4,
            grid: [128, 128],
            patch: 16,
            input_frames: 10,
            output_frames: 10,
            width: 1024,
            heads: 8,
            feed_forward: 2048,
            data_encoder: 2,
            text_encoder: 1,
            fusion: 8,
            data_decoder: 8,
            point_features: 32,
        }
    }
}

/// Most patches of all frames of a sample together: what attention can still work on.
const MOST_PATCHES: usize = 1 << 18;

impl FluidsConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`ProseError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), ProseError> {
        self.check_channels()?;
        let [x, y] = self.grid;
        let limits = [
            ("grid", x, 1 << 14),
            ("grid", y, 1 << 14),
            ("patch", self.patch, 1 << 10),
            ("input_frames", self.input_frames, 1 << 12),
            ("output_frames", self.output_frames, 1 << 12),
            ("width", self.width, 1 << 16),
            ("heads", self.heads, 1 << 16),
            ("feed_forward", self.feed_forward, 1 << 18),
            ("data_encoder", self.data_encoder, 1000),
            ("text_encoder", self.text_encoder, 1000),
            ("fusion", self.fusion, 1000),
            ("data_decoder", self.data_decoder, 1000),
            ("point_features", self.point_features, 1 << 12),
        ];
        for (key, value, most) in limits {
            if !(1..=most).contains(&value) {
                return wrong(key, value, format!("1 to {most}"));
            }
        }
        if !(x.is_multiple_of(self.patch) && y.is_multiple_of(self.patch)) {
            return wrong("patch", self.patch, format!("a divisor of grid = {x}, {y}"));
        }
        if !self.width.is_multiple_of(self.heads) {
            let expected = format!("a divisor of width = {}", self.width);
            return wrong("heads", self.heads, expected);
        }
        if !self.width.is_multiple_of(2) {
            let expected = "an even number, for sines and cosines";
            return wrong("width", self.width, expected.to_owned());
        }
        let patches = self.patches() * self.input_frames.max(self.output_frames);
        if patches > MOST_PATCHES {
            let expected = format!("one that leaves at most {MOST_PATCHES} patches, not {patches}");
            return wrong("patch", self.patch, expected);
        }
        self.words().map(|_| ())
    }

    fn check_channels(&self) -> Result<(), ProseError> {
        let expected = "1 to 64 different names".to_owned();
        let mut names: Vec<&String> = self.channels.iter().collect();
        names.sort();
        names.dedup();
        let good = (1..=64).contains(&self.channels.len()) && names.len() == self.channels.len();
        match good {
            true => Ok(()),
            false => wrong("channels", &self.channels, expected),
        }
    }

    /// Patches of a frame along x and y.
    pub fn patch_grid(&self) -> [usize; 2] {
        self.grid.map(|points| points / self.patch)
    }

    /// Patches of a frame.
    pub fn patches(&self) -> usize {
        self.patch_grid().iter().product()
    }

    /// The vocabulary of the symbols, partial derivatives among them.
    ///
    /// # Errors
    /// [`ProseError::Config`] where the dimension cannot work.
    pub fn words(&self) -> Result<Vocabulary, ProseError> {
        Vocabulary::of_fields(self.dimension).map_err(|error| {
            ProseError::config("model", "dimension", self.dimension, error.to_string())
        })
    }

    /// The layers: root mean squares are normalised before each part, as published.
    pub(super) fn layer(&self) -> LayerConfig {
        LayerConfig {
            width: self.width,
            heads: self.heads,
            feed_forward: self.feed_forward,
            norm: NormKind::RootMeanSquare,
            place: NormPlace::Before,
        }
    }
}

fn wrong(
    key: &'static str,
    found: impl std::fmt::Debug,
    expected: String,
) -> Result<(), ProseError> {
    Err(ProseError::config("model", key, found, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_size_is_valid() {
        let config = FluidsConfig::default();
        config.validate().unwrap();
        assert_eq!((config.patch_grid(), config.patches()), ([8, 8], 64));
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<FluidsConfig>(&text).unwrap(), config);
    }

    #[test]
    fn an_impossible_value_is_reported_with_its_key() {
        for (key, text) in [
            ("channels", r#"{"channels": []}"#),
            ("channels", r#"{"channels": ["u", "v", "u"]}"#),
            ("grid", r#"{"grid": [0, 128]}"#),
            ("patch", r#"{"patch": 0}"#),
            ("patch", r#"{"grid": [128, 100]}"#),
            ("patch", r#"{"grid": [16384, 16384], "patch": 1}"#),
            ("input_frames", r#"{"input_frames": 0}"#),
            ("output_frames", r#"{"output_frames": 100000}"#),
            ("heads", r#"{"heads": 7}"#),
            ("width", r#"{"width": 15, "heads": 5}"#),
            ("feed_forward", r#"{"feed_forward": 0}"#),
            ("point_features", r#"{"point_features": 0}"#),
            ("dimension", r#"{"dimension": 0}"#),
        ] {
            let config: FluidsConfig = serde_json::from_str(text).unwrap();
            let message = config.validate().unwrap_err().to_string();
            let start = format!("model.{key}: ");
            assert!(message.starts_with(&start), "{text}: {message}");
        }
    }
}
