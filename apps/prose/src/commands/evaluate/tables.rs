//! Tables of scores: `results.csv` with a row a series, `families.csv` with means and medians.

use std::path::Path;

use rheome_cli::Failure;
use rheome_cli::table::{Cell, Column, choose, column, markdown, write_csv};

use super::equations::Judged;
use super::pictures;
use super::scores::{Score, Scores, Summary};

const RESULTS: &str = "results.csv";
const FAMILIES: &str = "families.csv";
/// What is written: the tables, and the pictures of `--plots`.
pub const OUTPUTS: [&str; 6] = {
    let [errors_png, errors_svg, series_png, series_svg] = pictures::FILES;
    [
        RESULTS, FAMILIES, errors_png, errors_svg, series_png, series_svg,
    ]
};

/// A number of the equation, where there is one.
fn judged(score: &Score, value: fn(&Judged) -> Option<f64>) -> Cell {
    Cell::Number(score.equation.as_ref().and_then(value))
}

/// Whether the equation is so: 1 or 0.
fn is_so(score: &Score, so: fn(&Judged) -> bool) -> Cell {
    Cell::Count(
        score
            .equation
            .as_ref()
            .map(|judged| usize::from(so(judged))),
    )
}

const OF_SERIES: [Column<Score>; 14] = [
    column("sample", "sample", |s| Cell::Count(Some(s.sample))),
    column("family", "family", |s| Cell::Word(s.family.clone())),
    column("error", "relative_l2", |s| Cell::Number(Some(s.network[0]))),
    column("1st half", "relative_l2_first_half", |s| {
        Cell::Number(Some(s.network[1]))
    }),
    column("2nd half", "relative_l2_second_half", |s| {
        Cell::Number(Some(s.network[2]))
    }),
    column("persistence", "relative_l2_of_persistence", |s| {
        Cell::Number(Some(s.persistence))
    }),
    column("straight line", "relative_l2_of_straight_line", |s| {
        Cell::Number(Some(s.straight_line))
    }),
    column("valid", "valid", |s| is_so(s, |j| j.valid)),
    column("form", "right_skeleton", |s| is_so(s, |j| j.form)),
    column("right-hand side", "right_hand_side_error", |s| {
        judged(s, |j| j.right_hand_side)
    }),
    column("solution", "solution_error", |s| judged(s, |j| j.solution)),
    column("refined", "refined_solution_error", |s| {
        judged(s, |j| j.refined)
    }),
    column("equation", "equation", |s| {
        Cell::Word(
            s.equation
                .as_ref()
                .map_or(String::new(), |j| j.equation.clone()),
        )
    }),
    column("problems", "problems", |s| {
        Cell::Word(s.problems().join("; "))
    }),
];

/// Which of [`OF_FAMILIES`] readers see, and under which titles; `families.csv` has more.
const SHOWN: [(&str, &str); 11] = [
    ("family", "family"),
    ("series", "series"),
    ("error", "relative_l2"),
    ("persist.", "relative_l2_of_persistence"),
    ("line", "relative_l2_of_straight_line"),
    ("valid", "valid"),
    ("form", "right_skeleton"),
    ("rhs", "right_hand_side_error_median"),
    ("solved", "solved"),
    ("solution", "solution_error_median"),
    ("refined", "refined_solution_error_median"),
];

/// What the columns of [`SHOWN`] are.
const LEGEND: &str = "\
error, persist., line: mean relative L2 errors of the network's continuation, of no change, and of a straight line;
valid, form, solved: shares of the equations that are equations, that have the true form, that can be integrated;
rhs, solution, refined: median errors of their right-hand sides and solutions, and of solutions with fitted constants.
families.csv and results.csv have more columns.";

const OF_FAMILIES: [Column<Summary>; 16] = [
    column("family", "family", |s| Cell::Word(s.family.clone())),
    column("series", "series", |s| Cell::Count(Some(s.series))),
    column("error", "relative_l2", |s| Cell::Percent(s.network[0])),
    column("median error", "relative_l2_median", |s| {
        Cell::Percent(s.network_median)
    }),
    column("1st half", "relative_l2_first_half", |s| {
        Cell::Percent(s.network[1])
    }),
    column("2nd half", "relative_l2_second_half", |s| {
        Cell::Percent(s.network[2])
    }),
    column("persist.", "relative_l2_of_persistence", |s| {
        Cell::Percent(s.persistence)
    }),
    column("line", "relative_l2_of_straight_line", |s| {
        Cell::Percent(s.straight_line)
    }),
    column("valid", "valid", |s| Cell::Percent(s.valid)),
    column("form", "right_skeleton", |s| Cell::Percent(s.form)),
    column("rhs", "right_hand_side_error", |s| {
        Cell::Percent(s.right_hand_side)
    }),
    column("median rhs", "right_hand_side_error_median", |s| {
        Cell::Percent(s.right_hand_side_median)
    }),
    column("solved", "solved", |s| Cell::Percent(s.solved)),
    column("solution", "solution_error", |s| Cell::Percent(s.solution)),
    column("median solution", "solution_error_median", |s| {
        Cell::Percent(s.solution_median)
    }),
    column("refined", "refined_solution_error_median", |s| {
        Cell::Percent(s.refined_median)
    }),
];

impl Scores {
    /// Writes both tables; a kill at any moment leaves old ones or new ones.
    ///
    /// # Errors
    /// [`Failure`] naming the file.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        write_csv(&folder.join(RESULTS), &OF_SERIES, self.all())?;
        write_csv(&folder.join(FAMILIES), &OF_FAMILIES, &self.summaries())
    }

    /// Means and medians by family, for readers, and what they are.
    pub fn table(&self) -> String {
        format!(
            "{}{LEGEND}",
            markdown(&choose(&OF_FAMILIES, &SHOWN), &self.summaries())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_title_of_its_own_that_the_legend_explains() {
        let titles: Vec<&str> = SHOWN.iter().map(|(title, _)| *title).collect();
        for (place, title) in titles.iter().enumerate().skip(2) {
            assert!(!titles[..place].contains(title), "{title}");
            assert!(LEGEND.contains(title), "{title}");
        }
        // Each is a column of the file.
        let names = OF_FAMILIES.map(|column| column.name);
        assert!(SHOWN.iter().all(|(_, name)| names.contains(name)));
        assert!(LEGEND.lines().all(|line| line.chars().count() <= 120));
    }
}
