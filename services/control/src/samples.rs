//! A definition for unit tests: the first recipe between two accounts, with its default mapping.

use std::collections::BTreeMap;

use model::Pairing;
use uuid::Uuid;

use crate::{
    definition::{About, Collection, Definition, Side},
    recipe,
};

/// A resolved sync at generation 1.
pub(crate) fn definition() -> Definition {
    let recipe = recipe::named("zoho-google-contacts").unwrap();
    let pairing = |line: &model::MappingLine| {
        let (left, right) = (line.left.clone(), line.right.clone());
        Pairing::new(&recipe.kind, left, right, line.direction).unwrap()
    };
    let definition = Definition {
        kind: recipe.kind.clone(),
        left: side("acme-zoho", "zoho", 1, ("42", "Key accounts", "list_view")),
        right: side(
            "ana-google",
            "google",
            2,
            ("contactGroups/7", "Clients", "group"),
        ),
        policies: recipe.policies.clone(),
        mapping: recipe.mapping.iter().map(pairing).collect(),
        criteria: recipe.criteria.clone(),
    };
    definition.revised(None, 1)
}

fn side(
    name: &str,
    provider: &str,
    connection: u128,
    (id, title, form): (&str, &str, &str),
) -> Side {
    Side {
        connection: Uuid::from_u128(connection),
        connection_name: name.to_owned(),
        provider: provider.to_owned(),
        account_id: format!("{provider}-account"),
        collection: Collection {
            id: id.to_owned(),
            name: title.to_owned(),
            form: form.to_owned(),
        },
        options: BTreeMap::new(),
        about: About::default(),
        series: String::new(),
    }
}
