//! Looking for a record that is about to be created: somebody, or a lost call of ours, may have made it (R-07, R-26).
//!
//! The newest records are read from the list itself, for `/search` lags; what is older than those is asked for by
//! its values, and there the lag does not matter.

use std::{
    collections::{BTreeSet, HashMap},
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};
use model::{Path, Record, SIMPLE_PART, Value, match_keys, project};
use provider::{Create, Fault};

use super::Writer;
use crate::{
    client::Records,
    event,
    kind::Kind,
    map,
    reader::{Reader, Whole},
    wire::{Query, Row},
};

/// Pages of newest records that are read for one look-up.
pub(super) const PAGES: u32 = 5;
/// Pages that are read for the look-ups of half a minute.
const SHARED_PAGES: u32 = 60;
/// How far the newest records have to reach back so that nothing else need be asked.
pub(super) const WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Values in one query.
const VALUES: usize = 40;
/// Rows that one query answers.
const QUERY_ROWS: usize = 200;

/// Keys are compared within this process only.
const KEY: [u8; 32] = [0; 32];

impl Writer<'_> {
    /// For each create, the live record that it would double.
    pub(super) async fn look_up(
        &self,
        creates: &[&Create],
    ) -> Result<Vec<Option<Vec<Row>>>, Fault> {
        let since = young(creates);
        let of = format!("{} {}", self.account_id, self.fields.join(","));
        if let Some(rows) = since.and_then(|since| self.glances.recent(&of, since)) {
            let found = counterparts(&self.reader, creates, &rows);
            // Seldom; and what is found is read anew, as it is now.
            if found.iter().all(Option::is_none) {
                return Ok(found);
            }
        }
        let began = Instant::now();
        let window = since.map_or(WINDOW, |since| Timestamp::now().duration_since(since));
        let pages = since.map_or(PAGES, |_| SHARED_PAGES);
        let (mut rows, complete) = self.newest(window, pages).await?;
        if !complete {
            rows.extend(self.by_values(creates).await?);
        }
        let found = counterparts(&self.reader, creates, &rows);
        if let Some(since) = since.filter(|_| complete) {
            self.glances.remember(&of, since, began, rows);
        }
        Ok(found)
    }

    /// The records that were modified, and so also those created, within this time, the last ones first, as far as
    /// so many pages reach; whether they reach back so far.
    pub(super) async fn newest(
        &self,
        window: SignedDuration,
        pages: u32,
    ) -> Result<(Vec<Row>, bool), Fault> {
        let mut rows: Vec<Row> = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..pages {
            let list = Records {
                sort: Some(("Modified_Time", "desc")),
                page_token: token.as_deref(),
                ..Records::default()
            };
            let page = match self
                .client
                .page_of(self.module(), &self.fields, &list)
                .await
            {
                Ok(page) => page,
                // Nothing is wrong with the record for which this is read, and the next look-up begins anew.
                Err(failure) if failure.breaks_chain() => {
                    return Err(Fault::transient(
                        "the newest records cannot be paged through",
                    ));
                }
                Err(failure) => return Err(failure.into()),
            };
            let reached = page.at.checked_sub(window).unwrap_or(Timestamp::MIN);
            rows.extend(page.body.data);
            token = page
                .body
                .info
                .next_page_token
                .filter(|_| page.body.info.more_records);
            let oldest = rows.last().and_then(Row::modified);
            if token.is_none() || oldest.is_some_and(|oldest| oldest < reached) {
                return Ok((rows, true));
            }
        }
        Ok((rows, false))
    }

    /// Records that hold one of the creates' match values, whatever their age.
    async fn by_values(&self, creates: &[&Create]) -> Result<Vec<Row>, Fault> {
        let mut ids = BTreeSet::new();
        let (between, asked) = match self.kind {
            Kind::Contact => (String::new(), values_by_field(creates)),
            Kind::Event => {
                let records: Vec<&Record> = creates.iter().map(|create| &create.record).collect();
                match event::search(&records, self.terms(&event::NOBODY)) {
                    Some((from, to, titles)) => (
                        format!("Start_DateTime between '{from}' and '{to}' and "),
                        vec![("Event_Title", titles)],
                    ),
                    None => return Ok(Vec::new()),
                }
            }
        };
        for (field, values) in asked {
            for values in values.iter().collect::<Vec<_>>().chunks(VALUES) {
                let listed: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                let select_query = format!(
                    "select id from {} where {between}{field} in ({}) limit {QUERY_ROWS}",
                    self.module(),
                    listed.join(",")
                );
                let page = match self.client.query(&Query { select_query }).await {
                    Ok(answer) => answer.body,
                    // A field that the profile may not see holds nothing that a create could match.
                    Err(failure) if matches!(failure.fault, Fault::Refused { .. }) => continue,
                    Err(failure) => return Err(failure.into()),
                };
                ids.extend(page.data.iter().filter_map(Row::id).map(str::to_owned));
            }
        }
        let ids: Vec<String> = ids.into_iter().collect();
        let (rows, _) = self
            .client
            .rows_by_id(self.module(), &self.fields, &ids)
            .await?;
        Ok(rows.into_values().collect())
    }
}

