//! What can happen in a simulated world.

use model::Side;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::provider::{Deed, Fate};

/// One thing that happens. Numbers choose among what there is, so that any part of a history is a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum Operation {
    /// A person does something.
    Person { side: Side, deed: Deed },
    /// Time passes.
    Wait { seconds: u16 },
    /// A connector reads a side to its end. `lag` is how old its lists are, `turn` in which order they come.
    Round { side: Side, lag: u8, turn: u8 },
    /// A connector takes a feed over; whoever read it stalls.
    Begin { side: Side, lag: u8, turn: u8 },
    /// The leaseholder reads and publishes its next page.
    Page { side: Side },
    /// A stalled leaseholder reads and publishes its next page after all.
    Stalled { side: Side },
    /// The provider forgets the cursor.
    Expire { side: Side },
    /// The reconciler takes a batch of changes.
    Ingest { crash: Crash },
    /// The reconciler takes a batch of outcomes.
    Apply { crash: Crash },
    /// For a moment all is well: both sides are read, everything is planned and released, and what only has to be
    /// read by its id is read. Then writes are under way.
    Turn,
    /// As [`Operation::Turn`], but for the writes: they are planned, and wait in the outbox.
    Prepare,
    /// Somebody gets in the way of a write that is on its way to a side.
    Meddle { side: Side, meddling: Meddling },
    /// The reconciler does what it can.
    Advance,
    /// The reconciler does one step, and is killed.
    Step,
    /// The outbox is released; the message may be lost with the process that publishes it.
    Release { lost: bool },
    /// A writer takes a message. `lag` is how old the lists are that it looks records up in.
    Write {
        side: Side,
        fate: Fate,
        death: Death,
        lag: u8,
    },
    /// Something goes wrong on the bus.
    Bus { queue: u8, trouble: Trouble, at: u8 },
    /// The bus loses everything that it stored.
    LoseBus,
    /// An administrator hides a field of the CRM, or shows it again.
    Hide { place: u8, hidden: bool },
    /// A collection vanishes, or may not be read any more; or it is there again.
    Collection { side: Side, state: Reach },
    /// A provider accepts no record about one of the people any more, or does again.
    Refuse {
        side: Side,
        which: u8,
        refused: bool,
    },
    /// Somebody changes the sync's definition.
    Define { change: Change },
    /// Somebody asks for a run.
    Run,
    /// A person answers a sync that waits for a word.
    Resume { accept: bool },
    /// The database is backed up.
    BackUp,
    /// The database is set back to its last backup, and recovered.
    GoBack,
}

/// Whether a collection can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It is there.
    Present,
    /// It is gone, or in the trash.
    Gone,
    /// It may not be read.
    Forbidden,
}

/// Where a process that works on the store dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crash {
    /// Nowhere.
    Never,
    /// Before its transaction is committed.
    BeforeCommit,
    /// Before it acknowledges the message.
    BeforeAcknowledgement,
}

/// Where a writer dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    /// Nowhere.
    Never,
    /// After it claimed its writes.
    Claimed,
    /// After it called the provider.
    Called,
    /// After it published the outcomes.
    Told,
}

/// How somebody gets in the way of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meddling {
    /// A person types a value into the record that is to be written.
    Edit(u8),
    /// The provider accepts no record about this person any more.
    Refuse,
}

/// What goes wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It is lost.
    Lost,
    /// It comes twice.
    Doubled,
    /// It overtakes others.
    Overtakes,
}

/// A change of the sync's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Whose value stays in a conflict.
    Conflict(u8),
    /// What a deletion does to the other side.
    Deletion(u8),
    /// Which way values flow.
    Direction(u8),
    /// Whether notes are mapped.
    Note(bool),
    /// A cap on what later runs write, or none.
    Cap(bool),
    /// The sync is paused or goes on.
    Paused(bool),
    /// The sync is deleted or made again.
    Deleted(bool),
}

/// So long after the database was set back its syncs are read again, in seconds.
const RECOVERED: u16 = 400;

/// So long the reconciler waits for an answer, in seconds.
const GIVEN_UP: u16 = 95;

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

