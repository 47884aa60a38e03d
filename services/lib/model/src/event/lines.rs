//! A recurrence as the lines of iCalendar (RFC 5545): `RRULE`, `EXDATE`, `RDATE`.

use super::{EventError, Original, Override, Point, Rule, When};
use crate::value::Element;

const DAY: &str = "%Y%m%d";
const SECOND: &str = "%Y%m%dT%H%M%S";

/// A recurrence: its rule, and the instances that its lines leave out or add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// The rule.
    pub rule: Rule,
    /// Elements of `overrides`, in ascending order of the instances that they concern.
    pub exceptions: Vec<Element>,
}

impl Recurrence {
    /// Reads the lines of a series whose first instance is known; none if there are no lines.
    pub fn read<'a>(
        lines: impl IntoIterator<Item = &'a str>,
        first: &When,
    ) -> Result<Option<Self>, EventError> {
        let mut rule = None;
        let mut exceptions = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':').ok_or_else(|| unreadable(line))?;
            let mut parameters = name.split(';');
            match parameters
                .next()
                .unwrap_or_default()
                .to_uppercase()
                .as_str()
            {
                "RRULE" if rule.is_none() => rule = Some(Rule::read(value, first)?),
                "RRULE" => {
                    return Err(EventError::NotCarried {
                        what: "several rules",
                    });
                }
                "EXRULE" => {
                    return Err(EventError::NotCarried {
                        what: "a rule of exceptions",
                    });
                }
                "EXDATE" => {
                    let excluded = |original| (original, Override::Excluded);
                    exceptions.extend(
                        originals(value, parameters, first)?
                            .into_iter()
                            .map(excluded),
                    );
                }
                "RDATE" => {
                    let added = Override::Changed {
                        values: Vec::new(),
                        cleared: Vec::new(),
                        included: true,
                    };
                    let added = |original| (original, added.clone());
                    exceptions.extend(originals(value, parameters, first)?.into_iter().map(added));
                }
                _ => return Err(unreadable(line)),
            }
        }
        exceptions.sort_by_key(|(original, _)| *original);
        exceptions.dedup_by_key(|(original, _)| *original);
        let Some(rule) = rule else {
            return match exceptions.as_slice() {
                [] => Ok(None),
                _ => Err(EventError::NotCarried {
                    what: "dates without a rule",
                }),
            };
        };
        let exceptions = exceptions
            .into_iter()
            .map(|(original, exception)| exception.element(original));
        Ok(Some(Self {
            rule,
            exceptions: exceptions.collect(),
        }))
    }

    /// Writes the lines: what is left out and added is told by the clock of the series. Instances that have values of
    /// their own are no matter of these lines.
    pub fn lines(&self, first: &When) -> Result<Vec<String>, EventError> {
        let mut lines = vec![format!("RRULE:{}", self.rule.to_rfc5545(first))];
        for element in &self.exceptions {
            let name = match Override::read(element)? {
                (_, Override::Excluded) => "EXDATE",
                (_, Override::Changed { included: true, .. }) => "RDATE",
                (_, Override::Changed { .. }) => continue,
            };
            let original: Original = element.label.parse()?;
            let clock = original.clock();
            lines.push(match (original, first.zone()) {
                (Original::Day(_), _) => format!("{name};VALUE=DATE:{}", clock.strftime(DAY)),
                (Original::Clock(_), Some(zone)) => {
                    format!("{name};TZID={}:{}", zone.name(), clock.strftime(SECOND))
                }
                (Original::Clock(_), None) => format!("{name}:{}", clock.strftime(SECOND)),
            });
        }
        Ok(lines)
    }
}

fn unreadable(line: &str) -> EventError {
    EventError::Rule {
        text: line.chars().take(200).collect(),
        reason: "it is no line of a recurrence".to_owned(),
    }
}

/// The instances that a list of dates names, by the clock of the series.
fn originals<'a>(
    value: &str,
    parameters: impl Iterator<Item = &'a str>,
    first: &When,
) -> Result<Vec<Original>, EventError> {
    let zone = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.eq_ignore_ascii_case("TZID"))
        .map(|(_, zone)| zone.trim_matches('"'));
    let original = |date: &str| {
        if date.contains('/') {
            return Err(EventError::NotCarried { what: "periods" });
        }
        Ok(Original::of(&Point::read(date, zone)?, first))
    };
    let dates = value.split(',').filter(|date| !date.is_empty());
    dates.map(original).collect()
}
