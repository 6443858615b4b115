//! Greedy decoding with keys and values kept, against reading the whole prefix again for every word:
//!
//! ```text
//! cargo bench -p rheome-prose --features libtorch --bench decode [-- --quick | -- small]
//! ```
//!
//! The published network (512 wide, 8 layers) decodes 60 words for 64 series of 64 points, or for as many as
//! `RHEOME_BENCH_SERIES` says: with 64 one core takes half an hour. The small one is a quarter as wide. Both ways choose the same
//! words: the bench fails otherwise. One thread computes, or as many as `RHEOME_BENCH_THREADS` says.

use std::time::Duration;

use burn::tensor::{Int, Tensor, TensorData};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rheome_backend::device::{cpu_backends, set_threads};
use rheome_prose::{Fused, Prose, ProseConfig, Series, Symbols, Trajectory};

/// Words of every equation.
const WORDS: usize = 60;

/// Size of a problem.
struct Case {
    name: &'static str,
    config: ProseConfig,
    series: usize,
}

fn cases() -> [Case; 2] {
    let small = ProseConfig {
        width: 128,
        text_encoder: 2,
        fusion: 2,
        data_decoder: 1,
        text_decoder: 4,
        ..ProseConfig::default()
    };
    [
        Case {
            name: "small",
            config: small,
            series: 16,
        },
        Case {
            name: "published",
            config: ProseConfig {
                // Decoding words does not ask the decoder of the data.
                data_decoder: 1,
                ..ProseConfig::default()
            },
            series: number("RHEOME_BENCH_SERIES").unwrap_or(64),
        },
    ]
}

/// Features of sine waves with a rough equation: none of the work depends on the numbers.
fn encode(model: &Prose, series: usize) -> Fused {
    let device = model.device();
    let times: Vec<f64> = (0..64).map(|point| f64::from(point) / 32.0).collect();
    let states = |phase: usize| -> Vec<f64> {
        let state = |t: &f64| [0.0, 1.0, 2.0].map(|k| (t * (1.0 + k) + phase as f64).sin());
        times.iter().flat_map(state).collect()
    };
    let states: Vec<Vec<f64>> = (0..series).map(states).collect();
    let members: Vec<Trajectory> = states
        .iter()
        .map(|states| Trajectory {
            times: &times,
            states,
            components: 3,
        })
        .collect();
    let words = model.config().words().expect("a valid dimension");
    let rough = [
        "add",
        "mul",
        "<PLACEHOLDER>",
        "u_0",
        "mul",
        "<PLACEHOLDER>",
        "u_1",
    ];
    let ids = rough.map(|word| words.id(word).expect("a word"));
    let padding = words.id(rheome_equations::PADDING).expect("a word");
    let symbols = vec![ids.to_vec(); series];
    let series = Series::new(&members, 3, &device).expect("series that fit");
    let symbols = Symbols::new(&symbols, words.size(), padding, &device).expect("known words");
    model.encode(&series, Some(&symbols)).expect("a batch")
}

/// The first words, the same of all series: `[series, 1]`.
fn first(model: &Prose, series: usize) -> Tensor<2, Int> {
    let words = model.config().words().expect("a valid dimension");
    let begin = words.id(rheome_equations::BEGIN).expect("a word") as i32;
    Tensor::from_data(
        TensorData::new(vec![begin; series], [series, 1]),
        &model.device(),
    )
}

fn with_kept_keys_and_values(model: &Prose, fused: &Fused, series: usize) -> Vec<i32> {
    let (decoder, mut cache) = model.begin_words(fused).expect("a network that writes");
    let mut word = first(model, series);
    let mut all = vec![word.clone()];
    for _ in 1..WORDS {
        word = decoder.step(word, &mut cache).argmax(1);
        all.push(word.clone());
    }
    Tensor::cat(all, 1).into_data().iter::<i32>().collect()
}

fn with_the_whole_prefix(model: &Prose, fused: &Fused, series: usize) -> Vec<i32> {
    let mut all = first(model, series);
    for length in 1..WORDS {
        let scores = model.word_scores(fused, all.clone()).expect("scores");
        let last = scores.narrow(1, length - 1, 1).squeeze_dim::<2>(1);
        all = Tensor::cat(vec![all, last.argmax(1)], 1);
    }
    all.into_data().iter::<i32>().collect()
}

/// A number of the environment.
fn number(name: &str) -> Option<usize> {
    let given = std::env::var(name).ok()?;
    let number = given.parse();
    Some(number.unwrap_or_else(|_| panic!("{name}: found {given:?}, expected a number")))
}

fn decode(criterion: &mut Criterion) {
    set_threads(number("RHEOME_BENCH_THREADS").unwrap_or(1));
    for Case {
        name,
        config,
        series,
    } in cases()
    {
        let mut group = criterion.benchmark_group(format!("decoding, {name}"));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(1))
            .measurement_time(Duration::from_secs(1))
            .throughput(Throughput::Elements((series * WORDS) as u64));
        for backend in cpu_backends() {
            let model = Prose::init(&config, 1, &backend.device).expect("a valid size");
            let fused = encode(&model, series);
            let place = backend.choice.to_string();
            let mut kept = None;
            group.bench_function(BenchmarkId::new("kept", &place), |bencher| {
                bencher.iter(|| kept = Some(with_kept_keys_and_values(&model, &fused, series)));
            });
            let mut whole = None;
            group.bench_function(BenchmarkId::new("whole prefix", &place), |bencher| {
                bencher.iter(|| whole = Some(with_the_whole_prefix(&model, &fused, series)));
            });
            if let (Some(kept), Some(whole)) = (kept, whole) {
                assert_eq!(kept, whole, "both ways choose the same words");
            }
        }
        group.finish();
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
