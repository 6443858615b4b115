//! The network of PROSE against the authors' PyTorch code: every stage, both losses, greedy decoding, and the same weights
//! from a PyTorch checkpoint and back; on every CPU backend that was built.
//!
//! Everything about a case is read from its folder, so that the suite runs over any folder of the kind (`RHEOME_GOLDEN`).

use std::process::ExitCode;

use burn::tensor::{Device, Tensor, TensorData};
use rheome_backend::weights::StateDict;
use rheome_equations::{BEGIN, PADDING};
use rheome_prose::decoding::{Decoding, DecodingSettings};
use rheome_prose::loss::{cross_entropy, relative_squared_error};
use rheome_prose::model::padding::{Lengths, Padding};
use rheome_prose::{Fused, Prose, ProseConfig, Series, Symbols};
use rheome_tests::devices::on_every_path;
use rheome_tests::golden::{Golden, Tensors, relative_difference};
use rheome_tests::report::Report;

const TOLERANCE: f64 = 1e-4;

fn main() -> ExitCode {
    let mut report = Report::default();
    let is_kind = |meta: &serde_json::Value| meta["layers"]["fusion"].is_number();
    for golden in Golden::folders(is_kind) {
        on_every_path(|selected, path| {
            let place = format!("{} on {path}", golden.name());
            Case::new(&golden, selected.device.clone(), place).run(&mut report);
        });
    }
    report.finish("parity_prose")
}

/// One folder on one device.
struct Case<'a> {
    golden: &'a Golden,
    place: String,
    device: Device,
    io: Tensors,
    config: ProseConfig,
    model: Prose,
    series: Series,
    skeletons: Symbols,
    targets: Symbols,
    fused: Fused,
    /// Those behind the input: `[1, queries]`.
    times: Tensor<2>,
}

impl<'a> Case<'a> {
    fn new(golden: &'a Golden, device: Device, place: String) -> Self {
        let io = golden.tensors("io.safetensors").expect("io.safetensors");
        let config = config(golden);
        let model = load(&config, golden, &device);
        let series = Series {
            points: io.on("data_input", &device),
            lengths: lengths(&io, "data_lengths", "data_input"),
        };
        let symbols = |ids: &str, numbers: &str| Symbols {
            ids: Tensor::from_data(io.get(ids).expect("ids").clone(), &device),
            lengths: lengths(&io, numbers, ids),
        };
        let skeletons = symbols("skeleton_ids", "skeleton_lengths");
        let targets = symbols("target_ids", "target_lengths");
        let fused = model
            .encode(&series, Some(&skeletons))
            .unwrap_or_else(|e| panic!("{e}"));
        let first = golden.number("input_len");
        let times = io.on::<1>("times", &device);
        let times = times.clone().narrow(0, first, times.dims()[0] - first);
        Self {
            golden,
            place,
            config,
            model,
            series,
            skeletons,
            targets,
            fused,
            times: times.unsqueeze(),
            io,
            device,
        }
    }

    fn run(&self, report: &mut Report) {
        self.vocabulary(report);
        self.encoders(report);
        self.decoders(report);
        self.losses(report);
        self.greedy(report);
        self.files(report);
    }

    fn compare<const D: usize>(&self, report: &mut Report, found: Tensor<D>, name: &str) {
        let expected = self.io.get(name).unwrap_or_else(|| panic!("no {name}"));
        let difference = relative_difference(&found.into_data(), expected);
        report.check(&self.place, name, difference, TOLERANCE);
    }

    /// Words whose ids differ from the published ones.
    fn vocabulary(&self, report: &mut Report) {
        let words = self.config.words().expect("a vocabulary");
        let published = self.golden.meta["vocabulary"].as_object().expect("words");
        let same = |(word, id): &(&String, &serde_json::Value)| {
            words
                .id(word)
                .is_ok_and(|found| Some(u64::from(found)) == id.as_u64())
        };
        let wrong = published.iter().filter(|entry| !same(entry)).count();
        let size = words.size().abs_diff(self.golden.number("n_words"));
        report.check(&self.place, "ids of words", (wrong + size) as f64, 0.0);
    }

    fn encoders(&self, report: &mut Report) {
        let embedded = self.model.embedder.forward(self.series.points.clone());
        self.compare(report, embedded.clone(), "embedded");
        let padding = Padding::new(&[&self.series.lengths], &self.device);
        let data = self.model.data_encoder.forward(embedded, &padding);
        self.compare(report, data, "data_encoded");
        let padding = Padding::new(&[&self.skeletons.lengths], &self.device);
        let encoder = self.model.text_encoder.as_ref().expect("an encoder");
        let text = encoder.forward(self.skeletons.ids.clone(), &padding);
        self.compare(report, text, "text_encoded");
        let text = self.fused.text.as_ref().expect("features of the symbols");
        let parts = vec![self.fused.data.values.clone(), text.values.clone()];
        self.compare(report, Tensor::cat(parts, 1), "fused");
    }

    fn decoders(&self, report: &mut Report) {
        let queries = self.model.data_decoder.queries(self.times.clone());
        self.compare(report, queries.squeeze_dim::<2>(0), "query_embedding");
        let states = self.model.predict(&self.fused, self.times.clone());
        self.compare(report, states, "data_output");
        // The published scores of padding come from features set to zero; nothing is computed from them.
        let expected: Tensor<3> = self.io.on("symbol_logits", &self.device);
        let pairs = self.targets.lengths.each.iter().enumerate();
        let differences = pairs.map(|(member, length)| {
            let part = |scores: Tensor<3>| {
                let member = scores.narrow(0, member, 1);
                member.narrow(1, 0, *length).into_data()
            };
            relative_difference(&part(self.word_scores()), &part(expected.clone()))
        });
        let worst = differences.fold(0.0, f64::max);
        report.check(&self.place, "symbol_logits", worst, TOLERANCE);
    }

