//! All statistics of a channel flow together: one pass over each snapshot feeds profiles, spectra, history and slices.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::differences::FiniteDifferences;
use crate::error::StatisticsError;
use crate::grid::FlowGrid;
use crate::history::{Divergence, HistoryEntry};
use crate::lead_time::LeadTimeErrors;
use crate::plane::{PlaneAnalysis, PlaneSample, read_plane};
use crate::profiles::{ProfileStatistics, Profiles, check_finite};
use crate::slices::{SliceStatistics, SpaceTimeSlices};
use crate::spectra::{LineSpectra, SpectrumStatistics};
use crate::wall_units::WallUnits;

/// Points of a derivative along y within the flow, and of one at the wall.
const STENCIL: usize = 5;
const WALL_STENCIL: usize = 3;

/// All statistics of a turbulent channel flow, gathered as snapshots go by; memory does not grow but for the history, a few
/// numbers a snapshot.
///
/// What it holds can be serialised in the middle, continued, and merged with what was gathered elsewhere on the same grid.
///
/// ```
/// use rheome_statistics::{FlowGrid, FlowStatistics};
///
/// let grid = FlowGrid::new([8, 4], &[0.0, 0.5, 1.0, 1.5, 2.0], Some([6.0, 3.0]))?;
/// let mut statistics = FlowStatistics::new(&grid, None);
/// // Plane Poiseuille flow, u = 1 - (y - 1)^2.
/// let velocity: Vec<f32> = (0..8 * 5 * 4)
///     .flat_map(|p| [1.0 - (0.5 * (p / 4 % 5) as f32 - 1.0).powi(2), 0.0, 0.0])
///     .collect();
/// statistics.add(0.0, &velocity)?;
/// let results = statistics.finish();
/// assert_eq!(results.profiles.mean[0], [0.0, 0.75, 1.0, 0.75, 0.0]);
/// assert_eq!(results.history[0].wall_shear_rate, [2.0, 2.0]);
/// # Ok::<(), rheome_statistics::StatisticsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowStatistics {
    grid: FlowGrid,
    wall_units: Option<WallUnits>,
    profiles: ProfileStatistics,
    spectra: SpectrumStatistics,
    history: Vec<HistoryEntry>,
    slices: SliceStatistics,
    #[serde(skip)]
    workspace: Workspace,
}

/// One snapshot to be added.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a, T> {
    /// u, v, w and whatever follows: `[x, y, z, component]`.
    pub velocity: &'a [T],
    /// Its time.
    pub time: f64,
    /// Number of its trajectory, or of the member of its ensemble.
    pub trajectory: usize,
    /// What the solver knows better than the points tell.
    pub exact: Option<ExactValues>,
}

/// Values of a solver for the history, instead of differences and the trapezoidal rule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExactValues {
    /// Mean of u over the box.
    pub bulk_velocity: f64,
    /// dU/dy at the lower and -dU/dy at the upper wall.
    pub wall_shear_rate: [f64; 2],
}

/// Statistics of a flow as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowResults {
    /// Snapshots gathered.
    pub snapshots: u64,
    /// Heights of the profiles and spectra, from the lower wall.
    pub heights: Vec<f64>,
    /// Lengths of the box along [x, z], if known.
    pub lengths: Option<[f64; 2]>,
    /// The nominal wall units, if known.
    pub wall_units: Option<WallUnits>,
    /// Profiles over y.
    pub profiles: Profiles,
    /// Spectra and correlations along x, if gathered.
    pub streamwise: Option<LineSpectra>,
    /// Spectra and correlations along z, if gathered.
    pub spanwise: Option<LineSpectra>,
    /// One entry a snapshot, trajectory by trajectory.
    pub history: Vec<HistoryEntry>,
    /// Space-time slices of u, if gathered.
    pub slices: Option<SpaceTimeSlices>,
    /// Errors against a reference trajectory, if there was one.
    pub lead_time: Option<LeadTimeErrors>,
}

