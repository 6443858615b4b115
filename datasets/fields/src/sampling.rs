//! Training pairs: which snapshots of a field are inputs, which are targets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::FieldError;
use crate::field::FieldReader;
use crate::statistics::{EnergyChange, FieldStatistics, energy};

/// A stretch of a trajectory to learn from: with `time_window` inputs `stride` snapshots apart, the inputs are the snapshots
/// `first + i * stride` for `i` in `0..time_window`, and the target is `first + time_window * stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Trajectory, counted from 0.
    pub trajectory: usize,
    /// First input snapshot, counted from 0.
    pub first: usize,
}

impl Window {
    fn inputs(self, time_window: usize, stride: usize) -> impl Iterator<Item = usize> {
        (0..time_window).map(move |i| self.first + i * stride)
    }

    fn target(self, time_window: usize, stride: usize) -> usize {
        self.first + time_window * stride
    }
}

/// How the windows of a file are shared between training and validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Split {
    /// Whole trajectories: first those to train on, then `validation`, then `held_out`.
    Trajectories {
        /// How many trajectories validate.
        validation: usize,
        /// How many, the last ones, are neither trained on nor validated.
        #[serde(default)]
        held_out: usize,
    },
    /// The windows of the first trajectories one trajectory after the other, of which the leading part trains and the rest validates: for
    /// few trajectories, or a single one, which is split in time. So does the paper of the implicit factorized transformer, after
    /// which this was called before: `paper` is understood too.
    #[serde(alias = "paper")]
    Leading {
        /// How many trajectories are used, the first ones.
        #[serde(default = "paper_trajectories")]
        trajectories: usize,
        /// Share of the windows that trains, above 0 and at most 1.
        #[serde(default = "paper_fraction")]
        fraction: f64,
        /// Whether the last window of each trajectory is left out.
        #[serde(default = "paper_drop_last")]
        drop_last: bool,
    },
}

/// What is said to who has a single trajectory, which cannot be shared out.
const IN_TIME: &str = "; a single one is split in time: write kind = \"leading\", trajectories = 1, fraction = 0.8 in place of validation \
                       and held_out";

fn paper_trajectories() -> usize {
    20
}

fn paper_fraction() -> f64 {
    0.8
}

fn paper_drop_last() -> bool {
    true
}

/// Windows to train on and to validate with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// Those to train on.
    pub train: Vec<Window>,
    /// Those to validate with.
    pub validation: Vec<Window>,
}

impl Split {
    /// The windows of a file, of which only complete snapshots are used.
    ///
    /// # Errors
    /// [`FieldError::Setting`] that names the key and the numbers, if the split does not fit the file or leaves nothing to train
    /// on.
    pub fn windows(
        &self,
        reader: &dyn FieldReader,
        time_window: usize,
        stride: usize,
    ) -> Result<Windows, FieldError> {
        for (key, value) in [("time_window", time_window), ("stride", stride)] {
            if value == 0 {
                return Err(FieldError::Setting {
                    key,
                    found: "0".into(),
                    expected: "at least 1".into(),
                });
            }
        }
        let span = time_window.saturating_mul(stride);
        let windows = match *self {
            Self::Trajectories {
                validation,
                held_out,
            } => by_trajectories(reader, span, validation, held_out)?,
            Self::Leading {
                trajectories: used,
                fraction,
                drop_last,
            } => {
                check_leading(reader, used, fraction)?;
                let dropped = usize::from(drop_last);
                let mut train: Vec<_> = (0..used)
                    .flat_map(|t| of_trajectory(reader, t, span, dropped))
                    .collect();
                let validation = train.split_off((train.len() as f64 * fraction) as usize);
                Windows { train, validation }
            }
        };
        if windows.train.is_empty() {
            return Err(nothing_left(reader, time_window, stride));
        }
        Ok(windows)
    }
}

