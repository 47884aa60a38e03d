//! Google's side of two address books: `contactGroups.list` and `people.connections.list` (People API v1).

mod meetings;

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::{
    accounts::GoogleAccount,
    book::{Book, Entry},
    error::Error,
    http::{Answer, Asked},
    mapping::MAPPING,
};

const PROVIDER: &str = "google";

/// The fields that are asked for.
const FIELDS: &str = "names,emailAddresses,phoneNumbers,organizations,addresses,birthdays,biographies,memberships,clientData,metadata";

const fn asked(method: &'static str) -> Asked {
    Asked {
        provider: PROVIDER,
        method,
    }
}

/// An account that is read; the access token is renewed when Google refuses it.
#[derive(Debug)]
pub(crate) struct Google {
    account: GoogleAccount,
    client: Client,
    token: Option<String>,
}

impl Google {
    pub(crate) fn new(account: GoogleAccount, client: Client) -> Self {
        Self {
            account,
            client,
            token: None,
        }
    }

    /// The contacts of the group.
    pub(crate) async fn read(&mut self) -> Result<Book, Error> {
        let group = self.group().await?;
        let mut book = Book::default();
        let mut page = String::new();
        loop {
            let mut query = vec![
                ("personFields", FIELDS),
                ("sources", "READ_SOURCE_TYPE_CONTACT"),
                ("pageSize", "1000"),
            ];
            if !page.is_empty() {
                query.push(("pageToken", &page));
            }
            let method = asked("people.connections.list");
            let answer = self
                .get(method, "/v1/people/me/connections", &query)
                .await?;
            for person in items(&answer, "connections") {
                book.listed += 1;
                if is_member(person, &group) {
                    book.entries.push(
                        entry(person).ok_or_else(|| {
                            method.malformed("a connection without a resource name")
                        })?,
                    );
                }
            }
            match text(&answer, "nextPageToken") {
                Some(next) => page = next,
                None => return Ok(book),
            }
        }
    }

    /// The resource name of the group.
    async fn group(&mut self) -> Result<String, Error> {
        let mut names = Vec::new();
        let mut page = String::new();
        loop {
            let mut query = vec![("pageSize", "1000")];
            if !page.is_empty() {
                query.push(("pageToken", &page));
            }
            let method = asked("contactGroups.list");
            let answer = self.get(method, "/v1/contactGroups", &query).await?;
            for group in items(&answer, "contactGroups") {
                let name = text(group, "name").unwrap_or_default();
                if name == self.account.group {
                    return text(group, "resourceName")
                        .ok_or_else(|| method.malformed("a group without a resource name"));
                }
                names.push(name);
            }
            match text(&answer, "nextPageToken") {
                Some(next) => page = next,
                None => break,
            }
        }
        Err(Error::NoCollection {
            provider: PROVIDER,
            what: "contact group",
            name: self.account.group.clone(),
            known: names.join(", "),
        })
    }

    async fn get(
        &mut self,
        method: Asked,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Error> {
        let answer = self.try_get(method, path, query).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return method.body(answer);
        }
        self.token = None;
        let answer = self.try_get(method, path, query).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Err(unauthorised("a new token is not accepted"));
        }
        method.body(answer)
    }

    async fn try_get(
        &mut self,
        method: Asked,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let token = self.token().await?;
        let url = format!("{}{path}", self.account.base_url);
        let request = self.client.get(url).query(query).bearer_auth(token);
        method.send(request).await
    }

    async fn token(&mut self) -> Result<String, Error> {
        if let Some(token) = &self.token {
            return Ok(token.clone());
        }
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.account.client_id),
            ("client_secret", &self.account.client_secret),
            ("refresh_token", &self.account.refresh_token),
        ];
        let method = asked("oauth2.token");
        let request = self.client.post(&self.account.token_url).form(&form);
        let answer = method.send(request).await?;
        if let Some(word) = text(&answer.body, "error") {
            return Err(unauthorised(&word));
        }
        let token = text(&method.body(answer)?, "access_token")
            .ok_or_else(|| method.malformed("no access token"))?;
        self.token = Some(token.clone());
        Ok(token)
    }
}

