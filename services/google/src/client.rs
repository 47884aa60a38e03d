//! The People API: a method per HTTP call, without policy.

use std::{collections::BTreeMap, num::NonZeroU32, time::Duration};

use http::header::ACCEPT_LANGUAGE;
use jiff::Timestamp;
use provider::{Call, Fault, HttpClient, Lane, Quota, Reply, Session};
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::json;
use url::Url;

use crate::{
    config::GoogleSettings,
    fault::{Effect, Failure, failure},
    wire::{
        BatchCreate, BatchCreateRequest, BatchGet, BatchUpdate, BatchUpdateRequest, Connections,
        ContactGroup, ContactGroups, ContactToCreate, ModifiedMembers, Person, TokenInformation,
    },
};

/// What every read of a person asks for. It never varies: a sync token is bound to it, and an etag read under
/// another mask may be another string.
pub(crate) const PERSON_FIELDS: &str = "addresses,biographies,birthdays,clientData,emailAddresses,memberships,\
metadata,names,nicknames,organizations,phoneNumbers,urls,userDefined";

/// Only what the user's own address book says, nothing merged in from profiles.
const SOURCES: &str = "READ_SOURCE_TYPE_CONTACT";

/// Contacts that one `batchGet`, `batchCreateContacts` or `batchUpdateContacts` takes.
pub(crate) const BATCH: usize = 200;
/// Contacts that one page of `people.connections.list` holds.
pub(crate) const PAGE: usize = 1000;
/// Members that one `contactGroups.members.modify` takes.
pub(crate) const MEMBERS: usize = 1000;

/// What a batch of contacts costs in critical reads and in critical writes.
const BATCH_COST: u32 = 6;
/// What a batch of deletions costs in writes.
const DELETE_BATCH_COST: u32 = 10;

/// An answer, and the provider's clock when it was given.
pub(crate) struct Dated<T> {
    pub(crate) body: T,
    pub(crate) at: Timestamp,
}

/// What a listing of connections is for.
pub(crate) enum Listing<'a> {
    /// A round of the feed: with a sync token what changed since, without one everything.
    Feed { sync_token: Option<&'a str> },
    /// The contacts that were changed last, first.
    Newest,
}

/// Calls with the access of one account.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    settings: &'a GoogleSettings,
    session: Session<'a>,
}

impl<'a> Client<'a> {
    pub(crate) fn new(settings: &'a GoogleSettings, session: Session<'a>) -> Self {
        Self { settings, session }
    }

    /// For how long Google may still show the past.
    pub(crate) fn horizon(&self) -> Duration {
        self.settings.horizon()
    }

    /// `people.get` of the signed-in user, with the profile.
    pub(crate) async fn me(&self) -> Result<Person, Fault> {
        let request = self
            .get(&["people", "me"])
            .query(&[("personFields", "metadata,names,emailAddresses")]);
        self.read("people.get", request).await
    }

    /// `people.connections.list`.
    pub(crate) async fn connections(
        &self,
        listing: Listing<'_>,
        page_token: Option<&str>,
    ) -> Result<Dated<Connections>, Fault> {
        let size = PAGE.to_string();
        let mut query = vec![
            ("personFields", PERSON_FIELDS),
            ("sources", SOURCES),
            ("pageSize", &size),
        ];
        match listing {
            Listing::Feed { sync_token } => {
                query.push(("requestSyncToken", "true"));
                query.extend(sync_token.map(|token| ("syncToken", token)));
            }
            Listing::Newest => query.push(("sortOrder", "LAST_MODIFIED_DESCENDING")),
        }
        query.extend(page_token.map(|token| ("pageToken", token)));
        let request = self.get(&["people", "me", "connections"]).query(&query);
        self.read_within("people.connections.list", &self.reads(), request)
            .await
    }

    /// `people.connections.list` of the first page with custom fields only.
    pub(crate) async fn custom_fields(&self) -> Result<Connections, Fault> {
        let query = [
            ("personFields", "userDefined"),
            ("sources", SOURCES),
            ("pageSize", "1000"),
        ];
        self.read(
            "people.connections.list",
            self.get(&["people", "me", "connections"]).query(&query),
        )
        .await
    }

    /// `people.getBatchGet` of at most [`BATCH`] persons.
    pub(crate) async fn people(&self, names: &[&str]) -> Result<Dated<BatchGet>, Fault> {
        let mut query = vec![("personFields", PERSON_FIELDS), ("sources", SOURCES)];
        query.extend(names.iter().map(|name| ("resourceNames", *name)));
        let request = self.get(&["people:batchGet"]).query(&query);
        self.read_within("people.getBatchGet", &self.reads(), request)
            .await
    }

