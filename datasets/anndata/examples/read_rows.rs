//! How quickly the rows of a file's `X` are read: `cargo run --release -p rheome-anndata --example read_rows FILE`.

use std::time::Instant;

use rheome_anndata::AnnData;

/// Bytes of a block.
const BLOCK: usize = 32 << 20;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: read_rows FILE.h5ad");
        std::process::exit(2);
    };
    if let Err(error) = read(&path) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn read(path: &str) -> Result<(), rheome_anndata::AnnDataError> {
    let cells = AnnData::open(path)?;
    let x = cells.x()?;
    println!(
        "{}: {:?}, {:?}, {} stored values",
        x.label(),
        x.shape(),
        x.storage(),
        x.stored()
    );
    for pass in 1..=2 {
        let start = Instant::now();
        let mut total = 0.0;
        for block in x.blocks::<f32>(BLOCK) {
            let (_, rows) = block?;
            total += (0..rows.n_rows())
                .flat_map(|row| rows.row(row))
                .map(|(_, value)| f64::from(value))
                .sum::<f64>();
        }
        println!(
            "pass {pass}: {:.2} s, sum of all values {total}",
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
