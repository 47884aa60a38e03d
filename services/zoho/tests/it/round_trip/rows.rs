//! The table: a row a field, a cell a state, for each direction.

use serde_json::{Value as Json, json};

use crate::weekly::{MORNING, WEEKLY};

/// What a field can be. The last two follow on the fourth.
pub(super) const STATES: [&str; 6] = ["absent", "empty", "default", "set", "changed", "cleared"];

/// An account's own field.
pub(super) const CUSTOM: &str = "custom[Room_Key]";

/// What is read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Read {
    /// The path is none of those that could be read, so that nothing is known of it.
    Unknown,
    /// It is known that there is nothing.
    Nothing,
    /// This.
    Is(String),
    /// Zoho CRM does not take it, so that nobody can read it.
    Never,
}

/// What is asked for, and what comes of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    /// What is asked for.
    pub(super) asked: Option<&'static str>,
    /// What Zoho CRM has then.
    pub(super) held: Json,
    /// What is read of it.
    pub(super) back: Option<String>,
    /// Whether the answer says that the path was refused, or cannot be told from what it is not.
    pub(super) refused: bool,
}

/// A field.
pub(super) struct Row {
    /// The canonical path that is mapped.
    pub(super) at: &'static str,
    /// Zoho CRM's fields, as far as the table tells of them.
    pub(super) fields: &'static [&'static str],
    /// What people give it there, and what is read. What is absent are fields that the profile does not see.
    pub(super) read: [(Json, Read); 6],
    /// What is written, and comes of it.
    pub(super) write: [Written; 6],
}

fn is(text: &str) -> Read {
    Read::Is(text.to_owned())
}

/// What is asked for is held, and read as it was asked for.
fn held(asked: &'static str, held: Json) -> Written {
    let back = Some(asked.to_owned());
    Written {
        asked: Some(asked),
        held,
        back,
        refused: false,
    }
}

/// What is asked for reads as something else.
fn as_(asked: impl Into<Option<&'static str>>, held: Json, back: Option<&str>) -> Written {
    let back = back.map(str::to_owned);
    Written {
        asked: asked.into(),
        held,
        back,
        refused: false,
    }
}

/// What is asked for is nothing, and nothing is held.
fn none(asked: impl Into<Option<&'static str>>) -> Written {
    as_(asked, Json::Null, None)
}

/// Nothing is written.
fn refused(asked: impl Into<Option<&'static str>>) -> Written {
    let held = json!("refused");
    Written {
        asked: asked.into(),
        held,
        back: None,
        refused: true,
    }
}

const EVE: &str = "eve@example.net";
const DAN: &str = "dan@example.net";
const AFTERNOON: &str = "2027-03-02T15:00:00[Europe/Istanbul]/2027-03-02T16:30:00[Europe/Istanbul]";
/// The mornings of [`WEEKLY`].
const MONDAYS: [&str; 4] = [
    "2027-03-01 M",
    "2027-03-08 M",
    "2027-03-15 M",
    "2027-03-22 M",
];

pub(super) fn rows() -> Vec<Row> {
    vec![
        title(),
        when(),
        text("location", &["Venue"]),
        description(),
        text(CUSTOM, &["Room_Key"]),
        participants(),
        alerts(),
        recurrence(),
        overrides(),
    ]
}

fn title() -> Row {
    let given = |title: &str| json!({ "Event_Title": title });
    let placeholder = || json!("Not Provided");
    Row {
        at: "title",
        fields: &["Event_Title"],
        read: [
            (json!(["Event_Title"]), Read::Unknown),
            (given(" "), Read::Nothing),
            (given("Not Provided"), Read::Nothing),
            (given("Demo"), is("Demo")),
            (given("Final demo"), is("Final demo")),
            (given("Not Provided"), Read::Nothing),
        ],
        write: [
            as_(None, placeholder(), None),
            as_("", placeholder(), None),
            Written {
                refused: true,
                ..as_("Not Provided", placeholder(), None)
            },
            held("Demo", json!("Demo")),
            held("Final demo", json!("Final demo")),
            as_(None, placeholder(), None),
        ],
    }
}

