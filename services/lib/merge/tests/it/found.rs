//! Records that are found again after the answer to their create was lost.

use merge::{Answer, Base, Cause, PairBase, PlannedEdit, Readable, cut, found};
use model::{
    Direction, Edit, Element, Fields, Pairing, Path, Side, Value,
    event::{Participant, Status},
};
use pretty_assertions::assert_eq;

const VIENNA: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";
const ISTANBUL: &str = "2026-12-01T11:00:00[Europe/Istanbul]/2026-12-01T12:00:00[Europe/Istanbul]";

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn pairing(name: &str) -> Pairing {
    Pairing::new("event", path(name), path(name), Direction::Both).unwrap()
}

fn text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| Value::Text(value.to_owned()))
}

fn sent(name: &str, value: Option<Value>) -> PlannedEdit {
    PlannedEdit {
        pair: pairing(name).key(),
        edit: Edit {
            path: path(name),
            before: None,
            after: value.clone(),
        },
        source: value,
        replaces: None,
        cause: Cause::Edit,
    }
}

fn list(elements: &[Element]) -> Option<Value> {
    Value::elements(elements.iter().cloned())
}

/// The bases of what was sent to the left, and is shown there so.
fn bases(sent: &[PlannedEdit], shown: &[(&str, Option<Value>)], readable: &Readable) -> Base {
    let names: Vec<&str> = sent
        .iter()
        .map(|planned| planned.edit.path.field())
        .collect();
    let mut pairings: Vec<Pairing> = names.iter().map(|name| pairing(name)).collect();
    pairings.dedup();
    let shown = shown.iter();
    let fields: Fields = shown
        .filter_map(|(name, value)| Some((path(name), value.clone()?)))
        .collect();
    let shown = Answer {
        fields: &fields,
        readable,
    };
    found(&pairings, Side::Left, sent, shown)
}

fn base(of: &Base, name: &str) -> Option<PairBase> {
    of.get(&pairing(name).key()).cloned()
}

// proves: R-12
#[test]
fn only_what_is_shown_as_it_was_sent_has_a_base() {
    let sent = [
        sent("title", text("Board")),
        sent("location", None),
        sent("description", text("Bring slides")),
        sent("url", text("https://x.example")),
        sent("conference", None),
    ];
    let shown = [
        ("title", text("Board ")),
        ("description", text("Bring coffee")),
        ("conference", text("https://meet.example")),
    ];
    let bases = bases(&sent, &shown, &Readable::All);
    let title = PairBase {
        left: text("Board "),
        right: text("Board"),
        rewritten: false,
    };
    assert_eq!(base(&bases, "title"), Some(title));
    assert_eq!(base(&bases, "location"), Some(PairBase::default()));
    // Edited since, cleared or left out, and added.
    assert_eq!(bases.len(), 2);
}

// proves
#[test]
fn a_text_that_was_cut_is_shown() {
    let note = "Bring the slides of the meeting before, and coffee";
    let shown = [("description", text("Bring the slides of the meeting"))];
    let bases = bases(&[sent("description", text(note))], &shown, &Readable::All);
    let entry = base(&bases, "description").unwrap();
    assert_eq!((entry.left, entry.right), (shown[0].1.clone(), text(note)));
    assert!(entry.rewritten);
}

/// The base after an update of the left description whose answer was lost.
fn after_an_update(agreed: &str, before: &str, sent_text: &str, shown: &str) -> Option<PairBase> {
    let pairing = pairing("description");
    let entry = PairBase {
        left: text(agreed),
        right: text(agreed),
        rewritten: false,
    };
    let base = Base::from([(pairing.key(), entry)]);
    let mut planned = sent("description", text(sent_text));
    planned.edit.before = text(before);
    let fields: Fields = [(path("description"), text(shown).unwrap())].into();
    let shown = Answer {
        fields: &fields,
        readable: &Readable::All,
    };
    let pairings = std::slice::from_ref(&pairing);
    let cut = cut(&base, pairings, Side::Left, &[planned], shown);
    cut.get(&pairing.key()).cloned()
}

// proves
#[test]
fn a_text_that_an_update_wrote_and_the_provider_cut_is_no_edit() {
    let note = "Bring the slides of the meeting before, and coffee";
    let shown = "Bring the slides of the meeting";
    let entry = after_an_update("", "", note, shown).unwrap();
    assert_eq!((entry.left, entry.right), (text(shown), text(note)));
    assert!(entry.rewritten);
    let edited = "Bring the slides of the meeting, no coffee";
    assert_eq!(after_an_update("", "", note, edited), None);
}

// proves
#[test]
fn a_text_that_was_there_before_its_update_was_not_cut_by_it() {
    let note = "Bring the slides of the meeting before, and coffee";
    let before = "Bring the slides of the meeting";
    assert_eq!(after_an_update(before, before, note, before), None);
    let moved = after_an_update(note, before, note, "Bring the slides of the");
    assert_eq!(moved, None, "both agreed on the whole of it since");
}

// proves: R-04
#[test]
fn what_cannot_be_read_has_no_base() {
    let readable = Readable::Only([path("location")].into());
    let bases = bases(
        &[sent("title", text("Board")), sent("url", None)],
        &[],
        &readable,
    );
    assert!(bases.is_empty());
}

// proves
#[test]
fn a_time_that_is_said_by_another_clock_is_shown_unless_it_recurs() {
    let when = sent("when", text(VIENNA));
    let shown = [("when", text(ISTANBUL))];
    let single = bases(std::slice::from_ref(&when), &shown, &Readable::All);
    let entry = base(&single, "when").unwrap();
    assert_eq!((entry.left, entry.right), (text(ISTANBUL), text(VIENNA)));
    assert!(entry.rewritten);
    let rule = sent("recurrence", text("FREQ=WEEKLY;COUNT=9"));
    let series = bases(&[when, rule], &shown, &Readable::All);
    assert_eq!(base(&series, "when"), None);
}

// proves: R-15
#[test]
fn guests_are_found_by_their_addresses_and_what_they_have_beside_was_not_sent() {
    let ana = Participant {
        name: Some("Ana".to_owned()),
        status: Some(Status::Accepted),
        ..Participant::new("ana@x.example")
    };
    let bare = Participant::new("ana@x.example");
    let bo = Participant::new("bo@x.example");
    let named = Participant {
        name: Some("Bo".to_owned()),
        ..bo.clone()
    };
    let declined = Participant {
        status: Some(Status::Declined),
        ..ana.clone()
    };
    let eve = Participant::new("eve@x.example");
    let one = |guest: &Participant| sent("participants", list(&[guest.element()]));
    let guests = |of: &[&Participant]| {
        let elements: Vec<Element> = of.iter().map(|guest| guest.element()).collect();
        list(&elements)
    };
    let shown = [("participants", guests(&[&named, &bare]))];
    let both = bases(&[one(&ana), one(&bo), one(&eve)], &shown, &Readable::All);
    let entry = base(&both, "participants").unwrap();
    assert_eq!(entry.left, guests(&[&bare, &bo]));
    assert_eq!(entry.right, guests(&[&ana, &bo]));
    assert!(entry.rewritten);
    let shown = [("participants", guests(&[&declined]))];
    assert!(bases(&[one(&ana)], &shown, &Readable::All).is_empty());
}
