//! A live record against what the plan was made from.

use model::{
    Comparison, Edit, Fields, Path, Record, Value,
    event::{Point, When, Zone},
    table,
};

/// The edits that are not there yet. `None` if the record shows neither what an edit was made from nor what it
/// makes: then the plan is stale, whatever the stamps say. A touched record whose target paths are as planned
/// is not stale. Times are shown by the clock of `zone`.
pub(super) fn remaining(live: &Record, edits: &[Edit], zone: Option<&Zone>) -> Option<Vec<Edit>> {
    let by_clock: Vec<Edit> = edits
        .iter()
        .map(|edit| zone.map_or_else(|| edit.clone(), |zone| by_the_clock(edit, zone)))
        .collect();
    let shows = |value: fn(&Edit) -> Option<&Value>| shown(live, &by_clock, value);
    let (before, after) = (
        shows(|edit| edit.before.as_ref()),
        shows(|edit| edit.after.as_ref()),
    );
    let mut remaining = Vec::new();
    for ((edit, as_before), as_after) in edits.iter().zip(before).zip(after) {
        if as_before {
            remaining.push(edit.clone());
        } else if !as_after {
            return None;
        }
    }
    Some(remaining)
}

/// An edit with the times in it as Zoho CRM shows them: it keeps instants, and no zone that they were planned in.
fn by_the_clock(edit: &Edit, zone: &Zone) -> Edit {
    let point = |point: &Point| match (point, point.instant()) {
        (Point::Floating(clock), _) => Point::in_zone(*clock, zone.clone()),
        (_, Some(at)) => Point::at(at, zone),
        _ => point.clone(),
    };
    let shown = |text: &mut String| {
        if let Ok(when) = text.parse::<When>()
            && let Ok(when) = When::new(point(when.start()), point(when.end()))
        {
            *text = when.to_string();
        }
    };
    let mut edit = edit.clone();
    let field = edit.path.field().to_owned();
    for value in [&mut edit.before, &mut edit.after].into_iter().flatten() {
        match value {
            Value::Text(text) if field == "when" => shown(text),
            Value::Elements(exceptions) if field == "overrides" => exceptions
                .iter_mut()
                .filter_map(|exception| exception.parts.get_mut("when"))
                .for_each(shown),
            _ => {}
        }
    }
    edit
}

