//! The lines that say how a series recurs.

use std::collections::BTreeMap;

use model::{
    Element, Record,
    event::{self, Original, Override, Recurrence, Rule, When},
};
use serde_json::Value as Json;

use super::{
    path,
    write::{Members, Present, one},
};

const RULE: &str = "RRULE:";

/// The exceptions of a record, by the instance that they concern.
pub(in crate::calendar) type Exceptions = BTreeMap<Original, Override>;

/// What the record says of single instances.
pub(in crate::calendar) fn exceptions(record: &Record) -> Result<Exceptions, String> {
    let elements = path("overrides").map(|path| record.elements(&path));
    let read = |element: &Element| Override::read(element).map_err(|error| error.to_string());
    elements.unwrap_or_default().iter().map(read).collect()
}

/// How the record recurs, read with the time that is written.
pub(in crate::calendar) fn rule(record: &Record, when: &When) -> Result<Option<Rule>, String> {
    let text = path("recurrence").and_then(|path| record.fields.get(&path)?.as_text());
    let rule = text.map(|text| Rule::read(text, when)).transpose();
    rule.map_err(|error| error.to_string())
}

/// The member `recurrence`, if it becomes another. An instance that a new series leaves out is left out in its lines; of
/// a series that is there already the instance is cancelled, which leaves the lines alone.
pub(super) fn lines(
    present: Present<'_>,
    desired: &Record,
    when: &When,
) -> Result<Option<Members>, String> {
    let before = &present.event.recurrence;
    let Some(rule) = rule(desired, when)? else {
        return Ok((!before.is_empty()).then(|| one("recurrence", Json::Null)));
    };
    let wanted = exceptions(desired)?;
    let known = event::when(present.record).ok();
    let known = known.and_then(|when| {
        let lines = before.iter().map(String::as_str);
        Recurrence::read(lines, &when).ok().flatten()
    });
    let stated = known.as_ref().map_or(&[][..], |known| &known.exceptions);
    let mut kept = Exceptions::new();
    for element in stated {
        let (original, exception) = Override::read(element).map_err(|error| error.to_string())?;
        let excluded = exception == Override::Excluded;
        let stays = match wanted.get(&original) {
            Some(Override::Excluded) => excluded,
            Some(Override::Changed { included, .. }) => !excluded && *included,
            None => false,
        };
        if stays {
            kept.insert(original, exception);
        }
    }
    let complete = kept.len() == stated.len();
    let count = kept.len();
    for (original, exception) in &wanted {
        let is_new = match exception {
            Override::Excluded => {
                before.is_empty() && rule.has(when, original.clock()).unwrap_or(false)
            }
            Override::Changed { included, .. } => *included,
        };
        if is_new {
            kept.entry(*original).or_insert_with(|| exception.clone());
        }
    }
    let unchanged = complete && count == kept.len();
    // A rule that means the same stays as Google has it.
    let same = |text: &str| Rule::read(text, when).is_ok_and(|before| before == rule);
    let as_it_was = before
        .iter()
        .find(|line| line.strip_prefix(RULE).is_some_and(same));
    if unchanged && as_it_was.is_some() {
        return Ok(None);
    }
    let exceptions = kept.into_iter();
    let recurrence = Recurrence {
        rule,
        exceptions: exceptions
            .map(|(original, exception)| exception.element(original))
            .collect(),
    };
    let mut lines = recurrence.lines(when).map_err(|error| error.to_string())?;
    if let (Some(line), Some(first)) = (as_it_was, lines.first_mut()) {
        first.clone_from(line);
    }
    Ok(Some(one("recurrence", Json::from(lines))))
}
