//! Situations of every kind, for the laws.

use merge::{
    Base, ConflictChoice, Deletion, DeletionAgainstEdit, Drift, Outside, PairBase, Policy,
    Presence, Readable, Sight, Standing, Twins,
};
use model::{Direction, Element, Fields, Pairing, Path, PerSide, Side, Value};
use proptest::prelude::*;

use crate::{dsl::readable_of, link::Link};

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

pub(crate) fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![
        3 => Just(Direction::Both),
        1 => Just(Direction::LeftToRight),
        1 => Just(Direction::RightToLeft),
    ]
}

prop_compose! {
    pub(crate) fn policy()(
        direction in direction(),
        conflict in prop_oneof![Just(ConflictChoice::Left), Just(ConflictChoice::Right), Just(ConflictChoice::Newest)],
        conflict_tie in side(),
        deletion in prop_oneof![3 => Just(Deletion::Propagate), 1 => Just(Deletion::Ignore), 1 => Just(Deletion::Stop)],
        drift in prop_oneof![Just(Drift::Keep), Just(Drift::Overwrite)],
        outside in prop_oneof![Just(Outside::Adopt), Just(Outside::Skip)],
        deletion_against_edit in
            prop_oneof![Just(DeletionAgainstEdit::EditWins), Just(DeletionAgainstEdit::DeletionWins)],
    ) -> Policy {
        Policy { direction, conflict, conflict_tie, deletion, drift, outside, twins: Twins::LinkOne, deletion_against_edit }
    }
}

/// The kinds of record whose situations are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Contact,
    Event,
    /// An event with reminders, which follow its time.
    Reminded,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Event | Self::Reminded => "event",
        }
    }

    fn pairing(self, left: &str, right: &str, direction: Direction) -> Pairing {
        let path = |text| Path::parse(text).unwrap();
        Pairing::new(self.name(), path(left), path(right), direction).unwrap()
    }

    /// The paths of both sides, by place: three single values, then two lists.
    fn paths(self) -> [(&'static str, &'static str); 5] {
        match self {
            Self::Contact => [
                ("title", "title"),
                ("note", "custom[Note]"),
                ("phones[work]", "phones[mobile]"),
                ("emails", "emails"),
                ("urls", "urls"),
            ],
            Self::Event => [
                ("when", "when"),
                ("description", "description"),
                ("recurrence", "recurrence"),
                ("participants", "participants"),
                ("overrides", "overrides"),
            ],
            Self::Reminded => [
                ("when", "when"),
                ("alerts[display]", "alerts[display]"),
                ("recurrence", "recurrence"),
                ("participants", "participants"),
                ("overrides", "overrides"),
            ],
        }
    }
}

pub(crate) fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Contact), Just(Kind::Event), Just(Kind::Reminded)]
}

/// One pairing of each sort: text, spellings that are the same, paths of different names, and two lists.
fn pairings(kind: Kind) -> impl Strategy<Value = Vec<Pairing>> {
    let limit = || prop_oneof![2 => Just(None), 1 => (1_u32..3).prop_map(Some)];
    (direction(), direction(), direction(), limit(), limit()).prop_map(
        move |(first, third, fourth, left, right)| {
            let directions = [first, Direction::Both, third, fourth, Direction::Both];
            let mut pairings: Vec<Pairing> = kind
                .paths()
                .into_iter()
                .zip(directions)
                .map(|((left, right), direction)| kind.pairing(left, right, direction))
                .collect();
            pairings[3].left_limit = left;
            pairings[3].right_limit = right;
            pairings
        },
    )
}

/// One of these texts, or nothing.
fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = Option<Value>> {
    let text = prop::sample::select(texts);
    prop_oneof![
        1 => Just(None),
        3 => text.prop_map(|text| Some(Value::Text(text.to_owned()))),
    ]
}

