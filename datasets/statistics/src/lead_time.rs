//! Predictions against reference trajectories by lead time: relative L2 errors, correlations of the fluctuations, the time at which
//! these fall below one half, and the same of persistence.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::StatisticsError;
use crate::grid::FlowGrid;

/// What the columns of [`ErrorCurves`] are about: the whole velocity, and each component.
pub const QUANTITIES: [&str; 4] = ["velocity", "u", "v", "w"];

/// Correlation below which a prediction has lost the trajectory.
pub const DECORRELATION: f64 = 0.5;

/// Lead times that differ by less than this part of themselves are the same.
const SAME_TIME: f64 = 1e-9;

/// Sums of squares that can be summed up further.
const LARGEST: f64 = 1e240;

/// Whether two lead times are the same but for rounding.
fn same_time(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME_TIME * a.abs().max(b.abs())
}

/// Gathers how far predictions are from reference trajectories, by lead time (time since the start), beside the error of
/// persistence, which holds the snapshot at the start.
///
/// Over several trajectories the sums of squares are joined before the roots and quotients are taken. Points count equally,
/// as in the relative L2 loss of the operators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadTimeComparison {
    grid: FlowGrid,
    mean: [Vec<f64>; 3],
    leads: Vec<Lead>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Lead {
    time: f64,
    pairs: u64,
    sums: [Sums; 3],
}

/// Sums over points of one component; a prime marks fluctuations about the reference's mean profile.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    /// r^2 and r'^2 of the reference.
    reference: [f64; 2],
    prediction: PairSums,
    persistence: PairSums,
}

/// Sums over points of a guess p and the reference r.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct PairSums {
    /// (p - r)^2
    error: f64,
    /// p'^2
    square: f64,
    /// p' r'
    product: f64,
}

/// Errors by lead time.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadTimeErrors {
    /// Lead times, increasing.
    pub lead_time: Vec<f64>,
    /// Pairs of snapshots at each lead time.
    pub pairs: Vec<u64>,
    /// Of the prediction.
    pub prediction: ErrorCurves,
    /// Of persistence: the snapshot at the start, held.
    pub persistence: ErrorCurves,
}

/// One guess against the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorCurves {
    /// |p - r| / |r| in the L2 norm: `[lead, quantity]` with [`QUANTITIES`]; NaN where the reference is zero.
    pub relative_error: Array2<f64>,
    /// Correlation coefficient of the fluctuations about the reference's mean profile: `[lead, quantity]`; NaN where one of
    /// the two does not fluctuate.
    pub correlation: Array2<f64>,
    /// Lead time at which the correlation of the velocity first falls below [`DECORRELATION`]; none if it never does.
    pub decorrelation_time: Option<f64>,
}

impl LeadTimeComparison {
    /// Nothing compared yet, for fields on `grid` whose reference has the mean profile `mean` of u, v, w: `[component][y]`.
    ///
    /// # Errors
    /// [`StatisticsError::Heights`] if the profile has another number of points than the grid.
    pub fn new(grid: &FlowGrid, mean: &[Vec<f64>; 3]) -> Result<Self, StatisticsError> {
        let expected = grid.points()[1];
        if let Some(line) = mean.iter().find(|line| line.len() != expected) {
            let found = line.len();
            return Err(StatisticsError::Heights { found, expected });
        }
        Ok(Self {
            grid: grid.clone(),
            mean: mean.clone(),
            leads: Vec::new(),
        })
    }

    /// Compares one `predicted` snapshot with the `reference` of the same time and with the snapshot `held` from the start,
    /// each `[x, y, z, component]`.
    ///
    /// # Errors
    /// [`StatisticsError`] if one does not fit the grid, or holds NaN or infinity; nothing is added then.
    pub fn add<P, R>(
        &mut self,
        lead_time: f64,
        predicted: &[P],
        reference: &[R],
        held: &[R],
    ) -> Result<(), StatisticsError>
    where
        P: Copy + Into<f64> + Sync,
        R: Copy + Into<f64> + Sync,
    {
        if !lead_time.is_finite() {
            return Err(StatisticsError::Time { found: lead_time });
        }
        let steps = [
            self.grid.components(predicted.len())?,
            self.grid.components(reference.len())?,
            self.grid.components(held.len())?,
        ];
        let [nx, ny, nz] = self.grid.points();
        let rows: Vec<[Sums; 3]> = (0..nx * ny)
            .into_par_iter()
            .with_min_len(ny)
            .map(|row| {
                let place = |step: usize| row * nz * step..(row + 1) * nz * step;
                self.row_sums(
                    row % ny,
                    predicted[place(steps[0])].chunks_exact(steps[0]),
                    reference[place(steps[1])].chunks_exact(steps[1]),
                    held[place(steps[2])].chunks_exact(steps[2]),
                )
            })
            .collect();
        let bounded = |row: &[Sums; 3]| row.iter().all(Sums::is_bounded);
        if let Some(row) = rows.iter().position(|row| !bounded(row)) {
            return Err(StatisticsError::NonFinite { plane: row % ny });
        }
        let mut sums = [Sums::default(); 3];
        for row in &rows {
            join(&mut sums, row);
        }
        self.join_lead(&Lead {
            time: lead_time,
            pairs: 1,
            sums,
        });
        Ok(())
    }

