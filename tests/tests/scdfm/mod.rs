//! What a folder of scDFM's numbers holds: configuration, genes, graph, ids and weights.

use burn::tensor::{Device, TensorData};
use rheome_perturbation::graph::{Coexpression, GeneGraph, GraphConfig};
use rheome_perturbation::{PadTransformer, PadTransformerConfig};
use rheome_tests::golden::{Golden, Tensors};
use rheome_tests::training::number_after;

/// The configuration of a folder, from its `meta.json`; without dropout, as the numbers were made.
pub fn config(golden: &Golden) -> PadTransformerConfig {
    let choice = |key: &str| golden.meta[key].clone();
    let value = serde_json::json!({
        "backbone": choice("fusion"),
        "perturbation": choice("perturbation_function"),
        "vocabulary": golden.number("vocabulary"),
        "width": golden.number("d_model"),
        "heads": golden.number("heads"),
        "blocks": golden.number("blocks"),
        "dropout": 0.0,
    });
    serde_json::from_value(value).expect("a configuration")
}

/// The names of the genes, in the order of the vocabulary.
pub fn gene_names(golden: &Golden) -> Vec<String> {
    let names = golden.meta["gene_names"].as_array().expect("gene_names");
    let name = |value: &serde_json::Value| value.as_str().expect("a name").to_owned();
    names.iter().map(name).collect()
}

/// The gene graph of the folder's expression, by the recipe that its `meta.json` tells.
pub fn graph(golden: &Golden, io: &Tensors, device: &Device) -> GeneGraph {
    let recipe = golden.meta["graph"].as_str().expect("graph");
    let config = GraphConfig {
        neighbours: number_after(recipe, "top-").expect("a number") as usize,
        ..GraphConfig::default()
    };
    let expression: &TensorData = io.get("expression").expect("expression");
    let values: Vec<f64> = expression.iter::<f64>().collect();
    let mut cells = Coexpression::new(expression.shape()[1], &config, device).expect("settings");
    cells.add(&values).expect("finite values");
    cells.finish().expect("cells")
}

/// The ids that a tensor holds.
pub fn ids(io: &Tensors, name: &str) -> Vec<usize> {
    let data = io.get(name).unwrap_or_else(|| panic!("no {name}"));
    data.iter::<i64>().map(|id| id as usize).collect()
}

/// The perturbed ids of every cell.
pub fn perturbations(io: &Tensors) -> Vec<Vec<usize>> {
    let width = io.get("perturbation_ids").expect("ids").shape()[1];
    ids(io, "perturbation_ids")
        .chunks(width)
        .map(<[usize]>::to_vec)
        .collect()
}

/// The network with the weights of a file.
pub fn load(
    config: &PadTransformerConfig,
    golden: &Golden,
    file: &str,
    device: &Device,
) -> PadTransformer {
    let model = PadTransformer::init(config, 0, device).unwrap_or_else(|e| panic!("{e}"));
    model
        .load(&golden.path.join(file))
        .unwrap_or_else(|e| panic!("{e}"))
}
