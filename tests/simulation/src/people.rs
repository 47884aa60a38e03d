//! What is known of what people did: which values they typed, which they gave up, and whom they typed in.

use std::collections::{BTreeMap, BTreeSet};

use model::{Fields, PerSide, Side};

use crate::values::{WHO, text_at, tokens_of};

/// The people of a world.
#[derive(Debug, Default)]
pub(crate) struct People {
    next: u32,
    newcomers: u32,
    /// Every value that was typed and stored.
    pub typed: BTreeSet<String>,
    /// Where a value was typed.
    pub typed_on: BTreeMap<String, Side>,
    /// Values that people themselves overwrote, removed or deleted.
    pub given_up: BTreeSet<String>,
    /// How often somebody was typed in, copied included, by side.
    pub made: BTreeMap<String, PerSide<u32>>,
    /// People a record of whom somebody deleted, or merged into another.
    pub deleted: BTreeSet<String>,
    /// Records that we deleted although nobody had deleted one of the same person.
    pub unasked: Vec<String>,
    /// How often a person edited what a create of ours had made where no marker can be carried, before its answer
    /// was applied: if that is lost, nothing tells any more that it was ours.
    pub estranged: BTreeMap<String, u32>,
    /// People whose records were copied, merged or edited so that they may not be matched any more.
    pub muddled: BTreeSet<String>,
}

impl People {
    /// A value that was never there before.
    pub(crate) fn token(&mut self) -> String {
        self.next += 1;
        format!("v{:04}", self.next)
    }

    /// Somebody who was never there before.
    pub(crate) fn newcomer(&mut self) -> String {
        self.newcomers += 1;
        format!("newcomer {}", self.newcomers)
    }

    /// A record was typed in or copied.
    pub(crate) fn made(&mut self, side: Side, fields: &Fields) {
        if let Some(who) = text_at(fields, WHO) {
            *self.made.entry(who).or_default().get_mut(side) += 1;
        }
        self.note(side, fields);
    }

    /// A record was edited.
    pub(crate) fn typed(&mut self, side: Side, before: &Fields, after: &Fields) {
        let known = tokens_of(before);
        let mut fresh = after.clone();
        fresh.retain(|_, value| {
            crate::values::tokens(value)
                .iter()
                .any(|token| !known.contains(token))
        });
        self.note(side, &fresh);
    }

    fn note(&mut self, side: Side, fields: &Fields) {
        for token in tokens_of(fields) {
            if self.typed.insert(token.clone()) {
                self.typed_on.insert(token, side);
            }
        }
    }

    /// What was there before and is not afterwards was a person's to lose.
    pub(crate) fn gave_up(&mut self, before: &Fields, after: &Fields) {
        let after = tokens_of(after);
        self.gave_up_all(tokens_of(before), &after);
    }

    /// Of these values, those that are not left.
    pub(crate) fn gave_up_all(&mut self, before: Vec<String>, left: &[String]) {
        let lost = before.into_iter().filter(|token| !left.contains(token));
        self.given_up.extend(lost);
    }

    /// A record was deleted, or merged into another.
    pub(crate) fn deleted(&mut self, fields: &Fields) {
        self.deleted.extend(text_at(fields, WHO));
    }

    /// One of our writers deletes a record.
    pub(crate) fn we_deleted(&mut self, id: &str, fields: &Fields) {
        let asked = text_at(fields, WHO).is_some_and(|who| self.deleted.contains(&who));
        if !asked {
            self.unasked.push(id.to_owned());
        }
    }

    /// A record that may be ours, for all we can know, was edited.
    pub(crate) fn estranged(&mut self, fields: &Fields) {
        if let Some(who) = text_at(fields, WHO) {
            *self.estranged.entry(who).or_default() += 1;
        }
    }

    /// A record came back from the bin, with its values.
    pub(crate) fn took_back(&mut self, fields: &Fields) {
        for token in tokens_of(fields) {
            self.given_up.remove(&token);
        }
    }

    /// Its key may not be what it was when it was matched.
    pub(crate) fn muddled(&mut self, fields: &Fields) {
        self.muddled.extend(text_at(fields, WHO));
    }
}