fn when() -> Row {
    let hours = |start: &str, end: &str| json!({"Start_DateTime": start, "End_DateTime": end, "All_day": false});
    let days = json!({
        "Start_DateTime": "2027-03-01T00:00:00+00:00", "End_DateTime": "2027-03-02T23:59:59+00:00", "All_day": true,
    });
    Row {
        at: "when",
        fields: &["Start_DateTime", "End_DateTime", "All_day"],
        read: [
            (
                json!(["Start_DateTime", "End_DateTime", "All_day"]),
                Read::Unknown,
            ),
            (json!({"Start_DateTime": null}), Read::Never),
            (json!({}), is(MORNING)),
            (days, is("2027-03-01/2027-03-03")),
            (
                hours("2027-03-02T17:30:00+05:30", "2027-03-02T08:30:00-05:00"),
                is(AFTERNOON),
            ),
            (json!({"End_DateTime": null}), Read::Never),
        ],
        write: [
            refused(None),
            refused(""),
            held(
                MORNING,
                json!([
                    "2027-03-01T09:00:00+00:00",
                    "2027-03-01T10:00:00+00:00",
                    false
                ]),
            ),
            held(
                "2027-03-01/2027-03-03",
                json!([
                    "2027-03-01T00:00:00+00:00",
                    "2027-03-02T23:59:59+00:00",
                    true
                ]),
            ),
            held(
                AFTERNOON,
                json!([
                    "2027-03-02T12:00:00+00:00",
                    "2027-03-02T13:30:00+00:00",
                    false
                ]),
            ),
            refused(None),
        ],
    }
}

