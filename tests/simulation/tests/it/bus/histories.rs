//! The histories that both play.

use simulation::bus::Bus;

use super::{
    Bad,
    On::{Changes, Outcomes, Writes},
    Step::{
        self, Acknowledge, Dead, Die, Garbage, GiveBack, Left, LoseStore, Nothing, Publish,
        Refused, Take,
    },
    jetstream::JetStream,
    model::Model,
    play,
};

/// Messages of one sync come one by one and in order, and another sync does not wait for them.
const ORDER: &[Step] = &[
    Publish(Changes, "one", 1),
    Publish(Changes, "one", 2),
    Take(Changes, &[("one", 1)]),
    Publish(Changes, "other", 1),
    Take(Changes, &[("other", 1)]),
    Nothing(Changes),
    Acknowledge(Changes, "one", 1),
    Take(Changes, &[("one", 2)]),
    Acknowledge(Changes, "other", 1),
    Acknowledge(Changes, "one", 2),
    Nothing(Changes),
    Left(Changes, 0),
];

/// What is given back comes again, in its place.
const AGAIN: &[Step] = &[
    Publish(Changes, "one", 1),
    Publish(Changes, "one", 2),
    Take(Changes, &[("one", 1)]),
    GiveBack(Changes, "one", 1),
    Take(Changes, &[("one", 1)]),
    Left(Changes, 2),
    Acknowledge(Changes, "one", 1),
    Take(Changes, &[("one", 2)]),
    Acknowledge(Changes, "one", 2),
    Left(Changes, 0),
];

/// What a reader had in hand when it died comes again, and what it acknowledged does not.
const DEATH: &[Step] = &[
    Publish(Changes, "one", 1),
    Publish(Changes, "one", 2),
    Take(Changes, &[("one", 1)]),
    Acknowledge(Changes, "one", 1),
    Take(Changes, &[("one", 2)]),
    Die,
    Take(Changes, &[("one", 2)]),
    Acknowledge(Changes, "one", 2),
    Nothing(Changes),
];

/// The same page is taken in once; writes and answers are taken in as often as they are published.
const REPEATS: &[Step] = &[
    Publish(Changes, "one", 1),
    Publish(Changes, "one", 1),
    Left(Changes, 1),
    Publish(Writes, "c1", 0),
    Publish(Writes, "c1", 0),
    Left(Writes, 2),
    Publish(Outcomes, "one", 0),
    Publish(Outcomes, "one", 0),
    Left(Outcomes, 2),
    Take(Writes, &[("c1", 0)]),
    Nothing(Writes),
    Acknowledge(Writes, "c1", 0),
    Take(Writes, &[("c1", 0)]),
    Acknowledge(Writes, "c1", 0),
    Take(Outcomes, &[("one", 0)]),
    Acknowledge(Outcomes, "one", 0),
    Left(Outcomes, 1),
];

/// What cannot be decoded is set aside, and what follows it goes on; what cannot be carried is refused.
const BAD: &[Step] = &[
    Garbage("one"),
    Publish(Changes, "one", 2),
    Take(Changes, &[("one", 2)]),
    Acknowledge(Changes, "one", 2),
    Left(Changes, 0),
    Dead(1),
    Refused(Bad::TooLarge),
    Refused(Bad::Subject),
    Left(Changes, 0),
];

/// A store that is lost takes everything with it, and what is published afterwards arrives. (What the real reader
/// had read ahead may still be handed out; the model has that as a message that comes twice.)
const LOSS: &[Step] = &[
    Publish(Changes, "one", 1),
    Take(Changes, &[("one", 1)]),
    LoseStore,
    Acknowledge(Changes, "one", 1),
    Publish(Changes, "one", 2),
    Take(Changes, &[("one", 2)]),
    Acknowledge(Changes, "one", 2),
    Left(Changes, 0),
];

macro_rules! histories {
    ($($name:ident: $history:expr;)*) => {
        mod on_the_model {
            use super::*;

            $(#[tokio::test]
            async fn $name() {
                play(&mut Model::new(Bus::default()), $history).await;
            })*
        }

        mod on_jetstream {
            use super::*;

            $(#[tokio::test]
            async fn $name() {
                play(&mut JetStream::start().await, $history).await;
            })*
        }
    };
}

histories! {
    messages_of_one_sync_come_in_order: ORDER;
    what_is_given_back_comes_again_in_its_place: AGAIN;
    what_a_dead_reader_held_comes_again: DEATH;
    a_page_is_taken_in_once: REPEATS;
    what_cannot_be_decoded_is_set_aside: BAD;
    a_lost_store_takes_everything_with_it: LOSS;
}