/// The same time in several writings, another time, and days.
const TIMES: [&str; 6] = [
    "2026-12-01T09:00:00[Europe/Vienna]/2026-12-01T10:00:00[Europe/Vienna]",
    "2026-12-01T03:00:00[America/New_York]/2026-12-01T04:00:00[America/New_York]",
    "2026-12-01T09:00:00+01:00/2026-12-01T10:00:00+01:00",
    "2026-12-01T08:00:00Z/2026-12-01T09:00:00Z",
    "2026-12-01T11:00:00[Europe/Vienna]/2026-12-01T12:00:00[Europe/Vienna]",
    "2026-12-01/2026-12-02",
];
const DESCRIPTIONS: [&str; 4] = [
    "Agenda",
    "<!DOCTYPE html>\n<p>Agenda</p>",
    "<!DOCTYPE html>\n<b>Lunch</b>",
    "Lunch ",
];
const TRIGGERS: [&str; 3] = ["-PT15M", "-PT60M", "-PT1H"];
const RULES: [&str; 3] = [
    "FREQ=WEEKLY;COUNT=8",
    "COUNT=8;FREQ=WEEKLY",
    "FREQ=DAILY;UNTIL=20261204",
];

fn text() -> impl Strategy<Value = Option<Value>> {
    let words = ["a", "b", " a ", "B", "c\r\nd", "c\nd"];
    prop_oneof![
        1 => Just(None),
        3 => prop::sample::select(words.to_vec()).prop_map(|text| Some(Value::Text(text.to_owned()))),
    ]
}

fn phone() -> impl Strategy<Value = Option<Value>> {
    let numbers = ["+43 1 5550", "+4315550", "01 5550", "ext. 7"];
    prop_oneof![
        1 => Just(None),
        3 => prop::sample::select(numbers.to_vec()).prop_map(|text| Some(Value::Text(text.to_owned()))),
    ]
}

fn element() -> impl Strategy<Value = Element> {
    let labels = prop::sample::select(vec!["work", "home", ""]);
    let values = prop::sample::select(vec!["a@x", "A@x", "b@x", "c@x"]);
    (labels, values).prop_map(|(label, value)| Element::simple(label, value))
}

/// An element that its label tells from others, with this label.
fn keyed(label: &'static str) -> impl Strategy<Value = Element> {
    let value = prop::sample::select(vec!["accepted", "declined", " accepted"]);
    value.prop_map(move |value| Element::simple(label, value))
}

/// Each of three labels at most once.
fn keyed_list<T: std::fmt::Debug, S: Strategy<Value = T>>(
    each: impl Fn(&'static str) -> S,
) -> impl Strategy<Value = Vec<T>> {
    let one = |label| prop::option::weighted(0.6, each(label));
    (one("a@x"), one("b@x"), one("c@x"))
        .prop_map(|(a, b, c)| [a, b, c].into_iter().flatten().collect())
}

fn list() -> impl Strategy<Value = Option<Value>> {
    prop::collection::vec(element(), 0..4).prop_map(Value::elements)
}

/// A value that fits a pairing.
fn value(kind: Kind, index: usize) -> BoxedStrategy<Option<Value>> {
    match (kind, index) {
        (Kind::Contact, 2) => phone().boxed(),
        (Kind::Contact, 3 | 4) => list().boxed(),
        (Kind::Contact, _) => text().boxed(),
        (_, 0) => one_of(&TIMES).boxed(),
        (Kind::Event, 1) => one_of(&DESCRIPTIONS).boxed(),
        (Kind::Reminded, 1) => one_of(&TRIGGERS).boxed(),
        (_, 2) => one_of(&RULES).boxed(),
        (_, _) => keyed_list(keyed).prop_map(Value::elements).boxed(),
    }
}

/// The elements of a base, pair by pair.
fn pairs(kind: Kind) -> BoxedStrategy<Vec<(Element, Element)>> {
    fn place(element: impl Strategy<Value = Element> + 'static) -> BoxedStrategy<Element> {
        prop_oneof![1 => Just(Element::default()), 6 => element].boxed()
    }
    match kind {
        Kind::Contact => prop::collection::vec((place(element()), place(element())), 0..4).boxed(),
        Kind::Event | Kind::Reminded => {
            keyed_list(|label| (place(keyed(label)), place(keyed(label)))).boxed()
        }
    }
}

fn pair_base(kind: Kind, index: usize) -> BoxedStrategy<PairBase> {
    if index < 3 {
        return (value(kind, index), value(kind, index), any::<bool>())
            .prop_map(|(left, right, rewritten)| PairBase {
                left,
                right,
                rewritten,
            })
            .boxed();
    }
    pairs(kind)
        .prop_map(|pairs| {
            let full = pairs
                .into_iter()
                .filter(|(left, right)| !left.is_empty() || !right.is_empty());
            let (left, right): (Vec<_>, Vec<_>) = full.unzip();
            let list = |elements: Vec<Element>| {
                (!elements.is_empty()).then_some(Value::Elements(elements))
            };
            PairBase {
                left: list(left),
                right: list(right),
                rewritten: false,
            }
        })
        .boxed()
}

/// Bases by place; some pairings have none.
fn bases(kind: Kind) -> impl Strategy<Value = Vec<Option<PairBase>>> {
    let one = |index| prop_oneof![1 => Just(None), 4 => pair_base(kind, index).prop_map(Some)];
    (0..5).map(one).collect::<Vec<_>>()
}

/// The values of a side by place: half the time those of its base, so that nothing changed there.
fn values(kind: Kind) -> impl Strategy<Value = Vec<(bool, Option<Value>)>> {
    (0..5)
        .map(|index| (any::<bool>(), value(kind, index)))
        .collect::<Vec<_>>()
}

type Circumstances = (Option<i64>, bool, bool, Vec<bool>);

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let time = prop_oneof![Just(None), (0_i64..3).prop_map(Some)];
    let hidden = prop::collection::vec(prop::bool::weighted(0.1), 5);
    (time, prop::bool::weighted(0.85), any::<bool>(), hidden)
}

