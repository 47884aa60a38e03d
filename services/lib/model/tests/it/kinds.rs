use model::{
    Comparison, Direction, FieldSpec, Form, KeySpec, Pairing, Path, Record, Table, declare,
    match_keys, table,
};

use crate::write::{event, path, text};

static BOATS: Table = Table {
    kind: "boat",
    fields: &[
        FieldSpec {
            name: "name",
            form: Form::Single,
            comparison: Comparison::Text,
        },
        FieldSpec {
            name: "port",
            form: Form::Single,
            comparison: Comparison::Text,
        },
    ],
    name: &["name"],
    keys: &[KeySpec {
        name: "nameAndPort",
        fields: &["name", "port"],
        needs: "port",
    }],
    identity: None,
    guests: None,
    made_once: &[],
    follows: &[],
};

static OTHER_BOATS: Table = Table {
    kind: "boat",
    fields: &[],
    name: &[],
    keys: &[],
    identity: None,
    guests: None,
    made_once: &[],
    follows: &[],
};

#[test]
fn a_table_makes_a_kind() {
    assert!(table("ship").is_none());
    declare(&BOATS).unwrap();
    declare(&BOATS).unwrap();
    assert_eq!(declare(&OTHER_BOATS).unwrap_err().0, "boat");
    let pairing = Pairing::new("boat", path("name"), path("port"), Direction::Both);
    assert!(pairing.is_ok());
    let mut boat = Record::new("boat");
    boat.set(path("port"), Some(text("Triest")));
    let keys = match_keys(&boat, &[path("nameAndPort")], &[7; 32]);
    assert_eq!(keys.len(), 1);
}

#[test]
fn every_kind_has_the_fields_that_it_speaks_of() {
    for kind in ["contact", "event"] {
        let table = table(kind).unwrap();
        let names = table.fields.iter().map(|field| field.name);
        assert_eq!(
            names
                .clone()
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            names.count(),
            "{kind}: a field is there twice"
        );
        let spoken_of = table
            .keys
            .iter()
            .flat_map(|key| key.fields)
            .chain(table.name);
        for name in spoken_of {
            let field = table.field(&Path::parse(name).unwrap()).unwrap();
            assert_eq!(field.form, Form::Single, "{kind}: {name}");
        }
        for key in table.keys {
            assert!(key.fields.contains(&key.needs), "{kind}: {}", key.name);
            let name = Path::parse(key.name).unwrap();
            assert!(
                table.field(&name).is_none(),
                "{kind}: {name} is a field too"
            );
            assert!(table.check_criterion(&name).is_ok());
        }
    }
}

#[test]
fn what_follows_a_field_follows_one_of_its_kind_on_both_sides() {
    for kind in ["contact", "event"] {
        let table = table(kind).unwrap();
        let named = |name| table.fields.iter().any(|field| field.name == name);
        let mut pairs = table.follows.iter();
        assert!(pairs.all(|(field, leader)| named(*field) && named(*leader)));
    }
    let follows = |left: &str, right: &str| {
        let pairing = Pairing::new("event", path(left), path(right), Direction::Both);
        pairing.unwrap().follows
    };
    let when = Some("when".to_owned());
    assert_eq!(follows("alerts[display]", "alerts[display]"), when);
    assert_eq!(follows("title", "title"), None);
    assert_eq!(follows("title", "custom[Subject]"), None);
}

// proves: R-10
#[test]
fn a_meeting_is_the_same_in_every_calendar_and_its_instances_are_told_apart() {
    let criteria = [path("titleAndStart"), path("uidAndRecurrenceId")];
    let table = table("event").unwrap();
    assert_eq!(table.identity_rank(&criteria), Some(1));
    assert_eq!(table.identity_rank(&criteria[..1]), None);
    let key = |uid: &str, day: &str, title: &str| {
        let values = [("uid", uid), ("recurrenceId", day), ("title", title)];
        let event = event(values.map(|(name, value)| (name, text(value))));
        let keys = match_keys(&event, &criteria[1..], &[7; 32]);
        keys.first().map(|key| key.hash)
    };
    let series = key("7@x", "", "Board");
    assert!(series.is_some());
    assert_eq!(key("7@x", "", "Renamed"), series);
    assert_ne!(key("7@x", "2026-12-08", "Board"), series);
    let second = key("7@x", "2026-12-15", "Board");
    assert_ne!(key("7@x", "2026-12-08", "Board"), second);
    assert_eq!(key("", "2026-12-08", "Board"), None);
}

// proves: R-09
#[test]
fn two_meetings_at_one_time_are_two_unless_they_have_one_title() {
    const START: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";
    let criteria = [path("uid"), path("titleAndStart")];
    let keys = |title: &str, when: &str| {
        let event = event([("title", text(title)), ("when", text(when))]);
        match_keys(&event, &criteria, &[7; 32])
    };
    let board = keys("Board", START);
    assert_eq!(board.len(), 1);
    assert_eq!(board[0].rank, 1);
    let elsewhere = "2026-12-01T08:00:30+00:00/2026-12-01T12:00:00+00:00";
    assert_eq!(
        keys(" board", elsewhere),
        board,
        "the same beginning, to the minute"
    );
    assert_ne!(keys("Lunch", START)[0].hash, board[0].hash);
    assert_ne!(
        keys("Board", "2026-12-01/2026-12-02")[0].hash,
        board[0].hash
    );
    assert_eq!(
        keys("", START).len(),
        1,
        "an event without a title has a key"
    );
    let timeless = event([("title", text("Board"))]);
    assert!(match_keys(&timeless, &criteria, &[7; 32]).is_empty());
}
