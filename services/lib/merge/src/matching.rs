//! Which records of two sides belong together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::{MatchKey, NO_NAME, PerSide, Side};
use serde::{Deserialize, Serialize};

use crate::policy::{Outside, Policy, Twins};

/// A record that has no link yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The caller's own id of the record.
    pub id: i64,
    /// Whether it is inside the sync's collection.
    pub in_scope: bool,
    /// Its match keys.
    pub keys: Vec<MatchKey>,
    /// The smaller, the older: of twins the oldest is linked.
    pub age: i64,
}

/// What matching found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matching {
    /// Records that belong together, at least one of which is in the scope.
    pub matched: Vec<Match>,
    /// Records in the scope that are not synced because another one is.
    pub twins: Vec<Twin>,
    /// Records that belong together but are excluded, because one is outside the scope and not adopted.
    pub outside: Vec<OutsideMatch>,
    /// Records that may belong together: shown to people, nothing more.
    pub possible: Vec<PossibleMatch>,
}

/// Two records that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Match {
    /// The left record.
    pub left: i64,
    /// The right record.
    pub right: i64,
    /// The rank of the criterion that they share.
    pub rank: u32,
    /// The side whose record is outside the scope and to be adopted.
    pub adopt: Option<Side>,
}

/// A record that is the same as another one of its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Twin {
    /// The side.
    pub side: Side,
    /// The record.
    pub id: i64,
    /// The one that is synced instead.
    pub of: i64,
}

/// Two records that belong together but are excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutsideMatch {
    /// The left record.
    pub left: i64,
    /// The right record.
    pub right: i64,
    /// The rank of the criterion that they share.
    pub rank: u32,
    /// The side whose record is outside the scope.
    pub outside: Side,
}

/// Two records that may belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PossibleMatch {
    /// The left record.
    pub left: i64,
    /// The right record.
    pub right: i64,
}

/// Pairs up the records of two sides, one to one, the best rank first.
///
/// A key that only one record of each side has is enough; one that several records of a side share counts
/// only together with the name. Of several that share key and name the ones in the scope come first, then
/// the oldest. Records that are both outside the scope are of no interest.
pub fn pair_up(left: &[Candidate], right: &[Candidate], policy: &Policy) -> Matching {
    let mut work = Work::new(PerSide::new(left, right), policy);
    let ranks: BTreeSet<u32> = work.groups.keys().map(|(rank, _)| *rank).collect();
    for rank in ranks {
        work.match_rank(rank);
    }
    work.find_twins();
    work.suggest();
    work.finish()
}

/// The candidates of both sides that carry one key, by place.
type Group = PerSide<Vec<usize>>;

struct Work<'a> {
    candidates: PerSide<&'a [Candidate]>,
    policy: &'a Policy,
    /// By rank and hash; groups are sorted, records in the scope first, then the oldest.
    groups: BTreeMap<(u32, [u8; 32]), Group>,
    /// The counterpart of each candidate that has one.
    partner: PerSide<HashMap<usize, usize>>,
    /// Candidates that are left out, be it as a twin.
    twins: PerSide<BTreeSet<usize>>,
    matching: Matching,
}

impl<'a> Work<'a> {
    fn new(candidates: PerSide<&'a [Candidate]>, policy: &'a Policy) -> Self {
        let mut groups: BTreeMap<(u32, [u8; 32]), Group> = BTreeMap::new();
        for side in Side::ALL {
            let list = *candidates.get(side);
            for at in oldest_first(list) {
                for key in &list[at].keys {
                    let group = groups
                        .entry((key.rank, key.hash))
                        .or_default()
                        .get_mut(side);
                    if group.last() != Some(&at) {
                        group.push(at);
                    }
                }
            }
        }
        Self {
            candidates,
            policy,
            groups,
            partner: PerSide::default(),
            twins: PerSide::default(),
            matching: Matching::default(),
        }
    }

