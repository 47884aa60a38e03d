//! One instance of a series, as a plan wants it.

use std::collections::BTreeMap;

use model::event::{Original, Override, When};
use serde_json::json;

use super::{
    exceptions::planned,
    read::{own_values, point, when},
    write::{Members, one, own_member, time},
};
use crate::calendar::wire::Event;

/// The fields that an instance may have of its own, and that can be written.
const FIELDS: [&str; 6] = [
    "title",
    "location",
    "description",
    "status",
    "privacy",
    "freeBusy",
];

/// The id of an instance: that of its series, and where it would begin ("Recurring events").
pub(in crate::calendar) fn instance_id(series: &str, original: Original, when: &When) -> String {
    let start = original.start(when);
    let suffix = match start.instant() {
        Some(at) => at.strftime("%Y%m%dT%H%M%SZ").to_string(),
        None => start.clock().strftime("%Y%m%d").to_string(),
    };
    format!("{series}_{suffix}")
}

/// Where an exception would begin, by the clock of its series.
pub(in crate::calendar) fn original_of(instance: &Event, series: &When) -> Option<Original> {
    let start = instance.original_start_time.as_ref()?;
    Some(Original::of(&point(start).ok()?, series))
}

/// Whether an instance is none but its series says.
pub(in crate::calendar) fn is_as_planned(
    instance: &Event,
    series: &Event,
    original: Original,
) -> bool {
    let is_planned = || {
        let usual = planned(&when(series).ok()?, original).ok()?;
        Some(when(instance).ok()?.same(&usual))
    };
    !instance.is_cancelled()
        && own_values(instance) == own_values(series)
        && is_planned().unwrap_or(false)
}

/// The members that make an instance what is wanted of it; none if it is so already. Without `wanted` it is as its series
/// says. `actual` is what it is; none for one of which nothing is known but its series.
pub(in crate::calendar) fn instance_members(
    series: &Event,
    original: Original,
    wanted: Option<&Override>,
    actual: Option<&Event>,
) -> Result<Members, String> {
    let is_cancelled = actual.is_some_and(Event::is_cancelled);
    let unmapped = |error: super::Unmapped| error.to_string();
    let (values, cleared) = match wanted {
        Some(Override::Excluded) if is_cancelled => return Ok(Members::new()),
        Some(Override::Excluded) => return Ok(one("status", json!("cancelled"))),
        Some(Override::Changed {
            values, cleared, ..
        }) => (&values[..], &cleared[..]),
        None => (&[][..], &[][..]),
    };
    let usual = planned(&when(series).map_err(unmapped)?, original).map_err(unmapped)?;
    let mut texts: BTreeMap<&str, String> = own_values(series).into_iter().collect();
    texts.retain(|field, _| !cleared.contains(field));
    let mut at = usual.clone();
    for (field, text) in values {
        if *field == "when" {
            let own: When = text.parse().map_err(|error| format!("{error}"))?;
            at = match usual.zone() {
                Some(zone) => own.shown_in(zone),
                None => own,
            };
        } else {
            texts.insert(field, text.clone());
        }
    }
    let base = actual
        .filter(|actual| !actual.is_cancelled())
        .unwrap_or(series);
    let known: BTreeMap<&str, String> = own_values(base).into_iter().collect();
    let known_time = if actual.is_some_and(|actual| !actual.is_cancelled()) {
        when(base).map_err(unmapped)?
    } else {
        usual
    };
    let mut members = Members::new();
    for field in FIELDS {
        // One that was cancelled may still hold what it was before.
        if is_cancelled || known.get(field) != texts.get(field) {
            members.extend(own_member(field, texts.get(field).map(String::as_str))?);
        }
    }
    let call = values.iter().find(|(field, _)| *field == "conference");
    if call.is_some_and(|(_, call)| known.get("conference") != Some(call)) {
        return Err("Google sets the call of an instance itself".to_owned());
    }
    if is_cancelled || !known_time.same(&at) {
        members.extend(time(&at)?);
    }
    Ok(members)
}
