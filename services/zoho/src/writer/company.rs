//! Companies by name: a contact's company is a record of its own in Zoho CRM (module Accounts).

use std::collections::{BTreeMap, BTreeSet};

use provider::Fault;
use serde_json::{Map, Value as Json};

use super::{Writer, look_up::quoted, recent::Recent};
use crate::{
    client::{BATCH, Records},
    fault::of_verdict,
    kind::Kind,
    map::{Companies, Company},
    wire::{ACCOUNTS, Query, Row},
};

/// Names in one query.
const NAMES: usize = 40;
/// Rows that one query answers.
const QUERY_ROWS: usize = 200;

/// The ids of companies that we made or found a moment ago: lists may not show yet what we made, so that nobody makes it
/// twice, and a baseline's creates need not look for the same ones with every call.
pub(crate) type RecentCompanies = Recent<String>;

impl Writer<'_> {
    /// The companies of contacts; meetings have none.
    pub(super) async fn companies_of(&self, names: BTreeSet<String>) -> Result<Companies, Fault> {
        match self.kind {
            Kind::Contact => self.companies(names).await,
            Kind::Event => Ok(Companies::new()),
        }
    }

    /// The companies of exactly these names. What is not found is made, unless the sync's option `companies` is
    /// `skip`. A fault means that no contact was written.
    async fn companies(&self, mut names: BTreeSet<String>) -> Result<Companies, Fault> {
        let mut companies = Companies::new();
        names.retain(|name| match self.companies.get(self.account_id, name) {
            Some(id) => {
                companies.insert(name.clone(), Company::Id(id));
                false
            }
            None => true,
        });
        self.companies_of_colleagues(&mut names, &mut companies)
            .await;
        if names.is_empty() {
            return Ok(companies);
        }
        match self.find_companies(&mut names, &mut companies).await {
            Err(Fault::Forbidden { right }) => refuse(names, &mut companies, &lacks(&right)),
            Err(Fault::Refused { reason, .. }) => {
                refuse(
                    names,
                    &mut companies,
                    &format!("the company cannot be looked up: {reason}"),
                );
            }
            Err(fault) => return Err(fault),
            Ok(()) if names.is_empty() => {}
            Ok(())
                if self
                    .scope
                    .options
                    .get("companies")
                    .is_some_and(|option| option == "skip") =>
            {
                refuse(
                    names,
                    &mut companies,
                    "no company has this name, and none is made",
                );
            }
            Ok(()) => self.make_companies(names, &mut companies).await?,
        }
        Ok(companies)
    }

    /// What others of the organisation made a moment ago, as far as this account sees it.
    async fn companies_of_colleagues(
        &self,
        names: &mut BTreeSet<String>,
        companies: &mut Companies,
    ) {
        let wanted: Vec<String> = names.iter().cloned().collect();
        let fields = ["Account_Name".to_owned()];
        for name in wanted {
            let Some(id) = self.companies.of_others(self.account_id, &name) else {
                continue;
            };
            if let Ok(row) = self.client.row(ACCOUNTS, &fields, &id).await {
                take(names, companies, row.as_slice());
            }
        }
    }

    /// By query, and among the newest, which a query may not know yet.
    async fn find_companies(
        &self,
        names: &mut BTreeSet<String>,
        companies: &mut Companies,
    ) -> Result<(), Fault> {
        let wanted: Vec<String> = names.iter().cloned().collect();
        for wanted in wanted.chunks(NAMES) {
            let listed: Vec<String> = wanted.iter().map(|name| quoted(name)).collect();
            let select_query = format!(
                "select id, Account_Name from Accounts where Account_Name in ({}) order by id asc limit {QUERY_ROWS}",
                listed.join(",")
            );
            take(
                names,
                companies,
                &self.client.query(&Query { select_query }).await?.body.data,
            );
        }
        if !names.is_empty() {
            let list = Records {
                fields: "Account_Name",
                sort: Some(("Created_Time", "desc")),
                ..Records::default()
            };
            take(
                names,
                companies,
                &self.client.records(ACCOUNTS, &list).await?.body.data,
            );
        }
        for name in wanted {
            if let Some(Company::Id(id)) = companies.get(&name) {
                self.companies.remember(self.account_id, &name, id.clone());
            }
        }
        Ok(())
    }

    async fn make_companies(
        &self,
        names: BTreeSet<String>,
        companies: &mut Companies,
    ) -> Result<(), Fault> {
        let names: Vec<String> = names.into_iter().collect();
        for names in names.chunks(BATCH) {
            let row = |name: &String| {
                Map::from_iter([("Account_Name".to_owned(), Json::from(name.as_str()))])
            };
            let body = self.body(&names.iter().map(row).collect::<Vec<_>>());
            let verdicts = match self
                .client
                .insert(ACCOUNTS, &body)
                .await
                .map_err(Fault::from)
            {
                Ok(answer) => answer.body.data,
                Err(Fault::Forbidden { right }) => {
                    refuse(names.iter().cloned(), companies, &lacks(&right));
                    continue;
                }
                // The contacts themselves were not sent: they come again, and find the companies if they were made.
                Err(Fault::LostAnswer { reason } | Fault::Malformed { reason }) => {
                    return Err(Fault::Transient { reason });
                }
                Err(fault) => return Err(fault),
            };
            for (name, verdict) in names.iter().zip(verdicts) {
                let company = match verdict.detail("id").filter(|_| verdict.succeeded()) {
                    Some(id) => {
                        self.companies
                            .remember(self.account_id, name, id.to_owned());
                        Company::Id(id.to_owned())
                    }
                    None => Company::Refused(reason_of(of_verdict(
                        Kind::Contact,
                        &verdict,
                        http::StatusCode::BAD_REQUEST,
                        jiff::Timestamp::now(),
                    ))),
                };
                companies.insert(name.clone(), company);
            }
        }
        Ok(())
    }
}

