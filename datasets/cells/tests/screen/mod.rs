//! A small screen, for all test files.

use std::ops::ControlFlow;
use std::path::Path;

use rheome_anndata::{
    AnnData, AnnDataWriter, Column, ElementType, Frame, RowBlock, Storage, Values, WriteOptions,
};
use rheome_cells::{CellsError, PrepareSettings, Prepared, Protocol, SplitSettings, prepare};

const GENES: usize = 30;

/// Cells of the conditions of a small screen, in turn; counts drawn by `count`.
pub fn write(path: &Path, n_cells: usize, count: impl Fn(&str, usize, usize) -> f32) {
    let labels = [
        "ctrl", "G0+ctrl", "ctrl+G1", "G2", "G0+G1", "G1_G2", "G2+G0",
    ];
    let of_cells: Vec<&str> = (0..n_cells)
        .map(|cell| labels[cell % labels.len()])
        .collect();
    let names =
        |prefix: &str, n: usize| Values::Text((0..n).map(|i| format!("{prefix}{i}")).collect());
    let mut writer = AnnDataWriter::create(
        path,
        &Frame::new(names("G", GENES)),
        WriteOptions::default(),
    )
    .unwrap();
    let x = writer.add_x(Storage::Csr, ElementType::F32).unwrap();
    for (cell, label) in of_cells.iter().enumerate() {
        let row = (0..GENES).map(|gene| count(label, cell, gene)).collect();
        writer
            .append(x, &RowBlock::dense(1, GENES, row).unwrap())
            .unwrap();
    }
    let mut obs = Frame::new(names("cell", n_cells));
    obs.set("condition", Column::from(of_cells)).unwrap();
    writer.finish(&obs).unwrap();
}

/// A number that looks random, from 0 to `most`.
pub fn draw(seed: u64, cell: usize, gene: usize, most: u64) -> f32 {
    let mut z = seed ^ ((cell as u64) << 32) ^ gene as u64;
    for _ in 0..2 {
        z = (z ^ (z >> 30))
            .wrapping_mul(0xBF58_476D_1CE4_E5B9)
            .wrapping_add(0x9E37_79B9_7F4A_7C15);
        z ^= z >> 27;
    }
    (z % (most + 1)) as f32
}

/// Keeps 8 genes and splits as is the default.
pub fn prepare_small(
    raw: &Path,
    output: &Path,
    protocol: Protocol,
) -> Result<Prepared, CellsError> {
    let settings = PrepareSettings {
        variable_genes: 8,
        evaluated_genes: 4,
        protocol,
        ..PrepareSettings::default()
    };
    let split = SplitSettings::default();
    prepare(
        &AnnData::open(raw)?,
        output,
        &settings,
        Some(&split),
        WriteOptions::default(),
        &mut |_, _| ControlFlow::Continue(()),
    )
}
