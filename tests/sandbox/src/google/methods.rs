//! The People API's methods: path, parameters, scope and cost of each.

use http::Method as Verb;
use serde_json::Value;

use super::query::Query;
use super::quota::{Bucket, Cost};

/// What a method does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    ListConnections,
    GetPerson,
    BatchGet,
    Create,
    Update,
    Delete,
    BatchCreate,
    BatchUpdate,
    BatchDelete,
    UpdatePhoto,
    DeletePhoto,
    Search,
    ListGroups,
    GetGroup,
    BatchGetGroups,
    CreateGroup,
    UpdateGroup,
    DeleteGroup,
    ModifyMembers,
    ListOthers,
    CopyOther,
}

/// One method.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) action: Action,
    /// Its id in the discovery document, without the leading `people.`.
    pub(super) id: &'static str,
    verb: Verb,
    /// Its path; `*` stands for one segment.
    path: &'static str,
    /// Query parameters it takes.
    pub(super) parameters: &'static [&'static str],
}

const PERSON: &[&str] = &["personFields", "sources"];
const LIST: &[&str] = &[
    "pageSize",
    "pageToken",
    "personFields",
    "requestSyncToken",
    "sortOrder",
    "sources",
    "syncToken",
];
const NONE: &[&str] = &[];

macro_rules! methods {
    ($($action:ident $id:literal $verb:ident $path:literal $parameters:expr;)*) => {
        &[$(Method {
            action: Action::$action, id: $id, verb: Verb::$verb, path: $path, parameters: $parameters,
        }),*]
    };
}

const METHODS: &[Method] = methods! {
    ListConnections "people.connections.list" GET "/v1/people/me/connections" LIST;
    BatchGet "people.getBatchGet" GET "/v1/people:batchGet" &["personFields", "resourceNames", "sources"];
    Create "people.createContact" POST "/v1/people:createContact" PERSON;
    BatchCreate "people.batchCreateContacts" POST "/v1/people:batchCreateContacts" NONE;
    BatchUpdate "people.batchUpdateContacts" POST "/v1/people:batchUpdateContacts" NONE;
    BatchDelete "people.batchDeleteContacts" POST "/v1/people:batchDeleteContacts" NONE;
    Search "people.searchContacts" GET "/v1/people:searchContacts" &["pageSize", "query", "readMask", "sources"];
    GetPerson "people.get" GET "/v1/people/*" PERSON;
    Update "people.updateContact" PATCH "/v1/people/*:updateContact" &["personFields", "sources", "updatePersonFields"];
    Delete "people.deleteContact" DELETE "/v1/people/*:deleteContact" NONE;
    UpdatePhoto "people.updateContactPhoto" PATCH "/v1/people/*:updateContactPhoto" NONE;
    DeletePhoto "people.deleteContactPhoto" DELETE "/v1/people/*:deleteContactPhoto" PERSON;
    ListGroups "contactGroups.list" GET "/v1/contactGroups" &["groupFields", "pageSize", "pageToken", "syncToken"];
    BatchGetGroups "contactGroups.batchGet" GET "/v1/contactGroups:batchGet" &["groupFields", "maxMembers", "resourceNames"];
    GetGroup "contactGroups.get" GET "/v1/contactGroups/*" &["groupFields", "maxMembers"];
    CreateGroup "contactGroups.create" POST "/v1/contactGroups" NONE;
    UpdateGroup "contactGroups.update" PUT "/v1/contactGroups/*" NONE;
    DeleteGroup "contactGroups.delete" DELETE "/v1/contactGroups/*" &["deleteContacts"];
    ModifyMembers "contactGroups.members.modify" POST "/v1/contactGroups/*/members:modify" NONE;
    ListOthers "otherContacts.list" GET "/v1/otherContacts"
        &["pageSize", "pageToken", "readMask", "requestSyncToken", "sources", "syncToken"];
    CopyOther "otherContacts.copyOtherContactToMyContactsGroup" POST
        "/v1/otherContacts/*:copyOtherContactToMyContactsGroup" NONE;
};

/// The method at a path, and the segment that its `*` stands for.
pub(super) fn resolve<'a>(verb: &Verb, path: &'a str) -> Option<(&'static Method, &'a str)> {
    METHODS
        .iter()
        .filter(|method| method.verb == verb)
        .find_map(|method| Some((method, method.matched(path)?)))
}

