//! Canonical record → what is sent: all of it for a new record, only the differences for an existing one.

use std::collections::BTreeMap;

use model::{Edit, Path, Record, Value};
use provider::{Answer, RefusedPath};
use serde_json::{Map, Value as Json, json};

use super::{
    KIND,
    place::{Place, custom_name, path_of, places},
    read::read,
    surname::{derived, is_derived},
};
use crate::{kind::Kind, wire::Row};

/// What a company's name was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    /// The company with this id.
    Id(String),
    /// None, for this reason.
    Refused(String),
}

/// Companies by their exact names.
pub(crate) type Companies = BTreeMap<String, Company>;

/// Members to send, and the paths that cannot be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Changes {
    /// The kind of record that they are of.
    pub(crate) kind: Kind,
    /// Members by API name; `null` clears.
    pub(crate) fields: Map<String, Json>,
    /// Paths that Zoho CRM has no place or no form for.
    pub(crate) refused: Vec<RefusedPath>,
}

impl Changes {
    /// Takes a field out that Zoho CRM does not accept, and with it those that make one value. False if it was not
    /// sent.
    pub(crate) fn refuse(&mut self, api_name: &str, reason: &str) -> bool {
        let beside = self.kind.fields_beside(api_name);
        let taken = beside
            .into_iter()
            .filter_map(|name| self.fields.remove(name));
        let sent = taken.count() > 0;
        if sent && let Some(path) = self.kind.path_of(api_name) {
            self.refused.push(refused(&path, reason));
        }
        sent
    }

    /// The first refusal, for a record of which nothing else can be kept.
    pub(crate) fn refusal(&self) -> Answer {
        let first = self.refused.first();
        Answer::Refused {
            path: first.map(|refused| refused.path.clone()),
            reason: first
                .map_or("refused", |refused| &refused.reason)
                .to_owned(),
        }
    }

    /// The row that these members make.
    pub(crate) fn as_row(&self) -> Row {
        Row(self.fields.clone())
    }
}

/// What creates the record.
pub(crate) fn creation(record: &Record, companies: &Companies) -> Changes {
    let plain = plain(record);
    let mut changes = Changes {
        fields: plain.fields.into_iter().collect(),
        refused: plain.refused,
        ..Changes::default()
    };
    let company = link_company(&mut changes, text(record, "organization"), companies);
    let (surname, given) = (text(record, "name.family"), text(record, "name.given"));
    set_surname(&mut changes, surname, given, company);
    changes
}

/// What changes a live record as the edits say; fields that nobody edited are not mentioned.
pub(crate) fn changes(live: &Row, edits: &[Edit], companies: &Companies) -> Changes {
    let before = read(live);
    let mut after = before.clone();
    model::patch(&mut after, edits);
    let (old, new) = (plain(&before), plain(&after));
    let mut changes = Changes {
        refused: new.refused,
        ..Changes::default()
    };
    for name in old
        .fields
        .keys()
        .filter(|name| !new.fields.contains_key(*name))
    {
        changes.fields.insert(name.clone(), Json::Null);
    }
    let differs = |(name, value): &(String, Json)| old.fields.get(name) != Some(value);
    changes
        .fields
        .extend(new.fields.into_iter().filter(differs));
    change_company_and_surname(&mut changes, live, [&before, &after], companies);
    changes
}

fn change_company_and_surname(
    changes: &mut Changes,
    live: &Row,
    [before, after]: [&Record; 2],
    companies: &Companies,
) {
    let [old, new] = [before, after].map(|record| text(record, "organization"));
    let mut company = new;
    if old != new {
        company = link_company(changes, new, companies);
        if new.is_none() {
            changes.fields.insert("Account_Name".to_owned(), Json::Null);
        } else if company.is_none() {
            // Refused: the old one stays.
            company = old;
        }
    }
    let touched = ["name.family", "name.given", "organization"];
    if touched
        .iter()
        .all(|path| text(before, path) == text(after, path))
    {
        return;
    }
    set_surname(
        changes,
        text(after, "name.family"),
        text(after, "name.given"),
        company,
    );
    if changes.fields.get("Last_Name").and_then(Json::as_str) == live.text("Last_Name") {
        changes.fields.remove("Last_Name");
    }
}

