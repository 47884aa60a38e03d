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

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

fn deed() -> impl Strategy<Value = Deed> {
    let which = any::<u8>;
    prop_oneof![
        16 => any::<u8>().prop_map(|who| Deed::Add { who: who % 24 }),
        24 => (which(), any::<u8>()).prop_map(|(which, place)| Deed::Edit { which, place }),
        4 => (which(), any::<u8>()).prop_map(|(which, place)| Deed::Clear { which, place }),
        6 => which().prop_map(|which| Deed::AddEmail { which }),
        3 => (which(), any::<u8>()).prop_map(|(which, at)| Deed::RemoveEmail { which, at }),
        12 => which().prop_map(|which| Deed::Delete { which }),
        2 => which().prop_map(|which| Deed::Undelete { which }),
        5 => (which(), prop::bool::weighted(0.7)).prop_map(|(which, inside)| Deed::Move { which, inside }),
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
        1 => any::<bool>().prop_map(Change::Note),
        1 => any::<bool>().prop_map(Change::Cap),
        4 => prop::bool::weighted(0.25).prop_map(Change::Paused),
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

/// What can happen, as often as it should.
pub fn operation() -> impl Strategy<Value = Operation> {
    let lag = || prop_oneof![2 => Just(0_u8), 1 => 1..4_u8];
    prop_oneof![
        36 => (side(), deed()).prop_map(|(side, deed)| Operation::Person { side, deed }),
        6 => prop_oneof![6 => 1..10_u16, 2 => 60..200_u16, 1 => 400..1200_u16]
            .prop_map(|seconds| Operation::Wait { seconds }),
        9 => (side(), lag(), any::<u8>()).prop_map(|(side, lag, turn)| Operation::Round { side, lag, turn }),
        5 => (side(), lag(), any::<u8>()).prop_map(|(side, lag, turn)| Operation::Begin { side, lag, turn }),
        5 => side().prop_map(|side| Operation::Page { side }),
        2 => side().prop_map(|side| Operation::Stalled { side }),
        2 => side().prop_map(|side| Operation::Expire { side }),
        22 => crash().prop_map(|crash| Operation::Ingest { crash }),
        12 => crash().prop_map(|crash| Operation::Apply { crash }),
        12 => Just(Operation::Turn),
        6 => Just(Operation::Advance),
        2 => Just(Operation::Step),
        12 => prop::bool::weighted(0.15).prop_map(|lost| Operation::Release { lost }),
        18 => (side(), fate(), death(), lag())
            .prop_map(|(side, fate, death, lag)| Operation::Write { side, fate, death, lag }),
        14 => (prop_oneof![3 => Just(0_u8), 2 => Just(1_u8), 2 => Just(2_u8), 4 => Just(3_u8)], trouble(), any::<u8>())
            .prop_map(|(queue, trouble, at)| Operation::Bus { queue, trouble, at }),
        1 => Just(Operation::LoseBus),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(place, hidden)| Operation::Hide { place, hidden }),
        5 => change().prop_map(|change| Operation::Define { change }),
        1 => (side(), reach()).prop_map(|(side, state)| Operation::Collection { side, state }),
        2 => (side(), any::<u8>(), prop::bool::weighted(0.6))
            .prop_map(|(side, which, refused)| Operation::Refuse { side, which, refused }),
        1 => Just(Operation::Run),
        3 => prop::bool::weighted(0.7).prop_map(|accept| Operation::Resume { accept }),
        1 => prop::bool::weighted(0.4).prop_map(|back| if back { Operation::GoBack } else { Operation::BackUp }),
    ]
}