/// Takes the companies whose names are exactly the wanted ones; of several the first, which is the oldest.
fn take(names: &mut BTreeSet<String>, companies: &mut Companies, rows: &[Row]) {
    let mut oldest: BTreeMap<&str, &str> = BTreeMap::new();
    for row in rows {
        if let (Some(id), Some(name)) = (row.id(), row.text("Account_Name")) {
            let known = oldest.entry(name.trim()).or_insert(id);
            if (id.len(), id) < (known.len(), known) {
                *known = id;
            }
        }
    }
    names.retain(|name| match oldest.get(name.trim()) {
        Some(id) => {
            companies.insert(name.clone(), Company::Id((*id).to_owned()));
            false
        }
        None => true,
    });
}

fn refuse(names: impl IntoIterator<Item = String>, companies: &mut Companies, reason: &str) {
    companies.extend(
        names
            .into_iter()
            .map(|name| (name, Company::Refused(reason.to_owned()))),
    );
}

fn lacks(right: &str) -> String {
    format!("the company cannot be linked: the account lacks the right to {right}")
}

fn reason_of(fault: Fault) -> String {
    match fault {
        Fault::Refused { reason, .. } => format!("the company cannot be made: {reason}"),
        fault => format!("the company cannot be made: {fault}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_exactly_the_same_name_is_the_company_and_of_twins_the_oldest() {
        let rows: Vec<Row> = [
            ("20", "Acme"),
            ("9", "Acme"),
            ("3", "ACME"),
            ("4", "Acme Inc"),
        ]
        .map(|(id, name)| serde_json::from_value(json!({"id": id, "Account_Name": name})).unwrap())
        .into();
        let mut names = BTreeSet::from(["Acme".to_owned(), "Globex".to_owned()]);
        let mut companies = Companies::new();
        take(&mut names, &mut companies, &rows);
        assert_eq!(
            companies,
            Companies::from([("Acme".to_owned(), Company::Id("9".to_owned()))])
        );
        assert_eq!(names, BTreeSet::from(["Globex".to_owned()]));
    }
}
