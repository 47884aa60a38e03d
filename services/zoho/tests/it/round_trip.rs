//! Every mapped field of meetings, in both directions and in every state, over the wire: the table is in [`rows`].

mod rows;

use http::Method;
use model::{
    Edit, Element, Record, Value,
    event::{Alert, Original, Override, Participant},
};
use pretty_assertions::assert_eq;
use provider::{Answer, Live, Scope, What};
use serde_json::{Value as Json, json};

use self::rows::{CUSTOM, Read, Row, STATES, Written, rows};
use crate::{
    events::{ANA, by_id, edit as people_edit, meeting, permit},
    lab::{Lab, Round, path, update},
    weekly::{MORNING, WEEKLY, id, occurrences, series_of},
    written::{applied, create, event, everything, mails, truth},
};

/// Where [`Row::read`] and [`Row::write`] have what is made at once: the first four states.
const MADE: usize = 4;

fn scope() -> Scope {
    let mut scope = everything();
    scope.paths.push(path(CUSTOM));
    scope
}

async fn lab() -> Lab {
    let lab = Lab::kind().await;
    let field = json!({"api_name": "Room_Key"});
    lab.control(Method::POST, "/zoho/fields/Events", field)
        .await;
    lab
}

// The texts of the table as values, and back.

/// A participant is `Eve Lee <eve@example.net>` or an address, an alert its trigger, an exception a day and the title
/// of that occurrence, or `-`.
fn element(root: &str, text: &str) -> Element {
    match root {
        "participants" => {
            let named = text
                .strip_suffix('>')
                .and_then(|text| text.split_once(" <"));
            let (name, address) =
                named.map_or((None, text), |(name, address)| (Some(name), address));
            Participant {
                name: name.map(str::to_owned),
                ..Participant::new(address)
            }
            .element()
        }
        "alerts" => Element::simple("display", text),
        _ => {
            let (day, title) = text.split_once(' ').unwrap();
            let original: Original = format!("{day}T12:00:00").parse().unwrap();
            let changed = || Override::Changed {
                values: vec![("title", title.to_owned())],
                cleared: Vec::new(),
                included: false,
            };
            let exception = if title == "-" {
                Override::Excluded
            } else {
                changed()
            };
            exception.element(original)
        }
    }
}

fn is_list(root: &str) -> bool {
    ["participants", "alerts", "overrides"].contains(&root)
}

fn list(root: &str, text: &str) -> Vec<Element> {
    let texts = text.split(", ").filter(|text| !text.is_empty());
    texts.map(|text| element(root, text)).collect()
}

fn value(at: &str, text: &str) -> Value {
    let path = path(at);
    match path.field() {
        root if is_list(root) => Value::Elements(list(root, text)),
        _ => Value::Text(text.to_owned()),
    }
}

/// What a record has on a path, as the table writes it.
fn said(record: &Record, at: &str) -> Option<String> {
    let root = model::table("event").unwrap().root(&path(at));
    let value = record.fields.get(&root)?;
    let one = |element: &Element| match root.field() {
        "participants" => {
            let participant = Participant::read(element).unwrap();
            let named = participant
                .name
                .map(|name| format!("{name} <{}>", participant.address));
            named.unwrap_or(participant.address)
        }
        "alerts" => {
            assert_eq!(Alert::read(element).unwrap().element().label, "display");
            element.part("value").unwrap().to_owned()
        }
        _ => {
            let (original, exception) = Override::read(element).unwrap();
            let what = match exception {
                Override::Excluded => "-".to_owned(),
                Override::Changed { values, .. } => values
                    .into_iter()
                    .map(|(field, value)| {
                        if field == "title" {
                            value
                        } else {
                            format!("{field} {value}")
                        }
                    })
                    .collect(),
            };
            format!("{} {what}", original.clock().date())
        }
    };
    match value {
        Value::Elements(elements) => Some(elements.iter().map(one).collect::<Vec<_>>().join(", ")),
        value => value.as_text().map(str::to_owned),
    }
}

