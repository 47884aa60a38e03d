//! Guests of meetings who are contacts of the CRM, or become some (ZGE-03).

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use provider::Fault;
use serde_json::{Map, Value as Json};

use super::{Writer, look_up::quoted, recent::Recent};
use crate::{
    client::{BATCH, Records},
    event::{Contact, Contacts, Guests, Newcomers},
    fault::{field_of, of_verdict},
    kind::Kind,
    wire::{CONTACTS, Query, Row, Verdict},
};

/// Addresses in one query.
const ADDRESSES: usize = 40;
/// Rows that one query answers.
const QUERY_ROWS: usize = 200;
/// Characters that `Last_Name` takes.
const LENGTH: usize = 80;

/// The contacts that we made or found a moment ago, by address; none for one of whom nobody knows whether it was made.
pub(crate) type RecentGuests = Recent<Option<Contact>>;

impl Writer<'_> {
    /// The contacts that these guests are; whoever is missing is invited by address. A fault means that no meeting was
    /// written.
    pub(super) async fn contacts_of(&self, mut wanted: Newcomers) -> Result<Contacts, Fault> {
        let mut contacts = Contacts::new();
        let policy = self.reader.guests();
        if policy == Guests::Ignore {
            return Ok(contacts);
        }
        wanted.retain(
            |address, _| match self.guests.get(self.account_id, address).flatten() {
                Some(contact) => {
                    contacts.insert(address.clone(), contact);
                    false
                }
                None => true,
            },
        );
        self.guests_of_colleagues(&mut wanted, &mut contacts).await;
        if wanted.is_empty() {
            return Ok(contacts);
        }
        match self.find_contacts(&mut wanted, &mut contacts).await {
            Ok(()) if policy == Guests::Add => self.add_contacts(wanted, &mut contacts).await?,
            // Whom nobody may look up is not made either: it would be a second one.
            Ok(()) | Err(Fault::Forbidden { .. } | Fault::Refused { .. }) => {}
            Err(fault) => return Err(fault),
        }
        Ok(contacts)
    }

    /// Whom others of the organisation made or found a moment ago, as far as this account sees them.
    async fn guests_of_colleagues(&self, wanted: &mut Newcomers, contacts: &mut Contacts) {
        let addresses: Vec<String> = wanted.keys().cloned().collect();
        let fields = ["Email,Full_Name".to_owned()];
        for address in addresses {
            let known = self.guests.of_others(self.account_id, &address);
            let Some(Contact { id, .. }) = known.flatten() else {
                continue;
            };
            if let Ok(row) = self.client.row(CONTACTS, &fields, &id).await {
                take(wanted, contacts, row.as_slice());
            }
        }
    }

    /// By query, and before any is made also among the newest, which a query may not know yet.
    async fn find_contacts(
        &self,
        wanted: &mut Newcomers,
        contacts: &mut Contacts,
    ) -> Result<(), Fault> {
        let addresses: Vec<String> = wanted.keys().cloned().collect();
        for some in addresses.chunks(ADDRESSES) {
            self.query_contacts(some, wanted, contacts).await?;
        }
        if !wanted.is_empty() && self.reader.guests() == Guests::Add {
            let list = Records {
                fields: "Email,Full_Name",
                sort: Some(("Created_Time", "desc")),
                ..Records::default()
            };
            let newest = self.client.records(CONTACTS, &list).await?.body.data;
            take(wanted, contacts, &newest);
        }
        for address in addresses {
            if let Some(contact) = contacts.get(&address) {
                let known = Some(contact.clone());
                self.guests.remember(self.account_id, &address, known);
            }
        }
        Ok(())
    }

    /// Asks again for those whom an answer had no room for, because of others who share an address.
    async fn query_contacts(
        &self,
        some: &[String],
        wanted: &mut Newcomers,
        contacts: &mut Contacts,
    ) -> Result<(), Fault> {
        loop {
            let open = some.iter().filter(|address| wanted.contains_key(*address));
            let listed: Vec<String> = open.map(|address| quoted(address)).collect();
            if listed.is_empty() {
                return Ok(());
            }
            let select_query = format!(
                "select id, Email, Full_Name from Contacts where Email in ({}) order by id asc limit {QUERY_ROWS}",
                listed.join(",")
            );
            let page = self.client.query(&Query { select_query }).await?.body;
            let before = wanted.len();
            take(wanted, contacts, &page.data);
            if !page.info.more_records {
                return Ok(());
            }
            if wanted.len() == before {
                return Err(Fault::Refused {
                    path: None,
                    reason: "the contacts of an address cannot be told apart".to_owned(),
                });
            }
        }
    }

    /// Makes contacts of those who are none, as far as the account may.
    async fn add_contacts(&self, wanted: Newcomers, contacts: &mut Contacts) -> Result<(), Fault> {
        // An address that is ignored without a word would make a new contact each time.
        let writable = self.writable_of(Kind::Contact).await?;
        if writable.is_some_and(|writable| !writable.contains("Email")) {
            return Ok(());
        }
        let is_doubtful = |address: &String| {
            let others = self.guests.of_others(self.account_id, address);
            self.guests.get(self.account_id, address).is_some() || others == Some(None)
        };
        if wanted.keys().any(is_doubtful) {
            return Err(Fault::transient(
                "a guest may have been made a contact, and lists do not tell yet",
            ));
        }
        let wanted: Vec<(String, Option<String>)> = wanted.into_iter().collect();
        for some in wanted.chunks(BATCH) {
            let rows: Vec<_> = some.iter().map(row).collect();
            let body = self.body_of(Kind::Contact, &rows);
            let sent = self.client.insert(CONTACTS, &body).await;
            let verdicts = match sent.map_err(Fault::from) {
                Ok(answer) => answer.body.data,
                Err(Fault::Forbidden { .. } | Fault::Refused { .. }) => return Ok(()),
                Err(Fault::LostAnswer { reason } | Fault::Malformed { reason }) => {
                    for (address, _) in some {
                        self.guests.remember(self.account_id, address, None);
                    }
                    return Err(Fault::Transient { reason });
                }
                Err(fault) => return Err(fault),
            };
            for ((address, name), verdict) in some.iter().zip(verdicts) {
                let Some(id) = made(&verdict)? else { continue };
                let contact = Contact {
                    id,
                    name: Some(surname(address, name.as_deref())),
                    email: address.clone(),
                };
                let known = Some(contact.clone());
                self.guests.remember(self.account_id, address, known);
                contacts.insert(address.clone(), contact);
            }
        }
        Ok(())
    }
}

