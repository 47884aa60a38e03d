//! From what people wrote to a definition: pure, given what the recipe says and what both accounts offer.

mod mapping;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::Catalogue;
use proto::connector as wire;
use serde_saphyr::Spanned;

use crate::{
    definition::{About, Collection, Definition, Side},
    document::{Document, Problem, SideDocument},
    ids::ConnectionId,
    policies::Policies,
    recipe::{Recipe, RecipeSide},
};

/// How many names of what exists a complaint lists.
const LISTED: usize = 20;

/// An account, with what it offers for the kind of record.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The connection.
    pub connection: ConnectionId,
    /// The connection's name.
    pub name: String,
    /// The provider.
    pub provider: String,
    /// The account's stable id there.
    pub account_id: String,
    /// What the account may not do, in the provider's words.
    pub missing_rights: Vec<String>,
    /// What the provider is.
    pub about: About,
    /// The account's collections.
    pub collections: Vec<wire::Collection>,
    /// The account's fields.
    pub catalogue: Catalogue,
    /// What the account can hold of a series, as its connector says it; empty for whatever there is.
    pub series: String,
}

/// Everything that is wrong with a document, or its definition.
pub(crate) fn resolve(
    document: &Document,
    recipe: &Recipe,
    left: &Offer,
    right: &Offer,
    any_frequency: bool,
) -> Result<Definition, Vec<Problem>> {
    let mut problems = Vec::new();
    let left_side = side(&document.left, &recipe.left, left, &mut problems);
    let right_side = side(&document.right, &recipe.right, right, &mut problems);
    let policies = policies(document, recipe, any_frequency, &mut problems);
    let mapping = mapping::mapping(document, recipe, &policies, (left, right), &mut problems);
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Definition {
        kind: recipe.kind.clone(),
        left: left_side,
        right: right_side,
        policies,
        mapping,
        criteria: recipe.criteria.clone(),
    })
}

fn side(
    document: &Spanned<SideDocument>,
    recipe: &RecipeSide,
    offer: &Offer,
    problems: &mut Vec<Problem>,
) -> Side {
    let SideDocument {
        connection,
        collection: asked,
        options,
    } = &document.value;
    if offer.provider != recipe.provider {
        problems.push(Problem::at(
            connection,
            format!(
                "connection \"{}\" is a {} account, but this side of the recipe is a {} account; name another \
                 connection",
                offer.name, offer.provider, recipe.provider
            ),
        ));
    }
    for right in &recipe.required_rights {
        if offer.missing_rights.contains(right) {
            problems.push(Problem::at(
                connection,
                format!(
                    "the account of connection \"{}\" lacks the right to {right}; grant it at {}, then sign in again \
                     with `rapport connect {} --name {}`",
                    offer.name, offer.provider, offer.provider, offer.name
                ),
            ));
        }
    }
    Side {
        connection: offer.connection.0,
        connection_name: offer.name.clone(),
        provider: offer.provider.clone(),
        account_id: offer.account_id.clone(),
        collection: asked
            .as_ref()
            .map(|asked| {
                collection(asked, offer).unwrap_or_else(|problem| {
                    problems.push(problem);
                    Collection::default()
                })
            })
            .unwrap_or_default(),
        options: chosen_options(options.as_ref(), recipe, problems),
        about: offer.about,
        series: offer.series.clone(),
    }
}

/// Finds the collection that is named, by its name or id.
fn collection(
    asked: &Spanned<BTreeMap<String, String>>,
    offer: &Offer,
) -> Result<Collection, Problem> {
    let (Some((form, name)), 1) = (asked.value.iter().next(), asked.value.len()) else {
        let message =
            "name one collection, for example { group: Clients }, or none for the whole account";
        return Err(Problem::at(asked, message));
    };
    let of_form: Vec<&wire::Collection> = offer
        .collections
        .iter()
        .filter(|c| c.form == *form)
        .collect();
    if of_form.is_empty() {
        let mut forms: Vec<&str> = offer.collections.iter().map(|c| c.form.as_str()).collect();
        forms.sort_unstable();
        forms.dedup();
        let message = format!(
            "connection \"{}\" has no {form}; it has: {}",
            offer.name,
            listed(forms.into_iter())
        );
        return Err(Problem::at(asked, message));
    }
    let found: Vec<&&wire::Collection> = of_form
        .iter()
        .filter(|c| c.name == *name || c.id == *name)
        .collect();
    match found.as_slice() {
        [one] => Ok(Collection {
            id: one.id.clone(),
            name: one.name.clone(),
            form: one.form.clone(),
        }),
        [] => Err(Problem::at(
            asked,
            format!(
                "connection \"{}\" has no {form} \"{name}\"; there are: {}",
                offer.name,
                listed(of_form.iter().map(|c| c.name.as_str()))
            ),
        )),
        several => Err(Problem::at(
            asked,
            format!(
                "connection \"{}\" has {} of {form} \"{name}\"; write the id of one of them in place of the name: {}",
                offer.name,
                several.len(),
                listed(several.iter().map(|c| c.id.as_str()))
            ),
        )),
    }
}

/// Every option of the recipe's side, as chosen or by default.
fn chosen_options(
    asked: Option<&Spanned<BTreeMap<String, String>>>,
    recipe: &RecipeSide,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, String> {
    let mut options: BTreeMap<String, String> = recipe
        .options
        .iter()
        .filter_map(|(name, words)| Some((name.clone(), words.first()?.clone())))
        .collect();
    let Some(asked) = asked else { return options };
    for (name, word) in &asked.value {
        let message = match recipe.options.get(name) {
            None => format!(
                "{} has no option \"{name}\"; it has: {}",
                recipe.provider,
                listed(recipe.options.keys().map(String::as_str))
            ),
            Some(words) if !words.contains(word) => format!(
                "option {name} cannot be \"{word}\"; write one of: {}",
                listed(words.iter().map(String::as_str))
            ),
            Some(_words) => {
                options.insert(name.clone(), word.clone());
                continue;
            }
        };
        problems.push(Problem::at(asked, message));
    }
    options
}

fn policies(
    document: &Document,
    recipe: &Recipe,
    any_frequency: bool,
    problems: &mut Vec<Problem>,
) -> Policies {
    let Some(asked) = &document.policies else {
        return recipe.policies.clone();
    };
    if recipe.policies.lacks(&asked.value) {
        let message = format!(
            "policies.events are for recipes of events; {} syncs records of the kind {}",
            recipe.name, recipe.kind
        );
        problems.push(Problem::at(asked, message));
    }
    let policies = recipe.policies.with(&asked.value);
    if let Some((name, must)) = policies.problem(any_frequency) {
        problems.push(Problem::at(asked, format!("policies.{name} {must}")));
    }
    policies
}

/// What exists, for a complaint about what does not.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        return "none".to_owned();
    }
    let more = names.len().saturating_sub(LISTED);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 {
        format!("{shown} and {more} more")
    } else {
        shown
    }
}
