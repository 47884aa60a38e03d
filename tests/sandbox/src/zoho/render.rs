//! Records as JSON, the way one caller sees them: in their time zone, without the fields hidden from them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::field::{Field, Kind};
use super::id::Id;
use super::meeting;
use super::module::Module;
use super::org::Org;
use super::record::{Record, lookup_id};

/// An instant as the provider writes it: seconds, and the offset of the caller's zone.
pub(super) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

/// One caller's view of an organisation.
pub(super) struct Lens<'a> {
    pub(super) org: &'a Org,
    pub(super) zone: TimeZone,
    pub(super) profile: Id,
}

impl<'a> Lens<'a> {
    /// What this user sees.
    pub(super) fn of(org: &'a Org, user: Id) -> Self {
        let found = org.user(user);
        Self {
            org,
            zone: found.map_or(TimeZone::UTC, super::org::User::zone),
            profile: found.map_or(user, |user| user.profile),
        }
    }

    /// What nobody is kept from seeing, in UTC: the truth.
    pub(super) fn all_seeing(org: &'a Org) -> Self {
        // Permissions are kept by profile; the organisation's first role is none.
        let no_profile = org.roles[0].id;
        Self {
            org,
            zone: TimeZone::UTC,
            profile: no_profile,
        }
    }

    /// An instant in the caller's zone.
    pub(super) fn instant(&self, at: Timestamp) -> String {
        instant(at, &self.zone)
    }

    /// The fields of a list: those asked for that exist and are visible. Unknown names are left out silently.
    pub(super) fn chosen<'m>(&self, module: &'m Module, names: &[String]) -> Vec<&'m Field> {
        names
            .iter()
            .filter_map(|name| module.field(name))
            .filter(|field| field.visible(self.profile))
            .collect()
    }

    /// A record as lists show it: the chosen fields and the id.
    pub(super) fn row(&self, module: &Module, record: &Record, fields: &[&Field]) -> Value {
        let mut row = Map::new();
        row.insert("id".to_owned(), json!(record.id));
        for field in fields {
            row.insert(field.api_name.clone(), self.value(module, record, field));
        }
        Value::Object(row)
    }

    /// A record as a read by id shows it: every visible field, and the `$` keys.
    pub(super) fn whole(&self, module: &Module, record: &Record) -> Value {
        let fields: Vec<&Field> = module
            .fields
            .iter()
            .filter(|field| field.visible(self.profile))
            .collect();
        let mut whole = self.row(module, record, &fields);
        let extra = json!({
            "$approved": true, "$editable": true, "$state": "save", "$in_merge": false, "$is_duplicate": false,
            "$locked_for_me": false, "$approval_state": "approved", "$has_more": {},
            "$layout_id": {"id": module.id, "name": "Standard"},
        });
        if let (Value::Object(whole), Value::Object(extra)) = (&mut whole, extra) {
            whole.extend(extra);
            if module.api_name == meeting::MODULE {
                whole.insert("$send_notification".to_owned(), json!(false));
                whole.insert("$meeting_details".to_owned(), Value::Null);
                whole.insert("$calendar_booking_event".to_owned(), json!(false));
            }
        }
        whole
    }

    /// The stamps that answer a write.
    pub(super) fn stamps(&self, record: &Record) -> Value {
        json!({
            "id": record.id,
            "Created_Time": self.instant(record.created),
            "Modified_Time": self.instant(record.modified),
            "Created_By": self.org.user_stamp(record.created_by),
            "Modified_By": self.org.user_stamp(record.modified_by),
        })
    }

    /// One value.
    pub(super) fn value(&self, module: &Module, record: &Record, field: &Field) -> Value {
        match field.api_name.as_str() {
            "id" => json!(record.id),
            "Created_Time" => json!(self.instant(record.created)),
            "Modified_Time" => json!(self.instant(record.modified)),
            "Owner" => self.person(record.owner),
            "Created_By" => self.person(record.created_by),
            "Modified_By" => self.person(record.modified_by),
            "Full_Name" => json!(record.full_name()),
            "Locked__s" => json!(false),
            "Mailing_Address" if module.api_name == "Contacts" => json!(""),
            "What_Id" => self.related(record),
            "Participants" => {
                let stored = record.values.get("Participants").unwrap_or(&Value::Null);
                meeting::participants::shown(self.org, record.id, stored)
            }
            // An all-day meeting is shown in UTC, whatever the caller's zone.
            "Start_DateTime" | "End_DateTime" if is_all_day(record) => {
                self.moment(record.values.get(&field.api_name), &TimeZone::UTC)
            }
            name => self.stored(record.values.get(name), field.kind),
        }
    }

    fn stored(&self, value: Option<&Value>, kind: Kind) -> Value {
        let value = value.unwrap_or(&Value::Null);
        match kind {
            Kind::Boolean => json!(value.as_bool().unwrap_or(false)),
            Kind::Tags if value.is_null() => json!([]),
            Kind::DateTime => self.moment(Some(value), &self.zone),
            Kind::Lookup(target) => match lookup_id(value) {
                Some(id) => match self.org.lookup_name(target, id) {
                    Some(name) => json!({"id": id, "name": name}),
                    None => Value::Null,
                },
                None => Value::Null,
            },
            _ => value.clone(),
        }
    }

    /// A stored instant in a zone.
    #[allow(clippy::unused_self, reason = "one of the ways in which a lens shows")]
    fn moment(&self, value: Option<&Value>, zone: &TimeZone) -> Value {
        let at = value.and_then(Value::as_str);
        let at = at.and_then(|text| text.parse::<Timestamp>().ok());
        at.map_or(Value::Null, |at| {
            // Offsets are numbers, even that of UTC.
            json!(instant(at, zone))
        })
    }

    /// What a meeting is about: a record of the module that it names.
    fn related(&self, record: &Record) -> Value {
        let module = record.text("$se_module").unwrap_or_default();
        let id = record.lookup("What_Id");
        id.and_then(|id| Some((id, self.org.lookup_name(module, id)?)))
            .map_or(Value::Null, |(id, name)| json!({"id": id, "name": name}))
    }

    fn person(&self, id: Id) -> Value {
        let user = self.org.user(id);
        json!({
            "id": id,
            "name": user.map(super::org::User::full_name),
            "email": user.map(|user| user.email.clone()),
        })
    }
}

fn is_all_day(record: &Record) -> bool {
    record.values.get("All_day") == Some(&json!(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_carry_the_offset_of_the_zone_and_no_fractions() {
        let at: Timestamp = "2026-05-14T09:51:40.750Z".parse().unwrap();
        let zone = TimeZone::get("Europe/Istanbul").unwrap();
        assert_eq!(instant(at, &zone), "2026-05-14T12:51:40+03:00");
    }
}
