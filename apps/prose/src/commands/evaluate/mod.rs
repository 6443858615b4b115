//! `prose evaluate`: how well a network continues series and names their equations, beside forecasts that need none.

mod equations;
mod pictures;
mod scores;
mod tables;

use std::sync::Arc;

use burn::tensor::Tensor;
use ndarray::Array3;
use rheome_cli::outputs::NewFolder;
use rheome_cli::settings::at_fault;
use rheome_cli::{Console, Failure, Interruption, Meter, RunFiles, files, say};
use rheome_equations::{Batch, BatchReader, DataFile};
use rheome_prose::Fused;
use rheome_prose::decoding::{Decoding, DecodingSettings, Method};
use rheome_prose::training::Lesson;
use serde_json::json;

use super::PROGRAM;
use crate::arguments::EvaluateArguments;
use crate::samples::some_of;
use crate::trained_model::TrainedModel;
use equations::{Judge, Written};
use pictures::Pictures;
use scores::{Score, Scores};

/// Runs the command.
pub fn run(arguments: &EvaluateArguments) -> Result<(), Failure> {
    let console = arguments.compute.console();
    let files = arguments.source.files(&[PROGRAM.name])?;
    let output = NewFolder {
        option: "--output",
        path: &arguments.output,
        results: &tables::OUTPUTS,
        overwrite: arguments.overwrite,
    };
    RunFiles::default()
        .read("data", &arguments.data)
        .read_model(&arguments.source)
        .write_folder(output.option, output.path, output.results)
        .log(&arguments.compute)
        .check()?;
    output.check()?;
    let data = Arc::new(DataFile::open(&arguments.data)?);
    let settings = TrainedModel::settings(&files, &arguments.overrides)?;
    settings
        .check_data(&data)
        .map_err(|failure| at_fault(&files.config, &arguments.overrides, failure))?;
    let device = arguments.compute.select(console)?.device;
    let trained = TrainedModel::load(&files, &arguments.overrides, &device)?;
    let evaluation = Evaluation::new(arguments, &trained, data)?;
    let _claim = output.begin()?;
    let mut log = arguments.compute.log(false)?;
    let (scores, pictures) = evaluation.run(console)?;
    scores.write(&arguments.output)?;
    match arguments.plots {
        true => pictures.draw(&arguments.output)?,
        // Those of before are no pictures of these tables.
        false => {
            let older = pictures::FILES.map(|name| arguments.output.join(name));
            files::remove_older(older)?;
        }
    }
    if !arguments.compute.quiet {
        say(scores.table().trim_end());
    }
    scores.problems().iter().for_each(|line| console.note(line));
    log.line(&json!({"event": "evaluated", "families": scores.summary()}))?;
    console.note(format!("wrote {}", arguments.output.display()));
    Ok(())
}

/// A network and what it is judged by.
struct Evaluation<'a> {
    trained: &'a TrainedModel,
    data: Arc<DataFile>,
    reader: BatchReader,
    decoding: Option<Decoding>,
    judge: Judge,
}

impl<'a> Evaluation<'a> {
    fn new(
        arguments: &EvaluateArguments,
        trained: &'a TrainedModel,
        data: Arc<DataFile>,
    ) -> Result<Self, Failure> {
        let settings = &trained.settings;
        let seed = arguments.compute.seed.unwrap_or(settings.training.seed);
        let samples = match arguments.subset.subset() {
            Some(subset) => data.subset(&settings.data.split, subset),
            None => (0..data.samples()).collect(),
        };
        if samples.is_empty() {
            return Err(Failure::new(format!(
                "{}: data.split of the model leaves no equation for this part of the data; choose another --subset",
                data.path().display()
            )));
        }
        let samples = some_of(samples, arguments.samples, seed);
        let batch = arguments.given.apply(settings.data.batch);
        let reader = BatchReader::new(data.clone(), samples, trained.words.clone(), batch, seed)?;
        let writes_symbols = settings.model.modalities.writes_symbols();
        let decoding = || trained.decoding(&decoding_settings(arguments, &settings.decoding));
        Ok(Self {
            trained,
            data,
            reader,
            decoding: writes_symbols.then(decoding).transpose()?,
            judge: Judge {
                seed,
                refine: arguments.refine,
            },
        })
    }

    fn run(&self, console: Console) -> Result<(Scores, Pictures), Failure> {
        let total = self.reader.samples() as u64;
        let mut meter = Meter::new(console, "evaluate", "series", total, 0);
        let interruption = Interruption::watch(console)?;
        let mut scores = Scores::default();
        let mut pictures = Pictures::default();
        for number in 0..self.reader.batches_of_evaluation() {
            interruption.check(|| "nothing is written".to_owned())?;
            let batch = self.reader.evaluation(number)?;
            let lesson = Lesson::new(&batch, &self.trained.device);
            let network = &self.trained.network;
            let fused = network.encode(
                &lesson.series,
                self.reads_symbols().then_some(&lesson.symbols),
            )?;
            let states = network.predict(&fused, lesson.times.clone()) * lesson.components.clone();
            let written = self.write(&batch, &fused);
            let judged = self.judge.judge(&batch, &self.data, written)?;
            let new = Score::of_batch(&batch, &self.data, &lesson, &states, judged);
            pictures.add(&batch, &on_host(states)?, &new);
            scores.add(new);
            meter.advance_to(scores.series() as u64, "");
        }
        meter.finish();
        Ok((scores, pictures))
    }

    /// The equations of a batch; for all the same reason why there are none where the scores of a network are not finite.
    fn write(&self, batch: &Batch, fused: &Fused) -> Written {
        let Some(decoding) = &self.decoding else {
            return Written::None;
        };
        match decoding.run(&self.trained.network, fused, &batch.dimensions) {
            Ok(found) => Written::Equations {
                systems: found
                    .iter()
                    .map(|beam| beam.iter().map(|d| decoding.system(d)).collect())
                    .collect(),
            },
            Err(error) => Written::Failed(error.to_string()),
        }
    }

    fn reads_symbols(&self) -> bool {
        self.trained.network.config().modalities.reads_symbols()
    }
}

/// States of a batch on the host: `[batch, queries, dimension]`.
fn on_host(states: Tensor<3>) -> Result<Array3<f32>, Failure> {
    let shape = states.dims();
    let numbers: Vec<f32> = states.into_data().iter::<f32>().collect();
    Ok(Array3::from_shape_vec(shape, numbers)?)
}

fn decoding_settings(
    arguments: &EvaluateArguments,
    trained: &DecodingSettings,
) -> DecodingSettings {
    let method = arguments.beam.map(|width| Method::Beam {
        width,
        length_penalty: 0.0,
    });
    DecodingSettings {
        method: method.unwrap_or(trained.method),
        grammatical: trained.grammatical || arguments.grammatical,
        ..trained.clone()
    }
}
