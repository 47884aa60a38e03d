//! Reading an account's contacts, round by round.
//!
//! Google tells what changed in the whole account, so a round reads all of it and says of each contact whether
//! it is a member of the chosen group. A cursor is a sync token and the time of the full reading that it
//! descends from: it dies seven days after that, whatever was read in between.

use jiff::{SignedDuration, Timestamp};
use model::{Catalogue, Path};
use provider::{
    At, Collection, CollectionState, Extent, Fault, Page, Scope, Seen, SnapshotPart, What,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    client::{BATCH, Client, Dated, Listing},
    map,
    wire::{Connections, Person},
};

/// Sync tokens expire seven days after the full reading. Whether a later token prolongs that is not
/// documented: everything is read again a day earlier.
const FULL_READING_AFTER: SignedDuration = SignedDuration::from_hours(6 * 24);

/// A list shows at most so many e-mail addresses and so many phone numbers of one person.
const SHOWN_IN_LISTS: usize = 100;

/// A restart point.
#[derive(Serialize, Deserialize)]
struct Cursor {
    sync_token: String,
    full_sync_at: Timestamp,
}

/// How a round goes on. `sync_token` is the one that it began with; without one it is a snapshot.
#[derive(Serialize, Deserialize)]
struct Round {
    page_token: String,
    sync_token: Option<String>,
    full_sync_at: Option<Timestamp>,
}

/// Reads one page.
pub(crate) async fn page(client: Client<'_>, scope: &Scope, at: &At) -> Result<Page, Fault> {
    let (sync_token, full_sync_at, page_token) = match at {
        At::Start { cursor } => {
            let cursor = cursor.as_deref().map(usable).transpose()?;
            let state = collection(client, scope).await?;
            if state != CollectionState::Present {
                return Ok(ended(state));
            }
            (
                cursor.as_ref().map(|c| c.sync_token.clone()),
                cursor.map(|c| c.full_sync_at),
                None,
            )
        }
        At::Next(round) => {
            let round: Round = decode(round.clone())?;
            (round.sync_token, round.full_sync_at, Some(round.page_token))
        }
    };
    let listing = Listing::Feed {
        sync_token: sync_token.as_deref(),
    };
    let Dated {
        body: mut listed,
        at: now,
    } = client.connections(listing, page_token.as_deref()).await?;
    let full_sync_at = full_sync_at.unwrap_or(now);
    complete_truncated(client, &mut listed).await?;
    let seen = listed.connections.iter().map(|person| seen(person, scope));
    let mut page = Page {
        seen: seen.collect::<Result<_, _>>()?,
        readable: map::readable(scope),
        snapshot: None,
        restart: None,
        next: None,
        provider_time: now,
        collection: CollectionState::Present,
    };
    let is_snapshot = sync_token.is_none();
    match (listed.next_page_token, listed.next_sync_token) {
        (Some(page_token), _) => {
            let round = Round {
                page_token,
                sync_token,
                full_sync_at: Some(full_sync_at),
            };
            page.next = Some(encode(&round)?);
        }
        (None, Some(sync_token)) => {
            page.collection = collection(client, scope).await?;
            page.restart = Some(
                encode(&Cursor {
                    sync_token,
                    full_sync_at,
                })?
                .to_string(),
            );
        }
        (None, None) => {
            return Err(Fault::malformed(
                "the last page of a round has no sync token",
            ));
        }
    }
    page.snapshot = is_snapshot.then_some(SnapshotPart {
        extent: Extent::Account,
        end: page.next.is_none(),
    });
    Ok(page)
}

/// The page of a round that does not take place.
fn ended(collection: CollectionState) -> Page {
    Page {
        seen: Vec::new(),
        readable: Vec::new(),
        snapshot: None,
        restart: None,
        next: None,
        provider_time: Timestamp::now(),
        collection,
    }
}

/// A cursor that still serves. One that is about to expire, or is not ours, counts as expired.
fn usable(cursor: &str) -> Result<Cursor, Fault> {
    let cursor: Cursor = serde_json::from_str(cursor).map_err(|_| Fault::CursorExpired)?;
    let age = Timestamp::now().duration_since(cursor.full_sync_at);
    if age < FULL_READING_AFTER {
        Ok(cursor)
    } else {
        Err(Fault::CursorExpired)
    }
}

