//! Simulated screens follow their settings and their truth, whoever draws them.

use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;
use rheome_anndata::{AnnData, Annotation, Axis, Compression, WriteOptions};
use rheome_cells::simulate::{
    Dropout, Network, PerturbationKind, Role, Simulated, SimulationSettings, simulate,
};
use rheome_cells::{CellsError, LabelSettings, read_conditions};

/// A screen of 6 genes alone and 5 pairs, 60 genes.
fn settings(seed: u64) -> SimulationSettings {
    let mut settings = SimulationSettings {
        seed,
        ..SimulationSettings::default()
    };
    settings.network.regulators = 8;
    settings.network.mediators = 4;
    settings.network.targets = 48;
    settings.perturbations.singles = 6;
    settings.perturbations.pairs = 5;
    settings.cells.control = 50;
    settings.cells.per_single = 10;
    settings.cells.per_pair = 8;
    settings
}

fn write(settings: &SimulationSettings, path: &Path) -> Result<Simulated, CellsError> {
    simulate(
        settings,
        path,
        &[("maker", "test".into())],
        WriteOptions::default(),
        &mut |_, _| ControlFlow::Continue(()),
    )
}

/// The file, what was told, and the counts, all zeros among them.
fn drawn(settings: &SimulationSettings) -> (AnnData, Simulated, Vec<f64>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("raw.h5ad");
    let simulated = write(settings, &path).unwrap();
    let cells = AnnData::open(&path).unwrap();
    let counts = cells
        .x()
        .unwrap()
        .rows::<f64>(0..cells.n_obs())
        .unwrap()
        .to_dense();
    (cells, simulated, counts)
}

#[test]
fn a_screen_is_decided_by_its_seed_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, seed: u64, threads: usize| {
        let path = folder.path().join(name);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| write(&settings(seed), &path)).unwrap();
        std::fs::read(path).unwrap()
    };
    let one = file("one.h5ad", 5, 1);
    assert!(
        one == file("three.h5ad", 5, 3),
        "the same file, bit for bit"
    );
    assert!(one != file("other.h5ad", 6, 1));
}

#[test]
fn the_file_holds_the_cells_that_were_asked_for() {
    let (cells, simulated, counts) = drawn(&settings(1));
    assert_eq!((cells.n_obs(), cells.n_vars()), (50 + 60 + 40, 60));
    let conditions = read_conditions(&cells, "condition", &LabelSettings::default()).unwrap();
    assert_eq!(conditions.control_cells().len(), 50);
    for (condition, of) in conditions
        .conditions()
        .iter()
        .zip(conditions.cells_by_condition())
    {
        let expected = [50, 10, 8][condition.n_targets()];
        assert_eq!(of.len(), expected, "{condition}");
    }
    assert!(
        counts
            .iter()
            .all(|count| *count >= 0.0 && count.fract() == 0.0)
    );
    let totals = cells.obs().column("n_counts").unwrap().to_f64().unwrap();
    for (row, total) in counts.chunks(60).zip(totals) {
        assert_eq!(row.iter().sum::<f64>(), total);
    }
    assert_eq!(cells.uns_at("maker").unwrap().as_text(), Some("test"));
    // The truth lies beside the counts.
    let Annotation::Matrix(deltas) = cells.annotation(Axis::Var, "delta").unwrap() else {
        panic!("delta is a matrix");
    };
    assert_eq!(deltas.shape(), [60, 12]);
    let stored = deltas.rows::<f64>(0..60).unwrap().to_dense();
    for (condition, of) in simulated.truth.deltas.iter().enumerate() {
        for (gene, delta) in of.iter().enumerate() {
            assert_eq!(stored[gene * 12 + condition], *delta);
        }
    }
    let regulation = cells.pairwise(Axis::Var, "regulation").unwrap();
    let edges = regulation.rows::<f64>(0..60).unwrap();
    assert!((12..60).all(|target| (2..=3).contains(&edges.row(target).count())));
}

/// Every gene is at its control level without perturbation; a perturbed gene has its factor, what it does not reach stays.
#[test]
fn perturbations_spread_down_the_network() {
    let mut settings = settings(3);
    settings.network.cascade = 0.0;
    settings.perturbations.fold_spread = 0.0;
    for (kind, factor) in [
        (PerturbationKind::Activation, 8.0),
        (PerturbationKind::Knockdown, 0.125),
        (PerturbationKind::Knockout, 0.0),
    ] {
        settings.perturbations.kind = kind;
        settings.perturbations.fold = 8.0;
        let network = Network::draw(&settings);
        let control = network.steady_state(&[]);
        for (gene, level) in network.genes().iter().zip(&control) {
            assert_eq!(gene.level, *level);
            assert!(*level > 0.0);
        }
        let mut factors = vec![1.0; 8];
        factors[2] = factor;
        let perturbed = network.steady_state(&factors);
        let mut reached = vec![false; control.len()];
        reached[2] = true;
        for (place, gene) in network.genes().iter().enumerate() {
            reached[place] |= gene.inputs.iter().any(|input| reached[input.gene]);
            assert_eq!(
                reached[place],
                perturbed[place] != control[place],
                "{}",
                gene.name
            );
        }
        assert!((perturbed[2] - factor * control[2]).abs() <= 1e-12);
        assert!(reached.iter().filter(|reached| **reached).count() > 5);
    }
}