/// The edits that make one text of the other.
fn edits(at: &str, before: Option<&str>, after: Option<&str>) -> Vec<Edit> {
    let at = path(at);
    let edit = |before: Option<Value>, after: Option<Value>| Edit {
        path: at.clone(),
        before,
        after,
    };
    let root = at.field();
    if !is_list(root) || at.key().is_some() {
        let text = |text: Option<&str>| text.map(|text| Value::Text(text.to_owned()));
        return vec![edit(text(before), text(after))];
    }
    let of = |text: Option<&str>| list(root, text.unwrap_or_default());
    let (before, after) = (of(before), of(after));
    let one = |element: &Element| Some(Value::Elements(vec![element.clone()]));
    let same = |list: &[Element], element: &Element| {
        let found = list.iter().find(|other| other.label == element.label);
        found.cloned()
    };
    let gone = before
        .iter()
        .filter(|element| same(&after, element).is_none());
    let gone = gone.map(|element| edit(one(element), None));
    let come = after
        .iter()
        .map(|element| edit(same(&before, element).as_ref().and_then(one), one(element)));
    gone.chain(come)
        .filter(|edit| edit.before != edit.after)
        .collect()
}

// From Zoho CRM.

/// People make a meeting with these values; the second Monday's are those of one occurrence. Its remote id, and the id
/// of the row that edits concern; none if the CRM does not take them.
async fn made(lab: &Lab, values: &Json) -> Option<(String, String)> {
    let mut values = values.clone();
    let monday = values["second Monday"].take();
    let values = values.as_object_mut().unwrap();
    values.remove("second Monday");
    let row = meeting("M", &Json::Object(values.clone()));
    let (status, text) = lab
        .try_control(
            Method::POST,
            &format!("/zoho/records/Events?as={ANA}"),
            json!([row]),
        )
        .await;
    if !status.is_success() {
        return None;
    }
    let answer: Json = serde_json::from_str(&text).unwrap();
    let first = answer["ids"][0].as_str().unwrap().to_owned();
    if truth(lab, &first).await["$recurrence_id"].is_null() {
        return Some((first.clone(), first));
    }
    let series = series_of(lab, &first).await;
    let second = id(&occurrences(lab, &series).await[1]).to_owned();
    if monday.is_object() {
        people_edit(lab, &second, monday).await;
    }
    Some((series, second))
}

fn read(round: &Round, id: &str, at: &str) -> Read {
    let seen = round.seen().filter(|seen| seen.remote_id == id);
    match &seen.last().expect("it is shown").what {
        What::Inside(record) => said(record, at).map_or(Read::Nothing, Read::Is),
        other => panic!("{at}: {other:?}"),
    }
}

// proves: ZGE-11, R-04
#[tokio::test]
async fn each_state_of_each_field_is_read_as_the_table_says() {
    let lab = lab().await;
    let mut made_of = Vec::new();
    for row in rows() {
        for (state, (given, expected)) in row.read.iter().enumerate().skip(1) {
            let begin = if state < MADE { given } else { &row.read[3].0 };
            match made(&lab, begin).await {
                Some(id) => made_of.push((row.at, state, id, given.clone(), expected.clone())),
                None => assert_eq!(*expected, Read::Never, "{} {}", row.at, STATES[state]),
            }
        }
    }
    lab.later(600).await;
    let first = lab.round(&scope(), None).await;
    let mut wrong = Vec::new();
    let mut check = |round: &Round, at: &str, state: usize, id: &str, expected: &Read| {
        let read = read(round, id, at);
        if read != *expected {
            wrong.push(format!(
                "{at} {}: {read:?}, not {expected:?}",
                STATES[state]
            ));
        }
    };
    for (at, state, (remote, _), _, expected) in &made_of {
        if *state < MADE {
            check(&first, at, *state, remote, expected);
        }
    }
    let mut edited = Vec::new();
    for (at, state, (remote, row), given, expected) in &made_of {
        if *state >= MADE {
            let values = given.get("second Monday").unwrap_or(given);
            let place = format!("/zoho/records/Events/{row}");
            let (status, text) = lab.try_control(Method::PATCH, &place, values.clone()).await;
            assert_eq!(
                status.is_success(),
                *expected != Read::Never,
                "{at} {}: {text}",
                STATES[*state]
            );
            if status.is_success() {
                edited.push((*at, *state, remote, expected));
            }
        }
    }
    lab.later(600).await;
    let second = lab.round(&scope(), Some(first.cursor())).await;
    for (at, state, remote, expected) in edited {
        check(&second, at, state, remote, expected);
    }
    assert_eq!(wrong, Vec::<String>::new());
    for row in rows() {
        let (hidden, expected) = &row.read[0];
        assert_eq!(*expected, Read::Unknown);
        for field in hidden.as_array().unwrap() {
            let field = field.as_str().unwrap();
            permit(&lab, field, "hidden").await;
            let round = lab.round(&scope(), None).await;
            let root = model::table("event").unwrap().root(&path(row.at));
            let mut pages = round.pages.iter().filter(|page| !page.seen.is_empty());
            assert!(pages.all(|page| !page.readable.contains(&root)), "{field}");
            permit(&lab, field, "read_write").await;
        }
    }
}

