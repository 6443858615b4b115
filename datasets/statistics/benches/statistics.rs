//! All statistics of one snapshot, in milliseconds:
//!
//! ```text
//! cargo bench -p rheome-statistics [-- --quick]
//! ```

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::RngExt;
use rand::SeedableRng;
use rheome_statistics::{FlowGrid, FlowStatistics, LeadTimeComparison};

/// The operator's grid, and that of a simulation at Re_tau = 180.
const GRIDS: [[usize; 3]; 2] = [[32, 33, 16], [128, 129, 128]];

/// A snapshot of numbers without meaning: none of the work depends on them.
fn noise([nx, ny, nz]: [usize; 3]) -> Vec<f32> {
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(1);
    (0..nx * ny * nz * 3).map(|_| random.random()).collect()
}

fn grid([nx, ny, nz]: [usize; 3]) -> FlowGrid {
    let heights: Vec<f64> = (0..ny).map(|j| 2.0 * j as f64 / (ny - 1) as f64).collect();
    FlowGrid::new([nx, nz], &heights, Some([12.0, 4.0])).expect("a valid grid")
}

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("statistics of a snapshot");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    for points in GRIDS {
        let [nx, ny, nz] = points;
        let (grid, velocity) = (grid(points), noise(points));
        let name = format!("{nx}x{ny}x{nz}");
        group.throughput(Throughput::Elements((nx * ny * nz) as u64));
        let mut statistics = FlowStatistics::new(&grid, None);
        group.bench_function(BenchmarkId::new("gathered", &name), |bencher| {
            bencher.iter(|| {
                statistics
                    .add(0.0, &velocity)
                    .expect("a snapshot that fits")
            });
        });
        let mean = statistics.profiles().mean;
        let mut comparison = LeadTimeComparison::new(&grid, &mean).expect("a profile that fits");
        group.bench_function(BenchmarkId::new("compared", &name), |bencher| {
            bencher.iter(|| {
                comparison
                    .add(0.0, &velocity, &velocity, &velocity)
                    .expect("snapshots that fit")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, snapshot);
criterion_main!(benches);
