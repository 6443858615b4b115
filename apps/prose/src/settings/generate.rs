//! Settings of `prose generate`.

use std::path::{Path, PathBuf};

use rheome_cli::Failure;
use rheome_cli::settings::{Validate, at_fault, check_seed, is_overridden};
use rheome_equations::{DataConfig, Family, Tolerances, families_from_file, published_families};
use serde::{Deserialize, Serialize};

/// What `prose generate` makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerateSettings {
    /// Seed of everything random.
    pub seed: u64,
    /// Which families.
    pub families: FamilySettings,
    /// How much of them.
    pub data: DataSettings,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            seed: 1234,
            families: FamilySettings::default(),
            data: DataSettings::default(),
        }
    }
}

/// Which families data are made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FamilySettings {
    /// Their names, published or of the file. Default, and where the list is empty: all of the file; the twelve published ones where
    /// there is no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// A file of further families. A relative path is one from these settings; on the command line, from where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
}

/// How much data, and how exact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// Equations of each family.
    pub equations: u64,
    /// Trajectories of each equation.
    pub trajectories: usize,
    /// Relative half-width of the parameters' ranges.
    pub spread: f64,
    /// End of the time interval, which begins at 0.
    pub end: f64,
    /// Points in time, the ends among them.
    pub points: usize,
    /// Relative tolerance of a step of the solver.
    pub relative_tolerance: f64,
    /// Absolute tolerance of a step of the solver.
    pub absolute_tolerance: f64,
    /// Trajectories with a greater absolute value are dropped.
    pub bound: f64,
}

impl Default for DataSettings {
    fn default() -> Self {
        let DataConfig {
            equations,
            trajectories,
            spread,
            end,
            points,
            tolerances,
            ..
        } = DataConfig::default();
        Self {
            equations,
            trajectories,
            spread,
            end,
            points,
            relative_tolerance: tolerances.relative,
            absolute_tolerance: tolerances.absolute,
            bound: tolerances.bound,
        }
    }
}

impl Validate for GenerateSettings {
    fn validate(&self) -> Result<(), Failure> {
        check_seed("seed", self.seed)?;
        Ok(self.config().check()?)
    }
}

impl GenerateSettings {
    /// The library's form of these settings.
    pub fn config(&self) -> DataConfig {
        let data = &self.data;
        DataConfig {
            equations: data.equations,
            trajectories: data.trajectories,
            spread: data.spread,
            end: data.end,
            points: data.points,
            tolerances: Tolerances {
                relative: data.relative_tolerance,
                absolute: data.absolute_tolerance,
                bound: data.bound,
            },
            seed: self.seed,
        }
    }
}

impl FamilySettings {
    /// The file of one's own families, if there is one; `path` is the file that these settings came from, with `overrides`.
    pub fn own_file(&self, path: &Path, overrides: &[String]) -> Option<PathBuf> {
        let folder = match is_overridden(overrides, "families.file") {
            true => None,
            false => path.parent(),
        };
        Some(folder.unwrap_or(Path::new("")).join(self.file.as_ref()?))
    }

    /// The families; `path` is the file that these settings came from, with `overrides`.
    ///
    /// # Errors
    /// [`Failure`] naming the key of names that are not known, or the file of families that cannot be read.
    pub fn resolve(&self, path: &Path, overrides: &[String]) -> Result<Vec<Family>, Failure> {
        let own = match self.own_file(path, overrides) {
            Some(file) => families_from_file(&file)?,
            None => Vec::new(),
        };
        let Some(names) = &self.names else {
            return Ok(match own.is_empty() {
                true => published_families(false),
                false => own,
            });
        };
        if names.is_empty() && !own.is_empty() {
            return Ok(own);
        }
        // A family of the file hides a published one of the same name.
        let published = published_families(true).into_iter();
        let published = published.filter(|family| own.iter().all(|f| f.name() != family.name()));
        let known: Vec<Family> = own.iter().cloned().chain(published).collect();
        choose(&known, names).map_err(|reason| {
            let failure = Failure::new(format!("families.names: {reason}"));
            at_fault(path, overrides, failure)
        })
    }
}

/// The families of these names; otherwise what is wrong with the names.
fn choose(known: &[Family], names: &[String]) -> Result<Vec<Family>, String> {
    let mut chosen: Vec<Family> = Vec::with_capacity(names.len());
    for name in names {
        if chosen.iter().any(|family| family.name() == name) {
            return Err(format!("{name:?} is given twice"));
        }
        let family = known.iter().find(|family| family.name() == name);
        let family = family.ok_or_else(|| {
            let known: Vec<&str> = known.iter().map(Family::name).collect();
            format!("unknown family {name:?}; known: {}", known.join(", "))
        })?;
        chosen.push(family.clone());
    }
    match chosen.is_empty() {
        true => Err(
            "found no name, expected at least one, or a file of families, of which it means all"
                .to_owned(),
        ),
        false => Ok(chosen),
    }
}