/// Since when these creates need be looked for; none if one of them has to be looked for among all records.
fn young(creates: &[&Create]) -> Option<Timestamp> {
    let times: Option<Vec<Timestamp>> = creates.iter().map(|create| create.known_until).collect();
    times?.into_iter().min()
}

/// For each create the row that it would double, one to one.
fn counterparts(reader: &Reader, creates: &[&Create], rows: &[Row]) -> Vec<Option<Vec<Row>>> {
    let records = reader.fold(rows);
    let mut keyed: HashMap<&[Path], Keyed<'_>> = HashMap::new();
    let mut taken = BTreeSet::new();
    let mut found = Vec::with_capacity(creates.len());
    for create in creates {
        let paths = create.match_paths.as_slice();
        let keyed = keyed
            .entry(paths)
            .or_insert_with(|| Keyed::of(&records, paths));
        let counterpart = keyed.counterpart(&create.record, &taken);
        taken.extend(counterpart.map(|whole| whole.id.clone()));
        found.push(counterpart.map(|whole| whole.rows.clone()));
    }
    found
}

/// Records by the keys that they have on these paths.
struct Keyed<'r> {
    paths: &'r [Path],
    /// By rank and hash of a key.
    holders: HashMap<(u32, [u8; 32]), Vec<Holder<'r>>>,
}

/// A record that has a key.
struct Holder<'r> {
    whole: &'r Whole,
    name_hash: [u8; 32],
}

impl<'r> Keyed<'r> {
    fn of(records: &'r [Whole], paths: &'r [Path]) -> Self {
        let mut holders: HashMap<_, Vec<_>> = HashMap::new();
        for whole in records {
            for key in match_keys(&whole.record, paths, &KEY) {
                let sharing = holders.entry((key.rank, key.hash)).or_default();
                sharing.push(Holder {
                    whole,
                    name_hash: key.name_hash,
                });
            }
        }
        Self { paths, holders }
    }

    /// The record that is the same as the one to create: the best key decides; one that several share counts only
    /// together with the name (R-09). What is taken is another one's.
    fn counterpart(&self, record: &Record, taken: &BTreeSet<String>) -> Option<&'r Whole> {
        let free = |whole: &Whole| !taken.contains(&whole.id);
        for key in match_keys(record, self.paths, &KEY) {
            let sharing: Vec<_> = self
                .holders
                .get(&(key.rank, key.hash))
                .into_iter()
                .flatten()
                .filter(|holder| free(holder.whole))
                .collect();
            let named = sharing
                .iter()
                .find(|holder| holder.name_hash == key.name_hash);
            match (named, sharing.as_slice()) {
                (Some(holder), _) | (None, [holder]) => return Some(holder.whole),
                _ => {}
            }
        }
        None
    }
}

/// The match values of the creates by the field of Zoho CRM that holds them.
fn values_by_field(creates: &[&Create]) -> Vec<(&'static str, BTreeSet<String>)> {
    let mut values: Vec<(&'static str, BTreeSet<String>)> = Vec::new();
    for create in creates {
        let shown = project(&create.record, &create.match_paths, &model::Fields::new());
        for (path, value) in &shown {
            for field in map::fields_of(path) {
                let texts = texts(value);
                match values.iter_mut().find(|(known, _)| *known == field) {
                    Some((_, known)) => known.extend(texts),
                    None => values.push((field, texts.into_iter().collect())),
                }
            }
        }
    }
    values
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::Elements(elements) => elements
            .iter()
            .filter_map(|element| element.part(SIMPLE_PART))
            .map(str::to_owned)
            .collect(),
        Value::Date(_) => Vec::new(),
    }
}

/// A text as COQL reads it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn row(value: Json) -> Row {
        serde_json::from_value(value).unwrap()
    }

    fn record(given: &str, email: &str) -> Record {
        map::read(&row(
            json!({"First_Name": given, "Last_Name": "Lee", "Email": email}),
        ))
    }

    fn found(record: &Record, rows: &[Row]) -> Option<String> {
        let paths = [Path::parse("emails[work]").unwrap()];
        let reader = Reader::new(Kind::Contact, None, &crate::map::tests::scope(&[])).unwrap();
        Keyed::of(&reader.fold(rows), &paths)
            .counterpart(record, &BTreeSet::new())
            .map(|whole| whole.id.clone())
    }

    // proves: R-09
    #[test]
    fn a_key_alone_finds_one_record_and_of_several_the_one_of_the_same_name() {
        let ana = |id: &str, given: &str| {
            row(
                json!({"id": id, "First_Name": given, "Last_Name": "Lee", "Email": "info@acme.example"}),
            )
        };
        let wanted = record("Ana", "Info@acme.example");
        assert_eq!(found(&wanted, &[ana("1", "Bo")]).as_deref(), Some("1"));
        assert_eq!(
            found(&wanted, &[ana("1", "Bo"), ana("2", "Ana")]).as_deref(),
            Some("2")
        );
        assert_eq!(found(&wanted, &[ana("1", "Bo"), ana("2", "Cy")]), None);
        assert_eq!(
            found(&record("Ana", "ana@acme.example"), &[ana("1", "Ana")]),
            None
        );
    }

    #[test]
    fn a_quote_in_a_value_does_not_end_it() {
        assert_eq!(quoted(r"O'Neil\"), r"'O\'Neil\\'");
    }
}
