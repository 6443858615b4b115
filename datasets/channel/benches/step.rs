//! One step of the channel solver, in grid points advanced per second:
//!
//! ```text
//! cargo bench -p rheome-channel [-- --quick]
//! ```
//!
//! The flow is in motion throughout: each step acts on the result of the one before, from the turbulent start on.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rheome_channel::{Channel, ChannelConfig};

/// The default minimal channel, and twice as many points along x and z.
const GRIDS: [[usize; 3]; 2] = [[32, 65, 32], [64, 65, 64]];

/// Steps before any is timed: they fill the caches and let the time step settle.
const WARM_UP_STEPS: usize = 5;

fn step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("channel step");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    for points in GRIDS {
        let config = ChannelConfig {
            points,
            ..Default::default()
        };
        let mut channel = Channel::new(&config, 1).expect("valid settings");
        for _ in 0..WARM_UP_STEPS {
            channel.step().expect("a finite flow");
        }
        let [nx, ny, nz] = points;
        group.throughput(Throughput::Elements((nx * ny * nz) as u64));
        group.bench_function(
            BenchmarkId::from_parameter(format!("{nx}x{ny}x{nz}")),
            |bencher| {
                bencher.iter(|| channel.step().expect("a finite flow"));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, step);
criterion_main!(benches);