/// Links the company; the name that the record then shows for it.
fn link_company<'a>(
    changes: &mut Changes,
    name: Option<&'a str>,
    companies: &Companies,
) -> Option<&'a str> {
    let name = name?;
    let reason = match companies.get(name) {
        Some(Company::Id(id)) => {
            changes
                .fields
                .insert("Account_Name".to_owned(), json!({"id": id, "name": name}));
            return Some(name);
        }
        Some(Company::Refused(reason)) => reason,
        None => "the company was not looked up",
    };
    changes
        .refused
        .extend(path_of("Account_Name").map(|path| refused(&path, reason)));
    None
}

fn set_surname(
    changes: &mut Changes,
    surname: Option<&str>,
    given: Option<&str>,
    company: Option<&str>,
) {
    let sent = match surname {
        Some(surname) => {
            if is_derived(surname, given, company) {
                let reason =
                    "Zoho CRM holds this surname, but it cannot be told from a missing one";
                changes
                    .refused
                    .extend(path_of("Last_Name").map(|path| refused(&path, reason)));
            }
            surname.to_owned()
        }
        None => derived(given, company),
    };
    changes.fields.insert("Last_Name".to_owned(), sent.into());
}

struct Plain {
    fields: BTreeMap<String, Json>,
    refused: Vec<RefusedPath>,
}

/// The record in Zoho's fields, except the surname and the company, which depend on more than themselves.
fn plain(record: &Record) -> Plain {
    let mut plain = Plain {
        fields: BTreeMap::new(),
        refused: Vec::new(),
    };
    for (root, value) in &record.fields {
        match value {
            Value::Elements(elements) => plain.list(root, elements),
            value => plain.single(root, value),
        }
    }
    plain
}

impl Plain {
    fn single(&mut self, root: &Path, value: &Value) {
        if ["name.family", "organization"].contains(&root.field()) {
            return;
        }
        let name = match custom_name(root) {
            Some(name) => name,
            None => match places().iter().find(|place| place.path == *root) {
                Some(place) => place.api_name,
                None => return self.refuse(root, "Zoho CRM has no such field"),
            },
        };
        match value {
            Value::Text(text) => {
                self.fields.insert(name.to_owned(), text.clone().into());
            }
            Value::Date(date) if date.year.is_some() && date.day.is_some() => {
                self.fields.insert(name.to_owned(), date.to_string().into());
            }
            Value::Date(_) => self.refuse(root, "Zoho CRM needs the whole date, with its year"),
            Value::Elements(_) => {}
        }
    }

    /// Each label has one place; a second element with the same label has none.
    fn list(&mut self, root: &Path, elements: &[model::Element]) {
        for element in elements {
            let path = Path::keyed(root.field(), &element.label).unwrap_or_else(|_| root.clone());
            let mut slots = places()
                .iter()
                .filter(|place| place.root == *root && place.label() == Some(&element.label));
            let taken = |place: &Place| self.fields.contains_key(place.api_name);
            if slots.clone().count() == 0 {
                self.refuse(
                    &path,
                    "Zoho CRM has no place for an element with this label",
                );
            } else if slots.any(taken) {
                self.refuse(
                    &path,
                    "Zoho CRM has one place for elements with this label, and it is taken",
                );
            } else {
                self.element(root, element);
            }
        }
    }

    fn element(&mut self, root: &Path, element: &model::Element) {
        let slots = || {
            places()
                .iter()
                .filter(|place| place.root == *root && place.label() == Some(&element.label))
        };
        for place in slots() {
            if let Some(text) = element.part(place.part()) {
                self.fields.insert(place.api_name.to_owned(), text.into());
            }
        }
        for part in element
            .parts
            .keys()
            .filter(|part| element.part(part).is_some())
        {
            if !slots().any(|place| place.part() == part) {
                let path = Path::parse(&format!("{}.{part}", path_of_element(root, element)));
                self.refuse(
                    path.as_ref().unwrap_or(root),
                    "Zoho CRM has no such part of an address",
                );
            }
        }
    }

    fn refuse(&mut self, path: &Path, reason: &str) {
        self.refused.push(refused(path, reason));
    }
}

fn path_of_element(root: &Path, element: &model::Element) -> Path {
    Path::keyed(root.field(), &element.label).unwrap_or_else(|_| root.clone())
}

/// A path that is refused for this reason.
pub(crate) fn refused(path: &Path, reason: &str) -> RefusedPath {
    RefusedPath {
        path: path.to_string(),
        reason: reason.to_owned(),
    }
}

fn text<'a>(record: &'a Record, path: &str) -> Option<&'a str> {
    debug_assert_eq!(record.kind, KIND);
    let (_, value) = record
        .fields
        .iter()
        .find(|(root, _)| root.field() == path)?;
    value.as_text()
}