    /// `people.createContact`.
    pub(crate) async fn create(&self, person: &Person) -> Result<Person, Failure> {
        let request = self
            .request(Method::POST, &["people:createContact"])
            .query(&[("personFields", PERSON_FIELDS), ("sources", SOURCES)])
            .json(person);
        self.write("people.createContact", self.writes(1), request)
            .await
    }

    /// `people.batchCreateContacts` of at most [`BATCH`] persons.
    pub(crate) async fn create_batch(&self, persons: &[&Person]) -> Result<BatchCreate, Failure> {
        let body = BatchCreateRequest {
            contacts: persons
                .iter()
                .map(|contact_person| ContactToCreate { contact_person })
                .collect(),
            read_mask: PERSON_FIELDS,
            sources: [SOURCES],
        };
        let request = self
            .request(Method::POST, &["people:batchCreateContacts"])
            .json(&body);
        self.write(
            "people.batchCreateContacts",
            self.writes(BATCH_COST),
            request,
        )
        .await
    }

    /// `people.updateContact`: replaces the fields of the mask, if the person still has the etags that it carries.
    pub(crate) async fn update(&self, person: &Person, mask: &str) -> Result<Person, Failure> {
        let action = format!("{}:updateContact", person.resource_name);
        let request = self
            .request(Method::PATCH, &action.split('/').collect::<Vec<_>>())
            .query(&[
                ("updatePersonFields", mask),
                ("personFields", PERSON_FIELDS),
                ("sources", SOURCES),
            ])
            .json(person);
        self.write("people.updateContact", self.writes(1), request)
            .await
    }

    /// `people.batchUpdateContacts` of at most [`BATCH`] persons with one mask.
    pub(crate) async fn update_batch(
        &self,
        persons: &[&Person],
        mask: &str,
    ) -> Result<BatchUpdate, Failure> {
        let contacts: BTreeMap<&str, &Person> = persons
            .iter()
            .map(|person| (person.resource_name.as_str(), *person))
            .collect();
        let body = BatchUpdateRequest {
            contacts,
            update_mask: mask,
            read_mask: PERSON_FIELDS,
            sources: [SOURCES],
        };
        let request = self
            .request(Method::POST, &["people:batchUpdateContacts"])
            .json(&body);
        self.write(
            "people.batchUpdateContacts",
            self.writes(BATCH_COST),
            request,
        )
        .await
    }

