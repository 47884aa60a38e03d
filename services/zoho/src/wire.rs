//! Zoho CRM's types as they travel. What we do not know of them is ignored, except in a [`Row`], which keeps
//! every member as it was sent.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// API name of the module that holds people.
pub(crate) const CONTACTS: &str = "Contacts";
/// API name of the module that holds meetings.
pub(crate) const EVENTS: &str = "Events";
/// API name of the module that holds companies.
pub(crate) const ACCOUNTS: &str = "Accounts";

/// A record of a module: its members by API name, all of them, as sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Row(pub Map<String, Value>);

impl Row {
    /// The record's id; `None` if the provider sent none.
    pub(crate) fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// A member that is a text.
    pub(crate) fn text(&self, api_name: &str) -> Option<&str> {
        self.0.get(api_name).and_then(Value::as_str)
    }

    /// Whether the member was sent at all, even as `null`.
    pub(crate) fn shows(&self, api_name: &str) -> bool {
        self.0.contains_key(api_name)
    }

    /// The display name of a linked record, for example the company's.
    pub(crate) fn linked_name(&self, api_name: &str) -> Option<&str> {
        self.0.get(api_name)?.get("name")?.as_str()
    }

    /// When the record was created.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        self.text("Created_Time").and_then(instant)
    }

    /// When the record was last modified.
    pub(crate) fn modified(&self) -> Option<Timestamp> {
        self.text("Modified_Time").and_then(instant)
    }
}

/// An instant as Zoho writes it: ISO 8601 with the offset of the caller's time zone, in whole seconds.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// An instant as Zoho accepts it in headers and bodies: whole seconds, a numeric offset.
pub(crate) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A page of a list.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Listing<T> {
    /// The rows.
    #[serde(default = "Vec::new")]
    pub(crate) data: Vec<T>,
    /// How the list goes on.
    #[serde(default)]
    pub(crate) info: Paging,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            info: Paging::default(),
        }
    }
}

/// How a list goes on.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Paging {
    /// Whether there are further rows.
    #[serde(default)]
    pub(crate) more_records: bool,
    /// The token of the next page.
    #[serde(default)]
    pub(crate) next_page_token: Option<String>,
}

/// A row of the list of deleted records.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DeletedRow {
    /// The record's id.
    pub(crate) id: String,
    /// When it was deleted.
    #[serde(default)]
    pub(crate) deleted_time: Option<String>,
}

/// What Zoho says about a call, or about one record of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Verdict {
    /// `SUCCESS` or the error's code.
    #[serde(default)]
    pub(crate) code: String,
    /// For people.
    #[serde(default)]
    pub(crate) message: String,
    /// The error's circumstances, or the written record's id and stamps.
    #[serde(default)]
    pub(crate) details: Map<String, Value>,
}

impl Verdict {
    /// Whether the record was written.
    pub(crate) fn succeeded(&self) -> bool {
        self.code == "SUCCESS"
    }

    /// A text among the details.
    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).and_then(Value::as_str)
    }

    /// The verdict itself, or the ones that it bundles (`MULTIPLE_OR_MULTI_ERRORS`).
    pub(crate) fn each(&self) -> Vec<Self> {
        let bundled = self.details.get("errors").and_then(Value::as_array);
        let bundled: Vec<Self> = bundled
            .into_iter()
            .flatten()
            .filter_map(|error| Self::deserialize(error).ok())
            .collect();
        if bundled.is_empty() {
            vec![self.clone()]
        } else {
            bundled
        }
    }
}

/// The verdicts on the records of a write, in their order.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Verdicts {
    /// One per record.
    pub(crate) data: Vec<Verdict>,
}

/// The field metadata of a module.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct FieldList {
    /// The fields.
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
}

/// One field's metadata.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Field {
    /// Its name in the API.
    pub(crate) api_name: String,
    /// What it holds, for example `text`, `phone`, `picklist`, `lookup`.
    #[serde(default)]
    pub(crate) data_type: String,
    /// Its JSON type, for example `string`.
    #[serde(default)]
    pub(crate) json_type: Option<String>,
    /// How many characters it takes.
    #[serde(default)]
    pub(crate) length: Option<u32>,
    /// Whether a record needs it.
    #[serde(default)]
    pub(crate) system_mandatory: bool,
    /// Whether the profile may only read it.
    #[serde(default)]
    pub(crate) read_only: bool,
    /// Whether nobody may write it.
    #[serde(default, rename = "field_read_only")]
    pub(crate) fixed: bool,
    /// Whether it is shown.
    #[serde(default)]
    pub(crate) visible: Option<bool>,
    /// Whether the API may write it.
    #[serde(default)]
    pub(crate) operation_type: OperationType,
    /// What each profile may do with it.
    #[serde(default)]
    pub(crate) profiles: Vec<FieldProfile>,
}

