//! Reminders that a side left out because they were due, of meetings that are moved afterwards.

use merge::{
    Answer, Base, Cause, Disposition, PairBase, Plan, Policy, Presence, Readable, Sight, Standing,
};
use model::{Direction, Fields, PairKey, Pairing, Path, PerSide, Side, Value};
use pretty_assertions::assert_eq;

use crate::link::{Link, patched};

const OVER: &str = "2026-11-01T09:00:00Z/2026-11-01T10:00:00Z";
const STILL_OVER: &str = "2026-11-02T09:00:00Z/2026-11-02T10:00:00Z";
const AHEAD: &str = "2027-03-01T09:00:00Z/2027-03-01T10:00:00Z";
const QUARTER: &str = "-PT15M";

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn pairing(name: &str) -> Pairing {
    Pairing::new("event", path(name), path(name), Direction::Both).unwrap()
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn sight(reminder: Option<&str>) -> Presence {
    let reminder = reminder.map(text);
    let fields = [("when", Some(text(OVER))), ("alerts[display]", reminder)];
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((path(name), value?)));
    Presence::Live(Sight {
        fields: fields.collect(),
        readable: Readable::All,
        edited_at_micros: None,
        in_scope: true,
        joinable: true,
    })
}

/// A meeting that is over: the right side has a reminder, and the left one said that it took none.
fn over() -> Link {
    let (alerts, when) = (pairing("alerts[display]"), pairing("when"));
    let left_out = PairBase {
        left: None,
        right: Some(text(QUARTER)),
        rewritten: true,
    };
    let at = PairBase {
        left: Some(text(OVER)),
        right: Some(text(OVER)),
        rewritten: false,
    };
    Link {
        base: Some(Base::from([(alerts.key(), left_out), (when.key(), at)])),
        pairings: vec![alerts, when],
        policy: Policy::default(),
        sides: PerSide::new(sight(None), sight(Some(QUARTER))),
        created_by_us: None,
        standing: Standing::Active,
        frozen: Vec::new(),
    }
}

fn fields(link: &mut Link, side: Side) -> &mut Fields {
    match link.sides.get_mut(side) {
        Presence::Live(sight) => &mut sight.fields,
        other => panic!("{other:?}"),
    }
}

fn moved(mut link: Link, side: Side, to: &str) -> Link {
    fields(&mut link, side).insert(path("when"), text(to));
    link
}

/// The paths that a plan writes to a side.
fn written(plan: &Plan, side: Side) -> Vec<String> {
    let write = plan.writes.get(side).iter();
    let edits = write.flat_map(merge::Write::edits);
    let mut paths: Vec<String> = edits.map(|planned| planned.edit.path.to_string()).collect();
    paths.sort();
    paths
}

/// The link with what its plan agrees on, as the reconciler stores it before it writes.
fn stored(mut link: Link, plan: &Plan) -> Link {
    let base = link.base.get_or_insert_default();
    base.extend(plan.agreed.iter().cloned());
    link
}

/// The link once the write of one side was answered; the left one takes reminders of what is to come alone.
fn answered(link: Link, plan: &Plan, side: Side) -> Link {
    let mut link = stored(link, plan);
    let write = plan.writes.get(side).as_ref().expect("a write");
    let seen = link.sight(side).unwrap().fields.clone();
    let mut after = patched(&link.pairings, side, &seen, write.edits());
    let is_ahead = after.get(&path("when")) == Some(&text(AHEAD));
    if side == Side::Left && !is_ahead {
        after.remove(&path("alerts[display]"));
    }
    let answer = Answer {
        fields: &after,
        readable: &Readable::All,
    };
    let base = link.base.take().unwrap_or_default();
    let edits = write.edits();
    let base = merge::applied(&base, &link.pairings, side, edits, &seen, Some(answer));
    link.base = Some(base);
    *fields(&mut link, side) = after;
    link
}

fn key() -> PairKey {
    pairing("alerts[display]").key()
}

fn at_rest(link: &Link) {
    let plan = link.plan();
    assert!(plan.is_empty(), "{plan:#?}");
    assert_eq!(plan.disposition, Disposition::InSync);
    let wrong = merge::unexplained(link.base.as_ref().unwrap(), &link.pairings, &link.policy);
    assert_eq!(wrong, []);
}

/// Both sides have the reminder, and agree on it.
fn reminded(mut link: Link) {
    at_rest(&link);
    for side in Side::ALL {
        let shown = fields(&mut link, side).get(&path("alerts[display]"));
        assert_eq!(shown, Some(&text(QUARTER)), "{side}");
    }
}