fn deed() -> impl Strategy<Value = Deed> {
    let which = any::<u8>;
    prop_oneof![
        24 => any::<u8>().prop_map(|who| Deed::Add { who: who % 24 }),
        24 => (which(), any::<u8>()).prop_map(|(which, place)| Deed::Edit { which, place }),
        4 => (which(), any::<u8>()).prop_map(|(which, place)| Deed::Clear { which, place }),
        6 => which().prop_map(|which| Deed::AddEmail { which }),
        3 => (which(), any::<u8>()).prop_map(|(which, at)| Deed::RemoveEmail { which, at }),
        12 => which().prop_map(|which| Deed::Delete { which }),
        2 => which().prop_map(|which| Deed::Undelete { which }),
        7 => (which(), prop::bool::weighted(0.6)).prop_map(|(which, inside)| Deed::Move { which, inside }),
        1 => which().prop_map(|which| Deed::Copy { which }),
        2 => which().prop_map(|which| Deed::Merge { which }),
    ]
}

fn crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        4 => Just(Crash::Never),
        1 => Just(Crash::BeforeCommit),
        1 => Just(Crash::BeforeAcknowledgement),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Well),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::CallLost),
        1 => Just(Fate::Throttled),
    ]
}

fn death() -> impl Strategy<Value = Death> {
    prop_oneof![
        4 => Just(Death::Never),
        1 => Just(Death::Claimed),
        1 => Just(Death::Called),
        1 => Just(Death::Told),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    prop_oneof![
        Just(Trouble::Lost),
        Just(Trouble::Doubled),
        Just(Trouble::Overtakes),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => any::<u8>().prop_map(Change::Conflict),
        1 => any::<u8>().prop_map(Change::Deletion),
        2 => any::<u8>().prop_map(Change::Direction),
        3 => any::<bool>().prop_map(Change::Note),
        1 => any::<bool>().prop_map(Change::Cap),
        4 => prop::bool::weighted(0.4).prop_map(Change::Paused),
        3 => prop::bool::weighted(0.25).prop_map(Change::Deleted),
    ]
}

fn reach() -> impl Strategy<Value = Reach> {
    prop_oneof![
        3 => Just(Reach::Present),
        1 => Just(Reach::Gone),
        1 => Just(Reach::Forbidden),
    ]
}

fn lag() -> impl Strategy<Value = u8> {
    prop_oneof![2 => Just(0_u8), 1 => 1..4_u8]
}

fn begin() -> impl Strategy<Value = Operation> {
    (side(), lag(), any::<u8>()).prop_map(|(side, lag, turn)| Operation::Begin { side, lag, turn })
}

fn write() -> impl Strategy<Value = Operation> {
    (side(), fate(), death(), lag()).prop_map(|(side, fate, death, lag)| Operation::Write {
        side,
        fate,
        death,
        lag,
    })
}

fn bus() -> impl Strategy<Value = Operation> {
    let queue = prop_oneof![3 => Just(0_u8), 2 => Just(1_u8), 2 => Just(2_u8), 4 => Just(3_u8)];
    (queue, trouble(), any::<u8>()).prop_map(|(queue, trouble, at)| Operation::Bus {
        queue,
        trouble,
        at,
    })
}

fn hide() -> impl Strategy<Value = Operation> {
    (any::<u8>(), any::<bool>()).prop_map(|(place, hidden)| Operation::Hide { place, hidden })
}

fn collection() -> impl Strategy<Value = Operation> {
    (side(), reach()).prop_map(|(side, state)| Operation::Collection { side, state })
}

fn define() -> impl Strategy<Value = Operation> {
    change().prop_map(|change| Operation::Define { change })
}

/// What can happen at any time, as often as it should.
fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        36 => (side(), deed()).prop_map(|(side, deed)| Operation::Person { side, deed }),
        6 => prop_oneof![6 => 1..10_u16, 2 => 60..200_u16, 1 => 400..1200_u16]
            .prop_map(|seconds| Operation::Wait { seconds }),
        9 => (side(), lag(), any::<u8>()).prop_map(|(side, lag, turn)| Operation::Round { side, lag, turn }),
        5 => begin(),
        5 => side().prop_map(|side| Operation::Page { side }),
        2 => side().prop_map(|side| Operation::Stalled { side }),
        2 => side().prop_map(|side| Operation::Expire { side }),
        22 => crash().prop_map(|crash| Operation::Ingest { crash }),
        12 => crash().prop_map(|crash| Operation::Apply { crash }),
        5 => Just(Operation::Turn),
        6 => Just(Operation::Advance),
        2 => Just(Operation::Step),
        12 => prop::bool::weighted(0.22).prop_map(|lost| Operation::Release { lost }),
        18 => write(),
        10 => bus(),
        1 => Just(Operation::LoseBus),
        2 => hide(),
        5 => define(),
        1 => collection(),
        2 => (side(), any::<u8>(), prop::bool::weighted(0.4))
            .prop_map(|(side, which, refused)| Operation::Refuse { side, which, refused }),
        1 => Just(Operation::Run),
        3 => prop::bool::weighted(0.7).prop_map(|accept| Operation::Resume { accept }),
        1 => Just(Operation::BackUp),
    ]
}

