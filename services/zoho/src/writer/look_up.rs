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
    reader::Whole,
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
        let glance = since.and_then(|since| self.glances.recent(&of, since));
        if let Some(Some(keys)) = glance.as_deref() {
            // Seldom; and what is found is read anew, as it is now.
            if keys.is_nobody(creates) {
                return Ok(vec![None; creates.len()]);
            }
        }
        let began = Instant::now();
        // Where more are young than half a minute's look reaches, the last ones are read, and the others asked for.
        let shared = since.filter(|_| !matches!(glance.as_deref(), Some(None)));
        let window = shared.map_or(WINDOW, |since| Timestamp::now().duration_since(since));
        let pages = shared.map_or(PAGES, |_| SHARED_PAGES);
        let (mut rows, complete) = self.newest(window, pages).await?;
        if !complete {
            rows.extend(self.by_values(creates).await?);
        }
        let records = self.reader.fold(&rows);
        let keys = Keys::of(&records, creates);
        let found = keys.counterparts(creates).into_iter();
        let found = found.map(|found| found.map(|at| records[at].rows.clone()));
        let found = found.collect();
        if let Some(since) = shared {
            self.glances
                .remember(&of, since, began, complete.then_some(keys));
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

/// Who has which key, by the paths whose values the keys are of. Kept for half a minute, and of thousands of records:
/// without them.
#[derive(Debug)]
pub(super) struct Keys(HashMap<Vec<Path>, Keyed>);

/// Places of records by the rank and hash of their keys.
type Keyed = HashMap<(u32, [u8; 32]), Vec<Holder>>;

/// A record that has a key.
#[derive(Debug)]
struct Holder {
    at: usize,
    name_hash: [u8; 32],
}

impl Keys {
    /// The keys that these records have on the match paths of these creates.
    fn of(records: &[Whole], creates: &[&Create]) -> Self {
        let mut keys: HashMap<Vec<Path>, Keyed> = HashMap::new();
        for create in creates {
            if !keys.contains_key(create.match_paths.as_slice()) {
                let keyed = keyed(records, &create.match_paths);
                keys.insert(create.match_paths.clone(), keyed);
            }
        }
        Self(keys)
    }

    /// Whether none of the creates would double one of the records.
    fn is_nobody(&self, creates: &[&Create]) -> bool {
        let known = |create: &&Create| self.0.contains_key(create.match_paths.as_slice());
        creates.iter().all(known) && self.counterparts(creates).iter().all(Option::is_none)
    }

    /// For each create the place of the record that it would double, one to one.
    fn counterparts(&self, creates: &[&Create]) -> Vec<Option<usize>> {
        let mut taken = BTreeSet::new();
        let counterparts = creates.iter().map(|create| {
            let counterpart = self.counterpart(&create.record, &create.match_paths, &taken);
            taken.extend(counterpart);
            counterpart
        });
        counterparts.collect()
    }

    /// The record that is the same as the one to create: the best key decides; one that several share counts only
    /// together with the name (R-09). What is taken is another one's.
    fn counterpart(
        &self,
        record: &Record,
        paths: &[Path],
        taken: &BTreeSet<usize>,
    ) -> Option<usize> {
        let keyed = self.0.get(paths)?;
        for key in match_keys(record, paths, &KEY) {
            let sharing: Vec<&Holder> = keyed
                .get(&(key.rank, key.hash))
                .into_iter()
                .flatten()
                .filter(|holder| !taken.contains(&holder.at))
                .collect();
            let named = sharing
                .iter()
                .find(|holder| holder.name_hash == key.name_hash);
            match (named, sharing.as_slice()) {
                (Some(holder), _) | (None, [holder]) => return Some(holder.at),
                _ => {}
            }
        }
        None
    }
}

fn keyed(records: &[Whole], paths: &[Path]) -> Keyed {
    let mut keyed = Keyed::new();
    for (at, whole) in records.iter().enumerate() {
        for key in match_keys(&whole.record, paths, &KEY) {
            let sharing = keyed.entry((key.rank, key.hash)).or_default();
            let name_hash = key.name_hash;
            sharing.push(Holder { at, name_hash });
        }
    }
    keyed
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
    use crate::reader::Reader;

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
        let records = reader.fold(rows);
        let keys = Keys([(paths.to_vec(), keyed(&records, &paths))].into());
        let at = keys.counterpart(record, &paths, &BTreeSet::new())?;
        Some(records[at].id.clone())
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
