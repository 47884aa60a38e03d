//! Start, end and "all day" as one time.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use model::event::{EventError, Point, When, Zone};
use serde_json::Value as Json;

use super::NotCarried;
use crate::wire::Row;

/// When a meeting is.
///
/// Times come as instants with the offset of the caller's zone; they are shown by the clock of that zone. Without a
/// zone only the offset is known.
///
/// An all-day meeting lasts from the first second of a day to the last of the same or a later one. The days are those
/// that are written: recorded answers write them with the offset of UTC, whoever asks, and an instant of them in the
/// caller's zone would be another day.
pub(super) fn when(row: &Row, zone: Option<&Zone>) -> Result<When, NotCarried> {
    let text = |name| row.text(name).ok_or(EventError::NoTime);
    let (start, end) = (text("Start_DateTime")?, text("End_DateTime")?);
    let all_day = row.0.get("All_day").and_then(serde_json::Value::as_bool);
    if all_day == Some(true) {
        let day = |text| Point::read(text, None).map(|point| point.clock().date());
        let last = day(end)?;
        let end = last.tomorrow().map_err(|_| EventError::Time {
            text: last.to_string(),
        })?;
        return Ok(When::new(Point::Day(day(start)?), Point::Day(end))?);
    }
    let point = |text| Point::read(text, zone.map(Zone::name));
    Ok(When::new(point(start)?, point(end)?)?)
}

/// How an instant is sent: with the offset that holds at it.
const SENT: &str = "%Y-%m-%dT%H:%M:%S%:z";

/// The three fields that say when a meeting is, by the clock of the caller's zone.
///
/// A day is sent from its first second to its last with the caller's offset, so that it is that day whether Zoho CRM
/// goes by the date or by the instant.
pub(super) fn sent(when: &When, zone: Option<&Zone>) -> Result<[(&'static str, Json); 3], String> {
    let unknown = || "the time zone of this account is not known".to_owned();
    let rules = match zone {
        Some(zone) => zone.rules().clone(),
        None if when.start().instant().is_some() || when.is_days() => TimeZone::UTC,
        None => return Err(unknown()),
    };
    let at = |point: &Point| match point {
        Point::Day(_) | Point::Floating(_) => rules.to_timestamp(point.clock()).ok(),
        point => point.instant(),
    };
    let (start, end) = at(when.start()).zip(at(when.end())).ok_or_else(unknown)?;
    let end = if when.is_days() {
        end - SignedDuration::from_secs(1)
    } else {
        end
    };
    let text = |at: Timestamp| at.to_zoned(rules.clone()).strftime(SENT).to_string();
    Ok([
        ("Start_DateTime", text(start).into()),
        ("End_DateTime", text(end).into()),
        ("All_day", when.is_days().into()),
    ])
}

/// The instants between which it is, by the clock of the caller's zone.
pub(super) fn instants(when: &When, zone: Option<&Zone>) -> Option<(Timestamp, Timestamp)> {
    let rules = zone.map_or(TimeZone::UTC, |zone| zone.rules().clone());
    let at = |point: &Point| {
        point
            .instant()
            .or_else(|| rules.to_timestamp(point.clock()).ok())
    };
    at(when.start()).zip(at(when.end()))
}