/// What became of the scope's group (R-21). The whole account is always there; a right that is missing is a fault.
pub(crate) async fn collection(
    client: Client<'_>,
    scope: &Scope,
) -> Result<CollectionState, Fault> {
    if scope.collection.is_empty() {
        return Ok(CollectionState::Present);
    }
    match client.group(&scope.collection).await {
        Ok(group) if group.metadata.deleted => Ok(CollectionState::Gone),
        Ok(_) => Ok(CollectionState::Present),
        Err(Fault::Gone { .. }) => Ok(CollectionState::Gone),
        Err(fault) => Err(fault),
    }
}

/// Reads persons again whose lists may be cut off at [`SHOWN_IN_LISTS`]. One that cannot be read stays as it
/// was listed and becomes unreadable in [`seen`].
async fn complete_truncated(client: Client<'_>, listed: &mut Connections) -> Result<(), Fault> {
    let truncated: Vec<usize> = (0..listed.connections.len())
        .filter(|at| is_truncated(&listed.connections[*at]))
        .collect();
    for chunk in truncated.chunks(BATCH) {
        let names: Vec<String> = chunk
            .iter()
            .filter_map(|at| {
                listed.connections[*at]["resourceName"]
                    .as_str()
                    .map(str::to_owned)
            })
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let answers = client.people(&names).await?.body.responses;
        for at in chunk {
            let name = listed.connections[*at]["resourceName"].clone();
            let answer = answers
                .iter()
                .find(|answer| name == *answer.requested_resource_name);
            match answer.and_then(|answer| answer.person.clone()) {
                Some(person) => listed.connections[*at] = person,
                None => listed.connections[*at]["emailAddresses"] = Value::from(CUT_OFF),
            }
        }
    }
    Ok(())
}

/// Put in the place of a list that is not known whole: it is no list, so the person is unreadable.
const CUT_OFF: &str = "cut off";

fn is_truncated(person: &Value) -> bool {
    ["emailAddresses", "phoneNumbers"].iter().any(|field| {
        person[field]
            .as_array()
            .is_some_and(|items| items.len() >= SHOWN_IN_LISTS)
    })
}

/// One person of a page.
fn seen(person: &Value, scope: &Scope) -> Result<Seen, Fault> {
    // Without a name there is nobody to set aside, and an absence must not look like a deletion.
    let remote_id = person["resourceName"]
        .as_str()
        .ok_or_else(|| Fault::malformed("a person without a resource name"))?
        .to_owned();
    let unreadable = |remote_id, reason: String| Seen {
        remote_id,
        former_ids: Vec::new(),
        version: None,
        marker: None,
        what: What::Unreadable { reason },
    };
    let Ok(person) = serde_json::from_value::<Person>(person.clone()) else {
        return Ok(unreadable(
            remote_id,
            "Google sent this contact in an undocumented form".to_owned(),
        ));
    };
    if person.is_deleted() {
        return Ok(Seen {
            remote_id,
            former_ids: map::former_ids(&person),
            version: None,
            marker: None,
            what: What::Deleted {
                at: map::changed_at(&person),
            },
        });
    }
    let record = match map::record(&person) {
        Ok(record) => record,
        Err(undecodable) => return Ok(unreadable(remote_id, undecodable.to_string())),
    };
    Ok(Seen {
        remote_id,
        former_ids: map::former_ids(&person),
        version: Some(map::version(&person)),
        marker: map::marker(&person),
        what: if map::in_scope(&person, &scope.collection) {
            What::Inside(record)
        } else {
            What::Outside(record)
        },
    })
}

/// The groups that people made, and the one that holds every contact of theirs.
pub(crate) async fn collections(client: Client<'_>) -> Result<Vec<Collection>, Fault> {
    let mut collections = Vec::new();
    let mut page_token = None;
    loop {
        let page = client.groups(page_token.as_deref()).await?;
        let chosen = page.contact_groups.into_iter().filter(|group| {
            !group.metadata.deleted
                && (group.group_type == "USER_CONTACT_GROUP"
                    || group.resource_name == "contactGroups/myContacts")
        });
        collections.extend(chosen.map(|group| Collection {
            name: if group.formatted_name.is_empty() {
                group.name
            } else {
                group.formatted_name
            },
            id: group.resource_name,
            form: GROUP.to_owned(),
        }));
        page_token = page.next_page_token.filter(|token| !token.is_empty());
        if page_token.is_none() {
            return Ok(collections);
        }
    }
}

