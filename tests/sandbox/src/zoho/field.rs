//! Fields of a module: what may be stored in them and who may see them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::{Id, Sequence};

/// What a field holds, named like Zoho's `data_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    TextArea,
    Email,
    Phone,
    Website,
    Picklist,
    Date,
    DateTime,
    Boolean,
    /// Lookup into a module.
    Lookup(&'static str),
    /// Lookup of a user.
    User,
    Tags,
    /// A lookup into the module that `$se_module` names.
    Related,
    /// Who is invited.
    Participants,
    /// Reminders: `[{"unit","period"}]`.
    Reminders,
    /// A recurrence rule, which only a create can set.
    Recurrence,
    /// The photo, which JSON cannot set.
    Image,
    /// The record's id.
    Id,
}

impl Kind {
    /// `data_type` in the metadata.
    pub(super) fn data_type(self) -> &'static str {
        match self {
            Self::Text | Self::Tags => "text",
            Self::TextArea => "textarea",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Website => "website",
            Self::Picklist => "picklist",
            Self::Date => "date",
            Self::DateTime => "datetime",
            Self::Boolean => "boolean",
            Self::Lookup(_) | Self::Related => "lookup",
            Self::Participants => "participants",
            Self::Reminders => "multireminder",
            Self::Recurrence => "RRULE",
            Self::User => "ownerlookup",
            Self::Image => "profileimage",
            Self::Id => "bigint",
        }
    }

    /// `json_type` in the metadata.
    pub(super) fn json_type(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Lookup(_) | Self::Related | Self::User | Self::Recurrence => "jsonobject",
            Self::Tags | Self::Participants | Self::Reminders => "jsonarray",
            _ => "string",
        }
    }
}

/// Who writes a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// Anyone with the right.
    People,
    /// The system; what clients send is ignored.
    System,
}

/// What a profile may do with a field, named like Zoho's `permission_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Permission {
    #[default]
    ReadWrite,
    ReadOnly,
    /// The field is absent from every reply; values sent for it are ignored (the latter unverified).
    Hidden,
}

impl Permission {
    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::ReadWrite => "read_write",
            Self::ReadOnly => "read_only",
            Self::Hidden => "hidden",
        }
    }
}

/// One field.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) id: Id,
    pub(super) api_name: String,
    pub(super) label: String,
    pub(super) kind: Kind,
    /// Characters that fit.
    pub(super) length: usize,
    pub(super) writer: Writer,
    pub(super) mandatory: bool,
    pub(super) custom: bool,
    /// No two records may hold the same value.
    pub(super) unique: bool,
    pub(super) choices: Vec<String>,
    /// By profile; absent means read and write.
    pub(super) permissions: BTreeMap<Id, Permission>,
}

impl Field {
    /// What this profile may do with it.
    pub(super) fn permission(&self, profile: Id) -> Permission {
        self.permissions.get(&profile).copied().unwrap_or_default()
    }

    /// Whether replies to this profile contain it.
    pub(super) fn visible(&self, profile: Id) -> bool {
        self.permission(profile) != Permission::Hidden
    }

    /// Whether a value that this profile sends counts.
    pub(super) fn writable(&self, profile: Id) -> bool {
        self.writer == Writer::People && self.permission(profile) == Permission::ReadWrite
    }
}

/// One line of a catalogue.
struct Line(&'static str, &'static str, Kind, usize);

const SALUTATIONS: &[&str] = &["Mr.", "Mrs.", "Ms.", "Dr.", "Prof."];
const LEAD_SOURCES: &[&str] = &[
    "Advertisement",
    "Cold Call",
    "Employee Referral",
    "External Referral",
    "Partner",
    "Trade Show",
    "Web Download",
];
/// Values of the custom field that decides about the list view `Key accounts`.
pub(super) const TIERS: &[&str] = &["Key", "Regular"];

/// Fields that every module ends in.
const LAST: &[Line] = &[
    Line("Description", "Description", Kind::TextArea, 32_000),
    Line("Tag", "Tag", Kind::Tags, 2_000),
];

