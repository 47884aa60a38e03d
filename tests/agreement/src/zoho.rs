//! Zoho CRM's side of two address books: `settings/custom_views` and `GET Contacts` with a list view (REST API v8).

mod meetings;

use reqwest::{Client, StatusCode};
use serde_json::Value;

use crate::{
    accounts::ZohoAccount,
    book::{Book, Entry},
    error::Error,
    http::{Answer, Asked},
    mapping::MAPPING,
};

const PROVIDER: &str = "zoho";

/// What Zoho CRM's side of a sync calls somebody without a surname; it needs one.
const NO_SURNAME: &str = "Not Provided";
/// Characters that a surname may have.
const SURNAME_LENGTH: usize = 80;

const fn asked(method: &'static str) -> Asked {
    Asked {
        provider: PROVIDER,
        method,
    }
}

/// An account that is read; the access token is renewed when Zoho refuses it.
#[derive(Debug)]
pub(crate) struct Zoho {
    account: ZohoAccount,
    client: Client,
    session: Option<Session>,
}

#[derive(Debug, Clone)]
struct Session {
    token: String,
    api_domain: String,
}

impl Zoho {
    pub(crate) fn new(account: ZohoAccount, client: Client) -> Self {
        Self {
            account,
            client,
            session: None,
        }
    }

    /// The contacts of the list view.
    pub(crate) async fn read(&mut self) -> Result<Book, Error> {
        let view = self.list_view().await?;
        // 50 fields are the most that one call shows.
        let fields: Vec<&str> = MAPPING.iter().map(|pairing| pairing.zoho).collect();
        let fields = fields.join(",");
        let method = asked("Contacts.getRecords");
        let mut book = Book::default();
        let mut page = String::new();
        loop {
            let mut query = vec![
                ("cvid", view.as_str()),
                ("fields", &fields),
                ("per_page", "200"),
            ];
            if !page.is_empty() {
                query.push(("page_token", &page));
            }
            let answer = self.get(method, "/crm/v8/Contacts", &query).await?;
            for row in items(&answer, "data") {
                book.listed += 1;
                book.entries.push(entry(method, row)?);
            }
            let info = &answer["info"];
            match text(info, "next_page_token").filter(|_| info["more_records"] == true) {
                Some(next) => page = next,
                None => return Ok(book),
            }
        }
    }

    /// The id of the list view. One that is hidden from the user is not listed.
    async fn list_view(&mut self) -> Result<String, Error> {
        let mut names = Vec::new();
        let method = asked("settings.getCustomViews");
        for page in 1_u32.. {
            let page = page.to_string();
            let query = [("module", "Contacts"), ("page", &page)];
            let answer = self
                .get(method, "/crm/v8/settings/custom_views", &query)
                .await?;
            for view in items(&answer, "custom_views") {
                let name = text(view, "name").unwrap_or_default();
                if name == self.account.list_view {
                    return text(view, "id")
                        .ok_or_else(|| method.malformed("a list view without an id"));
                }
                names.push(name);
            }
            if answer["info"]["more_records"] != true {
                break;
            }
        }
        Err(Error::NoCollection {
            provider: PROVIDER,
            what: "list view",
            name: self.account.list_view.clone(),
            known: names.join(", "),
        })
    }

    async fn get(
        &mut self,
        method: Asked,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Value, Error> {
        let mut answer = self.try_get(method, path, query).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            self.session = None;
            answer = self.try_get(method, path, query).await?;
        }
        match answer.status {
            StatusCode::UNAUTHORIZED => Err(unauthorised("a new token is not accepted")),
            // An empty list has no body.
            StatusCode::NO_CONTENT => Ok(Value::Null),
            _ => method.body(answer),
        }
    }

