//! Names of the parameters in files: those of a PyTorch module of the same structure, whose projection is
//! `Sequential(Linear, GELU, Linear)`. The layout of `layers.N.spectral.weight` is that of
//! [`rheome_layers::spectral::SpectralConvolution`].

use rheome_backend::weights::NameTable;

/// The table for FNO and IFNO.
pub fn names() -> NameTable {
    NameTable::new(&[
        ("projection.hidden", "projection.0"),
        ("projection.output", "projection.2"),
    ])
}
