//! Families of equations and their trajectories.

mod family;
mod generate;
mod integrate;
mod sample;
mod split;

pub use family::{
    Family, families_from_file, families_from_toml, families_to_toml, published_families,
};
pub use generate::{DataConfig, EquationData, generate};
pub(crate) use integrate::integrate_sized;
pub use integrate::{IntegrationError, Tolerances, integrate};
pub(crate) use sample::stream;
pub use sample::{equation_stream, sample_initial, sample_parameters};
pub use split::{Split, Subset};
