//! What the input of a rollout and the model tell of the flow: where they contradict each other, the numbers may not mean what the
//! model takes them for.

use rheome_cli::Failure;
use rheome_fields::{FieldHeader, FieldReader};
use rheome_statistics::FlowGrid;
use rheome_statistics_file::flow_grid;

use crate::model_folder::LoadedModel;
use crate::pace::{Pace, TOLERANCE};
use crate::trained_flow::{FLOW_ATTRIBUTES, other_unit};

/// The flow that a rollout continues.
pub(super) struct FlowOfInput {
    /// Its points.
    pub grid: FlowGrid,
    /// The header of the input with what it does not tell and the model does: coordinates; names of components; and, where the input
    /// tells nothing of its flow, units and viscosity, which are those of the data that the model learnt from.
    pub header: FieldHeader,
    /// Where the input contradicts the model, in words.
    pub doubts: Vec<String>,
}

impl FlowOfInput {
    /// What `reader` and the model tell.
    ///
    /// # Errors
    /// [`Failure`] if the points are no channel's.
    pub fn of(reader: &dyn FieldReader, loaded: &LoadedModel, pace: Pace) -> Result<Self, Failure> {
        let (input, model) = (reader.header(), &loaded.flow);
        let points = other_points(input, model);
        let doubts = other_units(input, model).chain(points.clone()).collect();
        let mut header = input.clone();
        let tells = |key: &&str| input.attributes.contains_key(*key);
        if points.is_none() && !FLOW_ATTRIBUTES.iter().any(tells) {
            header.attributes.extend(model.attributes.clone());
        }
        if let (false, Some(unit)) = (pace.is_timed, model.attributes.get("time_units")) {
            // The times of the rollout are the model's.
            header.attributes.insert("time_units".into(), unit.clone());
        }
        header.coordinates = header.coordinates.or_else(|| model.coordinates.clone());
        header.components = header.components.or_else(|| model.components.clone());
        let grid = match (&input.coordinates, &model.coordinates) {
            (None, Some([x, y, z])) => FlowGrid::of_coordinates([x, y, z].map(Vec::as_slice))
                .map_err(|e| Failure::new(format!("the model's coordinates: {e}")))?,
            _ => flow_grid(reader)?,
        };
        Ok(Self {
            grid,
            header,
            doubts,
        })
    }
}

/// The units of which both tell, and tell otherwise.
fn other_units<'a>(
    input: &'a FieldHeader,
    model: &'a FieldHeader,
) -> impl Iterator<Item = String> + 'a {
    let effects = [
        (
            "velocity",
            "the operator takes the numbers for such of its own unit",
        ),
        (
            "time",
            "its times are not used, snapshots are counted instead",
        ),
        (
            "coordinate",
            "the operator takes its own points for those of the flow",
        ),
    ];
    effects.into_iter().filter_map(move |(what, effect)| {
        let [found, expected] = other_unit(input, model, &format!("{what}_units"))?;
        Some(format!(
            "found the {what} in {found:?}, expected {expected:?} (the model's): {effect}"
        ))
    })
}

/// Points that lie otherwise than the model's, wherever they begin.
fn other_points(input: &FieldHeader, model: &FieldHeader) -> Option<String> {
    let (found, expected) = (input.coordinates.as_ref()?, model.coordinates.as_ref()?);
    let mut axes = ["x", "y", "z"].into_iter().zip(found.iter().zip(expected));
    axes.find_map(|(axis, (found, expected))| {
        let [(from, to), (first, last)] = [ends(found)?, ends(expected)?];
        let tolerance = TOLERANCE * (last - first).abs();
        let is_there = |(a, b): (&f64, &f64)| ((a - from) - (b - first)).abs() <= tolerance;
        let are_there = found.iter().zip(expected).all(is_there);
        (!are_there).then(|| {
            format!(
                "found {} points along {axis} from {from} to {to}, expected those of the model, from {first} to {last}: the operator takes \
                 them for its own",
                found.len()
            )
        })
    })
}

fn ends(axis: &[f64]) -> Option<(f64, f64)> {
    axis.first().copied().zip(axis.last().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(axes: [&[f64]; 3], units: &[(&str, &str)]) -> FieldHeader {
        let units = units.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        FieldHeader {
            coordinates: Some(axes.map(<[f64]>::to_vec)),
            attributes: units.collect(),
            ..FieldHeader::default()
        }
    }

    const POINTS: [&[f64]; 3] = [&[0.0, 1.0], &[0.0, 0.5, 2.0], &[0.0, 0.25]];

    #[test]
    fn points_may_begin_elsewhere_but_not_lie_otherwise() {
        let model = header(POINTS, &[]);
        let moved: [&[f64]; 3] = [&[5.0, 6.0], &[-1.0, -0.5, 1.0], &[0.0, 0.25]];
        assert_eq!(other_points(&header(moved, &[]), &model), None);
        let smaller: [&[f64]; 3] = [&[0.0, 1.0], &[0.0, 0.005, 0.02], &[0.0, 0.25]];
        let doubt = other_points(&header(smaller, &[]), &model).unwrap();
        assert!(
            doubt.contains("3 points along y from 0 to 0.02") && doubt.contains("from 0 to 2"),
            "{doubt}"
        );
        let stretched: [&[f64]; 3] = [&[0.0, 1.0], &[0.0, 0.6, 2.0], &[0.0, 0.25]];
        assert!(other_points(&header(stretched, &[]), &model).is_some());
        assert_eq!(other_points(&FieldHeader::default(), &model), None);
    }

    #[test]
    fn units_are_held_against_each_other_where_both_tell_them() {
        let told = [("velocity_units", "u_tau"), ("time_units", "h/u_tau")];
        let model = header(POINTS, &told);
        let doubts = |units: &[(&str, &str)]| -> Vec<String> {
            other_units(&header(POINTS, units), &model).collect()
        };
        assert!(doubts(&[]).is_empty() && doubts(&[("coordinate_units", "m")]).is_empty());
        assert!(doubts(&[("velocity_units", "u_tau"), ("time_units", "h / u_tau")]).is_empty());
        let found = doubts(&[("velocity_units", "m/s"), ("time_units", "s")]);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("the velocity in \"m/s\", expected \"u_tau\""));
        assert!(found[1].contains("snapshots are counted"));
    }
}