    /// `people.deleteContact`. It knows no precondition.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), Failure> {
        let action = format!("{name}:deleteContact");
        let request = self.request(Method::DELETE, &action.split('/').collect::<Vec<_>>());
        self.done("people.deleteContact", self.group_writes(1), request)
            .await
    }

    /// `people.batchDeleteContacts`. It knows no precondition.
    pub(crate) async fn delete_batch(&self, names: &[&str]) -> Result<(), Failure> {
        let request = self
            .request(Method::POST, &["people:batchDeleteContacts"])
            .json(&json!({ "resourceNames": names }));
        self.done(
            "people.batchDeleteContacts",
            self.group_writes(DELETE_BATCH_COST),
            request,
        )
        .await
    }

    /// `contactGroups.get`, without members.
    pub(crate) async fn group(&self, name: &str) -> Result<ContactGroup, Fault> {
        let request = self.get(&name.split('/').collect::<Vec<_>>());
        Ok(self
            .read_within("contactGroups.get", &self.group_reads(), request)
            .await?
            .body)
    }

    /// `contactGroups.list`.
    pub(crate) async fn groups(&self, page_token: Option<&str>) -> Result<ContactGroups, Fault> {
        let mut query = vec![("pageSize", "1000")];
        query.extend(page_token.map(|token| ("pageToken", token)));
        let request = self.get(&["contactGroups"]).query(&query);
        Ok(self
            .read_within("contactGroups.list", &self.group_reads(), request)
            .await?
            .body)
    }

    /// `contactGroups.members.modify`: adds at most [`MEMBERS`] contacts; one that is a member already stays it.
    pub(crate) async fn add_members(
        &self,
        group: &str,
        names: &[&str],
    ) -> Result<ModifiedMembers, Failure> {
        let path: Vec<&str> = group.split('/').chain(["members:modify"]).collect();
        let request = self
            .request(Method::POST, &path)
            .json(&json!({ "resourceNamesToAdd": names }));
        self.write(
            "contactGroups.members.modify",
            self.group_writes(1),
            request,
        )
        .await
    }

    fn get(&self, path: &[&str]) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let base = self
            .session
            .access
            .api_base
            .as_ref()
            .unwrap_or(&self.settings.people_url);
        self.session
            .http
            .request(method, address(base, &["v1"], path))
            .bearer_auth(self.session.access.token.expose_secret())
            // Labels and messages come in the language of the caller.
            .header(ACCEPT_LANGUAGE, "en")
    }

    async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        request: RequestBuilder,
    ) -> Result<T, Fault> {
        Ok(self.read_within(method, &self.reads(), request).await?.body)
    }

    async fn read_within<T: DeserializeOwned>(
        &self,
        method: &'static str,
        quota: &Quota,
        request: RequestBuilder,
    ) -> Result<Dated<T>, Fault> {
        let reply = match self.send(method, quota, request).await {
            Err(Fault::LostAnswer { reason }) => return Err(Fault::Transient { reason }),
            reply => reply?,
        };
        if !reply.is_success() {
            return Err(failure(&reply, Effect::Read).fault);
        }
        Ok(Dated {
            body: reply.json()?,
            at: reply.date(),
        })
    }

    async fn write<T: DeserializeOwned>(
        &self,
        method: &'static str,
        quota: Quota,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let reply = self.send(method, &quota, request).await?;
        if reply.is_success() {
            Ok(reply.json()?)
        } else {
            Err(failure(&reply, Effect::Write))
        }
    }

    async fn done(
        &self,
        method: &'static str,
        quota: Quota,
        request: RequestBuilder,
    ) -> Result<(), Failure> {
        let reply = self.send(method, &quota, request).await?;
        if reply.is_success() {
            Ok(())
        } else {
            Err(failure(&reply, Effect::Write))
        }
    }

    async fn send(
        &self,
        method: &'static str,
        quota: &Quota,
        request: RequestBuilder,
    ) -> Result<Reply, Fault> {
        self.session.send(method, quota, request).await
    }

    /// The account whose client this is.
    pub(crate) fn account_id(&self) -> &str {
        self.session.account_id
    }

    /// Reads keep off the share that writes use up: each critical write is counted as a critical read as well.
    fn reads(&self) -> Quota {
        let reads = self.settings.reads_per_minute.get();
        let writes = self.settings.writes_per_minute.get();
        let left = reads.saturating_sub(writes).max(reads / 2);
        self.quota("read", NonZeroU32::new(left).unwrap_or(NonZeroU32::MIN))
    }

    fn group_reads(&self) -> Quota {
        self.quota("group read", self.settings.reads_per_minute)
    }

    fn writes(&self, cost: u32) -> Quota {
        self.quota("write", self.settings.writes_per_minute)
            .cost(cost)
            .concurrent(1)
    }

    fn group_writes(&self, cost: u32) -> Quota {
        self.quota("group write", self.settings.group_writes_per_minute)
            .cost(cost)
            .concurrent(1)
    }

    /// Google counts by user and minute. Calls arrive a little nearer to each other than they were sent.
    fn quota(&self, what: &str, per_minute: NonZeroU32) -> Quota {
        let key = format!("user {} {what}", self.session.account_id);
        Quota::window(key, per_minute, MINUTE + Duration::from_secs(1))
    }
}

const MINUTE: Duration = Duration::from_mins(1);

/// The address of a resource below the root that an API has at its base.
pub(crate) fn address(base: &Url, root: &[&str], path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(root).extend(path);
    }
    url
}

/// What a token may do: the scopes that were granted.
pub(crate) async fn token_information(
    http: &HttpClient,
    settings: &GoogleSettings,
    token: &SecretString,
    lane: Lane,
) -> Result<TokenInformation, Fault> {
    let request = http
        .request(Method::POST, settings.token_information_url.clone())
        .form(&[("access_token", token.expose_secret())]);
    let quota = token_quota();
    let reply = match http
        .send(Call {
            method: "oauth2.tokeninfo",
            quota: &quota,
            lane,
            request,
            begin_before: None,
        })
        .await
    {
        Err(Fault::LostAnswer { reason }) => return Err(Fault::Transient { reason }),
        reply => reply?,
    };
    match reply.status.as_u16() {
        200 => reply.json(),
        // The endpoint's own words for a token that it does not know.
        400 | 401 => Err(Fault::Unauthorised {
            reason: "Google does not accept the access token".to_owned(),
        }),
        _ => Err(failure(&reply, Effect::Read).fault),
    }
}

/// The pace of the token endpoint, whose limits are not published.
pub(crate) fn token_quota() -> Quota {
    Quota::new("token", 600, MINUTE).burst(NonZeroU32::MIN.get() * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_the_base_and_escape_what_is_put_into_them() {
        let base: Url = "http://127.0.0.1:9/google/".parse().unwrap();
        let url = address(&base, &["v1"], &["people", "c1:updateContact"]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:9/google/v1/people/c1:updateContact"
        );
        let url = address(&base, &["v1"], &["people", "../c1?x#y"]);
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:9/google/v1/people/..%2Fc1%3Fx%23y"
        );
    }
}
