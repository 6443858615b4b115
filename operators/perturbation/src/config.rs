//! Size of a PAD-Transformer.

use serde::{Deserialize, Serialize};

use crate::PerturbationError;
use crate::vocabulary::SPECIAL_NAMES;

/// What a block is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backbone {
    /// Differential attention of the cell to itself, then to itself and the control cell. The published choice.
    #[serde(alias = "differential_perceiver")]
    DifferentialPerceiver,
    /// Differential attention to the cell itself and the control cell alone: half the cost of a block.
    #[serde(alias = "differential_transformer")]
    DifferentialTransformer,
    /// Plain attention to the control cell, then to the cell itself. The baseline.
    Perceiver,
}

/// How a perturbation is embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PerturbationKind {
    /// Genes that are knocked out or activated: their gene encodings, so that a gene never perturbed in training can be.
    /// The authors call it "crisper".
    #[serde(alias = "crisper")]
    Gene,
    /// Drugs: an embedding of their own.
    Drug,
}

/// Size of a PAD-Transformer. The defaults are the published model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PadTransformerConfig {
    /// What a block is made of.
    pub backbone: Backbone,
    /// How a perturbation is embedded.
    pub perturbation: PerturbationKind,
    /// Rows of the embeddings: four special names and the genes (and drugs). Published: 6000, for 5000 genes.
    pub vocabulary: usize,
    /// Features per gene. Published: 512; time grows with its square. 128 is a good start on a CPU.
    pub width: usize,
    /// Attention heads of the blocks; `width` must be a multiple. Published: 8.
    pub heads: usize,
    /// Attention heads of the gene encoder; `width` must be a multiple. Published: 8, whatever `heads` is.
    pub encoder_heads: usize,
    /// Blocks. Published: 4 of the backbone "differential-perceiver", 8 of the others; time is proportional to it.
    pub blocks: usize,
    /// Fraction of the features that a training step sets to zero, behind the value encoders and in the adapters.
    /// Published: 0.1.
    pub dropout: f64,
}

/// Most rows of the embeddings: more than there are genes and drugs.
const MOST_NAMES: usize = 1 << 24;

impl Default for PadTransformerConfig {
    fn default() -> Self {
        Self::published(Backbone::DifferentialPerceiver)
    }
}

impl PadTransformerConfig {
    /// The published size with that backbone.
    pub fn published(backbone: Backbone) -> Self {
        Self {
            backbone,
            perturbation: PerturbationKind::Gene,
            vocabulary: 6000,
            width: 512,
            heads: 8,
            encoder_heads: 8,
            blocks: match backbone {
                Backbone::DifferentialPerceiver => 4,
                Backbone::DifferentialTransformer | Backbone::Perceiver => 8,
            },
            dropout: 0.1,
        }
    }

    /// Checks the configuration.
    ///
    /// # Errors
    /// [`PerturbationError::Config`] naming the first key whose value cannot work.
    pub fn validate(&self) -> Result<(), PerturbationError> {
        let wrong = |key, found: &dyn std::fmt::Debug, expected: &str| {
            Err(PerturbationError::config("model", key, found, expected))
        };
        for (key, value, most) in [
            ("width", self.width, 1 << 16),
            ("heads", self.heads, 1 << 16),
            ("encoder_heads", self.encoder_heads, 1 << 16),
            ("blocks", self.blocks, 1000),
        ] {
            if !(1..=most).contains(&value) {
                return wrong(key, &value, &format!("1 to {most}"));
            }
        }
        if !(SPECIAL_NAMES.len() + 1..=MOST_NAMES).contains(&self.vocabulary) {
            let expected = format!("5 (4 are special) to {MOST_NAMES}");
            return wrong("vocabulary", &self.vocabulary, &expected);
        }
        for (key, heads) in [("heads", self.heads), ("encoder_heads", self.encoder_heads)] {
            if !self.width.is_multiple_of(heads) {
                let expected = format!("a divisor of width = {}", self.width);
                return wrong(key, &heads, &expected);
            }
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return wrong("dropout", &self.dropout, "a fraction in [0, 1)");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sizes_are_valid() {
        for backbone in [
            Backbone::DifferentialPerceiver,
            Backbone::DifferentialTransformer,
            Backbone::Perceiver,
        ] {
            PadTransformerConfig::published(backbone)
                .validate()
                .unwrap();
        }
    }

    #[test]
    fn an_impossible_value_is_reported_with_its_key() {
        let from = |text: &str| serde_json::from_str::<PadTransformerConfig>(text).unwrap();
        for (key, text) in [
            ("width", r#"{"width": 0}"#),
            ("heads", r#"{"heads": 7}"#),
            ("encoder_heads", r#"{"width": 12, "heads": 4}"#),
            ("blocks", r#"{"blocks": 0}"#),
            ("blocks", r#"{"blocks": 10000000}"#),
            ("width", r#"{"width": 8000000000, "heads": 8}"#),
            ("vocabulary", r#"{"vocabulary": 5000000000}"#),
            ("vocabulary", r#"{"vocabulary": 4}"#),
            ("dropout", r#"{"dropout": 1.0}"#),
        ] {
            let message = from(text).validate().unwrap_err().to_string();
            assert!(message.starts_with(&format!("model.{key}: ")), "{message}");
        }
    }

    #[test]
    fn both_spellings_of_the_authors_choices_are_read() {
        let text = r#"{"backbone": "differential_transformer", "perturbation": "crisper"}"#;
        let config: PadTransformerConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.backbone, Backbone::DifferentialTransformer);
        assert_eq!(config.perturbation, PerturbationKind::Gene);
        let written = serde_json::to_string(&config).unwrap();
        assert!(written.contains("differential-transformer") && written.contains("\"gene\""));
    }
}
