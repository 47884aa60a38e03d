//! Start, end and "all day" as one time.

use model::event::{EventError, Point, When, Zone};

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
