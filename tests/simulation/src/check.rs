//! What must hold once a world has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use merge::Base;
use model::{Element, Pairing, Path, Side, Value};
use sqlx::{Row as _, types::Json};

use crate::{
    direction::source_rests,
    provider::{Held, MOST_EMAILS, NOT_ACCEPTED, crm_would_show},
    values::{KIND, WHO, shown, text_at, tokens_of},
    world::World,
};

/// A link as the store has it.
#[derive(Debug)]
struct Linked {
    left: String,
    right: String,
    state: String,
    reason: String,
    base: Base,
    /// Whether another record was made in the place of its only one, and is there.
    replaced: bool,
}

impl Linked {
    fn id(&self, side: Side) -> &str {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }
}

impl World {
    /// Looks at everything that must hold at rest, and notes what does not.
    pub async fn check(&mut self) {
        let links = self.links().await;
        let mut found = Vec::new();
        self.unsettled(&mut found).await;
        self.unexplained(&links, &mut found);
        self.unequal(&links, &mut found);
        self.doubled(&mut found);
        self.lost(&mut found).await;
        self.source_written(&mut found);
        for id in &self.people.unasked {
            found.push(format!("{id} was deleted although nobody asked for it"));
        }
        self.violations.extend(found);
    }

    async fn links(&self) -> Vec<Linked> {
        let rows = sqlx::query(
            "SELECT left_id, right_id, state, reason, base, EXISTS (
                 SELECT FROM former_place p
                 WHERE p.record IN (link.left_record, link.right_record) AND p.presence = 'live') AS replaced
             FROM link WHERE state <> 'closed' ORDER BY id",
        )
        .fetch_all(&self.store.pool)
        .await
        .expect("the links can be read");
        rows.iter()
            .map(|row| Linked {
                left: row.get("left_id"),
                right: row.get("right_id"),
                state: row.get("state"),
                reason: row.get("reason"),
                base: row
                    .get::<Option<Json<Base>>, _>("base")
                    .map(|json| json.0)
                    .unwrap_or_default(),
                replaced: row.get("replaced"),
            })
            .collect()
    }

    /// The states add up, and nothing is waited for.
    async fn unsettled(&self, found: &mut Vec<String>) {
        let status = self.status().await;
        let counts = status.counts.unwrap_or_default();
        let states =
            counts.in_sync + counts.pending + counts.deferred + counts.excluded + counts.set_aside;
        if states != counts.in_scope {
            found.push(format!("the states do not add up: {counts:?}"));
        }
        let waiting = sqlx::query(
            "SELECT side, remote_id, presence FROM record WHERE presence IN ('unsettled', 'doubtful')",
        )
        .fetch_all(&self.store.pool)
        .await
        .expect("the records can be read");
        for row in waiting {
            found.push(format!(
                "{} of side {} is still {}",
                row.get::<String, _>("remote_id"),
                row.get::<i16, _>("side"),
                row.get::<String, _>("presence"),
            ));
        }
    }

    /// Every record in scope has one state, and a reason that is true.
    fn unexplained(&self, links: &[Linked], found: &mut Vec<String>) {
        for side in Side::ALL {
            let provider = self.providers.get(side);
            for (id, _) in provider.live().filter(|(_, held)| held.in_scope) {
                let count = links.iter().filter(|link| link.id(side) == id).count();
                if count != 1 {
                    found.push(format!("{id} has {count} states"));
                }
            }
        }
        for link in links {
            if let Some(why) = self.why_not(link) {
                found.push(format!("{why}: {link:?}"));
            }
        }
    }

    /// Why a link's state is not true.
    fn why_not(&self, link: &Linked) -> Option<&'static str> {
        let held = |side: Side| self.providers.get(side).get(link.id(side));
        let (left, right) = (held(Side::Left), held(Side::Right));
        let outside = |held: Option<&Held>| held.is_some_and(|held| !held.in_scope);
        match (link.state.as_str(), link.reason.as_str()) {
            ("in sync", _) => match (left, right) {
                (Some(left), Some(right)) if left.in_scope && right.in_scope => None,
                (Some(_), Some(_)) => Some("in sync and outside the scope"),
                _ => Some("in sync without a counterpart"),
            },
            ("excluded", "twin of a linked record") => {
                let alone = Side::ALL
                    .into_iter()
                    .find_map(|side| Some((side, held(side)?)));
                let is_twin =
                    alone.is_some_and(|(side, own)| self.has_twin(side, link.id(side), own));
                (!is_twin && !link.replaced).then_some("no twin")
            }
            ("excluded", "left the scope" | "outside the scope" | "outside the list view") => {
                (!outside(left) && !outside(right)).then_some("not outside")
            }
            ("excluded", "deletion not propagated") => {
                (left.is_some() && right.is_some()).then_some("not deleted")
            }
            ("set aside", NOT_ACCEPTED) => {
                let refused = |side: Side| {
                    let who = [left, right]
                        .into_iter()
                        .flatten()
                        .find_map(|held| text_at(&held.fields, WHO));
                    who.is_some_and(|who| self.providers.get(side).refused.contains(&who))
                };
                (!Side::ALL.into_iter().any(refused)).then_some("refused by nobody")
            }
            (state, reason) => self.why_not_one_way(state, reason, left, right),
        }
    }

    /// Why the state of a link of a one-way sync is not true; of any other, there is no such state.
    fn why_not_one_way(
        &self,
        state: &str,
        reason: &str,
        left: Option<&Held>,
        right: Option<&Held>,
    ) -> Option<&'static str> {
        let (source, target) = match self.one_way_from() {
            Some(Side::Left) => (left, right),
            Some(Side::Right) => (right, left),
            None => return Some("no state to rest in"),
        };
        let is_true = match (state, reason) {
            (
                "excluded",
                "only on the target of a one-way sync"
                | "deleted at the source, edited on the target",
            ) => source.is_none(),
            ("excluded", "deleted on the target of a one-way sync") => target.is_none(),
            _ => false,
        };
        (!is_true).then_some("no state to rest in, one way")
    }

    /// Whether a side has another record with the same name that shares an address.
    fn has_twin(&self, side: Side, id: &str, own: &Held) -> bool {
        self.providers.get(side).live().any(|(other, held)| {
            other != id
                && (text_at(&held.fields, WHO) == text_at(&own.fields, WHO)
                    || shown(&held.fields, "emails") == shown(&own.fields, "emails"))
        })
    }

    /// Records that are in sync show the same on every mapped path, but for what their providers rewrite.
    fn unequal(&self, links: &[Linked], found: &mut Vec<String>) {
        let pairings = self.pairings();
        for link in links.iter().filter(|link| link.state == "in sync") {
            let (Some(left), Some(right)) = (
                self.providers.left.get(&link.left),
                self.providers.right.get(&link.right),
            ) else {
                continue;
            };
            for pairing in &pairings {
                let name = pairing.left.to_string();
                let (own, other) = (shown(&left.fields, &name), shown(&right.fields, &name));
                let equal = if pairing.is_list() {
                    as_far_as_they_fit(pairing, link, own.as_ref(), other.as_ref())
                } else {
                    let comparison = pairing.comparison();
                    let rewritten = crm_would_show(&name, other.as_ref());
                    comparison.same(own.as_ref(), other.as_ref())
                        || comparison.same(own.as_ref(), rewritten.as_ref())
                };
                let drifted = self.one_way_from().is_some_and(|source| {
                    let shown = match source {
                        Side::Left => own.as_ref(),
                        Side::Right => other.as_ref(),
                    };
                    let full = pairing.is_list()
                        && source == Side::Right
                        && own.as_ref().map_or(&[][..], Value::as_elements).len() >= MOST_EMAILS;
                    source_rests(pairing, source, link.base.get(&pairing.key()), shown, full)
                });
                if !equal && !drifted {
                    found.push(format!(
                        "{name} differs between {} and {}: {own:?}, {other:?}; base {:?}",
                        link.left,
                        link.right,
                        link.base.get(&pairing.key())
                    ));
                }
            }
        }
    }

    fn pairings(&self) -> Vec<Pairing> {
        self.definition
            .mapping
            .iter()
            .filter_map(|line| {
                let path = |text: &str| Path::parse(text).ok();
                let pairing = Pairing::new(
                    KIND,
                    path(&line.left)?,
                    path(&line.right)?,
                    model::Direction::Both,
                );
                Some(Pairing {
                    revision: line.revision,
                    ..pairing.ok()?
                })
            })
            .collect()
    }

    /// Nobody is there more often than people typed them in, and once if they could be matched all the time.
    ///
    /// Two things are beyond any sync: people who were typed in on both sides without an address in common, or
    /// whose address, name or number of records people changed by hand before both were matched; and people typed
    /// in at a provider so shortly before our create that its lists could not show them yet. `muddled` names both.
    /// `estranged` names what is only found and healed where a provider carries no marker. And where a create's
    /// answer is lost, its record has no address and its provider carries no marker, only its content can tell that it is
    /// ours; nothing does outside a list view, where only keys are known, or where the provider cut the content
    /// off: `lost_beyond` counts exactly these.
    fn doubled(&self, found: &mut Vec<String>) {
        for side in Side::ALL {
            let mut counts: BTreeMap<String, u32> = BTreeMap::new();
            for (_, held) in self.providers.get(side).live() {
                if let Some(who) = text_at(&held.fields, WHO) {
                    *counts.entry(who).or_default() += 1;
                }
            }
            for (who, count) in counts {
                let made = self.people.made.get(&who).copied().unwrap_or_default();
                let most = if self.people.muddled.contains(&who) {
                    made.left + made.right
                } else {
                    made.left.max(made.right)
                };
                let estranged = self.people.estranged.get(&who).copied().unwrap_or(0);
                let beyond: u32 = [&self.providers.left, &self.providers.right]
                    .map(|provider| provider.lost_beyond(&who))
                    .iter()
                    .sum();
                if count > most.max(1) + estranged + beyond {
                    found.push(format!(
                        "{who} is there {count} times on the {side} side, typed in {made:?}"
                    ));
                }
            }
        }
    }

    /// Every value that somebody typed is on a side, in the history, or was given up by a person.
    async fn lost(&self, found: &mut Vec<String>) {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for side in Side::ALL {
            for (_, held) in self.providers.get(side).live() {
                known.extend(tokens_of(&held.fields));
            }
        }
        known.extend(self.told_by_history().await);
        for token in &self.people.typed {
            if !known.contains(token) && !self.people.given_up.contains(token) {
                found.push(format!(
                    "{token}, typed on the {:?} side, is neither on a side nor in the history",
                    self.people.typed_on.get(token)
                ));
            }
        }
    }
}

/// Whether each side has every address of the other, but for those that have no room or were quietly dropped.
fn as_far_as_they_fit(
    pairing: &Pairing,
    link: &Linked,
    left: Option<&Value>,
    right: Option<&Value>,
) -> bool {
    let of = |value: Option<&Value>| -> Vec<String> {
        value
            .map_or(&[][..], Value::as_elements)
            .iter()
            .map(|element| format!("{:?}", pairing.comparison().normal_parts(element)))
            .collect()
    };
    let (left, right) = (of(left), of(right));
    let base = link.base.get(&pairing.key());
    let elements = |side: Side| -> &[Element] {
        base.and_then(|base| base.get(side))
            .map_or(&[][..], Value::as_elements)
    };
    // An address of which the CRM's base shows nothing did not fit when it was last looked at.
    let lone: Vec<String> = elements(Side::Left)
        .iter()
        .zip(elements(Side::Right))
        .filter(|(own, _)| own.is_empty())
        .map(|(_, other)| format!("{:?}", pairing.comparison().normal_parts(other)))
        .collect();
    left.iter().all(|address| right.contains(address))
        && (left.len() >= MOST_EMAILS
            || right
                .iter()
                .all(|address| left.contains(address) || lone.contains(address)))
}
