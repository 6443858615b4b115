//! What the header of a field file says of the flow: its points, its wall units, the units of its numbers.

use rheome_fields::{Attribute, FieldHeader, FieldReader};
use rheome_statistics::{FlowGrid, WallUnits};

use crate::{StatisticsFileError, Units};

/// The points of a flow: those of its coordinates, or, where the file has none, those of the published arrays: equally spaced
/// from wall to wall, in a box of unknown lengths.
///
/// # Errors
/// [`StatisticsFileError::Grid`] naming the file, if the coordinates are not those of a flow between walls.
pub fn flow_grid(reader: &dyn FieldReader) -> Result<FlowGrid, StatisticsFileError> {
    let points = reader.shape().grid;
    let grid = match &reader.header().coordinates {
        Some(axes) if axes.iter().zip(points).all(|(axis, n)| axis.len() == n) => {
            FlowGrid::of_coordinates(axes.each_ref().map(Vec::as_slice))
        }
        _ => FlowGrid::uniform(points),
    };
    grid.map_err(|source| StatisticsFileError::Grid {
        label: reader.label().to_owned(),
        source,
    })
}

/// The nominal wall units: of `u_tau` (1 where that is the unit of velocity) and `viscosity` or `Re_tau`.
pub fn wall_units(header: &FieldHeader) -> Option<WallUnits> {
    let number = |key: &str| match header.attributes.get(key) {
        Some(Attribute::Number(number)) => Some(*number),
        _ => None,
    };
    let is_unit = text(header, "velocity_units").as_deref() == Some("u_tau");
    let u_tau = number("u_tau").or(is_unit.then_some(1.0))?;
    let half_height = number("half_height").unwrap_or(1.0);
    let of_reynolds = || Some(u_tau * half_height / number("Re_tau")?);
    let viscosity = number("viscosity").or_else(of_reynolds)?;
    WallUnits::new(u_tau, viscosity).ok()
}

/// The units that a header names; `timed` says whether the times of the snapshots are known.
pub fn units(header: &FieldHeader, timed: bool) -> Units {
    let unit = |key: &str, otherwise: &str| text(header, key).unwrap_or_else(|| otherwise.into());
    Units {
        velocity: unit("velocity_units", "1"),
        length: unit("coordinate_units", "h"),
        time: if timed {
            unit("time_units", "1")
        } else {
            "snapshot".into()
        },
    }
}

fn text(header: &FieldHeader, key: &str) -> Option<String> {
    match header.attributes.get(key) {
        Some(Attribute::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(attributes: &[(&str, Attribute)]) -> FieldHeader {
        let attributes = attributes.iter().map(|(k, v)| ((*k).to_owned(), v.clone()));
        FieldHeader {
            attributes: attributes.collect(),
            ..Default::default()
        }
    }

    #[test]
    fn wall_units_are_found_however_they_are_told() {
        let of = |attributes: &[(&str, Attribute)]| wall_units(&header(attributes));
        let expected = WallUnits::new(1.0, 1.0 / 180.0).ok();
        let unit = ("velocity_units", "u_tau".into());
        let re_tau = ("Re_tau", 180.0.into());
        assert_eq!(of(&[unit.clone(), re_tau.clone()]), expected);
        let both = [("u_tau", 1.0.into()), ("viscosity", (1.0 / 180.0).into())];
        assert_eq!(of(&both), expected);
        let scaled = [
            ("u_tau", 0.05.into()),
            ("half_height", 2.0.into()),
            re_tau.clone(),
        ];
        assert_eq!(of(&scaled), WallUnits::new(0.05, 0.1 / 180.0).ok());
        // Re_tau alone does not tell the unit of velocity, and nothing comes of nothing.
        assert_eq!(of(&[re_tau]), None);
        assert_eq!(of(&[unit, ("viscosity", 0.0.into())]), None);
    }
}
