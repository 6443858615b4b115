//! Rough equations: what the network is told about the one it looks for.

use rheome_cli::Failure;
use rheome_equations::{
    EquationError, Family, Mention, Parameters, System, order_of_names, published_families,
    words_among,
};

use crate::trained_model::TrainedModel;

/// An equation that may be roughly right.
pub struct RoughEquation {
    /// Where it comes from: `given`, or the name of a family.
    pub origin: String,
    /// The equation: as it was given, in the units of the series, or without its numbers.
    pub system: System,
}

impl RoughEquation {
    /// Whether the user gave it; otherwise it is a family's.
    pub fn is_given(&self) -> bool {
        self.origin == GIVEN
    }
}

/// The name of an equation that was given.
const GIVEN: &str = "given";

/// The equation that was given; or those of the families with so many components, the ones that the model learnt, or, where it knows
/// none of so many, the published ones.
///
/// # Errors
/// [`Failure`] if the equation cannot be read or does not fit the series, or there is no such family.
pub fn equations(
    given: Option<&str>,
    names: &[String],
    learnt: &[Family],
) -> Result<Vec<RoughEquation>, Failure> {
    let components = names.len();
    if let Some(text) = given {
        let rough = read(text, names).map(|rough| vec![rough]);
        return rough.map_err(|reason| Failure::new(format!("--equation: {reason}")));
    }
    let fits = |family: &Family| family.dimension() == components;
    let mut families = learnt.to_vec();
    families.retain(fits);
    if families.is_empty() {
        families = published_families(true);
        families.retain(fits);
    }
    let rough = families.iter().map(|family| {
        let system = family.system(family.parameters())?.skeleton();
        Ok(RoughEquation {
            origin: family.name().to_owned(),
            system,
        })
    });
    let rough = rough.collect::<Result<Vec<_>, Failure>>()?;
    match rough.is_empty() {
        false => Ok(rough),
        true => Err(Failure::new(format!(
            "no family that the model learnt, and no published one, has {components} component(s) to try; tell roughly what you expect with --equation, C for each \
             number: \"C x - C x y | C x y - C y\""
        ))),
    }
}

/// Why the network cannot be told one of these equations.
pub fn beyond_network(rough: &[RoughEquation], trained: &TrainedModel) -> Option<String> {
    if !trained.network.config().modalities.reads_symbols() {
        return None;
    }
    let told = rough
        .iter()
        .map(|rough| trained.words.encode(&rough.system.skeleton()));
    let problem = told.filter_map(Result::err).next()?;
    Some(format!("--equation: {problem}"))
}

/// Checks that the right-hand sides of an equation are those of the components called `names`, in their order, as far as the names tell;
/// returns what whoever wrote it should know if another order can be meant.
///
/// # Errors
/// [`Failure`] where another order is what everybody means.
pub fn check_order(text: &str, names: &[String]) -> Result<Option<String>, Failure> {
    let mention = order_of_names(text, names);
    let mention = mention.map_err(|reason| Failure::new(format!("--equation: {reason}")))?;
    let mentioned = match mention {
        Mention::Certain | Mention::InOrder => return Ok(None),
        Mention::AgainstCustom(order) => {
            return Err(Failure::new(format!(
                "--equation: found right-hand sides alone, which are taken in the order of the components ({}), expected to be told whose each is: {}",
                names.join(", "),
                remedy(&order, names)
            )));
        }
        Mention::Otherwise(mentioned) => mentioned,
    };
    let rest = (0..names.len()).filter(|place| !mentioned.contains(place));
    let order: Vec<usize> = mentioned.iter().copied().chain(rest).collect();
    Ok(Some(format!(
        "--equation: right-hand sides are taken in the order of the components ({}), and these appear in another one; where {} was meant, {}",
        names.join(", "),
        in_order(&order, names, ", "),
        remedy(&order, names)
    )))
}

/// What is to be known of components whose names an equation understands otherwise: `C`, or `sin`.
///
/// # Errors
/// [`Failure`] if the equation cannot be read.
pub fn words_for_names(text: &str, names: &[String]) -> Result<Vec<String>, Failure> {
    let places = words_among(text, names);
    let places = places.map_err(|reason| Failure::new(format!("--equation: {reason}")))?;
    let note = |place: usize| {
        let name = &names[place];
        let is = match name.as_str() {
            "C" => "a number that is not known",
            _ => "a word of equations",
        };
        format!("--equation: {name} is {is}; the component called so is written u_{place}")
    };
    Ok(places.into_iter().map(note).collect())
}

/// How to say what is meant.
fn remedy(order: &[usize], names: &[String]) -> String {
    format!(
        "write left-hand sides (d{}/dt = ...), or give --components {}",
        names[order[0]],
        in_order(order, names, ",")
    )
}

fn in_order(order: &[usize], names: &[String], between: &str) -> String {
    let names: Vec<&str> = order.iter().map(|place| names[*place].as_str()).collect();
    names.join(between)
}

/// Reads an equation of the series' components, called by `names`, or by number (`u_0`, or `x`).
fn read(text: &str, names: &[String]) -> Result<RoughEquation, String> {
    let components = names.len();
    let system = System::parse_with_names(text, &Parameters::new(), names);
    let system = system.map_err(|e| match &e {
        EquationError::Formula { .. } => {
            format!("{e}; the components of the series are {}", names.join(", "))
        }
        _ => e.to_string(),
    })?;
    if system.dimension() != components {
        return Err(format!(
            "found {} component(s), expected {components}, those of the series",
            system.dimension()
        ));
    }
    system.check_closed().map_err(|e| e.to_string())?;
    Ok(RoughEquation {
        origin: GIVEN.to_owned(),
        system,
    })
}
