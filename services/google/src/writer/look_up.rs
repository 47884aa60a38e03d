//! Looking for records that are about to be created.
//!
//! Google finds nothing by application data, and its search answers from a cache of its own. So the list is read,
//! the contacts that changed last first, back to a time before which a feed has seen everything.

mod candidates;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};
use model::{MatchKey, NO_NAME, Path, match_keys};
use provider::{Create, Fault};

pub(crate) use self::candidates::Keys;
use self::candidates::{Candidates, Holder, KEY};
use super::Writer;
use crate::{
    client::{Dated, Listing},
    map,
    wire::Person,
};

/// How far back a look-up reads. A feed reads an account completely at least every six days, so whatever changed
/// before twice that time is known to the matching.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A record that is about to be created, and its place in the batch.
pub(super) type Wanted<'a> = (usize, &'a Create);

/// What a look-up found.
pub(super) struct Found {
    pub(super) person: Person,
    /// Whether it carries the marker: it is what an earlier attempt created.
    pub(super) by_marker: bool,
}

impl Writer<'_> {
    /// Looks for live records with the markers of these creates, or with one of their match paths' values.
    pub(super) async fn look_up(
        &mut self,
        wanted: &[Wanted<'_>],
    ) -> Result<BTreeMap<usize, Found>, Fault> {
        let on_behalf_of: Vec<usize> = wanted.iter().map(|(at, _)| *at).collect();
        let group = &self.scope.collection;
        let Some(since) = young(wanted) else {
            let candidates = self
                .candidates(&on_behalf_of, wanted, Some(LOOK_BACK))
                .await?;
            return Ok(choose(wanted, &candidates, group));
        };
        let account = self.client.account_id().to_owned();
        if let Some(keys) = self.glances.contacts.recent(&account, since)
            && is_nobody(wanted, &keys)
        {
            return Ok(BTreeMap::new());
        }
        // What is found is found as it is now.
        let began = Instant::now();
        let back = Timestamp::now().duration_since(since);
        let candidates = self.candidates(&on_behalf_of, wanted, Some(back)).await?;
        let found = choose(wanted, &candidates, group);
        let keys = candidates.into_keys();
        let glances = &self.glances.contacts;
        glances.remember(&account, since, began, keys);
        Ok(found)
    }

    /// The contacts that changed last, those that these creates may be.
    async fn candidates(
        &mut self,
        on_behalf_of: &[usize],
        wanted: &[Wanted<'_>],
        back: Option<SignedDuration>,
    ) -> Result<Candidates, Fault> {
        let mut candidates = Candidates::of(wanted);
        self.newest(on_behalf_of, back, |person| candidates.add(person))
            .await?;
        Ok(candidates)
    }

    /// Live contacts by the ids of their address book entries, which outlive a change of the resource name.
    pub(super) async fn entries(
        &mut self,
        on_behalf_of: &[usize],
    ) -> Result<BTreeMap<String, Person>, Fault> {
        let mut entries = BTreeMap::new();
        self.newest(on_behalf_of, None, |person| {
            let ids = map::former_ids(&person).into_iter();
            let ids: Vec<String> = ids.filter(|id| map::is_entry(id)).collect();
            entries.extend(ids.into_iter().map(|id| (id, person.clone())));
        })
        .await?;
        Ok(entries)
    }

    /// Reads the live contacts that changed last, the pages back to a time, or all.
    async fn newest(
        &mut self,
        on_behalf_of: &[usize],
        back: Option<SignedDuration>,
        mut take: impl FnMut(Person) + Send,
    ) -> Result<(), Fault> {
        let mut page_token = None;
        loop {
            let Dated {
                body: page,
                at: now,
            } = self
                .client
                .connections(Listing::Newest, page_token.as_deref())
                .await?;
            self.charge(on_behalf_of.iter().copied());
            let people: Vec<Person> = page
                .connections
                .into_iter()
                .filter_map(|person| serde_json::from_value(person).ok())
                .collect();
            let newest = people.iter().filter_map(map::changed_at).max();
            let live = people.into_iter().filter(|person| !person.is_deleted());
            live.for_each(&mut take);
            page_token = page.next_page_token.filter(|token| !token.is_empty());
            let old =
                |newest: Timestamp| back.is_some_and(|back| now.duration_since(newest) > back);
            if page_token.is_none() || newest.is_some_and(old) {
                return Ok(());
            }
        }
    }
}

/// Since when these creates need be looked for; none if one of them has to be looked for further back.
pub(super) fn young(wanted: &[Wanted<'_>]) -> Option<Timestamp> {
    let times: Option<Vec<Timestamp>> = wanted
        .iter()
        .map(|(_, create)| create.known_until)
        .collect();
    times?.into_iter().min()
}

/// Which candidate each create is, one to one: by marker, else by match key.
fn choose(wanted: &[Wanted<'_>], candidates: &Candidates, group: &str) -> BTreeMap<usize, Found> {
    let mut found = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (at, create) in wanted {
        // Of several with one marker (people copy contacts) the one in the group, then the one left alone longest.
        let ours = create
            .marker
            .as_deref()
            .map(|marker| candidates.keys().marked(marker));
        let first = ours
            .into_iter()
            .flatten()
            .filter(|candidate| !taken.contains(*candidate))
            .filter_map(|candidate| Some((candidate, candidates.person(*candidate)?)))
            .min_by_key(|(_, person)| (!map::in_scope(person, group), map::changed_at(person)))
            .map(|(candidate, _)| candidate);
        if let Some(candidate) = first {
            taken.insert(*candidate);
            found.insert(*at, (*candidate, true));
        }
    }
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(at, _)| !found.contains_key(at))
        .copied()
        .collect();
    let by_key = by_key(&missing, candidates.keys()).unwrap_or_default();
    let by_key = by_key.into_iter();
    found.extend(by_key.map(|(at, candidate)| (at, (candidate, false))));
    let found = found.into_iter();
    found
        .filter_map(|(at, (candidate, by_marker))| {
            let person = candidates.person(candidate)?.clone();
            Some((at, Found { person, by_marker }))
        })
        .collect()
}

/// Whether none of these creates is among those whose keys are known.
fn is_nobody(wanted: &[Wanted<'_>], keys: &Keys) -> bool {
    let mut markers = wanted
        .iter()
        .filter_map(|(_, create)| create.marker.as_deref());
    markers.all(|marker| keys.marked(marker).is_empty())
        && by_key(wanted, keys).is_some_and(|found| found.is_empty())
}

/// Matches by key: the best rank first; a key that several have counts only together with the name. None if the
/// keys of other paths are known only.
fn by_key(wanted: &[Wanted<'_>], known: &Keys) -> Option<Vec<(usize, usize)>> {
    let mut keys = BTreeMap::new();
    let mut sought: Vec<(usize, &[Path], MatchKey)> = Vec::new();
    for (at, create) in wanted {
        let paths = create.match_paths.as_slice();
        let mine = match_keys(&create.record, paths, &KEY);
        sought.extend(mine.into_iter().map(|key| (*at, paths, key)));
        keys.insert(paths, known.holders(paths)?);
    }
    sought.sort_by_key(|(at, _, key)| (key.rank, *at));
    // Of a key that several of the creates have, only the name tells whose record it is.
    let mut seekers: HashMap<Sought<'_>, BTreeSet<usize>> = HashMap::new();
    for (at, paths, key) in &sought {
        let of_key = seekers.entry((*paths, key.rank, key.hash)).or_default();
        of_key.insert(*at);
    }
    let (mut found, mut taken) = (BTreeMap::new(), Vec::new());
    for (at, paths, key) in &sought {
        let free = keys[paths].get(&(key.rank, key.hash)).into_iter().flatten();
        let free: Vec<&Holder> = free
            .filter(|holder| !taken.contains(&holder.candidate))
            .collect();
        let rivals = seekers[&(*paths, key.rank, key.hash)].len() > 1;
        let same_name = || {
            let mut named = free
                .iter()
                .filter(|holder| holder.name == key.name_hash && holder.name != NO_NAME);
            named.next().filter(|_| named.next().is_none()).copied()
        };
        let holder = if let ([only], false) = (free.as_slice(), rivals) {
            Some(*only)
        } else {
            same_name()
        };
        if let Some(holder) = holder.filter(|_| !found.contains_key(at)) {
            taken.push(holder.candidate);
            found.insert(*at, holder.candidate);
        }
    }
    Some(found.into_iter().collect())
}

/// A key that is looked for: the match paths, its rank, its hash.
type Sought<'a> = (&'a [Path], u32, [u8; 32]);

#[cfg(test)]
mod tests {
    use model::Record;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    fn person(id: u32, given: &str, email: &str, marker: Option<&str>, group: &str) -> Person {
        let client: Vec<_> = marker
            .iter()
            .map(|value| json!({"key": "rapport", "value": value}))
            .collect();
        serde_json::from_value(json!({
            "resourceName": format!("people/c{id}"), "etag": "%1",
            "names": [{"givenName": given}], "emailAddresses": [{"value": email, "type": "work"}], "clientData": client,
            "memberships": [{"contactGroupMembership": {"contactGroupResourceName": group}}],
        }))
        .unwrap()
    }

    fn create(given: &str, email: &str, marker: &str) -> Create {
        let record: Person = person(0, given, email, None, "");
        let record: Record = map::record(&record).unwrap();
        let match_paths = ["emails[work]", "emails"]
            .map(|path| path.parse().unwrap())
            .to_vec();
        Create {
            record,
            marker: Some(marker.into()),
            look_up: true,
            known_until: None,
            match_paths,
        }
    }

    fn found(creates: &[Create], people: &[Person]) -> Vec<(usize, String, bool)> {
        let wanted: Vec<_> = creates.iter().enumerate().collect();
        let mut candidates = Candidates::of(&wanted);
        people.iter().cloned().for_each(|one| candidates.add(one));
        let found = choose(&wanted, &candidates, "contactGroups/g");
        found
            .into_iter()
            .inspect(|_| assert!(!is_nobody(&wanted, candidates.keys())))
            .map(|(at, found)| (at, found.person.resource_name, found.by_marker))
            .collect()
    }

    #[test]
    fn the_keys_alone_tell_that_a_create_is_nobody_yet() {
        let ana = create("Ana", "ana@example.com", "m1");
        let keys = |of: &[Create], person: Person| {
            let mut candidates = Candidates::of(&of.iter().enumerate().collect::<Vec<_>>());
            candidates.add(person);
            candidates.into_keys()
        };
        let nobody = |keys: &Keys, create: &Create| is_nobody(&[(0, create)], keys);
        let boris = || create("Boris", "boris@example.com", "m2");
        let known = keys(&[boris()], person(1, "Ana", "ana@example.com", None, ""));
        assert!(nobody(&known, &boris()));
        assert!(!nobody(&known, &ana), "whoever was looked for before");
        let marked = keys(&[boris()], person(1, "A", "a@example.com", Some("m1"), ""));
        assert!(!nobody(&marked, &ana));
        let mut by_phone = boris();
        by_phone.match_paths = vec!["phones".parse().unwrap()];
        assert!(!nobody(&known, &by_phone), "its keys are not known");
    }

    // proves: R-07
    #[test]
    fn a_marker_is_found_before_a_key() {
        let people = vec![
            person(1, "Ana", "ana@example.com", None, ""),
            person(2, "Changed", "other@example.com", Some("m1"), ""),
        ];
        let found = found(&[create("Ana", "ana@example.com", "m1")], &people);
        assert_eq!(found, [(0, "people/c2".to_owned(), true)]);
    }

    #[test]
    fn of_two_with_one_marker_the_one_in_the_group_is_taken() {
        let people = vec![
            person(1, "Ana", "a@example.com", Some("m1"), "contactGroups/x"),
            person(2, "Ana", "a@example.com", Some("m1"), "contactGroups/g"),
        ];
        assert_eq!(
            found(&[create("Ana", "a@example.com", "m1")], &people)[0].1,
            "people/c2"
        );
    }

    #[test]
    fn a_key_is_found_in_any_spelling() {
        let people = vec![person(1, "Anna", "ANA@Example.com", None, "")];
        let found = found(&[create("Ana", "ana@example.com", "m1")], &people);
        assert_eq!(found, [(0, "people/c1".to_owned(), false)]);
    }

    // proves: R-09
    #[test]
    fn a_shared_key_counts_only_with_the_name() {
        let people = || {
            vec![
                person(1, "Ana", "family@example.com", None, ""),
                person(2, "Boris", "family@example.com", None, ""),
            ]
        };
        assert_eq!(
            found(&[create("Boris", "family@example.com", "m1")], &people())[0].1,
            "people/c2"
        );
        assert!(found(&[create("Clara", "family@example.com", "m1")], &people()).is_empty());
        // Two of ours that share the key: only the one with the name is meant.
        let creates = [
            create("Clara", "family@example.com", "m1"),
            create("Ana", "family@example.com", "m2"),
        ];
        let found = found(
            &creates,
            &[person(1, "Ana", "family@example.com", None, "")],
        );
        assert_eq!(found, [(1, "people/c1".to_owned(), false)]);
    }

    // proves: R-08
    #[test]
    fn a_record_with_another_marker_is_not_taken_by_its_key() {
        let people = vec![person(1, "Ana", "ana@example.com", Some("m9"), "")];
        assert!(found(&[create("Ana", "ana@example.com", "m1")], &people).is_empty());
    }
}
