//! What a model folder tells of the flow that its operator learnt: points, components, units, viscosity. Fields that come without (`.npy`)
//! have these.

use std::path::Path;

use rheome_atomic::write_atomically;
use rheome_cli::Failure;
use rheome_fields::{Attribute, FieldHeader};
use rheome_flow::FlowModelConfig;

/// Name of the file in a model folder: a [`FieldHeader`] as JSON.
pub const FLOW: &str = "flow.json";

/// The attributes of a field file that are the flow's own, whoever computed it.
pub const FLOW_ATTRIBUTES: [&str; 7] = [
    "Re_tau",
    "viscosity",
    "half_height",
    "u_tau",
    "velocity_units",
    "coordinate_units",
    "time_units",
];

/// Writes what the header of the training data tells of the flow.
///
/// # Errors
/// [`Failure`] naming the file.
pub fn save(header: &FieldHeader, path: &Path) -> Result<(), Failure> {
    let mut flow = FieldHeader {
        per_trajectory: Default::default(),
        ..header.clone()
    };
    flow.attributes
        .retain(|key, _| FLOW_ATTRIBUTES.contains(&key.as_str()));
    let text = serde_json::to_vec_pretty(&flow)?;
    write_atomically(path, &text)
        .map_err(|e| Failure::new(format!("{}: cannot write: {e}", path.display())))
}

/// What is known of an operator's flow: what is in `path`, if there is such a file, and where that has no coordinates, those of the
/// operator's settings.
///
/// # Errors
/// [`Failure`] naming the file, if it is none such.
pub fn load(path: Option<&Path>, config: &FlowModelConfig) -> Result<FieldHeader, Failure> {
    let mut flow = FieldHeader::default();
    if let Some(path) = path {
        let wrong = |e: &dyn std::fmt::Display| {
            Failure::new(format!(
                "{}: not what a training tells of its flow: {e}",
                path.display()
            ))
        };
        let text = std::fs::read(path).map_err(|e| wrong(&e))?;
        flow = serde_json::from_slice(&text).map_err(|e| wrong(&e))?;
        check(&flow, config.grid().shape()).map_err(|e| wrong(&e))?;
    }
    flow.coordinates = flow.coordinates.or_else(|| coordinates(config));
    Ok(flow)
}

/// The unit of which both headers tell, where they tell it otherwise: what was found, what the model's is.
pub fn other_unit(input: &FieldHeader, model: &FieldHeader, key: &str) -> Option<[String; 2]> {
    let told = |header: &FieldHeader| match header.attributes.get(key) {
        Some(Attribute::Text(unit)) => Some(unit.clone()),
        _ => None,
    };
    let both = [told(input)?, told(model)?];
    let [found, expected] = both.each_ref().map(|unit| unit.replace(' ', ""));
    (found != expected).then_some(both)
}

/// Whether coordinates are finite and those of the operator's points.
fn check(flow: &FieldHeader, points: [usize; 3]) -> Result<(), String> {
    let Some(axes) = &flow.coordinates else {
        return Ok(());
    };
    let found = axes.each_ref().map(Vec::len);
    if found != points {
        return Err(format!(
            "found coordinates of {found:?} points along x, y, z, expected {points:?} (the model's)"
        ));
    }
    if axes.iter().flatten().any(|x| !x.is_finite()) {
        return Err("found coordinates that are NaN or infinite".into());
    }
    Ok(())
}

/// The points that the settings of an operator in three dimensions tell: equally spaced, over the whole of the periodic lengths along x
/// and z, the first of which is the last's neighbour; from wall to wall along y.
fn coordinates(config: &FlowModelConfig) -> Option<[Vec<f64>; 3]> {
    let [nx, ny, nz] = config.grid().shape();
    let [lx, ly, lz] = *config.lengths() else {
        return None;
    };
    let spaced = |points: usize, length: f64, intervals: usize| -> Vec<f64> {
        let spacing = length / intervals.max(1) as f64;
        (0..points).map(|i| i as f64 * spacing).collect()
    };
    Some([
        spaced(nx, lx, nx),
        spaced(ny, ly, ny.saturating_sub(1)),
        spaced(nz, lz, nz),
    ])
}

#[cfg(test)]
mod tests {
    use rheome_flow::ifactformer::config::IFactFormerConfig;

    use super::*;

    fn config() -> FlowModelConfig {
        FlowModelConfig::IFactFormerM(IFactFormerConfig {
            grid: vec![4, 3, 2],
            lengths: vec![6.0, 2.0, 1.0],
            ..IFactFormerConfig::default()
        })
    }

    #[test]
    fn what_the_data_told_is_known_again_and_else_the_lengths_of_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FLOW);
        let of_settings = load(None, &config()).unwrap();
        let expected = [
            vec![0.0, 1.5, 3.0, 4.5],
            vec![0.0, 1.0, 2.0],
            vec![0.0, 0.5],
        ];
        assert_eq!(of_settings.coordinates, Some(expected));
        let mut header = FieldHeader {
            coordinates: Some([
                vec![0.0, 1.0, 2.0, 3.0],
                vec![-1.0, 0.5, 1.0],
                vec![0.0, 7.0],
            ]),
            ..FieldHeader::default()
        };
        header.attributes.insert("viscosity".into(), 0.25.into());
        save(&header, &path).unwrap();
        assert_eq!(load(Some(&path), &config()).unwrap(), header);
        // What the data say of their own making is not the flow's.
        let mut made = header.clone();
        made.attributes.insert("seed".into(), 3.0.into());
        save(&made, &path).unwrap();
        assert_eq!(load(Some(&path), &config()).unwrap(), header);
    }

    #[test]
    fn coordinates_of_other_points_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FLOW);
        let header = FieldHeader {
            coordinates: Some([vec![0.0], vec![0.0], vec![0.0]]),
            ..FieldHeader::default()
        };
        save(&header, &path).unwrap();
        let error = load(Some(&path), &config()).unwrap_err();
        let words = ["flow.json", "[1, 1, 1]", "[4, 3, 2]"];
        assert!(
            words.iter().all(|w| error.line().contains(w)),
            "{}",
            error.line()
        );
        std::fs::write(&path, "{").unwrap();
        assert!(load(Some(&path), &config()).is_err());
    }
}
