//! The mapping of a sync: the recipe's, with what the document asks for in its place.

use model::{MappingError, MappingLine, Pairing, Path, Side, TableError};
use serde_saphyr::Spanned;

use super::Offer;
use crate::{
    document::{Document, PairingDocument, Problem},
    policies::{Policies, events::Recurrence},
    recipe::Recipe,
};

/// The recipe's mapping with what is asked for in its place.
pub(super) fn mapping(
    document: &Document,
    recipe: &Recipe,
    policies: &Policies,
    (left, right): (&Offer, &Offer),
    problems: &mut Vec<Problem>,
) -> Vec<Pairing> {
    let mut defaults = recipe.mapping.clone();
    if let Some(events) = &policies.events {
        defaults.retain(|line| !events.leaves_out(&line.left));
    }
    let mut asked = Vec::new();
    for line in &document.mapping {
        let (Some(left), Some(right)) = (path(&line.left, problems), path(&line.right, problems))
        else {
            continue;
        };
        if let Some(direction) = line.direction.direction() {
            asked.push(MappingLine {
                left,
                right,
                direction,
            });
            continue;
        }
        let before = defaults.len();
        defaults
            .retain(|default| !(covers(&left, &default.left) && covers(&right, &default.right)));
        if defaults.len() == before {
            let message =
                format!("the recipe does not pair {left} with {right}; there is nothing to drop");
            problems.push(Problem::at(&line.left, message));
        }
    }
    let (of_left, of_right) = (&left.catalogue, &right.catalogue);
    match model::resolve_mapping(&recipe.kind, of_left, of_right, &defaults, &asked) {
        Ok(mapping) => {
            if let Some(offer) = without_series(policies, &mapping, left, right) {
                let message = format!(
                    "policies.events.recurrence cannot be sync: connection \"{}\" cannot hold a series; write skip",
                    offer.name
                );
                problems.push(match &document.policies {
                    Some(place) => Problem::at(place, message),
                    None => Problem::nowhere(message),
                });
            }
            mapping
        }
        Err(error) => {
            problems.push(mapping_problem(&document.mapping, &error));
            Vec::new()
        }
    }
}

/// The account that is to hold series and cannot: it would get the first meeting of each, as if that were all.
fn without_series<'a>(
    policies: &Policies,
    mapping: &[Pairing],
    left: &'a Offer,
    right: &'a Offer,
) -> Option<&'a Offer> {
    if policies.events.as_ref()?.recurrence != Recurrence::Sync {
        return None;
    }
    let holds = |side: Side, field: &str| {
        let mut of_field = mapping.iter().filter(|one| one.path(side).field() == field);
        of_field.any(|pairing| pairing.direction.reaches(side))
    };
    let sides = [(Side::Left, left), (Side::Right, right)];
    let mut targets = sides
        .into_iter()
        .filter(|(side, _)| policies.direction.reaches(*side));
    let lacking =
        targets.find(|(side, _)| !(holds(*side, "recurrence") && holds(*side, "overrides")));
    lacking.map(|(_, offer)| offer)
}

/// Whether a path names this one, or the element that it is a part of.
fn covers(path: &Path, of: &Path) -> bool {
    path == of || *path == of.without_part()
}

fn path(text: &Spanned<String>, problems: &mut Vec<Problem>) -> Option<Path> {
    Path::parse(&text.value)
        .map_err(|error| problems.push(Problem::at(text, error.to_string())))
        .ok()
}

/// A complaint about the mapping, at the path that it is about if that is written in the document.
fn mapping_problem(asked: &[PairingDocument], error: &MappingError) -> Problem {
    let written = blamed(error).and_then(|(side, blamed)| {
        let on_side = |line: &'_ PairingDocument| match side {
            Side::Left => line.left.clone(),
            Side::Right => line.right.clone(),
        };
        let names = |text: &Spanned<String>| {
            Path::parse(&text.value).is_ok_and(|path| covers(&path, blamed))
        };
        // Of a path that is mapped twice the second is the one too many.
        asked.iter().rev().map(on_side).find(names)
    });
    match written {
        Some(place) => Problem::at(&place, error.to_string()),
        None => Problem::nowhere(error.to_string()),
    }
}

/// The path that a complaint is about.
fn blamed(error: &MappingError) -> Option<(Side, &Path)> {
    match error {
        MappingError::Table { side, error } => match error {
            TableError::Field { path, .. }
            | TableError::Label(path)
            | TableError::Name(path)
            | TableError::Part { path, .. } => Some((*side, path)),
            TableError::Kind(_) => None,
        },
        MappingError::Unknown { side, path }
        | MappingError::NotReadable { side, path }
        | MappingError::ReadOnly { side, path, .. }
        | MappingError::Twice { side, path, .. } => Some((*side, path)),
        MappingError::Forms { left, .. } => Some((Side::Left, left)),
        MappingError::Kind(_) => None,
    }
}