#[test]
fn the_production_of_a_gene_is_the_sum_of_its_hill_functions() {
    let mut settings = settings(4);
    settings.network.interactions = 1.0;
    let network = Network::draw(&settings);
    let levels: Vec<f64> = (0..60).map(|gene| 0.3 + gene as f64 / 10.0).collect();
    let mediators = network
        .genes()
        .iter()
        .filter(|gene| gene.role == Role::Mediator);
    for gene in mediators {
        assert_eq!(
            gene.interactions.len(),
            5 * 4 / 2,
            "all pairs of five regulators"
        );
        let activity = |place: usize| {
            let input = &gene.inputs[place];
            let (x, h) = (levels[input.gene].powi(2), input.half_response.powi(2));
            if input.represses {
                h / (h + x)
            } else {
                x / (h + x)
            }
        };
        let alone: f64 = (0..5)
            .map(|place| gene.inputs[place].strength * activity(place))
            .sum();
        let together: f64 = gene
            .interactions
            .iter()
            .map(|i| i.strength * activity(i.inputs[0]) * activity(i.inputs[1]))
            .sum();
        let expected = gene.basal + (alone + together).max(0.0);
        assert!((network.production(gene, &levels) - expected).abs() < 1e-12);
    }
}

/// Cells of each condition differ from control as the truth says, and pairs not as the sum of their genes says.
#[test]
fn cells_do_what_the_truth_says() {
    let mut settings = settings(2);
    settings.network.targets = 188;
    settings.network.regulators_per_mediator = 6;
    settings.network.repression = 0.1;
    settings.cells.control = 600;
    settings.cells.per_single = 200;
    settings.cells.per_pair = 200;
    settings.measurement.dropout = None;
    let (_, simulated, counts) = drawn(&settings);
    let n_genes = simulated.genes;
    let perturbations = simulated.screen.perturbations();
    let mut means = vec![vec![0.0; n_genes]; perturbations.len()];
    for (row, condition) in counts.chunks(n_genes).zip(simulated.screen.of_cells()) {
        let total: f64 = row.iter().sum();
        let mean = &mut means[*condition as usize];
        mean.iter_mut()
            .zip(row)
            .for_each(|(mean, count)| *mean += 1e4 * count / total);
    }
    for (mean, perturbation) in means.iter_mut().zip(perturbations) {
        let cells = [600.0, 200.0, 200.0][perturbation.genes.len()];
        mean.iter_mut().for_each(|mean| *mean /= cells);
    }
    for place in 1..perturbations.len() {
        let change = |gene: usize| means[place][gene].ln_1p() - means[0][gene].ln_1p();
        let measured: Vec<f64> = (0..n_genes).map(change).collect();
        let found = correlation(&measured, &simulated.truth.deltas[place]);
        assert!(found > 0.97, "{}: {found}", perturbations[place].condition);
    }
    let errors: Vec<f64> = simulated.truth.additivity_error.clone();
    assert!(
        errors[..7].iter().all(|error| error.is_nan()),
        "control and genes alone"
    );
    let mean = errors[7..].iter().sum::<f64>() / 5.0;
    assert!(mean > 0.15, "pairs are no sums: {errors:?}");
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (a_mean, b_mean) = (mean(a), mean(b));
    let product = |a: &[f64], a_mean: f64, b: &[f64], b_mean: f64| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - a_mean) * (b - b_mean))
            .sum::<f64>()
    };
    product(a, a_mean, b, b_mean)
        / (product(a, a_mean, a, a_mean) * product(b, b_mean, b, b_mean)).sqrt()
}

/// Counts of genes that nothing regulates: their variance is m + d m^2, and what library sizes add.
#[test]
fn counts_are_negative_binomial() {
    let mut settings = settings(8);
    settings.network.cascade = 0.0;
    settings.network.targets = 488;
    settings.network.level_spread = 0.5;
    settings.cells.control = 4000;
    settings.cells.per_single = 0;
    settings.cells.per_pair = 0;
    settings.measurement.library_spread = 0.0;
    settings.measurement.library_size = 5000.0;
    settings.measurement.dispersion = 0.3;
    settings.measurement.dropout = None;
    let (_, simulated, counts) = drawn(&settings);
    assert!((simulated.mean_total / 5000.0 - 1.0).abs() < 0.01);
    for gene in 0..8 {
        let values: Vec<f64> = counts.iter().skip(gene).step_by(500).copied().collect();
        let mean = values.iter().sum::<f64>() / 4000.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3999.0;
        // Five standard errors of a variance of 4000 draws of about this shape.
        let expected = mean + 0.3 * mean * mean;
        assert!(
            (variance / expected - 1.0).abs() < 0.2,
            "{mean} {variance} {expected}"
        );
    }
}