fn sight(
    kind: Kind,
    side: Side,
    pairings: &[Pairing],
    bases: &[Option<PairBase>],
    values: Vec<(bool, Option<Value>)>,
    (edited_at_micros, in_scope, joinable, hidden): Circumstances,
) -> Sight {
    let mut fields = Fields::new();
    for ((pairing, base), (keep, value)) in pairings.iter().zip(bases).zip(values) {
        let before = base.as_ref().and_then(|base| base.get(side)).cloned();
        let before = if pairing.is_list() {
            Value::elements(before.iter().flat_map(Value::as_elements).cloned())
        } else {
            before
        };
        if let Some(value) = if keep { before } else { value } {
            fields.insert(pairing.path(side).clone(), value);
        }
    }
    let roots = pairings.iter().zip(&hidden).filter(|(_, hidden)| **hidden);
    let hidden: Vec<_> = roots
        .map(|(pairing, _)| pairing.path(side).field())
        .collect();
    let readable = if hidden.is_empty() {
        Readable::All
    } else {
        Readable::Only(readable_of(kind.name(), &hidden))
    };
    Sight {
        fields,
        readable,
        edited_at_micros,
        in_scope,
        joinable,
    }
}

fn presence() -> impl Strategy<Value = Option<Presence>> {
    prop_oneof![
        10 => Just(None),
        2 => Just(Some(Presence::Gone)),
        1 => Just(Some(Presence::OutOfReach)),
        1 => Just(Some(Presence::Never)),
    ]
}

prop_compose! {
    /// A link in any situation whatever, of records of any kind.
    pub(crate) fn link()(kind in kind())(
        kind in Just(kind),
        policy in policy(),
        pairings in pairings(kind),
        bases in bases(kind),
        was_linked in prop::bool::weighted(0.8),
        values in (values(kind), values(kind)),
        circumstances in (circumstances(), circumstances()),
        presences in (presence(), presence()),
        created_by_us in prop_oneof![Just(None), side().prop_map(Some)],
        standing in prop_oneof![6 => Just(Standing::Active), 1 => Just(Standing::Dormant), 1 => Just(Standing::Adopted)],
    ) -> Link {
        let base: Base = pairings
            .iter()
            .zip(&bases)
            .filter_map(|(pairing, base)| Some((pairing.key(), base.clone()?)))
            .collect();
        let left = sight(kind, Side::Left, &pairings, &bases, values.0, circumstances.0);
        let right = sight(kind, Side::Right, &pairings, &bases, values.1, circumstances.1);
        Link {
            pairings,
            policy,
            base: was_linked.then_some(base),
            sides: PerSide::new(
                presences.0.unwrap_or(Presence::Live(left)),
                presences.1.unwrap_or(Presence::Live(right)),
            ),
            created_by_us,
            standing,
            frozen: Vec::new(),
        }
    }
}