const CONTACT: &[Line] = &[
    Line("Owner", "Contact Owner", Kind::User, 120),
    Line("Lead_Source", "Lead Source", Kind::Picklist, 120),
    Line("Salutation", "Salutation", Kind::Picklist, 120),
    Line("First_Name", "First Name", Kind::Text, 40),
    Line("Last_Name", "Last Name", Kind::Text, 80),
    Line(
        "Account_Name",
        "Account Name",
        Kind::Lookup("Accounts"),
        120,
    ),
    Line("Title", "Title", Kind::Text, 100),
    Line("Department", "Department", Kind::Text, 50),
    Line("Email", "Email", Kind::Email, 100),
    Line("Secondary_Email", "Secondary Email", Kind::Email, 100),
    Line("Phone", "Phone", Kind::Phone, 50),
    Line("Home_Phone", "Home Phone", Kind::Phone, 30),
    Line("Other_Phone", "Other Phone", Kind::Phone, 30),
    Line("Mobile", "Mobile", Kind::Phone, 30),
    Line("Fax", "Fax", Kind::Text, 30),
    Line("Assistant", "Assistant", Kind::Text, 50),
    Line("Asst_Phone", "Asst Phone", Kind::Phone, 30),
    Line(
        "Reporting_To",
        "Reporting To",
        Kind::Lookup("Contacts"),
        120,
    ),
    Line("Date_of_Birth", "Date of Birth", Kind::Date, 20),
    Line("Skype_ID", "Skype ID", Kind::Text, 50),
    Line("Twitter", "Twitter", Kind::Text, 50),
    Line("Email_Opt_Out", "Email Opt Out", Kind::Boolean, 5),
    Line("Mailing_Street", "Mailing Street", Kind::Text, 250),
    Line("Mailing_City", "Mailing City", Kind::Text, 100),
    Line("Mailing_State", "Mailing State", Kind::Text, 100),
    Line("Mailing_Zip", "Mailing Zip", Kind::Text, 30),
    Line("Mailing_Country", "Mailing Country", Kind::Text, 100),
    Line("Other_Street", "Other Street", Kind::Text, 250),
    Line("Other_City", "Other City", Kind::Text, 100),
    Line("Other_State", "Other State", Kind::Text, 100),
    Line("Other_Zip", "Other Zip", Kind::Text, 30),
    Line("Other_Country", "Other Country", Kind::Text, 100),
];

const CONTACT_CUSTOM: &[Line] = &[
    Line("Twitter_Handle", "Twitter Handle", Kind::Text, 100),
    Line("Customer_Number", "Customer Number", Kind::Text, 40),
    Line("Tier", "Tier", Kind::Picklist, 120),
];

const ACCOUNT: &[Line] = &[
    Line("Owner", "Account Owner", Kind::User, 120),
    Line("Account_Name", "Account Name", Kind::Text, 200),
    Line("Phone", "Phone", Kind::Phone, 30),
    Line("Website", "Website", Kind::Website, 255),
    Line("Billing_Street", "Billing Street", Kind::Text, 250),
    Line("Billing_City", "Billing City", Kind::Text, 100),
    Line("Billing_Code", "Billing Code", Kind::Text, 30),
    Line("Billing_Country", "Billing Country", Kind::Text, 100),
];

const LEAD: &[Line] = &[
    Line("Owner", "Lead Owner", Kind::User, 120),
    Line("Company", "Company", Kind::Text, 200),
    Line("First_Name", "First Name", Kind::Text, 40),
    Line("Last_Name", "Last Name", Kind::Text, 80),
    Line("Email", "Email", Kind::Email, 100),
    Line("Phone", "Phone", Kind::Phone, 30),
];

const EVENT: &[Line] = &[
    Line("Owner", "Host", Kind::User, 120),
    Line("Event_Title", "Title", Kind::Text, 255),
    Line("Venue", "Location", Kind::Text, 255),
    Line("All_day", "All day", Kind::Boolean, 5),
    Line("Start_DateTime", "From", Kind::DateTime, 120),
    Line("End_DateTime", "To", Kind::DateTime, 120),
    Line("Who_Id", "Contact Name", Kind::Lookup("Contacts"), 120),
    Line("What_Id", "Related To", Kind::Related, 120),
    Line("Recurring_Activity", "Repeat", Kind::Recurrence, 2_000),
    Line("Participants", "Participants", Kind::Participants, 2_000),
    Line("Remind_At", "Reminder", Kind::Reminders, 2_000),
    Line(
        "Remind_Participants",
        "Participants Reminder",
        Kind::Reminders,
        2_000,
    ),
];

/// What a client cannot leave out of a meeting.
const EVENT_MANDATORY: &[&str] = &["Event_Title", "Start_DateTime", "End_DateTime"];