/// What goes wrong while writes are under way: each kind about as often as any other.
fn mishap() -> impl Strategy<Value = Vec<Operation>> {
    let alone = prop_oneof![
        8 => bus(),
        4 => crash().prop_map(|crash| Operation::Ingest { crash }),
        5 => crash().prop_map(|crash| Operation::Apply { crash }),
        14 => write(),
        2 => Just(Operation::Step),
        2 => any::<bool>().prop_map(|lost| Operation::Release { lost }),
        2 => side().prop_map(|side| Operation::Stalled { side }),
        1 => side().prop_map(|side| Operation::Page { side }),
        2 => begin(),
        1 => Just(Operation::LoseBus),
        2 => hide(),
        7 => define(),
        1 => collection(),
    ];
    prop_oneof![
        50 => alone.prop_map(|operation| vec![operation]),
        6 => trouble_with_changes(),
        10 => trouble_with_outcomes(),
        8 => meddled(),
    ]
}

/// Both sides are being read when pages are lost, come twice, overtake each other, or are not taken in at once.
fn trouble_with_changes() -> impl Strategy<Value = Vec<Operation>> {
    let trouble = prop_oneof![
        3 => (trouble(), 1..4_u8).prop_map(|(trouble, at)| Operation::Bus { queue: 0, trouble, at }),
        1 => crash().prop_map(|crash| Operation::Ingest { crash }),
    ];
    let whole = any::<bool>();
    (side(), lag(), any::<u8>(), whole, trouble).prop_map(|(side, lag, turn, whole, trouble)| {
        let begun = |side| {
            [
                Operation::Begin { side, lag, turn },
                Operation::Page { side },
            ]
        };
        let expired = whole.then_some(Operation::Expire { side });
        let read = begun(side).into_iter().chain(begun(side.other()));
        expired.into_iter().chain(read).chain([trouble]).collect()
    })
}

/// A write is answered, and something happens to its answer.
fn trouble_with_outcomes() -> impl Strategy<Value = Vec<Operation>> {
    let crash = prop_oneof![
        Just(Crash::BeforeCommit),
        Just(Crash::BeforeAcknowledgement)
    ];
    let trouble = prop_oneof![
        2 => crash.prop_map(|crash| Operation::Apply { crash }),
        1 => (trouble(), any::<u8>()).prop_map(|(trouble, at)| Operation::Bus { queue: 3, trouble, at }),
    ];
    (side(), trouble).prop_map(|(side, trouble)| vec![written(side), trouble])
}

/// A write finds something else than it was made for.
fn meddled() -> impl Strategy<Value = Vec<Operation>> {
    let meddling = prop_oneof![
        2 => any::<u8>().prop_map(Meddling::Edit),
        1 => Just(Meddling::Refuse),
    ];
    (side(), meddling)
        .prop_map(|(side, meddling)| vec![Operation::Meddle { side, meddling }, written(side)])
}

/// A writer does its work.
fn written(side: Side) -> Operation {
    Operation::Write {
        side,
        fate: Fate::Well,
        death: Death::Never,
        lag: 0,
    }
}