/// The windows of whole trajectories: the last `held_out` of them are left out, the `validation` before these validate.
fn by_trajectories(
    reader: &dyn FieldReader,
    span: usize,
    validation: usize,
    held_out: usize,
) -> Result<Windows, FieldError> {
    let trajectories = reader.shape().trajectories;
    let kept = validation
        .checked_add(held_out)
        .and_then(|used| trajectories.checked_sub(used));
    let train = kept.filter(|n| *n > 0).ok_or_else(|| FieldError::Setting {
        key: "split.validation",
        found: format!("{validation} (held_out {held_out})"),
        expected: format!(
            "both together below {trajectories}, the trajectories of {}{}",
            reader.label(),
            if trajectories == 1 { IN_TIME } else { "" }
        ),
    })?;
    let all = |range: std::ops::Range<usize>| {
        range
            .flat_map(|t| of_trajectory(reader, t, span, 0))
            .collect()
    };
    Ok(Windows {
        train: all(0..train),
        validation: all(train..train + validation),
    })
}

/// Every window of a file: of `time_window` snapshots and one more, `stride` apart.
pub fn all_windows(reader: &dyn FieldReader, time_window: usize, stride: usize) -> Vec<Window> {
    let span = time_window.saturating_mul(stride);
    let trajectories = 0..reader.shape().trajectories;
    trajectories
        .flat_map(|t| of_trajectory(reader, t, span, 0))
        .collect()
}

/// Every window of a trajectory but the last `dropped`.
fn of_trajectory(
    reader: &dyn FieldReader,
    trajectory: usize,
    span: usize,
    dropped: usize,
) -> impl Iterator<Item = Window> + use<> {
    let count = reader
        .completed(trajectory)
        .saturating_sub(span)
        .saturating_sub(dropped);
    (0..count).map(move |first| Window { trajectory, first })
}

fn check_leading(reader: &dyn FieldReader, used: usize, fraction: f64) -> Result<(), FieldError> {
    let trajectories = reader.shape().trajectories;
    if used == 0 || used > trajectories {
        return Err(FieldError::Setting {
            key: "split.trajectories",
            found: used.to_string(),
            expected: format!(
                "1 to {trajectories}, the trajectories of {}",
                reader.label()
            ),
        });
    }
    if fraction > 0.0 && fraction <= 1.0 {
        return Ok(());
    }
    let expected = "a number above 0 and at most 1".into();
    Err(FieldError::Setting {
        key: "split.fraction",
        found: fraction.to_string(),
        expected,
    })
}

fn nothing_left(reader: &dyn FieldReader, time_window: usize, stride: usize) -> FieldError {
    let longest = reader.completed_of_each().into_iter().max().unwrap_or(0);
    FieldError::Setting {
        key: "split",
        found: format!(
            "no window to train on: {time_window} input(s) and a target, {stride} snapshot(s) apart, in trajectories of at most \
             {longest} complete snapshots ({})",
            reader.label()
        ),
        expected:
            "longer trajectories, fewer inputs, a smaller stride, or a larger part to train on"
                .into(),
    }
}

/// Reads windows as the arrays that a model trains on.
pub struct BatchReader<'a> {
    reader: &'a dyn FieldReader,
    time_window: usize,
    stride: usize,
}

/// Inputs and targets of some windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// `[batch, time_window, x, y, z, component]`.
    pub inputs: Vec<f32>,
    /// `[batch, x, y, z, component]`.
    pub targets: Vec<f32>,
}

impl<'a> BatchReader<'a> {
    /// Reads windows of `time_window` inputs `stride` snapshots apart.
    pub fn new(reader: &'a dyn FieldReader, time_window: usize, stride: usize) -> Self {
        Self {
            reader,
            time_window,
            stride,
        }
    }