#[test]
fn dropout_takes_the_weakly_expressed_first() {
    let mut settings = settings(9);
    settings.cells.control = 1000;
    settings.measurement.library_size = 200.0;
    settings.measurement.dropout = None;
    let (_, kept, all) = drawn(&settings);
    settings.measurement.dropout = Some(Dropout {
        midpoint: 1.0,
        steepness: 4.0,
    });
    let (_, lost, some) = drawn(&settings);
    assert!(lost.zeros > kept.zeros + 0.1);
    let sum = |counts: &[f64], gene: usize| counts.iter().skip(gene).step_by(60).sum::<f64>();
    let mut genes: Vec<(f64, f64)> = (0..60)
        .map(|gene| (sum(&all, gene), sum(&some, gene) / sum(&all, gene).max(1.0)))
        .collect();
    genes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = |genes: &[(f64, f64)]| genes.iter().map(|g| g.1).sum::<f64>() / genes.len() as f64;
    assert!(mean(&genes[..20]) + 0.3 < mean(&genes[40..]), "{genes:?}");
}

#[test]
fn what_cannot_be_is_named_by_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("raw.h5ad");
    let told = |change: fn(&mut SimulationSettings), expected: &str| {
        let mut settings = settings(1);
        change(&mut settings);
        let error = write(&settings, &output).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!output.exists());
    };
    told(
        |s| s.perturbations.pairs = 16,
        "perturbations.pairs: found 16, expected a number from 0 to 15",
    );
    told(
        |s| s.perturbations.singles = 9,
        "perturbations.singles: found 9, expected a number from 0 to 8",
    );
    told(
        |s| s.network.mediators_per_target = 5,
        "network.mediators_per_target: found 5",
    );
    told(
        |s| s.network.repression = f64::NAN,
        "network.repression: found NaN, expected a number from 0 to 1",
    );
    told(
        |s| s.measurement.dispersion = 0.0,
        "measurement.dispersion: found 0",
    );
    told(
        |s| s.cells.control = 0,
        "cells.control: found 0, expected a number from 1",
    );
    told(|s| s.cells.per_pair = usize::MAX, "cells (in all): found ");
    told(
        |s| s.network.targets = usize::MAX,
        "network.targets: found ",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any network that passes the checks gives finite levels and a file that opens.
    #[test]
    fn any_screen_is_a_file(
        seed in any::<u32>(),
        (regulators, mediators, targets) in (2usize..6, 1usize..4, 1usize..12),
        (shares, interaction_strength) in (proptest::array::uniform4(0.0..=1.0f64), 0.0..=1.0f64),
        (hill, half_response, fold) in (0.5..10.0f64, 0.01..100.0f64, 1.0..1e6f64),
        knockout in any::<bool>(),
    ) {
        let mut settings = settings(seed.into());
        let network = &mut settings.network;
        (network.regulators, network.mediators, network.targets) = (regulators, mediators, targets);
        (network.regulators_per_mediator, network.mediators_per_target) = (2, 1);
        [network.cascade, network.direct, network.repression, network.interactions] = shares;
        network.interaction_strength = interaction_strength;
        (network.hill, network.regulator_half_response) = (hill, half_response);
        settings.perturbations.fold = fold;
        (settings.perturbations.singles, settings.perturbations.pairs) = (2, 1);
        if knockout {
            settings.perturbations.kind = PerturbationKind::Knockout;
        }
        settings.cells.control = 3;
        let (cells, simulated, counts) = drawn(&settings);
        prop_assert_eq!(cells.n_obs(), 3 + 20 + 8);
        prop_assert!(counts.iter().all(|count| count.is_finite()));
        prop_assert!(simulated.truth.deltas.iter().flatten().all(|delta| delta.is_finite()));
        prop_assert!(simulated.truth.deltas[0].iter().all(|delta| *delta == 0.0));
    }
}

#[test]
fn a_compressed_screen_is_the_same_screen() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, small] = ["plain.h5ad", "small.h5ad"].map(|name| folder.path().join(name));
    write(&settings(1), &plain).unwrap();
    let options = WriteOptions {
        compression: Compression::Gzip(4),
        ..WriteOptions::default()
    };
    let mut told = Vec::new();
    let mut progress = |done, total| {
        told.push((done, total));
        ControlFlow::Continue(())
    };
    simulate(&settings(1), &small, &[], options, &mut progress).unwrap();
    assert_eq!(told.last(), Some(&(150, 150)));
    let rows = |path: &Path| {
        AnnData::open(path)
            .unwrap()
            .x()
            .unwrap()
            .rows::<f32>(0..150)
            .unwrap()
    };
    assert_eq!(rows(&plain), rows(&small));
}