    fn candidate(&self, side: Side, at: usize) -> &'a Candidate {
        &self.candidates.get(side)[at]
    }

    fn name(&self, side: Side, at: usize) -> Option<[u8; 32]> {
        let keys = &self.candidate(side, at).keys;
        keys.first()
            .map(|key| key.name_hash)
            .filter(|name| *name != NO_NAME)
    }

    fn is_free(&self, side: Side, at: usize) -> bool {
        !self.partner.get(side).contains_key(&at)
    }

    /// Matches by one rank until nothing more is found: a record with several keys may free a choice.
    fn match_rank(&mut self, rank: u32) {
        loop {
            let mut edges = self.edges(rank);
            edges.sort_by_key(|edge| (edge.standing, edge.ages, edge.ids));
            let before = self.partner.left.len();
            for edge in edges {
                let (left, right) = edge.places;
                if self.is_free(Side::Left, left) && self.is_free(Side::Right, right) {
                    self.partner.left.insert(left, right);
                    self.partner.right.insert(right, left);
                    self.report(rank, left, right);
                }
            }
            if self.partner.left.len() == before {
                return;
            }
        }
    }

    /// The pairs of free records that a rank's keys allow.
    fn edges(&self, rank: u32) -> Vec<Edge> {
        let mut edges = Vec::new();
        for group in self
            .groups
            .range((rank, [0; 32])..=(rank, [255; 32]))
            .map(|(_, group)| group)
        {
            if let (&[left], &[right]) = (&group.left[..], &group.right[..]) {
                edges.extend(self.edge(left, right));
                continue;
            }
            let (lefts, rights) = (
                self.by_name(Side::Left, group),
                self.by_name(Side::Right, group),
            );
            for (name, lefts) in lefts {
                let rights = rights.get(&name).map_or(&[][..], Vec::as_slice);
                let count = match self.policy.twins {
                    Twins::LinkOne => usize::from(self.none_matched(&lefts, rights)),
                    Twins::SyncAll => usize::MAX,
                };
                let free = |side: Side| move |at: &&usize| self.is_free(side, **at);
                let pairs = lefts
                    .iter()
                    .filter(free(Side::Left))
                    .zip(rights.iter().filter(free(Side::Right)));
                edges.extend(
                    pairs
                        .take(count)
                        .filter_map(|(left, right)| self.edge(*left, *right)),
                );
            }
        }
        edges
    }

    fn none_matched(&self, lefts: &[usize], rights: &[usize]) -> bool {
        lefts.iter().all(|at| self.is_free(Side::Left, *at))
            && rights.iter().all(|at| self.is_free(Side::Right, *at))
    }

    fn by_name(&self, side: Side, group: &Group) -> BTreeMap<[u8; 32], Vec<usize>> {
        let mut names: BTreeMap<[u8; 32], Vec<usize>> = BTreeMap::new();
        for at in group.get(side) {
            if let Some(name) = self.name(side, *at) {
                names.entry(name).or_default().push(*at);
            }
        }
        names
    }

    /// A possible pair, unless both records are outside the scope or one has its counterpart.
    fn edge(&self, left: usize, right: usize) -> Option<Edge> {
        let (a, b) = (
            self.candidate(Side::Left, left),
            self.candidate(Side::Right, right),
        );
        let free = self.is_free(Side::Left, left) && self.is_free(Side::Right, right);
        let other_name = self.name(Side::Left, left) != self.name(Side::Right, right);
        (free && (a.in_scope || b.in_scope)).then(|| Edge {
            standing: (!(a.in_scope && b.in_scope), other_name),
            ages: (a.age.min(b.age), a.age.max(b.age)),
            places: (left, right),
            ids: (a.id, b.id),
        })
    }

    fn report(&mut self, rank: u32, left: usize, right: usize) {
        let (a, b) = (
            self.candidate(Side::Left, left),
            self.candidate(Side::Right, right),
        );
        let outside = match (a.in_scope, b.in_scope) {
            (false, _) => Some(Side::Left),
            (_, false) => Some(Side::Right),
            _ => None,
        };
        let refused = |side: &Side| {
            self.policy.outside == Outside::Skip || !self.policy.direction.reaches(*side)
        };
        match outside.filter(refused) {
            Some(outside) => self.matching.outside.push(OutsideMatch {
                left: a.id,
                right: b.id,
                rank,
                outside,
            }),
            None => self.matching.matched.push(Match {
                left: a.id,
                right: b.id,
                rank,
                adopt: outside,
            }),
        }
    }

    /// Of records that share key and name only one is synced, the matched one or the first.
    fn find_twins(&mut self) {
        if self.policy.twins == Twins::SyncAll {
            return;
        }
        for side in Side::ALL {
            let groups = self
                .groups
                .values()
                .flat_map(|group| self.by_name(side, group).into_values());
            for group in groups.collect::<Vec<_>>() {
                let alone = |at: &usize| self.is_free(side, *at);
                let matched = group.iter().find(|at| !alone(at)).copied();
                let kept = matched.or_else(|| {
                    group
                        .iter()
                        .find(|at| !self.twins.get(side).contains(at))
                        .copied()
                });
                let Some(of) = kept else { continue };
                for at in group.into_iter().filter(|at| *at != of) {
                    let twin = self.candidate(side, at);
                    if self.is_free(side, at)
                        && twin.in_scope
                        && self.twins.get_mut(side).insert(at)
                    {
                        let of = self.candidate(side, of).id;
                        self.matching.twins.push(Twin {
                            side,
                            id: twin.id,
                            of,
                        });
                    }
                }
            }
        }
    }

    /// Suggests for records without a counterpart one that shares a key or the name, at most one each.
    fn suggest(&mut self) {
        let mut names: BTreeMap<[u8; 32], Group> = BTreeMap::new();
        for side in Side::ALL {
            for at in oldest_first(self.candidates.get(side)) {
                if let Some(name) = self.name(side, at) {
                    names.entry(name).or_default().get_mut(side).push(at);
                }
            }
        }
        let mut suggested: PerSide<BTreeSet<usize>> = PerSide::default();
        let groups: Vec<Group> = self
            .groups
            .values()
            .cloned()
            .chain(names.into_values())
            .collect();
        for group in groups {
            let open = |side: Side| {
                let known = suggested.get(side);
                let at = |at: &usize| {
                    self.is_free(side, *at)
                        && !self.twins.get(side).contains(at)
                        && !known.contains(at)
                        && self.candidate(side, *at).in_scope
                };
                group
                    .get(side)
                    .iter()
                    .copied()
                    .filter(at)
                    .collect::<Vec<_>>()
            };
            for (left, right) in open(Side::Left).into_iter().zip(open(Side::Right)) {
                suggested.left.insert(left);
                suggested.right.insert(right);
                self.matching.possible.push(PossibleMatch {
                    left: self.candidate(Side::Left, left).id,
                    right: self.candidate(Side::Right, right).id,
                });
            }
        }
    }

    fn finish(mut self) -> Matching {
        self.matching.matched.sort_unstable();
        self.matching.twins.sort_unstable();
        self.matching.outside.sort_unstable();
        self.matching.possible.sort_unstable();
        self.matching
    }
}

/// The places of candidates, those in the scope first, then the oldest.
fn oldest_first(list: &[Candidate]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..list.len()).collect();
    order.sort_by_key(|at| (!list[*at].in_scope, list[*at].age, list[*at].id));
    order
}

/// A pair of free records that share a key, with what decides between pairs.
struct Edge {
    /// Whether one is outside the scope, and whether the names differ.
    standing: (bool, bool),
    ages: (i64, i64),
    ids: (i64, i64),
    places: (usize, usize),
}
