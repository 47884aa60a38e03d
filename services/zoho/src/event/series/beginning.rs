//! The first day of a series whose rule does not tell it.
//!
//! Rules need not name a `DTSTART` (Kaizen #8). Then the series begins with its first occurrence; and where that one was
//! moved, with the day on which the rule fits all of them best (unverified, as is that nothing names original starts).

use std::collections::BTreeSet;

use jiff::{
    SignedDuration,
    civil::{Date, DateTime},
};
use model::event::{Rule, Zone};

use super::{MADE, Occurrence, Shape, originals, shape};

/// So many days before and after the first occurrence that is not like the others a series may begin.
const NEAR: i64 = 31;

/// The day of the first occurrence that is like the others or was taken out; if one that is not is earlier, the day
/// from which the rule leaves the fewest beginnings without an occurrence, and then the occurrences the nearest to
/// their beginnings.
pub(super) fn day(
    occurrences: &[Occurrence],
    excluded: &BTreeSet<Date>,
    usual: Shape,
    rule: &str,
    zone: Option<&Zone>,
) -> Option<Date> {
    let day = |one: &Occurrence| one.when.start().clock().date();
    let (regular, odd): (Vec<_>, Vec<_>) = occurrences
        .iter()
        .partition(|one| shape(&one.when) == usual);
    let plain = regular
        .into_iter()
        .map(day)
        .chain(excluded.iter().copied())
        .min()?;
    let Some(earliest) = odd.into_iter().map(day).min().filter(|day| *day < plain) else {
        return Some(plain);
    };
    let near = jiff::Span::new().days(NEAR);
    let from = earliest.checked_sub(near).ok()?;
    let to = plain.min(earliest.checked_add(near).ok()?);
    let days = from.series(jiff::Span::new().days(1));
    let days = days.take_while(|day| *day < to).chain([plain]);
    let fits = days.filter_map(|day| {
        let misfit = misfit(occurrences, excluded, (usual, day), rule, zone)?;
        Some((misfit, day))
    });
    // Of equally good ones the latest: nothing shows that there was more.
    let best = fits.min_by_key(|(misfit, day)| (*misfit, std::cmp::Reverse(*day)));
    Some(best.map_or(plain, |(_, day)| day))
}

/// How many beginnings of the rule have no occurrence if it begins on a day, and how far the occurrences are from
/// theirs; none if it cannot begin there.
fn misfit(
    occurrences: &[Occurrence],
    excluded: &BTreeSet<Date>,
    (usual, day): (Shape, Date),
    rule: &str,
    zone: Option<&Zone>,
) -> Option<(usize, SignedDuration)> {
    let first = usual.on(day, zone).ok()?;
    let most = (occurrences.len() + excluded.len()).max(MADE) + 1;
    let starts = Rule::read(rule, &first).ok()?.starts(&first, most).ok()?;
    if starts.first()? != &first.start().clock() {
        return None;
    }
    let taken_out = |start: &DateTime| excluded.contains(&start.date());
    let originals = originals(occurrences, &starts, taken_out).ok()?;
    let last = if starts.len() < most {
        starts.last()
    } else {
        originals.iter().max()
    };
    let missing = starts
        .iter()
        .filter(|start| Some(*start) <= last && !taken_out(start) && !originals.contains(start));
    let away = occurrences
        .iter()
        .zip(&originals)
        .map(|(one, start)| one.when.start().clock().duration_since(*start).abs());
    Some((missing.count(), away.sum()))
}
