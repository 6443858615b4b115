//! The applications, for tests that look into them. The test `layout` holds this list to the folders of `apps`.

use rheome_cli::settings::SettingsKind;

/// An application.
#[derive(Debug, Clone, Copy)]
pub struct Application {
    /// Its name: of its folder, its crate, its program, and its folder of `configs`.
    pub name: &'static str,
    /// The settings files that its commands take.
    pub settings: &'static [SettingsKind],
}

/// All of them, in alphabetical order.
pub const APPLICATIONS: [Application; 3] = [
    Application {
        name: "perturb",
        settings: &perturb::SETTINGS,
    },
    Application {
        name: "prose",
        settings: &prose::SETTINGS,
    },
    Application {
        name: "turbulence",
        settings: &turbulence::SETTINGS,
    },
];
