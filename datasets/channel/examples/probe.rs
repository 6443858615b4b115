//! Watch a minimal channel settle: one line of diagnostics per time unit.

use std::time::Instant;

use rheome_channel::{Channel, ChannelConfig, Filter, TimeStep, UniformGrid};
use rheome_statistics::ProfileStatistics;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let ny: usize = arguments.get(1).map_or(Ok(65), |a| a.parse())?;
    let cfl: f64 = arguments.get(2).map_or(Ok(0.5), |a| a.parse())?;
    let end: u32 = arguments.get(3).map_or(Ok(15), |a| a.parse())?;
    let config = ChannelConfig {
        points: [32, ny, 32],
        time_step: TimeStep::Cfl {
            number: cfl,
            max: 0.01,
        },
        ..Default::default()
    };
    let mut channel = Channel::new(&config, 1)?;
    let grid = UniformGrid::new([16, 33, 16], config.lengths)?;
    let mut statistics = ProfileStatistics::new(33);
    for unit in 1..=end {
        let start = Instant::now();
        for k in 1..=10 {
            channel.advance_to(f64::from(unit - 1) + f64::from(k) / 10.0)?;
            if unit > 8 {
                statistics.add(&channel.sample(&grid, Filter::Sharp), grid.points, 3)?;
            }
        }
        let d = channel.diagnostics();
        println!(
            "t {:.1} steps {} dt {:.5} bulk {:.3} shear {:.3} {:.3} E' {:.3} P {:.2} eps {:.2} div {:.1e} | {:.1} s",
            d.time,
            channel.steps(),
            channel.dt(),
            d.bulk_velocity,
            d.wall_shear[0],
            d.wall_shear[1],
            d.fluctuation_energy,
            d.production,
            d.dissipation,
            d.divergence,
            start.elapsed().as_secs_f64()
        );
    }
    let p = statistics.profiles().symmetrized();
    println!(
        "mean {:.2?}\nurms {:.2?}\nvrms {:.2?}\nwrms {:.2?}\nuv {:.2?}",
        &p.mean[0][..17],
        &p.rms[0][..17],
        &p.rms[1][..17],
        &p.rms[2][..17],
        &p.shear_stress[..17]
    );
    Ok(())
}