// To Zoho CRM.

/// What the CRM really has of a meeting: these members, or of each occurrence its day and its title.
async fn held(lab: &Lab, row: &Row, id: &str) -> Json {
    let rows = match id.strip_prefix("series:") {
        Some(_) => occurrences(lab, id).await,
        None => vec![truth(lab, id).await],
    };
    if row.at == "overrides" {
        let day = |row: &Json| row["Start_DateTime"].as_str().unwrap()[..10].to_owned();
        let title = |row: &Json| row["Event_Title"].as_str().unwrap().to_owned();
        return rows
            .iter()
            .map(|row| format!("{} {}", day(row), title(row)))
            .collect();
    }
    let mut held = Vec::new();
    for name in row.fields {
        let mut one = rows[0][*name].clone();
        for guest in one.as_array_mut().into_iter().flatten() {
            // Of participants only who they are: the rest is Zoho CRM's own.
            if let Some(who) = guest.get("participant") {
                *guest = who.clone();
            }
        }
        held.push(one);
    }
    if held.len() == 1 {
        held.remove(0)
    } else {
        Json::Array(held)
    }
}

/// A meeting as it is read.
async fn shown(lab: &Lab, id: &str) -> Live {
    match lab.one(&scope(), by_id(id)).await.answer {
        Answer::Found(live) => *live,
        other => panic!("{other:?}"),
    }
}

/// What is created where a field is in this state.
fn asked(row: &Row, state: usize, given: Option<&str>) -> Record {
    let title = format!("{} {}", row.at, STATES[state]);
    let mut record = event(&[("title", &title), ("when", MORNING)]);
    if row.at == "overrides" {
        record.set(path("recurrence"), Some(Value::Text(WEEKLY.to_owned())));
        record.set(path("title"), Some(Value::Text("M".to_owned())));
    }
    let root = model::table("event").unwrap().root(&path(row.at));
    record.fields.remove(&root);
    if let Some(given) = given {
        // As it is, so that what is empty is there, and empty.
        record.fields.insert(root, value(row.at, given));
    }
    record
}

// proves: ZGE-11, R-28
#[tokio::test]
async fn each_state_of_each_field_is_written_as_the_table_says() {
    let lab = lab().await;
    let mut wrong = Vec::new();
    for row in rows() {
        for (state, cell) in row.write.iter().enumerate() {
            let what = format!("{} {}", row.at, STATES[state]);
            let begin = if state < MADE {
                cell.asked
            } else {
                row.write[3].asked
            };
            let record = asked(&row, state, begin);
            let mut outcome = lab.one(&scope(), create(record, false)).await;
            if state >= MADE {
                let id = applied(&outcome).remote_id.clone();
                lab.later(60).await;
                let now = shown(&lab, &id).await;
                let before = said(&now.record, row.at);
                let edits = edits(row.at, before.as_deref(), cell.asked);
                outcome = lab.one(&scope(), update(&id, now.version, edits)).await;
                if outcome.answer.word() == "refused" {
                    // Nothing of it was written.
                    let now = held(&lab, &row, &id).await;
                    assert_eq!(now, row.write[3].held, "{what}");
                }
            }
            let found = if outcome.answer.word() == "refused" {
                let Written { asked, .. } = *cell;
                Written {
                    asked,
                    held: json!("refused"),
                    back: None,
                    refused: true,
                }
            } else {
                let applied = applied(&outcome);
                let back = said(&shown(&lab, &applied.remote_id).await.record, row.at);
                let answer = applied.answer.as_ref().unwrap();
                assert_eq!(
                    said(&answer.record, row.at),
                    back,
                    "{what}: the answer is what is read"
                );
                Written {
                    asked: cell.asked,
                    held: held(&lab, &row, &applied.remote_id).await,
                    back,
                    refused: applied.refused.iter().any(|refused| refused.path == row.at),
                }
            };
            if found != *cell {
                wrong.push(format!("{what}: {found:?}, not {cell:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(mails(&lab).await, 0);
}