    fn word_scores(&self) -> Tensor<3> {
        self.model
            .word_scores(&self.fused, self.targets.ids.clone())
            .unwrap_or_else(|e| panic!("{e}"))
    }

    fn losses(&self, report: &mut Report) {
        let labels: Tensor<3> = self.io.on("data_label", &self.device);
        let first = self.golden.number("input_len");
        let labels = labels.clone().narrow(1, first, labels.dims()[1] - first);
        let states = self.model.predict(&self.fused, self.times.clone());
        let value = |loss: Tensor<1>| f64::from(loss.into_scalar::<f32>());
        let data = value(relative_squared_error(states, labels));
        let symbols = value(cross_entropy(self.word_scores(), &self.targets));
        for (name, found) in [
            ("data", data),
            ("symbols", symbols),
            ("total", 6.0 * data + symbols),
        ] {
            let published = self.golden.meta["losses"][name].as_f64().expect("a number");
            let what = format!("loss: {name}");
            let difference = (found / published - 1.0).abs();
            report.check(&self.place, &what, difference, TOLERANCE);
        }
    }

    /// Words of the greedy equations that differ from the published ones.
    fn greedy(&self, report: &mut Report) {
        let published = self.io.get("greedy_ids").expect("greedy_ids");
        let longest = published.shape()[1];
        let settings = DecodingSettings {
            max_words: longest,
            ..DecodingSettings::default()
        };
        let decoding = Decoding::new(&settings, self.config.words().expect("words"));
        let found = decoding
            .and_then(|decoding| decoding.run(&self.model, &self.fused, &[]))
            .unwrap_or_else(|e| panic!("{e}"));
        let words = self.config.words().expect("a vocabulary");
        let id = |word| words.id(word).expect("a special word");
        let ids: Vec<u32> = published.iter::<i64>().map(|id| id as u32).collect();
        let lengths = lengths(&self.io, "greedy_lengths", "greedy_ids");
        let mut wrong = found.len().abs_diff(lengths.each.len());
        for ((found, published), length) in found.iter().zip(ids.chunks(longest)).zip(lengths.each)
        {
            let mut ours = vec![id(BEGIN)];
            ours.extend(&found[0].ids);
            ours.push(id(rheome_equations::END));
            ours.resize(longest.max(ours.len()), id(PADDING));
            let differ = ours.iter().zip(&published[..length]);
            wrong += differ.filter(|(a, b)| a != b).count();
        }
        report.check(&self.place, "greedy ids", wrong as f64, 0.0);
    }

    /// What is written is what was read, the fixed tables included.
    fn files(&self, report: &mut Report) {
        let name = format!("rheome-parity-prose-{}.safetensors", std::process::id());
        let path = std::env::temp_dir().join(name);
        self.model
            .save(&path, &[])
            .unwrap_or_else(|e| panic!("{e}"));
        let written = StateDict::read(&path).unwrap_or_else(|e| panic!("{e}"));
        let again = Prose::init(&self.config, 1, &self.device).and_then(|m| m.load(&path));
        let again = again.unwrap_or_else(|e| panic!("{e}"));
        std::fs::remove_file(&path).unwrap_or_else(|e| panic!("{e}"));
        let checkpoint = self.golden.tensors("checkpoint.pt").expect("a checkpoint");
        let names = checkpoint.0.keys().eq(written.tensors.keys());
        report.check(
            &self.place,
            "names differ",
            f64::from(u8::from(!names)),
            0.0,
        );
        let pairs = checkpoint.0.iter().filter_map(|(name, data)| {
            let found: &TensorData = written.tensors.get(name)?;
            Some(relative_difference(found, data))
        });
        report.check(
            &self.place,
            "weights written",
            pairs.fold(0.0, f64::max),
            1e-6,
        );
        let states = again
            .encode(&self.series, Some(&self.skeletons))
            .map(|fused| again.predict(&fused, self.times.clone()));
        self.compare(
            report,
            states.unwrap_or_else(|e| panic!("{e}")),
            "data_output",
        );
    }
}

/// The configuration of a folder, from its `meta.json`.
fn config(golden: &Golden) -> ProseConfig {
    let layers = |part: &str| {
        let number = golden.meta["layers"][part].as_u64();
        number.unwrap_or_else(|| panic!("no layers of {part}")) as usize
    };
    ProseConfig {
        dimension: golden.number("max_output_dimension"),
        width: golden.number("width"),
        heads: golden.number("heads"),
        data_encoder: layers("data_encoder"),
        text_encoder: layers("text_encoder"),
        fusion: layers("fusion"),
        data_decoder: layers("data_decoder"),
        text_decoder: layers("text_decoder"),
        ..ProseConfig::default()
    }
}

fn lengths(io: &Tensors, numbers: &str, places: &str) -> Lengths {
    let each = io.get(numbers).unwrap_or_else(|| panic!("no {numbers}"));
    let longest = io.get(places).expect("the sequences").shape()[1];
    Lengths {
        each: each.iter::<i64>().map(|length| length as usize).collect(),
        longest,
    }
}

fn load(config: &ProseConfig, golden: &Golden, device: &Device) -> Prose {
    Prose::init(config, 0, device)
        .and_then(|model| model.load(&golden.path.join("checkpoint.pt")))
        .unwrap_or_else(|e| panic!("{e}"))
}
