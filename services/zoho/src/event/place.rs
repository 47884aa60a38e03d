//! Where Zoho CRM's fields stand in a canonical event.

use model::Path;
use provider::Scope;

use crate::{map, wire::Row};

/// The fields that make one root path.
pub(super) struct Place {
    /// The root path.
    pub(super) root: &'static str,
    /// API names; the path can be read, or written, if all of them can.
    pub(super) fields: &'static [&'static str],
}

pub(super) static PLACES: [Place; 11] = [
    place("title", &["Event_Title"]),
    place("when", &["Start_DateTime", "End_DateTime", "All_day"]),
    place("location", &["Venue"]),
    place("description", &["Description"]),
    place("participants", &["Participants"]),
    place("alerts", &["Remind_At"]),
    place("recurrence", &["Recurring_Activity", "$recurrence_id"]),
    place("overrides", &["Recurring_Activity", "$recurrence_id"]),
    place("status", &["$event_cancelled"]),
    place("organizer", &["Owner"]),
    place("uid", &["$u_id"]),
];

const fn place(root: &'static str, fields: &'static [&'static str]) -> Place {
    Place { root, fields }
}

impl Place {
    /// The root path.
    pub(super) fn path(&self) -> Option<Path> {
        Path::parse(self.root).ok()
    }
}

/// The fields without which there is no meeting. A rule is one that has to be there as it is sent, or not at all:
/// without it a series would be a single meeting.
pub(crate) const REQUIRED: [&str; 5] = [
    "Event_Title",
    "Start_DateTime",
    "End_DateTime",
    "All_day",
    "Recurring_Activity",
];

/// The canonical path of a field: its place in the table, else a custom one.
pub(crate) fn path_of(api_name: &str) -> Option<Path> {
    let placed = PLACES.iter().find(|place| place.fields.contains(&api_name));
    placed.map_or_else(|| map::custom(api_name), Place::path)
}

/// The fields that make one value together with this one.
pub(crate) fn fields_beside(api_name: &str) -> Vec<&str> {
    let placed = PLACES.iter().find(|place| place.fields.contains(&api_name));
    placed.map_or_else(|| vec![api_name], |place| place.fields.to_vec())
}

/// Whether a field has a place in the table.
pub(super) fn is_placed(api_name: &str) -> bool {
    PLACES.iter().any(|place| place.fields.contains(&api_name))
}

/// The fields that a reading asks for, as many lists of names as calls are needed.
pub(crate) fn fields_to_ask(scope: &Scope) -> Vec<String> {
    let placed = PLACES.iter().flat_map(|place| place.fields.iter().copied());
    map::fields_with_custom(placed.chain(["Created_Time", "Modified_Time"]), scope)
}

/// The root paths that the rows show. A field that a profile hides is missing from every row.
pub(crate) fn readable(rows: &[Row], scope: &Scope) -> Vec<Path> {
    let shown = |api_name: &str| rows.iter().all(|row| row.shows(api_name));
    let placed = PLACES
        .iter()
        .filter(|place| place.fields.iter().all(|name| shown(name)))
        .filter_map(Place::path);
    let mut roots: Vec<Path> = placed.chain(map::custom_shown(rows, scope)).collect();
    roots.sort();
    roots.dedup();
    roots
}