impl FlowStatistics {
    /// Nothing gathered yet on `grid`. With wall units, the slices near the wall are at y+ = 15.
    pub fn new(grid: &FlowGrid, wall_units: Option<WallUnits>) -> Self {
        Self {
            profiles: ProfileStatistics::new(grid.points()[1]),
            spectra: SpectrumStatistics::new(grid.points()),
            history: Vec::new(),
            slices: SliceStatistics::new(grid, wall_units.as_ref()),
            grid: grid.clone(),
            wall_units,
            workspace: Workspace::default(),
        }
    }

    /// The grid.
    pub fn grid(&self) -> &FlowGrid {
        &self.grid
    }

    /// Snapshots gathered.
    pub fn snapshots(&self) -> u64 {
        self.profiles.snapshots
    }

    /// Adds the snapshot `velocity` `[x, y, z, component]` of the first trajectory; the first three components are u, v, w.
    ///
    /// # Errors
    /// [`StatisticsError`] if it does not fit the grid, or holds NaN or infinity; nothing is added then.
    pub fn add<T>(&mut self, time: f64, velocity: &[T]) -> Result<(), StatisticsError>
    where
        T: Copy + Into<f64> + Sync,
    {
        self.add_snapshot(&Snapshot {
            velocity,
            time,
            trajectory: 0,
            exact: None,
        })
    }

    /// Adds a snapshot of any trajectory.
    ///
    /// # Errors
    /// As [`FlowStatistics::add`].
    pub fn add_snapshot<T>(&mut self, snapshot: &Snapshot<'_, T>) -> Result<(), StatisticsError>
    where
        T: Copy + Into<f64> + Sync,
    {
        let components = self.grid.components(snapshot.velocity.len())?;
        check_numbers(snapshot)?;
        let points = self.grid.points();
        let analysis = self.workspace.of(&self.grid);
        analysis.sample(snapshot.velocity, points, components);
        check_finite(analysis.samples.iter().map(|s| &s.moments))?;
        let entry = analysis.history_entry(points, snapshot);
        let count = (points[0] * points[2]) as f64;
        self.profiles
            .join(analysis.samples.iter().map(|s| &s.moments), count);
        self.spectra.add(&analysis.samples);
        self.slices.add(
            snapshot.trajectory,
            snapshot.time,
            snapshot.velocity,
            points,
            components,
        );
        self.history.push(entry);
        Ok(())
    }

    /// Joins what `other` gathered, its history behind this one.
    ///
    /// # Errors
    /// [`StatisticsError::Different`] if it is of another grid or other wall units.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        let different = |what| Err(StatisticsError::Different { what });
        if self.grid != other.grid {
            return different("grid");
        }
        if self.wall_units != other.wall_units {
            return different("viscosity or friction velocity");
        }
        self.profiles.merge(&other.profiles)?;
        self.spectra.merge(&other.spectra);
        self.history.extend(&other.history);
        self.slices.merge(&other.slices);
        Ok(())
    }

    /// The profiles so far.
    pub fn profiles(&self) -> Profiles {
        self.profiles.profiles()
    }

    /// The results so far.
    pub fn finish(&self) -> FlowResults {
        let mut history = self.history.clone();
        history.sort_by_key(|entry| entry.trajectory);
        FlowResults {
            snapshots: self.snapshots(),
            heights: self.grid.heights().to_vec(),
            lengths: self.grid.lengths(),
            wall_units: self.wall_units,
            profiles: self.profiles(),
            streamwise: self.spectra.finish(&self.grid, 0),
            spanwise: self.spectra.finish(&self.grid, 1),
            history,
            slices: self.slices.finish(&self.grid),
            lead_time: None,
        }
    }
}

