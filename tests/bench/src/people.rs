//! People who edit, on both sides, many at a time.

use e2e::Sandbox;
use proto::reconcile::SyncRecord;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::{Value, json};

use crate::{
    accounts::Pair,
    crew::{Member, linked},
    stage::Stage,
};

/// Somebody whom both sides have.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    /// Which account.
    pair: usize,
    /// Zoho CRM's id.
    pub(crate) left: String,
    /// Google's resource name.
    pub(crate) right: String,
}

/// Everybody, and the two sides on which they are edited at random, each side as often as the other.
pub(crate) struct Editors {
    pairs: Vec<Pair>,
    people: Vec<Person>,
    next: usize,
    edits: u64,
    random: StdRng,
    /// Whether only the left side is edited.
    left_only: bool,
}

impl Editors {
    /// Asks who is linked.
    pub(crate) async fn of(
        stage: &Stage,
        members: &[Member],
        left_only: bool,
    ) -> anyhow::Result<Self> {
        let mut control = stage.system.control().await?;
        let mut people = Vec::new();
        for (pair, member) in members.iter().enumerate() {
            let records = linked(&mut control, &member.sync).await?;
            people.extend(records.into_iter().map(|record| person(pair, record)));
        }
        anyhow::ensure!(!people.is_empty(), "nobody is linked");
        let mut random = StdRng::seed_from_u64(1);
        people.shuffle(&mut random);
        Ok(Self {
            pairs: members.iter().map(|member| member.pair.clone()).collect(),
            people,
            next: 0,
            edits: 0,
            random,
            left_only,
        })
    }

    /// How many there are to edit.
    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    /// Edits this many people, who were not edited for the longest time, in one call a side. Together, what is
    /// edited in one account is told in one push; else each edit is.
    pub(crate) async fn edit(
        &mut self,
        sandbox: &Sandbox,
        count: usize,
        together: bool,
    ) -> anyhow::Result<()> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let person = self.people[self.next % self.people.len()].clone();
            self.next += 1;
            self.edits += 1;
            let value = format!("Note {}", self.edits);
            if self.left_only || self.random.random::<bool>() {
                left.push((person.pair, json!({
                    "as": self.pairs[person.pair].zoho, "id": person.left, "values": { "Description": value },
                })));
            } else {
                right.push(json!({
                    "account": self.pairs[person.pair].google, "id": person.right.trim_start_matches("people/"),
                    "person": { "biographies": [{ "value": value }] },
                }));
            }
        }
        left.sort_by_key(|(pair, _)| *pair);
        let left: Vec<Value> = left.into_iter().map(|(_, edit)| edit).collect();
        if !left.is_empty() {
            let path = format!("zoho/records/Contacts?together={together}");
            sandbox.patch(&path, &json!(left)).await?;
        }
        if !right.is_empty() {
            sandbox.patch("google/contacts", &json!(right)).await?;
        }
        Ok(())
    }
}

fn person(pair: usize, record: SyncRecord) -> Person {
    Person {
        pair,
        left: record.left_id,
        right: record.right_id,
    }
}
