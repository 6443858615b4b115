//! Partial derivatives: the words that equations of fields have beside those of systems of ordinary ones.

use crate::symbol::Variable;

/// Along what a component of a field is differentiated; x and y are the coordinates x_0 and x_1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Derivative {
    /// d/dt
    T,
    /// d/dx
    X,
    /// d/dy
    Y,
    /// d²/dx²
    XX,
    /// d²/dx dy
    XY,
    /// d²/dy²
    YY,
}

impl Derivative {
    /// Every derivative.
    pub const ALL: [Self; 6] = [Self::T, Self::X, Self::Y, Self::XX, Self::XY, Self::YY];

    /// What stands behind the component in its word, as in `u_0_xx`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::T => "t",
            Self::X => "x",
            Self::Y => "y",
            Self::XX => "xx",
            Self::XY => "xy",
            Self::YY => "yy",
        }
    }

    /// The derivative of a suffix.
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|derivative| derivative.suffix() == suffix)
    }
}

/// The words of all derivatives of `dimension` components, component by component.
pub(crate) fn words(dimension: usize) -> impl Iterator<Item = String> {
    let components = 0..u16::try_from(dimension).unwrap_or(u16::MAX);
    components.flat_map(|component| {
        Derivative::ALL
            .into_iter()
            .map(move |along| Variable::Derivative(component, along).to_string())
    })
}