    /// Sums over one row of points at the height `j`.
    fn row_sums<'a, P, R>(
        &self,
        j: usize,
        predicted: impl Iterator<Item = &'a [P]>,
        reference: impl Iterator<Item = &'a [R]>,
        held: impl Iterator<Item = &'a [R]>,
    ) -> [Sums; 3]
    where
        P: Copy + Into<f64> + 'a,
        R: Copy + Into<f64> + 'a,
    {
        let mut sums = [Sums::default(); 3];
        for ((p, r), h) in predicted.zip(reference).zip(held) {
            for (c, sums) in sums.iter_mut().enumerate() {
                let mean = self.mean[c][j];
                let r: f64 = r[c].into();
                sums.reference[0] += r * r;
                sums.reference[1] += (r - mean) * (r - mean);
                sums.prediction.add(p[c].into(), r, mean);
                sums.persistence.add(h[c].into(), r, mean);
            }
        }
        sums
    }

    /// Joins what `other` compared, whose reference may have another mean profile: the fluctuations of each are about its own.
    ///
    /// # Errors
    /// [`StatisticsError::Different`] if it is of another grid.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatisticsError> {
        if self.grid != other.grid {
            return Err(StatisticsError::Different { what: "grid" });
        }
        other.leads.iter().for_each(|lead| self.join_lead(lead));
        Ok(())
    }

    /// Joins a lead to that of the same time, or puts it where its time belongs.
    fn join_lead(&mut self, lead: &Lead) {
        let place = self.leads.partition_point(|l| l.time < lead.time);
        let near = [place.checked_sub(1), Some(place)];
        let same = near.into_iter().flatten().find(|i| {
            self.leads
                .get(*i)
                .is_some_and(|l| same_time(l.time, lead.time))
        });
        match same {
            Some(i) => {
                self.leads[i].pairs += lead.pairs;
                join(&mut self.leads[i].sums, &lead.sums);
            }
            None => self.leads.insert(place, lead.clone()),
        }
    }

    /// The errors so far; none if nothing was compared.
    pub fn finish(&self) -> Option<LeadTimeErrors> {
        if self.leads.is_empty() {
            return None;
        }
        Some(LeadTimeErrors {
            lead_time: self.leads.iter().map(|lead| lead.time).collect(),
            pairs: self.leads.iter().map(|lead| lead.pairs).collect(),
            prediction: self.curves(|sums| &sums.prediction),
            persistence: self.curves(|sums| &sums.persistence),
        })
    }

    fn curves(&self, pick: fn(&Sums) -> &PairSums) -> ErrorCurves {
        // Sums of the whole velocity, or of one component.
        let total = |lead: &Lead, quantity: usize, term: &dyn Fn(&Sums) -> f64| -> f64 {
            match quantity {
                0 => lead.sums.iter().map(term).sum(),
                component => term(&lead.sums[component - 1]),
            }
        };
        let table = |value: &dyn Fn(&Lead, usize) -> f64| {
            Array2::from_shape_fn((self.leads.len(), QUANTITIES.len()), |(l, quantity)| {
                value(&self.leads[l], quantity)
            })
        };
        let relative_error = table(&|lead, quantity| {
            let error = total(lead, quantity, &|s| pick(s).error);
            quotient(error, total(lead, quantity, &|s| s.reference[0])).sqrt()
        });
        let correlation = table(&|lead, quantity| {
            let own = total(lead, quantity, &|s| pick(s).square);
            let others = total(lead, quantity, &|s| s.reference[1]);
            let product = total(lead, quantity, &|s| pick(s).product);
            quotient(product, own.sqrt() * others.sqrt())
        });
        let times: Vec<f64> = self.leads.iter().map(|lead| lead.time).collect();
        let decorrelation_time = decorrelation_time(&times, &correlation.column(0).to_vec());
        ErrorCurves {
            relative_error,
            correlation,
            decorrelation_time,
        }
    }
}

/// a / b, NaN without a positive b.
fn quotient(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::NAN }
}

/// The lead time at which `correlation` first falls below [`DECORRELATION`], by linear interpolation from the lead time
/// before, which is 0 with the correlation 1 at the start; none if it never does.
pub fn decorrelation_time(lead_time: &[f64], correlation: &[f64]) -> Option<f64> {
    let mut before = (0.0, 1.0);
    for (&time, &value) in lead_time.iter().zip(correlation) {
        if value < DECORRELATION {
            let (start, high) = before;
            if time <= start {
                return Some(time);
            }
            return Some(start + (time - start) * (high - DECORRELATION) / (high - value));
        }
        before = (time, value);
    }
    None
}

fn join(sums: &mut [Sums; 3], others: &[Sums; 3]) {
    for (sums, others) in sums.iter_mut().zip(others) {
        for (sum, other) in sums.reference.iter_mut().zip(others.reference) {
            *sum += other;
        }
        sums.prediction.join(&others.prediction);
        sums.persistence.join(&others.persistence);
    }
}

impl Sums {
    fn is_bounded(&self) -> bool {
        let pairs = [&self.prediction, &self.persistence];
        let terms = pairs.iter().flat_map(|p| [p.error, p.square, p.product]);
        self.reference
            .into_iter()
            .chain(terms)
            .all(|t| t.abs() <= LARGEST)
    }
}

impl PairSums {
    fn add(&mut self, p: f64, r: f64, mean: f64) {
        self.error += (p - r) * (p - r);
        self.square += (p - mean) * (p - mean);
        self.product += (p - mean) * (r - mean);
    }

    fn join(&mut self, other: &Self) {
        self.error += other.error;
        self.square += other.square;
        self.product += other.product;
    }
}
