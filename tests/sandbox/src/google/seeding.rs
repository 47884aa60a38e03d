//! The demo's people as Google contacts.

use serde_json::{Map, Value, json};

use super::person::{Draft, Profile};
use super::state::State;
use crate::control::ControlError;
use crate::dice::stable_number;
use crate::seed::{AddressBook, Label, Labelled, Person, TwoAddressBooks};

/// The group that is synced.
pub(super) const GROUP: &str = "Clients";
/// Seeded records look a day old, so that no lag hides them.
pub(super) const AGE_MILLISECONDS: i64 = 24 * 3600 * 1000;
/// One contact in so many is linked with a profile, whose values show up unless `sources` keeps them out.
const PROFILE_EVERY: usize = 10;

/// Fills the owner's account, or the default one.
pub(super) fn seed(
    state: &mut State,
    books: &TwoAddressBooks,
    owner: Option<&str>,
    now: i64,
) -> Result<Value, ControlError> {
    let book: &AddressBook = &books.office;
    let settings = state.settings.clone();
    let email = owner.unwrap_or(State::default_account());
    let account = state
        .accounts
        .get_mut(email)
        .ok_or_else(|| ControlError::not_found(email))?;
    let then = now - AGE_MILLISECONDS;
    let group = match account.group_titled(GROUP) {
        Some(name) => name,
        None => account
            .create_group(GROUP, then)
            .map_err(ControlError::from)?,
    };
    let inside = book.inside.iter().map(|person| (person, true));
    let outside = book.outside.iter().map(|person| (person, false));
    for (index, (person, in_group)) in inside.chain(outside).enumerate() {
        let mut draft = draft(person)?;
        draft.groups = Some(vec![super::group::MY_CONTACTS.to_owned()]);
        if in_group {
            draft.groups.get_or_insert_default().push(group.clone());
        }
        let key = account.create_contact(draft, settings.contact_cap, then)?;
        if index % PROFILE_EVERY == 0 {
            let profile = profile(person, key)?;
            account.edit_contact(key, then, |contact| contact.profile = Some(profile))?;
        }
    }
    Ok(json!({ "account": email, "group": group, "group_name": GROUP }))
}

fn draft(person: &Person) -> Result<Draft, ControlError> {
    Draft::parse(&wire(person), "person").map_err(ControlError::from)
}

/// A profile shows another spelling of the name and a picture-less address that the contact does not have.
fn profile(person: &Person, key: u64) -> Result<Profile, ControlError> {
    let id = format!("1{:020}", stable_number(key, &["profile"]));
    let name = [person.given.as_deref(), person.family.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let shown = json!({
        "names": [{ "unstructuredName": format!("{name} (profile)") }],
        "urls": [{ "value": format!("https://profiles.example.com/{key}"), "type": "profile" }],
    });
    let fields = Draft::parse(&shown, "profile")?.fields;
    Ok(Profile { id, fields })
}

/// A person in Google's words.
fn wire(person: &Person) -> Value {
    let mut wire = json!({});
    let mut name = Map::new();
    put(&mut name, "givenName", person.given.as_ref());
    put(&mut name, "familyName", person.family.as_ref());
    if !name.is_empty() {
        wire["names"] = json!([name]);
    }
    let mut organization = Map::new();
    put(&mut organization, "name", person.company.as_ref());
    put(&mut organization, "department", person.department.as_ref());
    put(&mut organization, "title", person.title.as_ref());
    if !organization.is_empty() {
        wire["organizations"] = json!([organization]);
    }
    wire["emailAddresses"] = labelled(&person.emails);
    wire["phoneNumbers"] = labelled(&person.phones);
    let addresses: Vec<Value> = person
        .addresses
        .iter()
        .map(|address| {
            json!({
                "type": label(address.label),
                "streetAddress": address.street,
                "city": address.city,
                "region": address.region,
                "postalCode": address.postal_code,
                "country": address.country,
            })
        })
        .collect();
    wire["addresses"] = json!(addresses);
    if let Some(birthday) = person.birthday {
        let date = json!({ "year": birthday.year, "month": birthday.month, "day": birthday.day });
        wire["birthdays"] = json!([{ "date": date }]);
    }
    if let Some(note) = &person.note {
        wire["biographies"] = json!([{ "value": note }]);
    }
    wire
}

fn put(item: &mut Map<String, Value>, property: &str, value: Option<&String>) {
    if let Some(value) = value {
        item.insert(property.to_owned(), json!(value));
    }
}

fn labelled(values: &[Labelled]) -> Value {
    values
        .iter()
        .map(|value| json!({ "value": value.value, "type": label(value.label) }))
        .collect()
}

fn label(label: Label) -> &'static str {
    match label {
        Label::Work => "work",
        Label::Home => "home",
        Label::Mobile => "mobile",
    }
}