impl FlowResults {
    /// Half of the distance between the first and the last height.
    pub fn half_height(&self) -> f64 {
        match self.heights[..] {
            [first, .., last] => 0.5 * (last - first),
            _ => 1.0,
        }
    }

    /// Bulk velocity of the mean profile, by the trapezoidal rule.
    pub fn bulk_velocity(&self) -> f64 {
        self.profiles.bulk_velocity(&self.heights)
    }

    /// Mean of both walls' shear rate dU/dy: over the history, or of the mean profile where there is none. What
    /// [`HistoryEntry::wall_shear_rate`] says of coarse grids holds here too.
    pub fn wall_shear_rate(&self) -> f64 {
        let both = |rate: [f64; 2]| 0.5 * (rate[0] + rate[1]);
        if self.history.is_empty() {
            let differences = FiniteDifferences::new(&self.heights, WALL_STENCIL);
            let [lower, upper] = differences.at_ends(&self.profiles.mean[0]);
            return both([lower, -upper]);
        }
        let sum: f64 = self.history.iter().map(|e| both(e.wall_shear_rate)).sum();
        sum / self.history.len() as f64
    }

    /// Wall units with the friction velocity of the measured wall shear instead of the nominal one; none without a viscosity
    /// or if the flow does not move downstream.
    pub fn measured_wall_units(&self) -> Option<WallUnits> {
        let viscosity = self.wall_units?.viscosity();
        WallUnits::of_shear_rate(self.wall_shear_rate(), viscosity).ok()
    }
}

fn check_numbers<T>(snapshot: &Snapshot<'_, T>) -> Result<(), StatisticsError> {
    if !snapshot.time.is_finite() {
        return Err(StatisticsError::Time {
            found: snapshot.time,
        });
    }
    let Some(exact) = &snapshot.exact else {
        return Ok(());
    };
    let [lower, upper] = exact.wall_shear_rate;
    let numbers = [
        ("the bulk velocity", exact.bulk_velocity),
        ("the wall shear rate", lower),
        ("the wall shear rate", upper),
    ];
    match numbers.iter().find(|(_, value)| !value.is_finite()) {
        Some(&(what, found)) => Err(StatisticsError::Number { what, found }),
        None => Ok(()),
    }
}

/// Plans and buffers, made when they are needed first. They are no part of what was gathered.
#[derive(Default)]
struct Workspace(Option<Box<Analysis>>);

impl Workspace {
    fn of(&mut self, grid: &FlowGrid) -> &mut Analysis {
        self.0.get_or_insert_with(|| Box::new(Analysis::new(grid)))
    }
}

impl Clone for Workspace {
    fn clone(&self) -> Self {
        Self(None)
    }
}

impl PartialEq for Workspace {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Workspace")
    }
}

/// Analysis of one snapshot.
struct Analysis {
    planes: PlaneAnalysis,
    derivative: FiniteDifferences,
    at_walls: FiniteDifferences,
    weights: Vec<f64>,
    samples: Vec<PlaneSample>,
    /// du/dx + dw/dz: `[y, x, z]`, if the lengths are known.
    horizontal: Vec<f64>,
    /// v: `[y, x, z]`.
    wall_normal: Vec<f64>,
    has_lengths: bool,
}

impl Analysis {
    fn new(grid: &FlowGrid) -> Self {
        let points = grid.points();
        let total = points.iter().product();
        Self {
            planes: PlaneAnalysis::new(grid),
            derivative: FiniteDifferences::new(grid.heights(), STENCIL),
            at_walls: FiniteDifferences::new(grid.heights(), WALL_STENCIL),
            weights: grid.mean_weights(),
            samples: vec![PlaneSample::new(points); points[1]],
            horizontal: vec![0.0; total],
            wall_normal: vec![0.0; total],
            has_lengths: grid.lengths().is_some(),
        }
    }

