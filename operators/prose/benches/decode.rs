//! Greedy decoding with keys and values kept, against reading the whole prefix again for every word:
//!
//! ```text
//! cargo bench -p rheome-prose --features libtorch --bench decode [-- --series 8 --repeats 3 --threads 1 --small]
//! ```
//!
//! The published network (512 wide, 8 layers) decodes 60 words for 8 series of 64 points at once; `--small` takes one a quarter
//! as wide. Reading prefixes again is measured once, on as many series: with 64 (`--series 64`), as a batch of the validation
//! has, one core takes half an hour for it. Both ways choose the same words: the bench fails otherwise. `--kept-only` leaves the
//! rival out, and says what each word costs.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use burn::tensor::{Int, Tensor, TensorData};
use rheome_backend::device::{cpu_backends, set_threads};
use rheome_backend::measurement::{Comparison, Unit, median, seconds};
use rheome_prose::{Fused, Prose, ProseConfig, Series, Symbols, Trajectory};

/// Words of every equation.
const WORDS: usize = 60;
/// What ours should cost at most, in the rival's.
const TARGET: f64 = 0.2;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_given = |name: &str| arguments.iter().any(|argument| argument == name);
    if !is_given("--bench") {
        println!("nothing measured: run this with `cargo bench`");
        return Ok(());
    }
    let number = |name: &str, default: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        let value = at.and_then(|at| arguments.get(at + 1));
        value.map_or(Ok(default), |value| value.parse())
    };
    let (series, repeats) = (number("--series", 8)?, number("--repeats", 3)?);
    set_threads(number("--threads", 1)?);
    let config = config(is_given("--small"));
    let work = format!(
        "{WORDS} words for {series} series, PROSE {} wide, {} layers",
        config.width, config.text_decoder
    );
    println!("{work}");
    for backend in cpu_backends() {
        let model = Prose::init(&config, 1, &backend.device)?;
        let fused = encode(&model, series);
        let mut kept = Vec::new();
        let times = seconds(repeats + 1, || {
            kept = with_kept_keys_and_values(&model, &fused, series);
        });
        // The first run pays for memory that the others find.
        let ours = median(&times[1..]);
        let place = backend.choice.to_string();
        println!("{place:10} keys and values kept: {ours:8.3} s");
        if is_given("--kept-only") {
            continue;
        }
        let mut whole = Vec::new();
        let rival = median(&seconds(1, || {
            whole = with_the_whole_prefix(&model, &fused, series);
        }));
        let comparison = Comparison {
            work: work.clone(),
            ours: place.clone(),
            rival: format!("prefix read again, {place}"),
            unit: Unit::Seconds,
            value: ours,
            rival_value: rival,
            target: Some(TARGET),
        };
        let ratio = comparison.ratio();
        println!("{place:10} prefix read again:    {rival:8.3} s, ratio {ratio:.3}");
        if kept != whole {
            return Err(format!("{place}: both ways chose other words").into());
        }
        comparison.tell()?;
    }
    Ok(())
}

fn config(is_small: bool) -> ProseConfig {
    let published = ProseConfig {
        // Decoding words does not ask the decoder of the data.
        data_decoder: 1,
        ..ProseConfig::default()
    };
    match is_small {
        false => published,
        true => ProseConfig {
            width: 128,
            text_encoder: 2,
            fusion: 2,
            text_decoder: 4,
            ..published
        },
    }
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
