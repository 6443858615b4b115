//! Scores of series, and their means by family.

use burn::tensor::Tensor;
use ndarray::Array3;
use rheome_equations::{Batch, DataFile};
use rheome_prose::loss::ContinuationErrors;
use rheome_prose::training::{Lesson, on_device};
use serde_json::{Map, Value, json};

use super::equations::Judged;

/// Problems that are told at most; the tables have all.
const TOLD: usize = 3;

/// How well a series was continued and its equation named.
#[derive(Debug, Clone)]
pub struct Score {
    /// Which of the data.
    pub sample: usize,
    /// Name of its family.
    pub family: String,
    /// Relative L2 errors of the network's continuation: over all times, over the first half, over the second.
    pub network: [f64; 3],
    /// That of the forecast that nothing changes.
    pub persistence: f64,
    /// That of the forecast that everything goes straight on.
    pub straight_line: f64,
    /// The equation, where the network writes one.
    pub equation: Option<Judged>,
}

impl Score {
    /// The scores of a batch: `states` are the network's, `[batch, queries, dimension]`.
    pub fn of_batch(
        batch: &Batch,
        data: &DataFile,
        lesson: &Lesson,
        states: &Tensor<3>,
        judged: Option<Vec<Judged>>,
    ) -> Vec<Self> {
        let network = ContinuationErrors::new(states, &lesson.labels);
        let of_forecast = |forecast: Array3<f32>| {
            let forecast = on_device(&forecast, &states.device());
            ContinuationErrors::new(&forecast, &lesson.labels).whole
        };
        let persistence = of_forecast(batch.persistence());
        let straight_line = of_forecast(batch.straight_on());
        let mut judged = judged.map(Vec::into_iter);
        let rows = batch.samples.iter().enumerate();
        let score = |(row, &sample): (usize, &usize)| {
            let errors = [&network.whole, &network.first_half, &network.second_half];
            Self {
                sample,
                family: data.families()[data.equation(sample).family].name.clone(),
                network: errors.map(|errors| f64::from(errors[row])),
                persistence: f64::from(persistence[row]),
                straight_line: f64::from(straight_line[row]),
                equation: judged.as_mut().and_then(Iterator::next),
            }
        };
        rows.map(score).collect()
    }

    /// What could not be computed.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = match &self.equation {
            Some(judged) => judged.problems.clone(),
            None => Vec::new(),
        };
        if !self.network[0].is_finite() {
            problems.insert(0, "the network's states are not finite".to_owned());
        }
        problems
    }
}

/// All scores.
#[derive(Debug, Default)]
pub struct Scores {
    all: Vec<Score>,
}

/// Means and medians over the series of a family, or over all.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The family, or `all`.
    pub family: String,
    /// Series.
    pub series: usize,
    /// Means of the errors of [`Score::network`].
    pub network: [Option<f64>; 3],
    /// Median over all times.
    pub network_median: Option<f64>,
    /// Mean.
    pub persistence: Option<f64>,
    /// Mean.
    pub straight_line: Option<f64>,
    /// Share of the equations that are valid.
    pub valid: Option<f64>,
    /// Share of the equations that have the true form.
    pub form: Option<f64>,
    /// Share of the equations that have a solution.
    pub solved: Option<f64>,
    /// Mean, where there is one.
    pub right_hand_side: Option<f64>,
    /// Median, where there is one.
    pub right_hand_side_median: Option<f64>,
    /// Mean, where there is one.
    pub solution: Option<f64>,
    /// Median, where there is one.
    pub solution_median: Option<f64>,
    /// Median with fitted constants, where there is one.
    pub refined_median: Option<f64>,
}

impl Scores {
    /// Adds those of a batch.
    pub fn add(&mut self, scores: Vec<Score>) {
        self.all.extend(scores);
    }

    /// Number of series.
    pub fn series(&self) -> usize {
        self.all.len()
    }

    /// The scores, series by series.
    pub fn all(&self) -> &[Score] {
        &self.all
    }

    /// By family in the order of their first series, then over all.
    pub fn summaries(&self) -> Vec<Summary> {
        let mut families: Vec<&str> = Vec::new();
        for score in &self.all {
            if !families.contains(&score.family.as_str()) {
                families.push(&score.family);
            }
        }
        let of_family = |family: &&str| {
            let scores = self.all.iter().filter(|score| score.family == *family);
            Summary::new(family, &scores.collect::<Vec<_>>())
        };
        let mut summaries: Vec<Summary> = families.iter().map(of_family).collect();
        summaries.push(Summary::new("all", &self.all.iter().collect::<Vec<_>>()));
        summaries
    }