// proves
#[test]
fn a_reminder_that_was_due_stays_out_while_the_meeting_is_over() {
    at_rest(&over());
    let mut renamed = over();
    renamed.pairings.push(pairing("title"));
    fields(&mut renamed, Side::Right).insert(path("title"), text("Retro"));
    assert_eq!(written(&renamed.plan(), Side::Left), ["title"]);
}

// proves
#[test]
fn a_meeting_that_is_put_off_where_its_reminder_is_carries_it_with_its_time() {
    let link = moved(over(), Side::Right, AHEAD);
    let plan = link.plan();
    assert_eq!(written(&plan, Side::Left), ["alerts[display]", "when"]);
    assert!(plan.writes.right.is_none() && plan.conflicts.is_empty());
    let edits = plan.writes.left.iter().flat_map(merge::Write::edits);
    let causes: Vec<Cause> = edits.map(|planned| planned.cause).collect();
    assert_eq!(causes, [Cause::Edit, Cause::FirstContact]);
    reminded(answered(link, &plan, Side::Left));
}

// proves
#[test]
fn a_meeting_that_is_put_off_where_no_reminder_is_gets_it_once_the_other_side_has_its_time() {
    let link = moved(over(), Side::Left, AHEAD);
    let plan = link.plan();
    assert_eq!(written(&plan, Side::Right), ["when"]);
    assert!(plan.writes.left.is_none());
    // Planned again before the answer comes, nothing is forgotten.
    let link = stored(link, &plan);
    let plan = link.plan();
    assert_eq!(written(&plan, Side::Right), ["when"]);
    let link = answered(link, &plan, Side::Right);
    let plan = link.plan();
    assert_eq!(written(&plan, Side::Left), ["alerts[display]"]);
    assert!(plan.writes.right.is_none());
    reminded(answered(link, &plan, Side::Left));
}

// proves
#[test]
fn a_reminder_that_is_due_after_all_is_asked_for_once() {
    let link = moved(over(), Side::Right, STILL_OVER);
    at_rest(&answered(link.clone(), &link.plan(), Side::Left));

    let link = moved(over(), Side::Left, STILL_OVER);
    let link = answered(link.clone(), &link.plan(), Side::Right);
    let link = answered(link.clone(), &link.plan(), Side::Left);
    at_rest(&link);
    assert!(link.base.as_ref().unwrap()[&key()].rewritten);
}

// proves
#[test]
fn a_meeting_that_is_put_off_on_both_sides_alike_carries_its_reminder() {
    let link = moved(moved(over(), Side::Left, AHEAD), Side::Right, AHEAD);
    let plan = link.plan();
    assert_eq!(written(&plan, Side::Left), ["alerts[display]"]);
    // The plan is made again before anything is written.
    let link = stored(link, &plan);
    let plan = link.plan();
    assert_eq!(written(&plan, Side::Left), ["alerts[display]"]);
    reminded(answered(link, &plan, Side::Left));
}

// proves: R-16
#[test]
fn what_people_do_to_the_reminder_meanwhile_is_an_edit_like_any_other() {
    let put_off = moved(over(), Side::Left, AHEAD);
    let mut other = put_off.clone();
    fields(&mut other, Side::Left).insert(path("alerts[display]"), text("-PT1H"));
    let plan = other.plan();
    assert_eq!(written(&plan, Side::Right), ["alerts[display]", "when"]);
    assert!(plan.writes.left.is_none());

    let mut cleared = put_off;
    fields(&mut cleared, Side::Right).remove(&path("alerts[display]"));
    let plan = cleared.plan();
    assert_eq!(written(&plan, Side::Right), ["when"]);
    at_rest(&answered(cleared, &plan, Side::Right));
}

// proves: R-17
#[test]
fn the_source_of_a_one_way_flow_gets_no_reminder_from_its_target() {
    let mut link = moved(over(), Side::Left, AHEAD);
    link.policy.direction = Direction::LeftToRight;
    let plan = link.plan();
    assert!(plan.writes.left.is_none());
    let link = answered(link, &plan, Side::Right);
    assert!(link.plan().is_empty());
}

// proves
#[test]
fn a_reminder_that_cannot_be_read_or_is_frozen_waits() {
    let mut hidden = moved(over(), Side::Right, AHEAD);
    if let Presence::Live(sight) = &mut hidden.sides.left {
        sight.readable = Readable::Only([path("when")].into());
    }
    assert_eq!(written(&hidden.plan(), Side::Left), ["when"]);
    let mut frozen = moved(over(), Side::Right, AHEAD);
    frozen.frozen = vec![key()];
    assert_eq!(written(&frozen.plan(), Side::Left), ["when"]);
}