    /// Reads some windows.
    ///
    /// # Errors
    /// [`FieldError::OutOfRange`] for a window outside the file, [`FieldError::NonFinite`] for NaN or infinity, or whatever
    /// keeps the file from being read.
    pub fn read(&self, windows: &[Window]) -> Result<Batch, FieldError> {
        let length = self.reader.shape().snapshot_len();
        let mut inputs = vec![0.0; windows.len() * self.time_window * length];
        let mut targets = vec![0.0; windows.len() * length];
        let mut places = inputs.chunks_mut(length);
        for (window, target) in windows.iter().zip(targets.chunks_mut(length)) {
            for (snapshot, place) in window
                .inputs(self.time_window, self.stride)
                .zip(places.by_ref())
            {
                self.reader.read(window.trajectory, snapshot, place)?;
            }
            self.reader.read(
                window.trajectory,
                window.target(self.time_window, self.stride),
                target,
            )?;
        }
        Ok(Batch { inputs, targets })
    }
}

/// What normalisation needs to know of the windows that a model trains on.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowStatistics {
    /// Statistics of the inputs; a snapshot counts once for each window that has it.
    pub inputs: FieldStatistics,
    /// Statistics of the targets.
    pub targets: FieldStatistics,
    /// For each component: change, from the last input to the target, of its square summed over the grid.
    pub energy_change: Vec<EnergyChange>,
}

/// Statistics of windows in one pass: each snapshot is read once, one at a time.
///
/// # Errors
/// As [`BatchReader::read`].
pub fn normalization_statistics(
    reader: &dyn FieldReader,
    windows: &[Window],
    time_window: usize,
    stride: usize,
) -> Result<WindowStatistics, FieldError> {
    // How often each snapshot is an input, and a target.
    let mut uses: BTreeMap<(usize, usize), [u64; 2]> = BTreeMap::new();
    for window in windows {
        for snapshot in window.inputs(time_window, stride) {
            uses.entry((window.trajectory, snapshot)).or_default()[0] += 1;
        }
        uses.entry((window.trajectory, window.target(time_window, stride)))
            .or_default()[1] += 1;
    }
    let components = reader.shape().components;
    let (mut inputs, mut targets) = (
        FieldStatistics::new(components),
        FieldStatistics::new(components),
    );
    let mut energies = BTreeMap::new();
    let mut snapshot = vec![0.0; reader.shape().snapshot_len()];
    for (&(trajectory, index), &[as_input, as_target]) in &uses {
        reader.read(trajectory, index, &mut snapshot)?;
        let mut one = FieldStatistics::new(components);
        one.add(&snapshot);
        inputs.merge(&one.repeated(as_input));
        targets.merge(&one.repeated(as_target));
        energies.insert((trajectory, index), energy(&snapshot, components));
    }
    let mut energy_change = vec![EnergyChange::default(); components];
    for window in windows {
        let at = |snapshot| energies.get(&(window.trajectory, snapshot));
        let last = window.inputs(time_window, stride).last().and_then(at);
        if let (Some(before), Some(after)) = (last, at(window.target(time_window, stride))) {
            for ((change, before), after) in energy_change.iter_mut().zip(before).zip(after) {
                change.add(after - before);
            }
        }
    }
    Ok(WindowStatistics {
        inputs,
        targets,
        energy_change,
    })
}

/// Shows the first and the last complete snapshot of at most `count` trajectories, evenly spread, with the number of complete ones:
/// what tells one file from another in a moment, whatever its size.
///
/// # Errors
/// As [`FieldReader::read`].
pub fn ends_of_trajectories(
    reader: &dyn FieldReader,
    count: usize,
    mut show: impl FnMut(usize, &[f32]),
) -> Result<(), FieldError> {
    let shape = reader.shape();
    let count = shape.trajectories.min(count);
    let mut snapshot = vec![0.0; shape.snapshot_len()];
    for trajectory in (0..count).map(|index| index * shape.trajectories / count) {
        let completed = reader.completed(trajectory);
        let Some(last) = completed.checked_sub(1) else {
            show(0, &[]);
            continue;
        };
        for index in [0, last] {
            reader.read(trajectory, index, &mut snapshot)?;
            show(completed, &snapshot);
        }
    }
    Ok(())
}