    async fn try_get(
        &mut self,
        method: Asked,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<Answer, Error> {
        let session = self.session().await?;
        let request = self
            .client
            .get(format!("{}{path}", session.api_domain))
            .query(query)
            .header(
                "authorization",
                format!("Zoho-oauthtoken {}", session.token),
            );
        method.send(request).await
    }

    async fn session(&mut self) -> Result<Session, Error> {
        if let Some(session) = &self.session {
            return Ok(session.clone());
        }
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &self.account.client_id),
            ("client_secret", &self.account.client_secret),
            ("refresh_token", &self.account.refresh_token),
        ];
        let method = asked("oauth.token");
        let url = format!("{}/oauth/v2/token", self.account.accounts_url);
        let answer = method.send(self.client.post(url).form(&form)).await?;
        // Errors come with status 200.
        if let Some(word) = text(&answer.body, "error") {
            return Err(unauthorised(&word));
        }
        let body = method.body(answer)?;
        let (Some(token), Some(api_domain)) =
            (text(&body, "access_token"), text(&body, "api_domain"))
        else {
            return Err(method.malformed("no access token or no API domain"));
        };
        let session = Session { token, api_domain };
        self.session = Some(session.clone());
        Ok(session)
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

fn entry(method: Asked, row: &Value) -> Result<Entry, Error> {
    let id = row["id"]
        .as_str()
        .ok_or_else(|| method.malformed("a row without an id"))?;
    let mut entry = Entry::new(id);
    for (place, pairing) in MAPPING.iter().enumerate() {
        // A field that is empty is null; one that is hidden from the user is missing.
        let shown = row.get(pairing.zoho).ok_or(Error::Hidden {
            provider: PROVIDER,
            field: pairing.zoho,
        })?;
        let value = match shown {
            Value::Object(linked) => linked.get("name").and_then(Value::as_str),
            shown => shown.as_str(),
        };
        let value = value.filter(|value| pairing.zoho != "Last_Name" || !is_made_up(value, row));
        entry.values[place].extend(value.map(str::to_owned));
    }
    Ok(entry)
}

/// Whether a surname stands for none: the placeholder, or the company of a record without any name.
fn is_made_up(surname: &str, row: &Value) -> bool {
    let surname = surname.trim();
    let given = row["First_Name"].as_str().map_or("", str::trim);
    let company = row["Account_Name"]["name"].as_str().map_or("", str::trim);
    let company: String = company.chars().take(SURNAME_LENGTH).collect();
    surname == NO_SURNAME
        || given.is_empty() && !company.is_empty() && surname == company.trim_end()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn row(shown: &Value) -> Value {
        let empty = MAPPING
            .iter()
            .map(|pairing| (pairing.zoho.to_owned(), Value::Null));
        let mut row: Map<String, Value> = empty.collect();
        row.insert("id".to_owned(), json!("1"));
        row.extend(shown.as_object().unwrap().clone());
        Value::Object(row)
    }

    fn value(row: &Value, zoho: &str) -> Vec<String> {
        let place = MAPPING
            .iter()
            .position(|pairing| pairing.zoho == zoho)
            .unwrap();
        entry(asked("test"), row).unwrap().normal(place)
    }

    #[test]
    fn a_made_up_surname_is_none() {
        let acme = json!({"id": "7", "name": "Acme"});
        for (shown, surname) in [
            (json!({"Last_Name": "Not Provided"}), None),
            (json!({"Last_Name": "Acme", "Account_Name": acme}), None),
            (
                json!({"Last_Name": "Acme", "First_Name": "Ana", "Account_Name": acme}),
                Some("Acme"),
            ),
            (json!({"Last_Name": "Acme"}), Some("Acme")),
        ] {
            let found = value(&row(&shown), "Last_Name");
            assert_eq!(found.first().map(String::as_str), surname, "{shown}");
        }
    }

    #[test]
    fn a_linked_company_is_its_name() {
        let row = row(&json!({"Account_Name": {"id": "7", "name": "Acme"}}));
        assert_eq!(value(&row, "Account_Name"), ["Acme"]);
    }

    #[test]
    fn a_hidden_field_is_not_an_empty_one() {
        let mut row = row(&json!({"Last_Name": "Lee"}));
        row.as_object_mut().unwrap().remove("Mobile");
        let error = entry(asked("test"), &row).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Hidden {
                    field: "Mobile",
                    ..
                }
            ),
            "{error}"
        );
    }
}
