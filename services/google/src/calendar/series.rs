//! A series as Google shows it: one event for what holds for all instances, and one for each exception.
//!
//! A record is a whole series. A list shows its parts in any order and on any page, and a delta only those that
//! changed; so parts are kept until the list is read to its end, and what a delta shows is read again as a whole.

use std::collections::BTreeMap;

use provider::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Client, Listing};

/// So many pages of one series are read; more than its exceptions can fill.
const MOST_PAGES: usize = 100;

/// The parts of a series, as they were sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Series {
    /// What holds for all instances; none where only single instances are known, as for a guest of these alone.
    pub(super) master: Option<Value>,
    /// The exceptions by id.
    pub(super) instances: BTreeMap<String, Value>,
}

/// The parts of several series by the id of each.
pub(super) type Parts = BTreeMap<String, Series>;

impl Series {
    /// An event that does not recur.
    pub(super) fn single(event: Value) -> Self {
        Self {
            master: Some(event),
            instances: BTreeMap::new(),
        }
    }

    fn add_instance(&mut self, instance: Value) {
        if let Some(id) = text(&instance, "id") {
            self.instances.insert(id.to_owned(), instance);
        }
    }
}

/// Keeps what is a part of a series among the items of a page, and returns the rest.
pub(super) fn sort(items: Vec<Value>, parts: &mut Parts) -> Vec<Value> {
    let mut rest = Vec::new();
    for item in items {
        let series = text(&item, "recurringEventId").map(str::to_owned);
        let own = text(&item, "id").map(str::to_owned);
        let recurs = item["recurrence"]
            .as_array()
            .is_some_and(|lines| !lines.is_empty());
        match (series, own) {
            (Some(series), _) => parts.entry(series).or_default().add_instance(item),
            (None, Some(own)) if recurs => parts.entry(own).or_default().master = Some(item),
            _ => rest.push(item),
        }
    }
    rest
}

/// Reads a series as a whole, of which some parts are known. `None` if the list does not show it as a whole: it is
/// late, or the account may not see what is in it.
pub(super) async fn whole(
    client: Client<'_>,
    calendar: &str,
    id: &str,
    known: Series,
) -> Result<Option<Series>, Fault> {
    let master = match known.master {
        Some(master) => master,
        None => match client.event(calendar, id).await {
            Ok(master) => master.body,
            // A guest of single instances does not see their series.
            Err(Fault::Gone { .. }) => {
                return Ok(Some(Series {
                    master: None,
                    ..known
                }));
            }
            Err(fault) => return Err(fault),
        },
    };
    if text(&master, "status") == Some("cancelled") || master["recurrence"].is_null() {
        return Ok(Some(Series {
            master: Some(master),
            instances: known.instances,
        }));
    }
    let Some(uid) = text(&master, "iCalUID") else {
        // What it is about is hidden, and so are its exceptions.
        return Ok(Some(Series::single(master)));
    };
    let mut parts = Parts::new();
    let mut page_token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let listing = client.events(calendar, Listing::Uid(uid), page_token.as_deref());
        let page = listing.await?.body;
        sort(page.items, &mut parts);
        page_token = page.next_page_token.filter(|token| !token.is_empty());
        if page_token.is_none() {
            let series = parts.remove(id);
            return Ok(series.filter(|series| series.master.is_some()));
        }
    }
    Err(Fault::malformed("the exceptions of a series have no end"))
}

/// A text of an item.
pub(super) fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item[name].as_str().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parts_of_a_series_come_together_in_any_order() {
        let items = [
            json!({"id": "s_20261208", "recurringEventId": "s", "status": "cancelled"}),
            json!({"id": "one"}),
            json!({"id": "s", "recurrence": ["RRULE:FREQ=DAILY"]}),
            json!({"id": "s_20261209", "recurringEventId": "s"}),
            json!({"id": "s_20261209", "recurringEventId": "s", "summary": "seen again"}),
        ];
        for turned in 0..items.len() - 1 {
            let mut items = items.to_vec();
            let last = items.pop();
            items.rotate_left(turned);
            let mut parts = Parts::new();
            let rest = sort(items.into_iter().chain(last).collect(), &mut parts);
            assert_eq!(rest, [json!({"id": "one"})]);
            let series = &parts["s"];
            assert_eq!(series.master.as_ref().unwrap()["id"], "s");
            assert_eq!(series.instances.len(), 2);
            assert_eq!(series.instances["s_20261209"]["summary"], "seen again");
        }
    }

    #[test]
    fn what_has_no_id_is_not_lost_among_the_parts() {
        let mut parts = Parts::new();
        let rest = sort(
            vec![json!({"recurrence": ["RRULE:FREQ=DAILY"]})],
            &mut parts,
        );
        assert_eq!((rest.len(), parts.len()), (1, 0));
    }
}
