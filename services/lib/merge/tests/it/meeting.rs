//! Events of two accounts that meet: each side says by its own clock when they are.

use merge::{Base, Disposition, Overfull, Policy, Presence, Readable, Reason, Sight, Standing};
use model::{Direction, Fields, Pairing, Path, PerSide, Side, Value};
use pretty_assertions::assert_eq;

use crate::link::Link;

const VIENNA: &str = "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]";
const ISTANBUL: &str = "2026-12-01T11:00:00[Europe/Istanbul]/2026-12-01T12:00:00[Europe/Istanbul]";

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn event(when: &str, rule: Option<&str>) -> Presence {
    let rule = rule.map(|rule| (path("recurrence"), Value::Text(rule.to_owned())));
    let when = (path("when"), Value::Text(when.to_owned()));
    let fields: Fields = [when].into_iter().chain(rule).collect();
    Presence::Live(Sight {
        fields,
        readable: Readable::All,
        edited_at_micros: None,
        in_scope: true,
        joinable: true,
    })
}

fn met(left: Presence, right: Presence) -> Link {
    let pairing = |name| Pairing::new("event", path(name), path(name), Direction::Both).unwrap();
    Link {
        pairings: vec![pairing("when"), pairing("recurrence")],
        policy: Policy::default(),
        base: None,
        sides: PerSide::new(left, right),
        created_by_us: None,
        standing: Standing::Active,
        frozen: Vec::new(),
    }
}

// proves: R-14
#[test]
fn two_events_at_one_time_agree_whatever_the_clocks_and_keep_their_zones() {
    let link = met(event(ISTANBUL, None), event(VIENNA, None));
    let plan = link.plan();
    assert!(plan.writes.left.is_none() && plan.writes.right.is_none());
    assert_eq!(plan.conflicts, []);
    let next = link.carry_out(&plan);
    assert!(next.plan().agreed.is_empty(), "each side has its own base");
    let unexplained = |base: &Base| merge::unexplained(base, &link.pairings, &link.policy);
    assert_eq!(unexplained(next.base.as_ref().unwrap()), []);
}

// proves
#[test]
fn another_time_and_a_series_by_another_clock_are_still_a_conflict() {
    let later = ISTANBUL.replace("T12", "T13");
    let rule = Some("FREQ=WEEKLY;COUNT=9");
    for (left, right) in [
        (event(&later, None), event(VIENNA, None)),
        (event(ISTANBUL, rule), event(VIENNA, rule)),
    ] {
        let plan = met(left, right).plan();
        assert_eq!(plan.conflicts.len(), 1);
    }
}

fn with_guests(count: u32) -> Presence {
    let guests = (0..count).map(|number| {
        let address = format!("guest{number}@x.example");
        model::event::Participant::new(&address).element()
    });
    let fields = [
        (path("title"), Some(Value::Text("Crowd".to_owned()))),
        (path("participants"), Value::elements(guests)),
    ];
    Presence::Live(Sight {
        fields: fields
            .into_iter()
            .filter_map(|(path, value)| Some((path, value?)))
            .collect(),
        readable: Readable::All,
        edited_at_micros: None,
        in_scope: true,
        joinable: true,
    })
}

// proves: R-28
#[test]
fn guests_whom_a_side_has_no_room_for_are_told_and_nobody_goes_for_them() {
    let mut link = met(Presence::Never, with_guests(6));
    let pairing = |name| Pairing::new("event", path(name), path(name), Direction::Both).unwrap();
    link.pairings = vec![pairing("title"), pairing("participants")];
    link.pairings[1].left_limit = Some(5);
    let plan = link.plan();
    assert_eq!(plan.disposition, Disposition::Pending);
    let held = link.carry_out(&plan);
    let plan = held.plan();
    assert!(plan.is_empty(), "{plan:?}");
    assert_eq!(plan.disposition, Disposition::SetAside(Reason::Overfull));
    let overfull = Overfull {
        pair: link.pairings[1].key(),
        side: Side::Left,
    };
    assert_eq!(plan.overfull, [overfull]);
    // With room for all of them they are at rest.
    let mut held = held;
    held.pairings[1].left_limit = Some(6);
    assert_eq!(
        held.carry_out(&held.plan()).plan().disposition,
        Disposition::InSync
    );
}
