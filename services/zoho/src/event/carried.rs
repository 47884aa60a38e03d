//! What a meeting has that no sync carries, and that one made in its place gets too.

use serde_json::{Map, Value as Json, json};

use super::place::is_placed;
use crate::{
    map::Rights,
    wire::{Field, Row},
};

/// Links to other records. They count whatever the metadata says of them.
const LINKS: [&str; 3] = ["Owner", "Who_Id", "What_Id"];

/// The module that `What_Id` points into.
const RELATED: &str = "$se_module";

/// Whom Zoho CRM reminds by mail is never written.
const LEFT: [&str; 1] = ["Remind_Participants"];

/// Types of values that Zoho CRM makes itself.
const MADE: [&str; 3] = ["autonumber", "formula", "rollup_summary"];

/// What of a row another meeting is given, as far as the profile may set it; not the fields of the table, and not those
/// that are `written` beside them.
pub(crate) fn carried(
    row: &Row,
    fields: &[Field],
    profile: Option<&str>,
    written: impl Fn(&str) -> bool,
) -> Map<String, Json> {
    let value = |name: &str| row.0.get(name).filter(|value| !value.is_null());
    let mut carried = Map::new();
    for field in fields {
        let name = field.api_name.as_str();
        let is_left = is_placed(name) || LINKS.contains(&name) || LEFT.contains(&name);
        let may_set = Rights::of(field, profile).is_some_and(|rights| rights.may_set);
        if !is_left
            && !written(name)
            && may_set
            && let Some(given) = value(name).and_then(|value| given(field, value))
        {
            carried.insert(name.to_owned(), given);
        }
    }
    for name in LINKS {
        if let Some(link) = value(name).and_then(link) {
            carried.insert(name.to_owned(), link);
        }
    }
    if carried.contains_key("What_Id")
        && let Some(module) = value(RELATED)
    {
        carried.insert(RELATED.to_owned(), module.clone());
    }
    carried
}

/// A value as it is sent; none where its form is not known to be taken.
fn given(field: &Field, value: &Json) -> Option<Json> {
    match value {
        Json::String(_) | Json::Number(_) | Json::Bool(_) => {
            let is_made = MADE.contains(&field.data_type.as_str());
            (!is_made).then(|| value.clone())
        }
        Json::Array(items) if field.api_name == "Tag" => {
            let names = items.iter().filter_map(|tag| tag.get("name"));
            let tags: Vec<Json> = names.map(|name| json!({ "name": name })).collect();
            (!tags.is_empty()).then(|| tags.into())
        }
        Json::Array(items) if field.data_type == "multiselectpicklist" => {
            (!items.is_empty()).then(|| value.clone())
        }
        Json::Object(_) if field.data_type.ends_with("lookup") => link(value),
        _ => None,
    }
}

fn link(value: &Json) -> Option<Json> {
    value.get("id").map(|id| json!({ "id": id }))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn field(name: &str, kind: &str) -> Json {
        json!({"api_name": name, "data_type": kind, "operation_type": {"api_create": true}})
    }

    // proves: R-28
    #[test]
    fn what_people_keep_with_a_meeting_goes_along_and_what_the_crm_makes_does_not() {
        let row: Row = serde_json::from_value(json!({
            "id": "1", "Event_Title": "Weekly", "Owner": {"id": "5", "name": "Ana"}, "Who_Id": null,
            "What_Id": {"id": "6", "name": "Acme"}, "$se_module": "Accounts", "$u_id": "u",
            "Tag": [{"name": "VIP", "id": "8", "color_code": null}], "Room_Code": "B12", "Seats": 7, "Hybrid": false,
            "Topics": ["a", "b"], "Project": {"id": "9", "name": "X"}, "Rows": [{"id": "10"}], "Number": "M-7",
            "Remind_Participants": [{"unit": 1, "period": "hours"}], "Secret": "s", "Fixed": "f", "Empty": [], "Agenda": "a",
        }))
        .unwrap();
        let mut all = vec![
            field("Event_Title", "text"),
            field("Owner", "ownerlookup"),
            field("What_Id", "lookup"),
            field("Tag", "text"),
            field("Room_Code", "text"),
            field("Seats", "integer"),
            field("Hybrid", "boolean"),
            field("Topics", "multiselectpicklist"),
            field("Empty", "multiselectpicklist"),
            field("Agenda", "textarea"),
            field("Project", "lookup"),
            field("Rows", "subform"),
            field("Number", "autonumber"),
            field("Remind_Participants", "multireminder"),
            field("Secret", "text"),
            field("Fixed", "text"),
        ];
        all[14]["profiles"] = json!([{"id": "p", "permission_type": "read_only"}]);
        all[15]["operation_type"] = json!({});
        let fields: Vec<Field> = serde_json::from_value(all.into()).unwrap();
        let carried = carried(&row, &fields, Some("p"), |name| name == "Agenda");
        let expected = json!({
            "Owner": {"id": "5"}, "What_Id": {"id": "6"}, "$se_module": "Accounts", "Tag": [{"name": "VIP"}],
            "Room_Code": "B12", "Seats": 7, "Hybrid": false, "Topics": ["a", "b"], "Project": {"id": "9"},
        });
        assert_eq!(Json::Object(carried), expected);
    }
}