/// Google's word for a collection of contacts.
const GROUP: &str = "group";

/// What the account offers, with the custom names that its first thousand contacts use.
pub(crate) async fn fields(client: Client<'_>) -> Result<Catalogue, Fault> {
    let listed = client.custom_fields().await?;
    let persons = listed
        .connections
        .into_iter()
        .filter_map(|person| decode::<Person>(person).ok());
    let mut names: Vec<Path> = persons
        .flat_map(|person| map::custom_names(&person).collect::<Vec<_>>())
        .collect();
    names.sort();
    names.dedup();
    Ok(map::catalogue(names))
}

fn encode(value: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(value).map_err(|_| Fault::malformed("a cursor that cannot be stored"))
}

fn decode<T: DeserializeOwned>(value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|_| Fault::malformed("a cursor of another form"))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;
    use crate::tests::scope;

    #[test]
    fn a_contact_of_the_group_is_inside_and_any_other_outside() {
        let person = |group: &str| {
            json!({"resourceName": "people/c1", "etag": "%1",
                "metadata": {"sources": [{"type": "CONTACT", "id": "191", "updateTime": "2026-11-02T09:15:31.204Z"}],
                    "previousResourceNames": ["people/c0"]},
                "clientData": [{"key": "rapport", "value": "m1"}],
                "memberships": [{"contactGroupMembership": {"contactGroupResourceName": group}}]})
        };
        let inside = seen(&person("contactGroups/2b1"), &scope("contactGroups/2b1")).unwrap();
        assert!(matches!(inside.what, What::Inside(_)));
        assert_eq!(inside.former_ids, ["people/c0", "contact/191"]);
        assert_eq!(inside.marker.as_deref(), Some("m1"));
        let version = inside.version.unwrap();
        assert_eq!(
            (version.token.as_str(), version.changed_at_micros),
            ("%1", Some(1_793_610_931_204_000))
        );
        let outside = seen(&person("contactGroups/9"), &scope("contactGroups/2b1")).unwrap();
        assert!(matches!(outside.what, What::Outside(_)));
        let account = seen(&person("contactGroups/9"), &scope("")).unwrap();
        assert!(matches!(account.what, What::Inside(_)));
    }

    // proves: R-05
    #[test]
    fn a_contact_that_cannot_be_decoded_is_unreadable_and_nothing_else() {
        for broken in [
            json!({"resourceName": "people/c1", "etag": 5}),
            json!({"resourceName": "people/c1", "names": {"givenName": "Ana"}}),
            json!({"resourceName": "people/c1", "emailAddresses": [{"value": ["a"]}]}),
            json!({"resourceName": "people/c1", "phoneNumbers": ["+43"]}),
        ] {
            let seen = seen(&broken, &scope("")).unwrap();
            assert_eq!(seen.remote_id, "people/c1");
            let What::Unreadable { reason } = seen.what else {
                panic!("{broken}")
            };
            assert!(!reason.contains("Ana"), "{reason}");
        }
        assert!(matches!(
            seen(&json!({"names": []}), &scope("")),
            Err(Fault::Malformed { .. })
        ));
    }

    #[test]
    fn a_tombstone_is_a_deletion_with_its_time() {
        let tombstone = json!({"resourceName": "people/c1", "etag": "%2", "metadata": {"deleted": true,
            "sources": [{"type": "CONTACT", "id": "191", "updateTime": "2026-11-02T09:15:31Z"}]}});
        let seen = seen(&tombstone, &scope("contactGroups/2b1")).unwrap();
        let at = "2026-11-02T09:15:31Z".parse().unwrap();
        assert_eq!(seen.what, What::Deleted { at: Some(at) });
    }

    #[test]
    fn a_cursor_that_grew_old_or_is_not_ours_counts_as_expired() {
        let cursor = |age: SignedDuration| {
            let full_sync_at = Timestamp::now().checked_sub(age).unwrap();
            serde_json::to_string(&Cursor {
                sync_token: "t".into(),
                full_sync_at,
            })
            .unwrap()
        };
        assert!(usable(&cursor(SignedDuration::from_hours(143))).is_ok());
        assert!(usable(&cursor(SignedDuration::from_hours(145))).is_err());
        assert!(usable("2026-11-02").is_err());
        assert!(usable(r#"{"sync_token": 1}"#).is_err());
    }
}