    /// The means for programs.
    pub fn summary(&self) -> Value {
        let entry = |s: Summary| {
            let about = json!({
                "series": s.series,
                "relative_l2": s.network[0],
                "persistence": s.persistence,
                "straight_line": s.straight_line,
                "valid": s.valid,
                "form": s.form,
                "solution_median": s.solution_median,
            });
            (s.family, about)
        };
        Value::Object(
            self.summaries()
                .into_iter()
                .map(entry)
                .collect::<Map<_, _>>(),
        )
    }

    /// How many problems of which series there were, with the first few.
    pub fn problems(&self) -> Vec<String> {
        let of_score = |score: &Score| {
            let sample = score.sample;
            let lines = score.problems().into_iter();
            lines
                .map(move |problem| format!("sample {sample}: {problem}"))
                .collect::<Vec<_>>()
        };
        let all: Vec<String> = self.all.iter().flat_map(of_score).collect();
        let mut told: Vec<String> = all.iter().take(TOLD).cloned().collect();
        if all.len() > told.len() {
            told.push(format!(
                "and {} more problems; results.csv has all",
                all.len() - told.len()
            ));
        }
        told
    }
}

impl Summary {
    fn new(family: &str, scores: &[&Score]) -> Self {
        let of = |value: &dyn Fn(&Score) -> Option<f64>| Values::new(scores, value);
        let judged = |value: fn(&Judged) -> Option<f64>| {
            of(&move |score| score.equation.as_ref().and_then(value))
        };
        let share = |is_so: fn(&Judged) -> bool| {
            let of = |score: &Score| Some(f64::from(u8::from(is_so(score.equation.as_ref()?))));
            Values::new(scores, &of).mean()
        };
        Self {
            family: family.to_owned(),
            series: scores.len(),
            network: [0, 1, 2].map(|part| of(&|s| Some(s.network[part])).mean()),
            network_median: of(&|s| Some(s.network[0])).median(),
            persistence: of(&|s| Some(s.persistence)).mean(),
            straight_line: of(&|s| Some(s.straight_line)).mean(),
            valid: share(|judged| judged.valid),
            form: share(|judged| judged.form),
            solved: share(|judged| judged.solution.is_some()),
            right_hand_side: judged(|judged| judged.right_hand_side).mean(),
            right_hand_side_median: judged(|judged| judged.right_hand_side).median(),
            solution: judged(|judged| judged.solution).mean(),
            solution_median: judged(|judged| judged.solution).median(),
            refined_median: judged(|judged| judged.refined).median(),
        }
    }
}

/// Finite values, in order.
struct Values(Vec<f64>);

impl Values {
    fn new(scores: &[&Score], value: &dyn Fn(&Score) -> Option<f64>) -> Self {
        let values = scores.iter().filter_map(|score| value(score));
        let mut values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    fn mean(&self) -> Option<f64> {
        let count = self.0.len();
        (count > 0).then(|| self.0.iter().sum::<f64>() / count as f64)
    }

    fn median(&self) -> Option<f64> {
        let (count, middle) = (self.0.len(), self.0.len() / 2);
        match count {
            0 => None,
            _ if count.is_multiple_of(2) => Some((self.0[middle - 1] + self.0[middle]) / 2.0),
            _ => Some(self.0[middle]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(family: &str, error: f64, solution: Option<f64>) -> Score {
        Score {
            sample: 0,
            family: family.to_owned(),
            network: [error; 3],
            persistence: 1.0,
            straight_line: 2.0,
            equation: Some(Judged {
                valid: solution.is_some(),
                solution,
                problems: match solution {
                    Some(_) => Vec::new(),
                    None => vec!["solution: none".to_owned()],
                },
                ..Judged::default()
            }),
        }
    }

    #[test]
    fn a_metric_that_fails_on_one_series_keeps_the_others() {
        let mut scores = Scores::default();
        scores.add(vec![
            score("a", 0.1, Some(0.5)),
            score("b", f64::NAN, None),
            score("a", 0.3, None),
            score("b", 0.2, Some(0.1)),
        ]);
        let found = scores.summaries();
        let names: Vec<&str> = found.iter().map(|s| s.family.as_str()).collect();
        assert_eq!(names, ["a", "b", "all"]);
        let near = |found: Option<f64>, expected: f64| (found.unwrap() - expected).abs() < 1e-12;
        assert!(near(found[0].network[0], 0.2) && near(found[1].network[0], 0.2));
        assert!(near(found[2].solved, 0.5) && near(found[2].solution_median, 0.3));
        assert_eq!(found[0].refined_median, None);
        let problems = scores.problems();
        assert_eq!(problems.len(), 3);
        assert!(problems[0].contains("not finite"));
    }
}