/// For each edit, whether the record shows this value of it.
fn shown(live: &Record, edits: &[Edit], value: fn(&Edit) -> Option<&Value>) -> Vec<bool> {
    let Some(table) = table(&live.kind) else {
        return vec![false; edits.len()];
    };
    let paths: Vec<Path> = edits.iter().map(|edit| edit.path.clone()).collect();
    let hints: Fields = edits
        .iter()
        .filter_map(|edit| Some((edit.path.clone(), value(edit)?.clone())))
        .collect();
    let projected = model::project(live, &paths, &hints);
    let one = |edit: &Edit| {
        let comparison = table.comparison(&edit.path);
        if !table.is_list(&edit.path) {
            return comparison.same(projected.get(&edit.path), value(edit));
        }
        let first =
            |value: Option<&'_ Value>| value.and_then(|value| value.as_elements().first().cloned());
        let (before, after) = (first(edit.before.as_ref()), first(edit.after.as_ref()));
        // Labels only count where they tell elements apart, or are all that changes: Zoho CRM has not all of them.
        let is_label = before
            .as_ref()
            .zip(after.as_ref())
            .is_some_and(|(before, after)| comparison.same_parts(before, after));
        let elements = live.elements(&edit.path);
        match first(value(edit)) {
            // Of who is invited Zoho CRM holds that he is, and knows for itself what he is called.
            Some(wanted) if comparison == Comparison::Keyed && before.is_none() => elements
                .iter()
                .any(|element| comparison.same_identity(element, &wanted)),
            Some(wanted) if comparison.is_keyed() || is_label => elements
                .iter()
                .any(|element| comparison.same_element(element, &wanted)),
            Some(wanted) => elements
                .iter()
                .any(|element| comparison.same_parts(element, &wanted)),
            // No element is shown if the other state's is not, whatever somebody has made of it.
            None => before.or(after).is_none_or(|other| {
                !elements
                    .iter()
                    .any(|element| comparison.same_identity(element, &other))
            }),
        }
    };
    edits.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use model::{
        Element,
        event::{self, Participant},
    };
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::map;

    fn record(fields: Json) -> Record {
        map::read(&serde_json::from_value(fields).unwrap())
    }

    fn edit(path: &str, before: Option<&str>, after: Option<&str>) -> Edit {
        let text = |text: Option<&str>| text.map(|text| Value::Text(text.to_owned()));
        Edit {
            path: Path::parse(path).unwrap(),
            before: text(before),
            after: text(after),
        }
    }

    fn left(live: Json, edits: &[Edit]) -> Option<usize> {
        remaining(&record(live), edits, None).map(|edits| edits.len())
    }

    // proves: R-27
    #[test]
    fn only_the_target_paths_decide_and_what_is_there_is_not_sent_again() {
        let title = edit("title", Some("Boss"), Some("Chief"));
        assert_eq!(
            left(
                json!({"Title": "Boss", "Description": "touched"}),
                std::slice::from_ref(&title)
            ),
            Some(1)
        );
        assert_eq!(
            left(json!({"Title": "Chief"}), std::slice::from_ref(&title)),
            Some(0)
        );
        assert_eq!(
            left(json!({"Title": "Clerk"}), std::slice::from_ref(&title)),
            None
        );
        assert_eq!(left(json!({}), std::slice::from_ref(&title)), None);
        let two = [title, edit("phones[mobile]", None, Some("+431"))];
        assert_eq!(
            left(json!({"Title": "Chief", "Mobile": null}), &two),
            Some(1)
        );
        assert_eq!(left(json!({"Title": "Boss", "Mobile": "+432"}), &two), None);
    }

    #[test]
    fn a_value_that_is_only_written_differently_is_the_same() {
        let phone = edit("phones[work]", Some("+43 1 234"), Some("+43 1 999"));
        assert_eq!(left(json!({"Phone": "+431234"}), &[phone]), Some(1));
        let email = edit("emails[work]", Some("Ana@x.example"), None);
        assert_eq!(left(json!({"Email": "ana@x.example"}), &[email]), Some(1));
    }

    #[test]
    fn parts_of_one_address_are_found_together() {
        let live = json!({"Mailing_Street": "A 1", "Mailing_City": "Linz"});
        let city = edit("addresses[work].city", Some("Linz"), Some("Graz"));
        let zip = edit("addresses[work].postcode", None, Some("8010"));
        assert_eq!(left(live, &[city, zip]), Some(2));
    }

    #[test]
    fn an_element_of_a_list_is_there_or_not() {
        let labelled =
            |label: &str, value: &str| Some(Value::Elements(vec![Element::simple(label, value)]));
        let element = |value: &str| labelled("work", value);
        let whole = |before, after| Edit {
            path: Path::parse("emails").unwrap(),
            before,
            after,
        };
        let live = || json!({"Email": "a@x.example"});
        assert_eq!(
            left(live(), &[whole(element("a@x.example"), None)]),
            Some(1)
        );
        assert_eq!(
            left(live(), &[whole(None, element("a@x.example"))]),
            Some(0)
        );
        assert_eq!(
            left(live(), &[whole(None, element("b@x.example"))]),
            Some(1)
        );
        assert_eq!(
            left(
                live(),
                &[whole(element("c@x.example"), element("d@x.example"))]
            ),
            None
        );
        let relabelled = [whole(
            element("a@x.example"),
            labelled("other", "a@x.example"),
        )];
        assert_eq!(left(live(), &relabelled), Some(1));
        let other = json!({"Secondary_Email": "a@x.example"});
        assert_eq!(left(other, &relabelled), Some(0));
    }

    // proves: R-27
    #[test]
    fn who_is_to_leave_a_meeting_has_left_only_if_nobody_of_that_address_is_there() {
        let guest = |name: Option<&str>| Participant {
            name: name.map(str::to_owned),
            ..Participant::new("eve@x.example")
        };
        let one = |guest: Participant| Some(Value::Elements(vec![guest.element()]));
        let path = || Path::parse("participants").unwrap();
        let mut live = Record::new(event::KIND);
        live.set(path(), one(guest(Some("Eve Lee"))));
        let left = |before, after| {
            let edit = Edit {
                path: path(),
                before,
                after,
            };
            remaining(&live, &[edit], None).map(|edits| edits.len())
        };
        assert_eq!(left(one(guest(Some("Eve Lee"))), None), Some(1));
        // She has a name by now, of which the plan knew nothing: neither is she as planned, nor has she left.
        assert_eq!(left(one(guest(None)), None), None);
        assert_eq!(left(None, one(guest(None))), Some(0));
        assert_eq!(left(None, one(guest(Some("Eve Lee")))), Some(0));
    }
}