/// What people do about whatever keeps a sync from its work; if all of it, it flows both ways afterwards.
fn mended(all: bool) -> Vec<Operation> {
    let present = |side| Operation::Collection {
        side,
        state: Reach::Present,
    };
    let define = |change| Operation::Define { change };
    let mut mended = vec![
        present(Side::Left),
        present(Side::Right),
        define(Change::Deleted(false)),
        define(Change::Paused(false)),
        Operation::Resume { accept: true },
    ];
    if all {
        mended.push(define(Change::Direction(0)));
        mended.push(define(Change::Deletion(0)));
    }
    mended
}

/// People make work: they delete, add and edit.
fn work() -> impl Strategy<Value = Vec<Operation>> {
    let which = any::<u8>;
    let add = which().prop_map(|who| Deed::Add { who: who % 24 });
    let edit = (which(), which()).prop_map(|(which, place)| Deed::Edit { which, place });
    let delete = which().prop_map(|which| Deed::Delete { which });
    let many = |deed: BoxedStrategy<Deed>, least, most| {
        let deed = (side(), deed).prop_map(|(side, deed)| Operation::Person { side, deed });
        prop::collection::vec(deed, least..=most)
    };
    (
        many(add.boxed(), 1, 4),
        many(edit.boxed(), 1, 5),
        many(delete.boxed(), 1, 3),
    )
        .prop_map(|(added, edited, deleted)| [deleted, added, edited].concat())
}

/// For once nothing goes wrong: nobody waits any more for what was lost, and what there is to do is done and answered.
fn flow() -> Vec<Operation> {
    let written = Side::ALL.into_iter().flat_map(|side| [written(side); 3]);
    let applied = [Operation::Apply {
        crash: Crash::Never,
    }; 4];
    let turn = [Operation::Wait { seconds: GIVEN_UP }, Operation::Turn];
    turn.into_iter().chain(written).chain(applied).collect()
}

/// A side begins to be read as a whole, and is not read to its end.
fn snapshot() -> impl Strategy<Value = Vec<Operation>> {
    (side(), lag(), any::<u8>()).prop_map(|(side, lag, turn)| {
        vec![
            Operation::Expire { side },
            Operation::Begin { side, lag, turn },
        ]
    })
}

/// Writes are under way afterwards, and a side may be being read as a whole.
fn busy() -> impl Strategy<Value = Vec<Operation>> {
    let released = |lost| Operation::Release { lost };
    let turn = prop_oneof![
        6 => Just(vec![Operation::Turn, Operation::Resume { accept: true }, released(false)]),
        1 => Just(vec![Operation::Prepare]),
        1 => Just(vec![Operation::Prepare, released(true)]),
    ];
    let snapshot = prop_oneof![1 => Just(Vec::new()), 2 => snapshot()];
    let all = prop::bool::weighted(0.6);
    (all, work(), turn, snapshot).prop_map(|(all, work, turn, snapshot)| {
        [mended(all), flow(), work, turn, snapshot].concat()
    })
}

/// The sync is busy when something goes wrong.
fn scene() -> impl Strategy<Value = Vec<Operation>> {
    let mishaps = prop::collection::vec(mishap(), 3..7);
    (busy(), mishaps).prop_map(|(busy, mishaps)| [busy, mishaps.concat()].concat())
}

/// The sync is busy when the database goes back. Then everything in flight has to end before anything is read again.
fn set_back() -> impl Strategy<Value = Vec<Operation>> {
    let between = prop::collection::vec(operation(), 0..20);
    (any::<bool>(), between, busy()).prop_map(|(fresh, between, busy)| {
        let backup = if fresh {
            [vec![Operation::BackUp], between].concat()
        } else {
            Vec::new()
        };
        let wait = Operation::Wait { seconds: RECOVERED };
        [backup, busy, vec![Operation::GoBack, wait, Operation::Turn]].concat()
    })
}

/// What happens next: one thing, or a few that belong together so that what is rare meets everything else.
pub fn operations() -> impl Strategy<Value = Vec<Operation>> {
    prop_oneof![
        128 => operation().prop_map(|operation| vec![operation]),
        8 => scene(),
        1 => set_back(),
    ]
}