/// Takes the contacts that have one of these addresses as their first; of several the oldest.
fn take(wanted: &mut Newcomers, contacts: &mut Contacts, rows: &[Row]) {
    let mut oldest: BTreeMap<String, (&str, &Row)> = BTreeMap::new();
    for row in rows {
        if let (Some(id), Some(email)) = (row.id(), row.text("Email")) {
            let address = email.trim().to_lowercase();
            let known = oldest.entry(address).or_insert((id, row));
            if (id.len(), id) < (known.0.len(), known.0) {
                *known = (id, row);
            }
        }
    }
    wanted.retain(|address, _| match oldest.get(address) {
        Some((id, row)) => {
            let contact = Contact {
                id: (*id).to_owned(),
                name: row.text("Full_Name").map(str::to_owned),
                email: address.clone(),
            };
            contacts.insert(address.clone(), contact);
            false
        }
        None => true,
    });
}

/// The contact that was made, or that has the address already; none if it is refused.
fn made(verdict: &Verdict) -> Result<Option<String>, Fault> {
    if verdict.succeeded() {
        return Ok(verdict.detail("id").map(str::to_owned));
    }
    for error in verdict.each() {
        let twin = error.details.get("duplicate_record");
        let twin = twin.and_then(|twin| twin.get("id")?.as_str());
        if error.code == "DUPLICATE_DATA" && field_of(&error) == Some("Email") && twin.is_some() {
            return Ok(twin.map(str::to_owned));
        }
        let status = StatusCode::BAD_REQUEST;
        match of_verdict(Kind::Contact, &error, status, Timestamp::now()) {
            Fault::Refused { .. } | Fault::Forbidden { .. } | Fault::Gone { .. } => {}
            fault => return Err(fault),
        }
    }
    Ok(None)
}

fn row((address, name): &(String, Option<String>)) -> Map<String, Json> {
    Map::from_iter([
        (
            "Last_Name".to_owned(),
            surname(address, name.as_deref()).into(),
        ),
        ("Email".to_owned(), address.as_str().into()),
    ])
}

/// What a guest is called, of whom nobody tells which part is the surname.
fn surname(address: &str, name: Option<&str>) -> String {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let cut: String = name.unwrap_or(address).chars().take(LENGTH).collect();
    cut.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted(addresses: &[&str]) -> Newcomers {
        let each = addresses.iter();
        each.map(|address| ((*address).to_owned(), None)).collect()
    }

    #[test]
    fn an_address_finds_its_contact_however_it_is_written_and_of_twins_the_oldest() {
        let rows: Vec<Row> = [
            json!({"id": "20", "Email": "eve@x.example", "Full_Name": "Eve Young"}),
            json!({"id": "9", "Email": "Eve@X.example", "Full_Name": "Eve Old"}),
            json!({"id": "3", "Email": "eve@x.example.org", "Full_Name": "Other"}),
            json!({"id": "2", "Email": null}),
        ]
        .map(|row| serde_json::from_value(row).unwrap())
        .into();
        let mut open = wanted(&["eve@x.example", "dan@x.example"]);
        let mut contacts = Contacts::new();
        take(&mut open, &mut contacts, &rows);
        let eve = &contacts["eve@x.example"];
        assert_eq!(
            (eve.id.as_str(), eve.name.as_deref()),
            ("9", Some("Eve Old"))
        );
        assert_eq!(open, wanted(&["dan@x.example"]));
    }

    #[test]
    fn a_guest_without_a_name_is_called_by_the_address_and_a_long_name_is_cut() {
        assert_eq!(surname("eve@x.example", Some(" ")), "eve@x.example");
        assert_eq!(surname("eve@x.example", Some("Eve Lee")), "Eve Lee");
        let long = "ä".repeat(200);
        assert_eq!(surname("eve@x.example", Some(&long)).chars().count(), 80);
    }

    #[test]
    fn a_unique_address_names_its_contact_and_other_refusals_none() {
        let verdict = |value: Json| serde_json::from_value::<Verdict>(value).unwrap();
        let twin = json!({"code": "DUPLICATE_DATA", "details": {
            "api_name": "Email", "duplicate_record": {"id": "7"},
        }});
        assert_eq!(made(&verdict(twin)).unwrap().as_deref(), Some("7"));
        let other = json!({"code": "DUPLICATE_DATA", "details": {
            "api_name": "Code", "duplicate_record": {"id": "7"},
        }});
        assert_eq!(made(&verdict(other)), Ok(None));
        let missing = json!({"code": "MANDATORY_NOT_FOUND", "details": {"api_name": "Tier"}});
        assert_eq!(made(&verdict(missing)), Ok(None));
        assert!(made(&verdict(json!({"code": "INTERNAL_ERROR"}))).is_err());
    }
}
