//! Size and parts of a PROSE network.

use rheome_equations::Vocabulary;
use serde::{Deserialize, Serialize};

use crate::ProseError;
use crate::model::layer::{LayerConfig, NormKind, NormPlace};

/// What goes in and what comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modalities {
    /// Series and symbols in, series and symbols out. The published choice.
    #[serde(rename = "2-to-2")]
    TwoToTwo,
    /// Series and symbols in, the series continued.
    #[serde(rename = "2-to-1")]
    TwoToOne,
    /// A series in, the series continued: the baseline without symbols.
    #[serde(rename = "1-to-1")]
    OneToOne,
}

impl Modalities {
    /// Whether symbols go in.
    pub fn reads_symbols(self) -> bool {
        self != Self::OneToOne
    }

    /// Whether symbols come out.
    pub fn writes_symbols(self) -> bool {
        self == Self::TwoToTwo
    }
}

/// What the decoder of the data looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataDecoderSource {
    /// The fused features of the series. The published choice.
    Data,
    /// Those of the symbols too.
    Both,
}

/// Size of a PROSE network. The defaults are the published ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProseConfig {
    /// What goes in and what comes out.
    pub modalities: Modalities,
    /// Components of the largest system: 3 for the twelve default families, 5 for all fifteen. Fixes the vocabulary.
    pub dimension: usize,
    /// Features. Published: 512; time grows with its square. 64 is a good start on a CPU.
    pub width: usize,
    /// Attention heads; `width` must be a multiple. Published: 8.
    pub heads: usize,
    /// Layers of the encoder of the series. Published: 2.
    pub data_encoder: usize,
    /// Layers of the encoder of the symbols. Published: 4.
    pub text_encoder: usize,
    /// Layers over both together. Published: 8.
    pub fusion: usize,
    /// Layers of the decoder of the series. Published: 8.
    pub data_decoder: usize,
    /// Layers of the decoder of the symbols. Published: 8.
    pub text_decoder: usize,
    /// What the decoder of the data looks at. Published: "data".
    pub data_decoder_source: DataDecoderSource,
    /// Whether the decoder of the data passes what it looks at through residual networks first. Published: no.
    pub residual_embedders: bool,
}

impl Default for ProseConfig {
    fn default() -> Self {
        Self {
            modalities: Modalities::TwoToTwo,
            dimension: 3,
            width: 512,
            heads: 8,
            data_encoder: 2,
            text_encoder: 4,
            fusion: 8,
            data_decoder: 8,
            text_decoder: 8,
            data_decoder_source: DataDecoderSource::Data,
            residual_embedders: false,
        }
    }
}

impl ProseConfig {
    /// Checks the configuration.
    ///
    /// # Errors
    /// [`ProseError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), ProseError> {
        let wrong = |key, found: &dyn std::fmt::Debug, expected: &str| {
            Err(ProseError::config("model", key, found, expected))
        };
        let limits = [
            ("width", self.width, 1 << 16),
            ("heads", self.heads, 1 << 16),
            ("data_encoder", self.data_encoder, 1000),
            ("text_encoder", self.text_encoder, 1000),
            ("fusion", self.fusion, 1000),
            ("data_decoder", self.data_decoder, 1000),
            ("text_decoder", self.text_decoder, 1000),
        ];
        for (key, value, most) in limits {
            if !(1..=most).contains(&value) {
                return wrong(key, &value, &format!("1 to {most}"));
            }
        }
        if !self.width.is_multiple_of(self.heads) {
            let expected = format!("a divisor of width = {}", self.width);
            return wrong("heads", &self.heads, &expected);
        }
        if !self.width.is_multiple_of(2) {
            return wrong(
                "width",
                &self.width,
                "an even number, for sines and cosines",
            );
        }
        if self.data_decoder_source == DataDecoderSource::Both && !self.modalities.reads_symbols() {
            return wrong(
                "data_decoder_source",
                &self.data_decoder_source,
                "\"data\" where no symbols go in",
            );
        }
        self.words().map(|_| ())
    }

    /// The layers: feed-forward networks four times as wide between, layer normalisation behind each sum.
    pub(crate) fn layer(&self) -> LayerConfig {
        LayerConfig {
            width: self.width,
            heads: self.heads,
            feed_forward: 4 * self.width,
            norm: NormKind::Layer,
            place: NormPlace::Behind,
        }
    }

    /// The vocabulary of the symbols.
    ///
    /// # Errors
    /// [`ProseError::Config`] where the dimension cannot work.
    pub fn words(&self) -> Result<Vocabulary, ProseError> {
        Vocabulary::new(self.dimension).map_err(|error| {
            ProseError::config("model", "dimension", self.dimension, error.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_size_is_valid_and_written_in_words() {
        let config = ProseConfig::default();
        config.validate().unwrap();
        let text = serde_json::to_string(&config).unwrap();
        assert!(text.contains(r#""modalities":"2-to-2""#), "{text}");
        assert_eq!(serde_json::from_str::<ProseConfig>(&text).unwrap(), config);
    }

    #[test]
    fn an_impossible_value_is_reported_with_its_key() {
        for (key, text) in [
            ("width", r#"{"width": 0}"#),
            ("width", r#"{"width": 15, "heads": 5}"#),
            ("heads", r#"{"heads": 7}"#),
            ("fusion", r#"{"fusion": 0}"#),
            ("text_decoder", r#"{"text_decoder": 100000}"#),
            ("dimension", r#"{"dimension": 0}"#),
            (
                "data_decoder_source",
                r#"{"modalities": "1-to-1", "data_decoder_source": "both"}"#,
            ),
        ] {
            let config: ProseConfig = serde_json::from_str(text).unwrap();
            let message = config.validate().unwrap_err().to_string();
            assert!(message.starts_with(&format!("model.{key}: ")), "{message}");
        }
    }
}