/// Further ones of Events; those with a dollar sign are in no metadata.
const EVENT_SYSTEM: &[Line] = &[
    Line("Check_In_Status", "Check-In Status", Kind::Picklist, 120),
    Line("$se_module", "", Kind::Text, 120),
    Line("$recurrence_id", "", Kind::Text, 120),
    Line("$u_id", "", Kind::Text, 120),
    Line("$event_cancelled", "", Kind::Boolean, 5),
];

/// Fields that every module has and that only the system writes.
const SYSTEM: &[Line] = &[
    Line("id", "Record Id", Kind::Id, 20),
    Line("Created_By", "Created By", Kind::User, 120),
    Line("Modified_By", "Modified By", Kind::User, 120),
    Line("Created_Time", "Created Time", Kind::DateTime, 120),
    Line("Modified_Time", "Modified Time", Kind::DateTime, 120),
    Line(
        "Last_Activity_Time",
        "Last Activity Time",
        Kind::DateTime,
        120,
    ),
    Line("Record_Image", "Record Image", Kind::Image, 255),
    Line("Locked__s", "Locked", Kind::Boolean, 5),
];

/// Further ones of Contacts.
const CONTACT_SYSTEM: &[Line] = &[
    Line("Full_Name", "Full Name", Kind::Text, 120),
    Line("Mailing_Address", "Mailing Address", Kind::Text, 1_000),
    Line(
        "Unsubscribed_Mode",
        "Unsubscribed Mode",
        Kind::Picklist,
        120,
    ),
    Line(
        "Unsubscribed_Time",
        "Unsubscribed Time",
        Kind::DateTime,
        120,
    ),
    Line("Change_Log_Time__s", "Change Log Time", Kind::DateTime, 120),
];

/// Further ones of Leads.
const LEAD_SYSTEM: &[Line] = &[Line("Full_Name", "Full Name", Kind::Text, 120)];

/// The fields of Contacts as delivered, with three custom ones.
pub(super) fn contacts(ids: &mut Sequence) -> Vec<Field> {
    let mut fields = delivered(ids, CONTACT_SYSTEM, CONTACT, &["Last_Name"]);
    fields.extend(CONTACT_CUSTOM.iter().map(|line| Field {
        custom: true,
        ..field(ids, line)
    }));
    fields
}

/// The fields of Accounts (companies).
pub(super) fn accounts(ids: &mut Sequence) -> Vec<Field> {
    delivered(ids, &[], ACCOUNT, &["Account_Name"])
}

/// The fields of Leads.
pub(super) fn leads(ids: &mut Sequence) -> Vec<Field> {
    delivered(ids, LEAD_SYSTEM, LEAD, &["Last_Name"])
}

/// The fields of Events (meetings), which have no photo.
pub(super) fn events(ids: &mut Sequence) -> Vec<Field> {
    let mut fields = delivered(ids, EVENT_SYSTEM, EVENT, EVENT_MANDATORY);
    fields.retain(|field| field.kind != Kind::Image);
    fields
}

/// The fields of a module: the system's, which every module has and which this one has besides, then people's.
fn delivered(ids: &mut Sequence, own: &[Line], lines: &[Line], mandatory: &[&str]) -> Vec<Field> {
    let system = SYSTEM.iter().chain(own).map(|line| (Writer::System, line));
    let people = lines.iter().chain(LAST);
    system
        .chain(people.map(|line| (Writer::People, line)))
        .map(|(writer, line)| Field {
            writer,
            mandatory: mandatory.contains(&line.0),
            ..field(ids, line)
        })
        .collect()
}

/// A custom text field that an administrator adds.
pub(super) fn custom_text(ids: &mut Sequence, api_name: &str, label: &str, length: usize) -> Field {
    Field {
        id: ids.next(),
        api_name: api_name.to_owned(),
        label: label.to_owned(),
        kind: Kind::Text,
        length,
        writer: Writer::People,
        mandatory: false,
        custom: true,
        unique: false,
        choices: Vec::new(),
        permissions: BTreeMap::new(),
    }
}

fn choices(api_name: &str) -> Vec<String> {
    let words = match api_name {
        "Salutation" => SALUTATIONS,
        "Lead_Source" => LEAD_SOURCES,
        "Tier" => TIERS,
        _ => &[],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn field(ids: &mut Sequence, Line(api_name, label, kind, length): &Line) -> Field {
    Field {
        kind: *kind,
        custom: false,
        choices: choices(api_name),
        ..custom_text(ids, api_name, label, *length)
    }
}
