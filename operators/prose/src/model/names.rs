//! Names of the parameters in the authors' checkpoints: a dictionary of modules, each with its own.

use rheome_backend::weights::NameTable;

/// The scores' weights, which are the embeddings once more.
pub(super) const TIED: (&str, &str) =
    ("text_decoder.proj.weight", "text_decoder.embeddings.weight");
/// Tables that are computed here.
pub(super) const POSITIONS: [&str; 2] = [
    "text_encoder.position_embeddings.weight",
    "text_decoder.position_embeddings.weight",
];

/// Of a module with encoder layers: the lists of their parts.
const LAYERS: [(&str, &str); 9] = [
    (
        "layers.{}.attention.projection",
        "attentions.{}.attn.in_proj_weight",
    ),
    (
        "layers.{}.attention.projection_bias",
        "attentions.{}.attn.in_proj_bias",
    ),
    ("layers.{}.attention.out", "attentions.{}.attn.out_proj"),
    ("layers.{}.norm_1", "layer_norm1.{}"),
    ("layers.{}.feed_forward.expand", "ffns.{}.lin1"),
    ("layers.{}.feed_forward.contract", "ffns.{}.lin2"),
    ("layers.{}.norm_2", "layer_norm2.{}"),
    ("norm", "layer_norm_emb"),
    ("embedding", "embeddings"),
];

/// Of the decoder of the symbols, besides.
const TEXT_DECODER: [(&str, &str); 9] = [
    (
        "layers.{}.own.projection",
        "attentions.{}.attn.in_proj_weight",
    ),
    (
        "layers.{}.own.projection_bias",
        "attentions.{}.attn.in_proj_bias",
    ),
    ("layers.{}.own.out", "attentions.{}.attn.out_proj"),
    ("layers.{}.norm_own", "layer_norm1.{}"),
    (
        "layers.{}.cross.projection",
        "encoder_attn.{}.attn.in_proj_weight",
    ),
    (
        "layers.{}.cross.projection_bias",
        "encoder_attn.{}.attn.in_proj_bias",
    ),
    ("layers.{}.cross.out", "encoder_attn.{}.attn.out_proj"),
    ("layers.{}.norm_cross", "layer_norm15.{}"),
    ("bias", "proj.bias"),
];

/// Of the whole. The names of the residual embedders are the published code's for the modules, but no checkpoint that has
/// them was at hand to confirm their place.
const SINGLE: [(&str, &str); 9] = [
    ("embedder.expand", "embedder.0"),
    ("embedder.contract", "embedder.2"),
    ("fusion.kinds", "fusion.type_embeddings"),
    ("data_decoder.query", "data_decoder.query_embedder"),
    ("data_decoder.head", "data_decoder.proj"),
    (
        "data_decoder.data_embedder.expand",
        "data_decoder.data_embedder.0",
    ),
    (
        "data_decoder.data_embedder.contract",
        "data_decoder.data_embedder.2",
    ),
    (
        "data_decoder.text_embedder.expand",
        "data_decoder.text_embedder.0",
    ),
    (
        "data_decoder.text_embedder.contract",
        "data_decoder.text_embedder.2",
    ),
];

/// The table for all configurations.
pub fn names() -> NameTable {
    let mut rules: Vec<(String, String)> = Vec::new();
    let mut below = |module: &str, list: &[(&str, &str)]| {
        let rule = |(ours, theirs): &(&str, &str)| {
            (format!("{module}{ours}"), format!("{module}{theirs}"))
        };
        rules.extend(list.iter().map(rule));
    };
    below("", &SINGLE);
    for module in ["data_encoder.", "text_encoder.", "fusion.", "data_decoder."] {
        below(module, &LAYERS);
    }
    below("text_decoder.", &TEXT_DECODER);
    below("text_decoder.", &LAYERS);
    let rules: Vec<(&str, &str)> = rules
        .iter()
        .map(|(ours, theirs)| (ours.as_str(), theirs.as_str()))
        .collect();
    NameTable::new(&rules).ignoring(&[TIED.0, POSITIONS[0], POSITIONS[1]])
}