/// What the API may do with a field.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct OperationType {
    /// Give it a value when a record is made.
    #[serde(default)]
    pub(crate) api_create: bool,
    /// Change it.
    #[serde(default)]
    pub(crate) api_update: bool,
}

/// What a profile may do with a field.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FieldProfile {
    /// The profile's id.
    pub(crate) id: String,
    /// `read_write`, `read_only` or `hidden`.
    #[serde(default)]
    pub(crate) permission_type: String,
}

/// The list views of a module.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ViewList {
    /// The views.
    #[serde(default)]
    pub(crate) custom_views: Vec<View>,
    /// How the list goes on.
    #[serde(default)]
    pub(crate) info: Paging,
}

/// A list view ("custom view").
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct View {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Its name in the user's language.
    #[serde(default)]
    pub(crate) display_value: Option<String>,
}

/// The current organisation.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OrgList {
    /// One organisation.
    pub(crate) org: Vec<Org>,
}

/// An organisation.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Org {
    /// Its stable id.
    pub(crate) zgid: Value,
    /// Its name.
    #[serde(default)]
    pub(crate) company_name: Option<String>,
}

/// The users that were asked for.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct UserList {
    /// The users.
    pub(crate) users: Vec<User>,
}

/// A user.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    /// The user's id.
    pub(crate) id: String,
    /// The address that the user signs in with.
    #[serde(default)]
    pub(crate) email: Option<String>,
    /// The user's profile.
    #[serde(default)]
    pub(crate) profile: Option<Reference>,
    /// The name of the time zone in which the user is shown times.
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
}

/// A reference to something with an id.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Reference {
    /// The id.
    pub(crate) id: String,
}

/// The profiles that were asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct ProfileList {
    /// The profiles.
    #[serde(default)]
    pub(crate) profiles: Vec<Profile>,
}

/// A profile: what its users may do.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Profile {
    /// Its permissions, one by one.
    #[serde(default)]
    pub(crate) permissions_details: Vec<Permission>,
}

/// A permission of a profile.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Permission {
    /// Its name, for example `Crm_Implied_View_Contacts`.
    pub(crate) name: String,
    /// Whether the profile has it.
    #[serde(default)]
    pub(crate) enabled: bool,
}

/// A push channel, as asked for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Watch {
    /// Our number for it.
    pub(crate) channel_id: String,
    /// What it reports, for example `Contacts.all`.
    pub(crate) events: Vec<String>,
    /// When it ends.
    pub(crate) channel_expiry: String,
    /// What its deliveries carry.
    pub(crate) token: String,
    /// Where it delivers.
    pub(crate) notify_url: String,
    /// Whether edits of related records are reported too.
    pub(crate) notify_on_related_action: bool,
    /// Whether deliveries carry values.
    pub(crate) return_affected_field_values: bool,
}

/// The verdicts on push channels.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WatchVerdicts {
    /// One per channel.
    pub(crate) watch: Vec<Verdict>,
}

/// What was granted for one module of a channel; part of a verdict's details.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct WatchGrant {
    /// When the channel ends.
    pub(crate) channel_expiry: String,
    /// The resource's name.
    #[serde(default)]
    pub(crate) resource_name: Option<String>,
}

/// A push delivery, as far as we believe it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Callback {
    /// The channel's number, as a text or a number.
    pub(crate) channel_id: Value,
    /// The channel's token.
    pub(crate) token: String,
}

/// What COQL is asked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Query {
    /// The statement.
    pub(crate) select_query: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_keeps_what_it_does_not_know() {
        let sent = json!({"id": "1", "New_Thing": {"deep": [1, null]}, "Email": null});
        let row: Row = serde_json::from_value(sent.clone()).unwrap();
        assert!(row.shows("Email") && !row.shows("Phone"));
        assert_eq!(serde_json::to_value(&row).unwrap(), sent);
    }

    #[test]
    fn stamps_of_any_offset_are_the_same_instant() {
        let sent = instant("2026-05-14T12:51:40+03:00").unwrap();
        assert_eq!(Some(sent), instant("2026-05-14T09:51:40+00:00"));
        assert_eq!(stamp(sent), "2026-05-14T09:51:40+00:00");
        assert_eq!(instant("yesterday"), None);
    }

    #[test]
    fn bundled_errors_are_taken_apart() {
        let bundle: Verdict = serde_json::from_value(json!({
            "code": "MULTIPLE_OR_MULTI_ERRORS", "status": "error", "message": "m", "details": {"errors": [
                {"code": "INVALID_DATA", "details": {"api_name": "Email"}},
                {"code": "DUPLICATE_DATA", "details": {"api_name": "Phone"}},
            ]},
        }))
        .unwrap();
        let codes: Vec<_> = bundle.each().into_iter().map(|error| error.code).collect();
        assert_eq!(codes, ["INVALID_DATA", "DUPLICATE_DATA"]);
    }
}
