//! Names of the parameters in the authors' checkpoints.

use rheome_backend::weights::NameTable;

/// The table for IFactFormer-m and -o.
pub fn names() -> NameTable {
    let mut rules: Vec<(String, String)> = Vec::new();
    let mut rule = |ours: &str, theirs: String| rules.push((ours.to_string(), theirs));
    rule("lift.weight", "to_in.0.weight".into());
    rule("lift.bias", "to_in.0.bias".into());
    rule("lift.mix", "to_in.2.weight".into());
    rule(
        "layers.{}.fourier.matrix",
        "encoder.layers.{}.0.0._B".into(),
    );
    rule("layers.{}.positional", "encoder.layers.{}.0.1".into());
    // Their pooling modules are numbers of a sequence, whose first entry permutes for y and z.
    for (axis, (name, position)) in [("x", 0), ("y", 1), ("z", 1)].into_iter().enumerate() {
        let ours = |part: &str| format!("layers.{{}}.block.axes.{axis}.{part}");
        let pool = |part: &str| format!("encoder.layers.{{}}.1.to_{name}.{position}.{part}");
        let kernel = |part: &str| format!("encoder.layers.{{}}.1.low_rank_kernel_{name}.{part}");
        rule(&ours("pool"), pool("to_in"));
        rule(&ours("norm"), pool("out_ffn.norm"));
        rule(&ours("feed_forward.expand"), pool("out_ffn.fn.net.0"));
        rule(&ours("feed_forward.contract"), pool("out_ffn.fn.net.3"));
        rule(&ours("to_q"), kernel("to_q"));
        rule(&ours("to_k"), kernel("to_k"));
        rule(&ours("rotary.inv_freq"), kernel("pos_emb.inv_freq"));
    }
    rule("layers.{}.block.mix", "encoder.layers.{}.1.to_out.2".into());
    rule("layers.{}.block.out", "encoder.layers.{}.1.to_out.4".into());
    rule("layers.{}.block", "encoder.layers.{}.1".into());
    rule("head.hidden", "simple_to_out.1.weight".into());
    rule("head.weight", "simple_to_out.3.weight".into());
    rule("head.bias", "simple_to_out.3.bias".into());
    let rules: Vec<(&str, &str)> = rules
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    NameTable::new(&rules)
}
