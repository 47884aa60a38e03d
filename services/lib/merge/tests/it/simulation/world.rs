//! The world of the simulation: two providers, people, a reconciler with one link, and its writers.

use merge::{
    Answer, Base, Disposition, Loss, Policy, Presence, Readable, Reason, Standing, Write, applied,
};
use model::{Direction, Element, Fields, Pairing, Path, PerSide, Side, Value};

use super::{
    checks::undoes_an_edit,
    people::tokens_of,
    provider::{Held, Provider},
};
use crate::link::Link;

/// The single-valued pairings; one list of addresses comes after them.
pub(crate) const FIELDS: usize = 4;

/// What can happen.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Edit {
        side: Side,
        place: usize,
    },
    Clear {
        side: Side,
        place: usize,
    },
    AddElement {
        side: Side,
    },
    EditElement {
        side: Side,
        at: usize,
    },
    RemoveElement {
        side: Side,
        at: usize,
    },
    Relabel {
        side: Side,
        at: usize,
    },
    Delete {
        side: Side,
    },
    Move {
        side: Side,
        inside: bool,
    },
    Hide {
        side: Side,
        place: usize,
        hidden: bool,
    },
    Reach {
        side: Side,
        reachable: bool,
    },
    /// The reconciler stores what a side shows now.
    Read {
        side: Side,
    },
    /// The reconciler plans from what it has stored.
    Plan,
    /// A writer makes the provider call.
    Execute {
        side: Side,
    },
    /// The reconciler gets the answer.
    Answer {
        side: Side,
    },
    /// It gets the answer twice.
    AnswerTwice {
        side: Side,
    },
    /// The writer dies after the call; the answer is lost.
    LoseAnswer {
        side: Side,
    },
    /// Everything once, in order.
    Round,
}

/// A write on its way.
#[derive(Debug, Clone)]
struct Sent {
    id: u64,
    write: Write,
    /// The version that the plan was made from; none for a create.
    expected: Option<u64>,
    seen: Fields,
    losses: Vec<Loss>,
    answer: Option<Outcome>,
}

#[derive(Debug, Clone)]
enum Outcome {
    Applied(Fields),
    Deleted,
    Stale,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(super) link: Link,
    pub(super) providers: PerSide<Provider>,
    versions: PerSide<Option<u64>>,
    sent: PerSide<Option<Sent>>,
    pub(super) state: Disposition,
    /// Values that were overwritten, cleared or deleted by our writes, as the history has them.
    pub(super) history: Vec<String>,
    /// Values that people overwrote or removed themselves.
    pub(super) replaced: Vec<String>,
    /// Every value that somebody entered.
    pub(super) entered: Vec<String>,
    violations: Vec<String>,
    pub(super) clock: i64,
    writes: u64,
    was_linked: bool,
}

fn pairings(limits: PerSide<Option<usize>>) -> Vec<Pairing> {
    let pairing = |left: &str, right: &str| {
        let path = |text| Path::parse(text).unwrap();
        Pairing::new("contact", path(left), path(right), Direction::Both).unwrap()
    };
    let limit = |limit: Option<usize>| limit.map(|limit| u32::try_from(limit).unwrap());
    vec![
        pairing("title", "title"),
        pairing("note", "custom[Note]"),
        pairing("phones[work]", "phones[mobile]"),
        pairing("name.family", "name.family"),
        Pairing {
            left_limit: limit(limits.left),
            right_limit: limit(limits.right),
            ..pairing("emails", "emails")
        },
    ]
}

impl World {
    /// A left record that nobody knows yet. `limits` are those that the catalogue states.
    pub(crate) fn new(policy: Policy, limits: PerSide<Option<usize>>) -> Self {
        let held = |limit: Option<usize>| limit.unwrap_or(3);
        let mut world = Self {
            link: Link {
                pairings: pairings(limits),
                policy,
                base: None,
                sides: PerSide::new(Presence::Never, Presence::Never),
                created_by_us: None,
                standing: Standing::Active,
                frozen: Vec::new(),
            },
            providers: PerSide::new(
                Provider::new(Side::Left, held(limits.left)),
                Provider::new(Side::Right, held(limits.right)),
            ),
            versions: PerSide::default(),
            sent: PerSide::default(),
            state: Disposition::Pending,
            history: Vec::new(),
            replaced: Vec::new(),
            entered: Vec::new(),
            violations: Vec::new(),
            clock: 0,
            writes: 0,
            was_linked: false,
        };
        let source = match world.link.policy.direction {
            Direction::RightToLeft => Side::Right,
            Direction::Both | Direction::LeftToRight => Side::Left,
        };
        world.providers.get_mut(source).record = Some(Held {
            fields: Fields::new(),
            version: 0,
            edited_at: None,
            in_scope: true,
        });
        world.step(&Op::Edit {
            side: source,
            place: 0,
        });
        world
    }

