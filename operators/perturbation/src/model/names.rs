//! Names of the parameters in the authors' checkpoints.

use rheome_backend::weights::NameTable;

use crate::config::Backbone;

/// A part of a path here, and there.
type Rule = (&'static str, &'static str);

/// What all backbones share.
const SHARED: [Rule; 25] = [
    ("gene_encoder.names.embedding", "encoder.embedding"),
    ("gene_encoder.names.norm", "encoder.enc_norm"),
    ("drugs.embedding", "perturbation_embedder.embedding"),
    ("drugs.norm", "perturbation_embedder.enc_norm"),
    ("noisy_value.expand", "value_encoder_1.linear1"),
    ("noisy_value.mix", "value_encoder_1.linear2"),
    ("noisy_value.norm", "value_encoder_1.norm"),
    ("control_value.expand", "value_encoder_2.linear1"),
    ("control_value.mix", "value_encoder_2.linear2"),
    ("control_value.norm", "value_encoder_2.norm"),
    ("fusion.first", "fusion_layer.0"),
    ("fusion.second", "fusion_layer.2"),
    ("fusion.norm", "fusion_layer.3"),
    ("time.expand", "t_embedder.mlp.0"),
    ("time.mix", "t_embedder.mlp.2"),
    ("layers.{}.genes.norm", "gene_adaLN.{}.norm"),
    (
        "layers.{}.genes.modulation",
        "gene_adaLN.{}.adaLN_modulation.1",
    ),
    ("layers.{}.adapter.first", "adapter_layer.{}.0"),
    ("layers.{}.adapter.second", "adapter_layer.{}.3"),
    ("head.first", "final_layer.fc.0"),
    ("head.second", "final_layer.fc.2"),
    ("head.last", "final_layer.fc.4"),
    ("perturbation_head.norm", "p_head.0"),
    ("perturbation_head.map", "p_head.1"),
    ("unknown_perturbation", "p_mask_embed"),
];

/// Within the layer of the gene encoder.
const GENE_LAYER: [Rule; 4] = [
    ("norm_1", "norm1"),
    ("norm_2", "norm2"),
    ("feed_forward.expand", "linear1"),
    ("feed_forward.contract", "linear2"),
];

/// Within a plain attention.
const PLAIN: [Rule; 3] = [
    ("projection", "in_proj_weight"),
    ("projection_bias", "in_proj_bias"),
    ("out", "out_proj"),
];

/// Within a differential block; the lambdas keep their names.
const DIFFERENTIAL: [Rule; 11] = [
    ("attention.query_1", "attn.q_proj_1"),
    ("attention.key_1", "attn.k_proj_1"),
    ("attention.query_2", "attn.q_proj_2"),
    ("attention.key_2", "attn.k_proj_2"),
    ("attention.value", "attn.v_proj"),
    ("attention.out", "attn.out_proj"),
    ("attention.norm", "attn.subln"),
    ("attention", "attn"),
    ("feed_forward.expand", "mlp.fc1"),
    ("feed_forward.contract", "mlp.fc2"),
    ("modulation", "adaLN_modulation.1"),
];

/// Within a perceiver block, its attentions apart.
const PERCEIVER: [Rule; 12] = [
    ("cross.query", "q"),
    ("cross.key", "k"),
    ("cross.value", "v"),
    ("own.query", "q2"),
    ("own.key", "k2"),
    ("own.value", "v2"),
    ("norm_1", "ln_z1"),
    ("norm_2", "ln_z2"),
    ("norm_3", "ln_z3"),
    ("feed_forward.expand", "mlp.0"),
    ("feed_forward.contract", "mlp.2"),
    ("modulation", "adaLN_modulation.1"),
];

/// The table for a model with that backbone.
pub fn names(backbone: Backbone) -> NameTable {
    const LAYER: &str = "encoder.perturbation_interaction.";
    let mut rules: Vec<(String, String)> = Vec::new();
    let mut below = |ours: &str, theirs: &str, list: &[Rule]| {
        rules.extend(
            list.iter()
                .map(|(a, b)| (format!("{ours}{a}"), format!("{theirs}{b}"))),
        );
    };
    below("", "", &SHARED);
    below("gene_encoder.", LAYER, &GENE_LAYER);
    below(
        "gene_encoder.attention.",
        &format!("{LAYER}cross_attn."),
        &PLAIN,
    );
    let (block, theirs) = ("layers.{}.block.", "blocks.{}.");
    match backbone {
        Backbone::DifferentialPerceiver => {
            for (part, name) in [("own", "diff_self_attn"), ("cross", "diff_cross_attn")] {
                let (ours, theirs) = (format!("{block}{part}."), format!("{theirs}{name}."));
                below(&ours, &theirs, &DIFFERENTIAL);
            }
        }
        Backbone::DifferentialTransformer => below(block, theirs, &DIFFERENTIAL),
        Backbone::Perceiver => {
            below(block, theirs, &PERCEIVER);
            for (part, name) in [("own", "self_attn"), ("cross", "cross")] {
                let ours = format!("{block}{part}.attention.");
                below(&ours, &format!("{theirs}{name}."), &PLAIN);
            }
        }
    }
    let rules: Vec<(&str, &str)> = rules
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    NameTable::new(&rules)
}
