//! Recipes: named presets, as data. See `recipes/README.md` for what a recipe says.

use std::{collections::BTreeMap, sync::LazyLock};

use model::{MappingLine, Path};
use serde::Deserialize;

use crate::policies::Policies;

/// The recipes of this program; a test holds each of them to be well-formed.
const FILES: [&str; 2] = [
    include_str!("../recipes/zoho-google-contacts.yaml"),
    include_str!("../recipes/zoho-google-calendar.yaml"),
];

/// A named preset of a sync.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipe {
    /// Its name in sync files.
    #[serde(rename = "recipe")]
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The kind of record.
    pub kind: String,
    /// What must be on the left.
    pub left: RecipeSide,
    /// What must be on the right.
    pub right: RecipeSide,
    /// Every policy, unless the sync says otherwise.
    pub policies: Policies,
    /// By which paths records are matched, best first.
    #[serde(rename = "match")]
    pub criteria: Vec<Criterion>,
    /// The default mapping.
    pub mapping: Vec<MappingLine>,
}

/// What a recipe says of one side.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecipeSide {
    /// The provider.
    pub provider: String,
    /// Without these rights of the account the sync is refused, in the provider's words.
    #[serde(default)]
    pub required_rights: Vec<String>,
    /// The provider's own options, each with the words that it allows, the default first.
    #[serde(default)]
    pub options: BTreeMap<String, Vec<String>>,
}

/// A pair of paths that make two records the same.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Criterion {
    /// On the left.
    pub left: Path,
    /// On the right.
    pub right: Path,
}

static RECIPES: LazyLock<Vec<Recipe>> = LazyLock::new(|| {
    FILES
        .iter()
        .filter_map(|file| serde_saphyr::from_str(file).ok())
        .collect()
});

/// Every recipe.
pub(crate) fn all() -> &'static [Recipe] {
    &RECIPES
}

/// The recipe of this name.
pub(crate) fn named(name: &str) -> Option<&'static Recipe> {
    RECIPES.iter().find(|recipe| recipe.name == name)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    #[test]
    fn every_recipe_is_well_formed_and_has_a_name_of_its_own() {
        for file in FILES {
            serde_saphyr::from_str::<Recipe>(file).unwrap();
        }
        let mut names: Vec<&str> = all().iter().map(|recipe| recipe.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FILES.len());
    }

    #[test]
    fn every_path_of_a_recipe_belongs_to_its_kind_and_is_mapped_once() {
        for recipe in all() {
            let table = model::table(&recipe.kind).unwrap();
            for criterion in &recipe.criteria {
                table.check_criterion(&criterion.left).unwrap();
                table.check_criterion(&criterion.right).unwrap();
            }
            assert_eq!(recipe.policies.problem(false), None);
            for side in [
                |p: &MappingLine| p.left.clone(),
                |p: &MappingLine| p.right.clone(),
            ] {
                let mut paths: Vec<Path> = recipe.mapping.iter().map(side).collect();
                for path in &paths {
                    table.check(path).unwrap();
                }
                paths.sort();
                let count = paths.len();
                paths.dedup();
                assert_eq!(
                    paths.len(),
                    count,
                    "{}: a path is mapped twice",
                    recipe.name
                );
            }
        }
    }

    #[test]
    fn events_have_their_policies_and_no_option_of_a_side_has_the_name_of_one() {
        for recipe in all() {
            let of_events = recipe.policies.events.as_ref();
            assert_eq!(of_events.is_some(), recipe.kind == model::event::KIND);
            for (name, _) in of_events.iter().flat_map(|events| events.options()) {
                for side in [&recipe.left, &recipe.right] {
                    assert!(!side.options.contains_key(&name), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_meeting_is_matched_as_what_it_is_everywhere_before_what_it_is_called() {
        let recipe = named("zoho-google-calendar").unwrap();
        let table = model::table(&recipe.kind).unwrap();
        for side in [
            |criterion: &Criterion| criterion.left.clone(),
            |criterion: &Criterion| criterion.right.clone(),
        ] {
            let criteria: Vec<Path> = recipe.criteria.iter().map(side).collect();
            assert_eq!(table.identity_rank(&criteria), Some(0));
            assert_eq!(criteria[1].to_string(), model::event::TITLE_AND_START);
        }
    }

    #[test]
    fn the_duplicate_criterion_is_the_work_address() {
        let recipe = named("zoho-google-contacts").unwrap();
        let first = &recipe.criteria[0];
        assert_eq!(first.left.to_string(), "emails[work]");
        assert_eq!(first.right.to_string(), "emails[work]");
    }
}