    pub(crate) fn step(&mut self, op: &Op) {
        self.clock += 1;
        match *op {
            Op::Edit { side, place } => self.set(side, place, true),
            Op::Clear { side, place } => self.set(side, place, false),
            Op::AddElement { side } => self.change_elements(side, |elements, value| {
                elements.push(Element::simple("work", value));
                true
            }),
            Op::EditElement { side, at } => self.change_elements(side, |elements, value| {
                let Some(element) = elements.get_mut(at) else {
                    return false;
                };
                *element = Element::simple(element.label.clone(), value);
                true
            }),
            Op::RemoveElement { side, at } => self.change_elements(side, |elements, _| {
                if at < elements.len() {
                    elements.remove(at);
                }
                false
            }),
            Op::Relabel { side, at } => self.change_elements(side, |elements, _| {
                if let Some(element) = elements.get_mut(at) {
                    "home".clone_into(&mut element.label);
                }
                false
            }),
            Op::Delete { side } => {
                let before = self.tokens(side);
                self.providers.get_mut(side).record = None;
                self.replaced.extend(before);
            }
            Op::Move { side, inside } => self.providers.get_mut(side).move_to(inside),
            Op::Hide {
                side,
                place,
                hidden,
            } => self.hide(side, place, hidden),
            Op::Reach { side, reachable } => self.providers.get_mut(side).reachable = reachable,
            Op::Read { side } => self.read(side),
            Op::Plan => self.plan(),
            Op::Execute { side } => self.execute(side),
            Op::Answer { side } => self.answer(side),
            Op::AnswerTwice { side } => {
                let again = self.sent.get(side).clone();
                self.answer(side);
                self.late_answer(side, again);
            }
            Op::LoseAnswer { side } => self.lose_answer(side),
            Op::Round => self.round(),
        }
    }

    fn round(&mut self) {
        for side in Side::ALL {
            self.execute(side);
            self.answer(side);
        }
        self.read(Side::Left);
        self.read(Side::Right);
        self.plan();
        for side in Side::ALL {
            self.execute(side);
            self.answer(side);
        }
    }

    /// Lets everything be read again, then goes round until nothing changes; the number of rounds it took.
    pub(crate) fn come_to_rest(&mut self) -> Option<usize> {
        for side in Side::ALL {
            let provider = self.providers.get_mut(side);
            provider.hidden.clear();
            provider.reachable = true;
            if provider.record.as_ref().is_some_and(|held| !held.in_scope) {
                provider.move_to(true);
            }
        }
        for round in 0..12 {
            let before = self.writes;
            self.round();
            self.read(Side::Left);
            self.read(Side::Right);
            self.plan();
            let open = self.sent.left.is_some() || self.sent.right.is_some();
            if self.writes == before && !open {
                return Some(round);
            }
        }
        None
    }

    fn read(&mut self, side: Side) {
        let provider = self.providers.get(side);
        let never = matches!(self.link.sides.get(side), Presence::Never);
        let (presence, version) = match provider.sight() {
            _ if !provider.reachable && !never => (Presence::OutOfReach, None),
            Some(_) if !provider.reachable => return,
            Some((sight, version)) => (Presence::Live(sight), Some(version)),
            None if never => return,
            None => (Presence::Gone, None),
        };
        *self.link.sides.get_mut(side) = presence;
        *self.versions.get_mut(side) = version;
    }

    fn plan(&mut self) {
        if self.sent.left.is_some() || self.sent.right.is_some() {
            return;
        }
        let plan = self.link.plan();
        self.state = plan.disposition;
        if !plan.agreed.is_empty() {
            self.link
                .base
                .get_or_insert_default()
                .extend(plan.agreed.clone());
        }
        match plan.disposition {
            Disposition::Excluded(reason) => {
                self.link.standing = if reason.is_dormant() {
                    Standing::Dormant
                } else {
                    Standing::Active
                };
            }
            Disposition::Closed(Reason::CounterpartGone) => self.forget(),
            Disposition::InSync | Disposition::Pending => self.link.standing = Standing::Active,
            Disposition::Closed(_) | Disposition::SetAside(_) | Disposition::StopSync(_) => {}
        }
        for side in Side::ALL {
            let Some(write) = plan.writes.get(side).clone() else {
                continue;
            };
            self.writes += 1;
            if !self.link.policy.direction.reaches(side) {
                self.violations
                    .push(format!("a write to the source: {write:?}"));
            }
            *self.sent.get_mut(side) = Some(Sent {
                id: self.writes,
                expected: if matches!(write, Write::Create(_)) {
                    None
                } else {
                    *self.versions.get(side)
                },
                write,
                seen: self
                    .link
                    .sight(side)
                    .map(|sight| sight.fields.clone())
                    .unwrap_or_default(),
                losses: plan
                    .losses
                    .iter()
                    .filter(|loss| loss.side == side)
                    .cloned()
                    .collect(),
                answer: None,
            });
        }
    }

