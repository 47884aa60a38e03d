//! The exceptions of a series: what its lines leave out or add, and what single instances have of their own.

use std::collections::BTreeMap;

use model::{
    Element,
    event::{Original, Override, Point, Recurrence, When},
};

use super::{
    Unmapped,
    read::{own_values, point, when},
};
use crate::calendar::wire::Event;

/// The elements of `overrides`, in ascending order.
///
/// What is left out of a series that has outgrown it says nothing any more. An instance that differs only in what the
/// model does not carry of an instance, such as an answer to its invitation, is none.
pub(super) fn overrides(
    master: &Event,
    series: &When,
    recurrence: &Recurrence,
    instances: &[Event],
) -> Result<Vec<Element>, Unmapped> {
    let mut exceptions: BTreeMap<Original, Override> = BTreeMap::new();
    for element in &recurrence.exceptions {
        let (original, exception) = Override::read(element)?;
        let has = recurrence.rule.has(series, original.clock())?;
        if has || exception != Override::Excluded {
            exceptions.insert(original, exception);
        }
    }
    for instance in instances {
        let start = instance
            .original_start_time
            .as_ref()
            .ok_or(Unmapped::Form)?;
        let original = Original::of(&point(start)?, series);
        let has = recurrence.rule.has(series, original.clock())?;
        // A date that is added and then cancelled was never there.
        exceptions.remove(&original);
        if instance.is_cancelled() {
            if has {
                exceptions.insert(original, Override::Excluded);
            }
            continue;
        }
        let (values, cleared) = differences(master, series, original, instance)?;
        if !(has && values.is_empty() && cleared.is_empty()) {
            let included = !has;
            let changed = Override::Changed {
                values,
                cleared,
                included,
            };
            exceptions.insert(original, changed);
        }
    }
    let elements = exceptions.into_iter();
    Ok(elements
        .map(|(original, exception)| exception.element(original))
        .collect())
}

type Differences = (Vec<(&'static str, String)>, Vec<&'static str>);

/// What an instance has of its own, and what its series has and it has not.
fn differences(
    master: &Event,
    series: &When,
    original: Original,
    instance: &Event,
) -> Result<Differences, Unmapped> {
    let usual: BTreeMap<_, _> = own_values(master).into_iter().collect();
    let mut values = own_values(instance);
    let has = |field: &str| values.iter().any(|(own, _)| *own == field);
    let cleared = usual.keys().copied().filter(|field| !has(field)).collect();
    values.retain(|(field, value)| usual.get(field) != Some(value));
    let own = when(instance)?;
    if !own.same(&planned(series, original)?) {
        values.push(("when", own.to_string()));
    }
    Ok((values, cleared))
}

/// When an instance would be if it were no exception.
pub(super) fn planned(series: &When, original: Original) -> Result<When, Unmapped> {
    let start = original.start(series);
    let clock = || start.clock().checked_add(series.duration());
    let zone = series.end().zone().or(series.zone());
    let end = match (start.instant(), zone) {
        (Some(at), Some(zone)) => {
            let end = at
                .checked_add(series.duration())
                .map_err(|_| Unmapped::Form)?;
            Point::at(end, zone)
        }
        (_, None) if start.is_day() => Point::Day(clock().map_err(|_| Unmapped::Form)?.date()),
        _ => Point::Floating(clock().map_err(|_| Unmapped::Form)?),
    };
    Ok(When::new(start, end)?)
}
