//! The mapping of a sync: the recipe's, with what the document asks for in its place.

use model::{MappingError, MappingLine, Pairing, Path, TableError};
use serde_saphyr::Spanned;

use super::Offer;
use crate::{
    document::{Document, PairingDocument, Problem},
    recipe::Recipe,
};

/// The recipe's mapping with what is asked for in its place.
pub(super) fn mapping(
    document: &Document,
    recipe: &Recipe,
    left: &Offer,
    right: &Offer,
    problems: &mut Vec<Problem>,
) -> Vec<Pairing> {
    let mut defaults = recipe.mapping.clone();
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
    model::resolve_mapping(
        &recipe.kind,
        &left.catalogue,
        &right.catalogue,
        &defaults,
        &asked,
    )
    .unwrap_or_else(|error| {
        problems.push(mapping_problem(&document.mapping, &error));
        Vec::new()
    })
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
            model::Side::Left => line.left.clone(),
            model::Side::Right => line.right.clone(),
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
fn blamed(error: &MappingError) -> Option<(model::Side, &Path)> {
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
        MappingError::Forms { left, .. } => Some((model::Side::Left, left)),
        MappingError::Kind(_) => None,
    }
}