/// A text without a default of its own: white space stands for it.
fn text(at: &'static str, fields: &'static [&'static str]) -> Row {
    let given = |value: Json| json!({ fields[0]: value });
    Row {
        at,
        fields,
        read: [
            (json!(fields), Read::Unknown),
            (given(json!("")), Read::Nothing),
            (given(Json::Null), Read::Nothing),
            (given(json!("Room 1")), is("Room 1")),
            (given(json!("Room 2")), is("Room 2")),
            (given(Json::Null), Read::Nothing),
        ],
        write: [
            none(None),
            none(""),
            none(" "),
            held("Room 1", json!("Room 1")),
            held("Room 2", json!("Room 2")),
            none(None),
        ],
    }
}

/// Zoho CRM's is plain text: the default is a page with nothing on it.
fn description() -> Row {
    let page = "<!DOCTYPE html>\n<p>More <b>slides</b></p>";
    Row {
        write: [
            none(None),
            none(""),
            none("<!DOCTYPE html>\n<p></p>"),
            held("Slides", json!("Slides")),
            as_(page, json!("More slides"), Some("More slides")),
            none(None),
        ],
        ..text("description", &["Description"])
    }
}

fn participants() -> Row {
    let given = |addresses: &[&str]| {
        let one = |address: &&str| json!({"type": "email", "participant": address});
        json!({"Participants": addresses.iter().map(one).collect::<Vec<_>>()})
    };
    Row {
        at: "participants",
        fields: &["Participants"],
        read: [
            (json!(["Participants"]), Read::Unknown),
            (given(&[]), Read::Nothing),
            (json!({}), Read::Nothing),
            (given(&[EVE]), is(EVE)),
            (given(&[EVE, DAN]), is("eve@example.net, dan@example.net")),
            (given(&[]), Read::Nothing),
        ],
        write: [
            as_(None, json!([]), None),
            as_("", json!([]), None),
            held(EVE, json!([EVE])),
            // A name that is no record's has no place.
            as_("Eve Lee <eve@example.net>", json!([EVE]), Some(EVE)),
            held("eve@example.net, dan@example.net", json!([EVE, DAN])),
            as_(None, json!([]), None),
        ],
    }
}

fn alerts() -> Row {
    let given = |value: Json| json!({ "Remind_At": value });
    let before = |unit: u32, period: &str| json!([{"unit": unit, "period": period}]);
    Row {
        at: "alerts[display]",
        fields: &["Remind_At"],
        read: [
            (json!(["Remind_At"]), Read::Unknown),
            (given(json!([])), Read::Nothing),
            (given(Json::Null), Read::Nothing),
            (given(before(15, "minutes")), is("-PT15M")),
            (given(before(1, "days")), is("-PT24H")),
            (given(Json::Null), Read::Nothing),
        ],
        write: [
            none(None),
            none(""),
            // Zoho CRM's own smallest one: when the meeting begins.
            held("PT0S", before(0, "minutes")),
            held("-PT15M", before(15, "minutes")),
            as_("-P1D", before(1, "days"), Some("-PT24H")),
            none(None),
        ],
    }
}

/// A rule is set with the meeting: another one makes the meeting anew.
fn recurrence() -> Row {
    let given = |rule: &str| json!({"Recurring_Activity": {"RRULE": rule}});
    let sent = |rule: &str| json!({ "RRULE": rule });
    Row {
        at: "recurrence",
        fields: &["Recurring_Activity"],
        read: [
            (json!(["Recurring_Activity"]), Read::Unknown),
            (json!({"Recurring_Activity": null}), Read::Nothing),
            (
                given("FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=4;DTSTART=2027-03-01"),
                is(WEEKLY),
            ),
            (
                given("FREQ=DAILY;UNTIL=2027-03-03"),
                is("FREQ=DAILY;UNTIL=20270303"),
            ),
            (given("FREQ=DAILY;UNTIL=2027-03-05"), Read::Never),
            (json!({"Recurring_Activity": null}), Read::Never),
        ],
        write: [
            none(None),
            none(""),
            as_(
                "FREQ=WEEKLY;INTERVAL=1;BYDAY=MO;COUNT=4",
                sent("FREQ=WEEKLY;COUNT=4;BYDAY=MO;DTSTART=2027-03-01"),
                Some(WEEKLY),
            ),
            held(
                "FREQ=DAILY;UNTIL=20270303",
                sent("FREQ=DAILY;UNTIL=2027-03-03;DTSTART=2027-03-01"),
            ),
            held(
                WEEKLY,
                sent("FREQ=WEEKLY;COUNT=4;BYDAY=MO;DTSTART=2027-03-01"),
            ),
            none(None),
        ],
    }
}

/// Exceptions of [`WEEKLY`].
fn overrides() -> Row {
    let weekly =
        |monday: Json| json!({"Recurring_Activity": {"RRULE": WEEKLY}, "second Monday": monday});
    let titled = |title: &str| weekly(json!({ "Event_Title": title }));
    let mondays = |second: Option<&'static str>| {
        let [first, _, third, last] = MONDAYS;
        let days = [Some(first), second, Some(third), Some(last)];
        json!(days.into_iter().flatten().collect::<Vec<_>>())
    };
    Row {
        at: "overrides",
        fields: &[],
        read: [
            (json!(["Recurring_Activity"]), Read::Unknown),
            (weekly(Json::Null), Read::Nothing),
            (titled("M"), Read::Nothing),
            (titled("Special"), is("2027-03-08 Special")),
            (titled("Rehearsal"), is("2027-03-08 Rehearsal")),
            (titled("M"), Read::Nothing),
        ],
        write: [
            as_(None, json!(MONDAYS), None),
            as_("", json!(MONDAYS), None),
            // What says nothing else than the series; exceptions are written once the series is shown.
            Written {
                refused: true,
                ..as_("2027-03-08 M", json!(MONDAYS), None)
            },
            held("2027-03-08 -", mondays(None)),
            held("2027-03-08 Special", mondays(Some("2027-03-08 Special"))),
            as_(None, json!(MONDAYS), None),
        ],
    }
}
