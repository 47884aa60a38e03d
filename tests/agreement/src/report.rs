//! What the comparison found.

use std::fmt;

use crate::book::Kind;

/// The two sides, in Zoho CRM's and Google's words.
const SIDES: [&str; 2] = ["left", "right"];

/// What the comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What was compared.
    pub kind: Kind,
    /// Of Zoho CRM's list view.
    pub left: Totals,
    /// Of Google's contact group or calendar.
    pub right: Totals,
    /// Pairs that agree on every mapped field.
    pub equal: usize,
    /// Pairs that do not.
    pub differing: Vec<Difference>,
    /// Zoho CRM's records without a counterpart.
    pub only_left: Vec<String>,
    /// Google's records without a counterpart.
    pub only_right: Vec<String>,
    /// Records that one side holds more than once.
    pub duplicates: Vec<Duplicate>,
}

/// How many records of a side were looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records that the account's list showed.
    pub listed: usize,
    /// Records in the collection.
    pub in_scope: usize,
    /// Of those, records that are left out of the comparison as was asked for.
    pub ignored: usize,
}

/// A pair that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Zoho CRM's id.
    pub left: String,
    /// Google's resource name.
    pub right: String,
    /// Where.
    pub paths: Vec<DifferingPath>,
}

/// A field on which a pair differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferingPath {
    /// The place in the kind's mapping.
    pub place: usize,
    /// What Zoho CRM shows.
    pub left: Vec<String>,
    /// What Google shows.
    pub right: Vec<String>,
}

/// Several records of one side for what is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duplicate {
    /// `left` or `right`.
    pub side: &'static str,
    /// Their ids.
    pub ids: Vec<String>,
    /// What they have in common.
    pub common: &'static str,
}

impl Report {
    /// Whether each record has its equal on the other side.
    pub fn is_equal(&self) -> bool {
        self.differing.is_empty() && self.only_left.is_empty() && self.only_right.is_empty()
    }

    /// Whether the books agree: equal, and nothing twice.
    pub fn agrees(&self) -> bool {
        self.is_equal() && self.duplicates.is_empty()
    }

    /// The report as text: ids and fields, and values only if asked for.
    pub fn text(&self, values: bool) -> String {
        Text {
            report: self,
            values,
        }
        .to_string()
    }
}

struct Text<'a> {
    report: &'a Report,
    values: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        writeln!(f, "{:<16}{:>10}{:>10}", "", "zoho", "google")?;
        let [left, right] = [report.left, report.right];
        for (what, left, right) in [
            ("listed", left.listed, right.listed),
            ("in scope", left.in_scope, right.in_scope),
            ("left out", left.ignored, right.ignored),
            (
                "without equal",
                report.only_left.len(),
                report.only_right.len(),
            ),
            (
                "duplicates",
                self.duplicates(SIDES[0]),
                self.duplicates(SIDES[1]),
            ),
        ] {
            writeln!(f, "{what:<16}{left:>10}{right:>10}")?;
        }
        writeln!(f, "{:<16}{:>10}", "equal pairs", report.equal)?;
        writeln!(f, "{:<16}{:>10}", "differing pairs", report.differing.len())?;
        for difference in &report.differing {
            self.difference(f, difference)?;
        }
        for (side, ids) in [("zoho", &report.only_left), ("google", &report.only_right)] {
            for id in ids {
                writeln!(f, "only in {side}: {id}")?;
            }
        }
        for duplicate in &report.duplicates {
            let ids = duplicate.ids.join(", ");
            writeln!(
                f,
                "twice on the {} ({}): {ids}",
                duplicate.side, duplicate.common
            )?;
        }
        let agree = if report.agrees() {
            "agree"
        } else {
            "do not agree"
        };
        writeln!(f, "The two {} {agree}.", report.kind.collections())
    }
}

impl Text<'_> {
    fn duplicates(&self, side: &str) -> usize {
        let of_side = self.report.duplicates.iter();
        of_side.filter(|found| found.side == side).count()
    }

    fn difference(&self, f: &mut fmt::Formatter<'_>, difference: &Difference) -> fmt::Result {
        writeln!(f, "differs: {} and {}", difference.left, difference.right)?;
        for path in &difference.paths {
            let pairing = &self.report.kind.mapping()[path.place];
            write!(f, "  {} and {}", pairing.zoho, pairing.google)?;
            if self.values {
                write!(f, ": {:?} and {:?}", path.left, path.right)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
