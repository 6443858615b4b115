//! Settings of the commands.

mod generate;
mod train;

pub use generate::GenerateSettings;
pub use train::TrainSettings;