fn unauthorised(reason: &str) -> Error {
    Error::Unauthorised {
        provider: PROVIDER,
        reason: reason.to_owned(),
    }
}

fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

fn is_member(person: &Value, group: &str) -> bool {
    items(person, "memberships")
        .iter()
        .any(|membership| membership["contactGroupMembership"]["contactGroupResourceName"] == group)
}

fn entry(person: &Value) -> Option<Entry> {
    let mut entry = Entry::new(person["resourceName"].as_str()?);
    for (place, pairing) in MAPPING.iter().enumerate() {
        let (field, kind, property) = pairing.google_place();
        entry.values[place] = match kind {
            Some(kind) => own(person, field)
                .filter(|item| item["type"] == kind)
                .filter_map(|item| shown(item, property))
                .collect(),
            None => single(person, field, property),
        };
    }
    let application = items(person, "clientData").iter();
    entry.application = application
        .filter_map(|item| Some((text(item, "key")?, text(item, "value")?)))
        .collect();
    Some(entry)
}

/// Items of the user's own address book, not of a profile.
fn own<'a>(person: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    items(person, field).iter().filter(|item| {
        let source = item["metadata"]["source"]["type"].as_str();
        source.is_none_or(|source| source == "CONTACT")
    })
}

/// A field that holds one value: that of the primary item if there is one.
fn single(person: &Value, field: &str, property: &str) -> Vec<String> {
    let primary = own(person, field).find(|item| {
        item["metadata"]["primary"] == true || item["metadata"]["sourcePrimary"] == true
    });
    match primary {
        Some(item) => shown(item, property).into_iter().collect(),
        None => own(person, field)
            .filter_map(|item| shown(item, property))
            .collect(),
    }
}

fn shown(item: &Value, property: &str) -> Option<String> {
    match &item[property] {
        Value::String(text) => Some(text.clone()),
        date @ Value::Object(_) => day(date),
        _ => None,
    }
}

/// A date with year, month and day; Zoho CRM cannot hold any other.
fn day(date: &Value) -> Option<String> {
    let part = |name: &str| date[name].as_i64().filter(|number| *number != 0);
    Some(format!(
        "{:04}-{:02}-{:02}",
        part("year")?,
        part("month")?,
        part("day")?
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn value(person: &Value, zoho: &str) -> Vec<String> {
        let place = MAPPING
            .iter()
            .position(|pairing| pairing.zoho == zoho)
            .unwrap();
        entry(person).unwrap().normal(place)
    }

    #[test]
    fn items_are_told_apart_by_their_type_and_source() {
        let profile = json!({"source": {"type": "PROFILE"}, "primary": true});
        let person = json!({
            "resourceName": "people/c1",
            "names": [{"givenName": "Other", "metadata": profile}, {"givenName": "Ana"}],
            "phoneNumbers": [
                {"type": "work", "value": "+44 1"}, {"type": "mobile", "value": "2"}, {"value": "3"}
            ],
        });
        assert_eq!(value(&person, "First_Name"), ["Ana"]);
        assert_eq!(value(&person, "Phone"), ["+441"]);
        assert_eq!(value(&person, "Mobile"), ["2"]);
        assert!(value(&person, "Home_Phone").is_empty());
    }

    #[test]
    fn the_primary_item_counts() {
        let person = json!({
            "resourceName": "people/c1",
            "organizations": [{"title": "Buyer"}, {"title": "Partner", "metadata": {"primary": true}}],
        });
        assert_eq!(value(&person, "Title"), ["Partner"]);
    }

    #[test]
    fn a_birthday_without_a_year_is_none() {
        let person =
            |date: Value| json!({"resourceName": "people/c1", "birthdays": [{"date": date}]});
        assert!(value(&person(json!({"month": 2, "day": 3})), "Date_of_Birth").is_empty());
        assert_eq!(
            value(
                &person(json!({"year": 2001, "month": 2, "day": 3})),
                "Date_of_Birth"
            ),
            ["2001-02-03"]
        );
    }

    #[test]
    fn a_person_without_a_resource_name_is_refused() {
        assert!(entry(&json!({"names": []})).is_none());
    }
}