    /// Analyses every plane; each row of the snapshot is read once.
    fn sample<T: Copy + Into<f64> + Sync>(
        &mut self,
        velocity: &[T],
        points: [usize; 3],
        components: usize,
    ) {
        let size = points[0] * points[2];
        let planes = &self.planes;
        self.samples
            .par_iter_mut()
            .zip(self.horizontal.par_chunks_mut(size))
            .zip(self.wall_normal.par_chunks_mut(size))
            .enumerate()
            .for_each_init(
                || planes.scratch(),
                |scratch, (j, ((sample, horizontal), wall_normal))| {
                    read_plane(velocity, points, components, j, &mut scratch.velocity);
                    planes.analyze(scratch, sample, horizontal, wall_normal);
                },
            );
    }

    fn history_entry<T>(&self, points: [usize; 3], snapshot: &Snapshot<'_, T>) -> HistoryEntry {
        let count = (points[0] * points[2]) as f64;
        let mean_u: Vec<f64> = self.samples.iter().map(|s| s.moments.means()[0]).collect();
        let over_y = |f: &dyn Fn(&PlaneSample) -> f64| -> f64 {
            let planes = self.weights.iter().zip(&self.samples);
            planes.map(|(weight, sample)| weight * f(sample)).sum()
        };
        let exact = snapshot.exact.unwrap_or_else(|| {
            let [lower, upper] = self.at_walls.at_ends(&mean_u);
            ExactValues {
                bulk_velocity: over_y(&|sample| sample.moments.means()[0]),
                wall_shear_rate: [lower, -upper],
            }
        });
        let fluctuation_energy =
            over_y(&|sample| 0.5 * sample.moments.squares().iter().sum::<f64>() / count);
        let mean_energy =
            over_y(&|sample| 0.5 * sample.moments.means().iter().map(|m| m * m).sum::<f64>());
        HistoryEntry {
            trajectory: snapshot.trajectory,
            time: snapshot.time,
            bulk_velocity: exact.bulk_velocity,
            wall_shear_rate: exact.wall_shear_rate,
            kinetic_energy: mean_energy + fluctuation_energy,
            fluctuation_energy,
            exact: snapshot.exact.is_some(),
            divergence: self.has_lengths.then(|| self.divergence(points)),
        }
    }

    fn divergence(&self, points: [usize; 3]) -> Divergence {
        let size = points[0] * points[2];
        // Mean squares of the divergence and of dv/dy on each plane.
        let planes: Vec<[f64; 2]> = self
            .horizontal
            .par_chunks(size)
            .zip(self.derivative.rows())
            .map(|(horizontal, row)| {
                let neighbours = &self.wall_normal[row.first * size..];
                plane_divergence(horizontal, neighbours, &row.weights)
            })
            .collect();
        let (mut square, mut terms) = (0.0, 0.0);
        for ((weight, sample), [divergence, wall_normal]) in
            self.weights.iter().zip(&self.samples).zip(planes)
        {
            square += weight * divergence;
            terms += weight * (wall_normal + sample.gradients / size as f64);
        }
        let relative = if terms > 0.0 {
            (square / terms).sqrt()
        } else {
            0.0
        };
        Divergence {
            rms: square.sqrt(),
            relative,
        }
    }
}

/// Mean squares over a plane of du/dx + dv/dy + dw/dz and of dv/dy, from du/dx + dw/dz and v on the planes of the stencil.
fn plane_divergence(horizontal: &[f64], wall_normal: &[f64], weights: &[f64]) -> [f64; 2] {
    let size = horizontal.len();
    let (mut square, mut derivative_square) = (0.0, 0.0);
    for (p, horizontal) in horizontal.iter().enumerate() {
        let derivative: f64 = weights
            .iter()
            .enumerate()
            .map(|(s, weight)| weight * wall_normal[s * size + p])
            .sum();
        let divergence = horizontal + derivative;
        square += divergence * divergence;
        derivative_square += derivative * derivative;
    }
    [square / size as f64, derivative_square / size as f64]
}