impl Method {
    fn matched<'a>(&self, path: &'a str) -> Option<&'a str> {
        let Some((before, after)) = self.path.split_once('*') else {
            return (self.path == path).then_some("");
        };
        path.strip_prefix(before)?
            .strip_suffix(after)
            .filter(|segment| !segment.is_empty() && !segment.contains(['/', ':']))
    }

    /// The scopes of which any one is enough; the first is named in the refusal.
    pub(super) fn scopes(&self) -> &'static [&'static str] {
        const CONTACTS: &str = "https://www.googleapis.com/auth/contacts";
        const READ_ONLY: &str = "https://www.googleapis.com/auth/contacts.readonly";
        const OTHER: &str = "https://www.googleapis.com/auth/contacts.other.readonly";
        const PROFILE: &str = "https://www.googleapis.com/auth/userinfo.profile";
        match self.action {
            Action::ListOthers | Action::CopyOther => &[OTHER],
            Action::GetPerson => &[READ_ONLY, CONTACTS, PROFILE],
            _ if self.mutates() => &[CONTACTS],
            _ => &[READ_ONLY, CONTACTS],
        }
    }

    /// Whether it changes the account.
    pub(super) fn mutates(&self) -> bool {
        !matches!(
            self.action,
            Action::ListConnections
                | Action::GetPerson
                | Action::BatchGet
                | Action::Search
                | Action::ListGroups
                | Action::GetGroup
                | Action::BatchGetGroups
                | Action::ListOthers
        )
    }

    /// What a call costs (People docs "Read and Manage Contacts"; what is not listed there costs one unit).
    pub(super) fn costs(&self, query: &Query, body: &Value) -> Vec<Cost> {
        use Bucket::{
            CriticalReads, CriticalWrites, DailyContactWrites, FullSyncStarts, GroupReads,
            OtherWrites, PhotoWrites,
        };
        match self.action {
            Action::ListConnections | Action::ListOthers => {
                let mut costs = vec![(CriticalReads, 1)];
                if query.text("pageToken").is_none()
                    && query.text("syncToken").is_none()
                    && query.flag("requestSyncToken").unwrap_or(false)
                {
                    costs.push((FullSyncStarts, 1));
                }
                costs
            }
            Action::GetPerson | Action::BatchGet | Action::Search => vec![(CriticalReads, 1)],
            Action::Create | Action::Update | Action::CopyOther => {
                vec![
                    (CriticalReads, 1),
                    (CriticalWrites, 1),
                    (DailyContactWrites, 1),
                ]
            }
            Action::BatchCreate | Action::BatchUpdate => {
                let contacts = &body["contacts"];
                let count = contacts
                    .as_array()
                    .map(Vec::len)
                    .or(contacts.as_object().map(serde_json::Map::len));
                let count = u64::try_from(count.unwrap_or(0)).unwrap_or(u64::MAX);
                vec![
                    (CriticalReads, 6),
                    (CriticalWrites, 6),
                    (DailyContactWrites, count),
                ]
            }
            Action::BatchDelete => vec![(OtherWrites, 10)],
            Action::UpdatePhoto | Action::DeletePhoto => vec![(PhotoWrites, 1)],
            Action::ListGroups | Action::GetGroup | Action::BatchGetGroups => vec![(GroupReads, 1)],
            Action::Delete
            | Action::CreateGroup
            | Action::UpdateGroup
            | Action::DeleteGroup
            | Action::ModifyMembers => vec![(OtherWrites, 1)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(verb: &Verb, path: &str) -> Option<&'static str> {
        resolve(verb, path).map(|(method, _)| method.id)
    }

    #[test]
    fn custom_verbs_and_plain_paths_are_told_apart() {
        assert_eq!(id(&Verb::GET, "/v1/people/c12"), Some("people.get"));
        assert_eq!(
            id(&Verb::PATCH, "/v1/people/c12:updateContact"),
            Some("people.updateContact")
        );
        assert_eq!(
            id(&Verb::GET, "/v1/people:batchGet"),
            Some("people.getBatchGet")
        );
        assert_eq!(
            id(&Verb::GET, "/v1/people/me/connections"),
            Some("people.connections.list")
        );
        assert_eq!(
            id(&Verb::POST, "/v1/contactGroups/2b1/members:modify"),
            Some("contactGroups.members.modify")
        );
        assert_eq!(resolve(&Verb::GET, "/v1/people/c12").unwrap().1, "c12");
    }

    #[test]
    fn what_the_api_does_not_have_is_not_found() {
        assert_eq!(id(&Verb::POST, "/v1/people/me:createContact"), None);
        assert_eq!(id(&Verb::POST, "/v1/people/c12:deleteContact"), None);
        assert_eq!(id(&Verb::GET, "/v1/people/c12/connections"), None);
        assert_eq!(id(&Verb::GET, "/v1/people/"), None);
        assert_eq!(id(&Verb::GET, "/v2/people/c12"), None);
    }
}