    /// The link has ended; the survivor counts as a record that nobody knows.
    fn forget(&mut self) {
        for side in Side::ALL {
            if matches!(self.link.sides.get(side), Presence::Gone) {
                *self.link.sides.get_mut(side) = Presence::Never;
            }
        }
        self.link.base = None;
        self.link.created_by_us = None;
        self.link.standing = Standing::Active;
    }

    fn execute(&mut self, side: Side) {
        let Some(mut sent) = self.sent.get_mut(side).take() else {
            return;
        };
        if sent.answer.is_none() {
            sent.answer = Some(self.call(side, &sent));
        }
        *self.sent.get_mut(side) = Some(sent);
    }

    /// The provider call, conditional on the version that the plan was made from.
    fn call(&mut self, side: Side, sent: &Sent) -> Outcome {
        let other_is_gone = self.providers.get(side.other()).record.is_none();
        let provider = self.providers.get_mut(side);
        if provider.version() != sent.expected {
            return Outcome::Stale;
        }
        self.history
            .extend(sent.losses.iter().flat_map(|loss| tokens_of(&loss.before)));
        let overwritten: Vec<_> = sent
            .losses
            .iter()
            .filter(|loss| undoes_an_edit(&self.link.policy, loss))
            .collect();
        if !overwritten.is_empty() {
            self.violations.push(format!(
                "an older value overwrote a newer one without a conflict: {overwritten:?}"
            ));
        }
        match &sent.write {
            Write::Delete => {
                // What we may not read goes with the record and cannot be in the history.
                let unseen = |(path, _): &(&Path, &Value)| !sent.seen.contains_key(*path);
                let fields = provider
                    .record
                    .iter()
                    .flat_map(|held| held.fields.iter().filter(unseen));
                self.replaced
                    .extend(fields.flat_map(|(_, value)| tokens_of(value)));
                provider.record = None;
                if !other_is_gone {
                    self.violations.push(format!(
                        "deleted the {side} record although the other is there"
                    ));
                }
                Outcome::Deleted
            }
            Write::Create(edits) => {
                provider.write(&self.link.pairings, edits, true);
                Outcome::Applied(provider.record.as_ref().unwrap().fields.clone())
            }
            Write::Update { edits, adopt } => {
                provider.write(&self.link.pairings, edits, *adopt);
                Outcome::Applied(provider.record.as_ref().unwrap().fields.clone())
            }
        }
    }

    fn answer(&mut self, side: Side) {
        let sent = self.sent.get_mut(side);
        if let Some(done) = sent.take_if(|sent| sent.answer.is_some()) {
            self.take_answer(side, &done);
        }
    }

    /// The answer to a write that is not the record's current one counts no more.
    fn late_answer(&mut self, side: Side, late: Option<Sent>) {
        let current = self.sent.get(side).as_ref().map(|sent| sent.id);
        if let Some(late) = late.filter(|late| Some(late.id) == current && late.answer.is_some()) {
            self.take_answer(side, &late);
        }
    }

    fn take_answer(&mut self, side: Side, sent: &Sent) {
        match sent.answer.as_ref() {
            Some(Outcome::Applied(fields)) => {
                let empty = Base::new();
                let created = matches!(sent.write, Write::Create(_));
                let base = if created {
                    &empty
                } else {
                    self.link.base.as_ref().unwrap_or(&empty)
                };
                let answer = Some(Answer {
                    fields,
                    readable: &Readable::All,
                });
                let moved = applied(
                    base,
                    &self.link.pairings,
                    side,
                    sent.write.edits(),
                    &sent.seen,
                    answer,
                );
                self.link.base = Some(moved).filter(|base| !base.is_empty());
                self.was_linked |= self.link.base.is_some();
                if created {
                    self.link.created_by_us = Some(side);
                    *self.link.sides.get_mut(side) = Presence::Gone;
                }
                self.read(side);
            }
            // The record is read by id; when it was to be created, that finds it by its marker.
            Some(Outcome::Deleted | Outcome::Stale) | None => self.read_by_id(side),
        }
    }

    fn read_by_id(&mut self, side: Side) {
        if matches!(self.link.sides.get(side), Presence::Never | Presence::Gone)
            && self.providers.get(side).record.is_some()
        {
            // Found by its marker: the link has a record here that it never agreed with.
            self.link.base = None;
            *self.link.sides.get_mut(side) = Presence::Gone;
        }
        self.read(side);
    }

    /// The call was made and nobody knows what came of it.
    fn lose_answer(&mut self, side: Side) {
        self.execute(side);
        if self.sent.get_mut(side).take().is_some() {
            self.read_by_id(side);
        }
    }

    pub(crate) fn violations(&self) -> &Vec<String> {
        &self.violations
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes
    }

    pub(crate) fn state(&self) -> Disposition {
        self.state
    }

    pub(crate) fn is_live(&self, side: Side) -> bool {
        self.providers.get(side).record.is_some()
    }

    pub(crate) fn was_linked(&self) -> bool {
        self.was_linked
    }
}
