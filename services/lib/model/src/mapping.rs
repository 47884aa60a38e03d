//! Mappings: which path of one side belongs to which path of the other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Catalogue, CatalogueEntry},
    comparison::Comparison,
    kinds::table,
    path::Path,
    side::{Direction, Side},
    table::{Form, Table, TableError},
};

/// A line of a mapping as people and recipes write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappingLine {
    /// The left side's path.
    pub left: Path,
    /// The right side's path.
    pub right: Path,
    /// Which way values flow; both ways unless stated.
    #[serde(default)]
    pub direction: Direction,
}

/// A pair of paths that are kept in step: a line of a mapping, checked against both accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    /// The left side's path.
    pub left: Path,
    /// The right side's path.
    pub right: Path,
    /// Which way values flow.
    pub direction: Direction,
    /// The revision of the mapping at which this pairing came in.
    pub revision: u64,
    /// How the values of both paths compare.
    pub comparison: Comparison,
    /// Whether both paths name a whole multi-valued field, which merges by element.
    pub list: bool,
    /// The field that both paths follow: a value that a side left out as that one stood, it may take once that one
    /// has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<String>,
    /// How many elements the left side holds; none if unlimited.
    #[serde(default)]
    pub left_limit: Option<u32>,
    /// How many elements the right side holds; none if unlimited.
    #[serde(default)]
    pub right_limit: Option<u32>,
}

/// The name of a pairing at its revision, under which its base is stored. A pairing that was removed and
/// came back has another revision and therefore no base.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PairKey(String);

/// Why a mapping cannot be used. Each says which path is meant and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// A path does not fit its kind of record.
    #[error("the mapping's {side} path is wrong: {error}")]
    Table {
        /// The side.
        side: Side,
        /// What is wrong with it.
        error: TableError,
    },
    /// The kind of record is unknown.
    #[error(transparent)]
    Kind(TableError),
    /// The account does not offer the path.
    #[error(
        "the {side} account has no field {path}; check how it is written, and that this account may see it"
    )]
    Unknown {
        /// The side.
        side: Side,
        /// The path.
        path: Path,
    },
    /// Values flow from a path that cannot be read.
    #[error(
        "{path} cannot be read on the {side} side; ask an administrator for the right, or leave it out"
    )]
    NotReadable {
        /// The side.
        side: Side,
        /// The path.
        path: Path,
    },
    /// Values flow to a path that cannot be written.
    #[error("{path} is read-only on the {side} side; map it with direction: {instead}")]
    ReadOnly {
        /// The side.
        side: Side,
        /// The path.
        path: Path,
        /// The direction that would do.
        instead: Direction,
    },
    /// The two paths hold values of different forms.
    #[error("{left} and {right} do not fit: {why}")]
    Forms {
        /// The left path.
        left: Path,
        /// The right path.
        right: Path,
        /// How they differ and what would fit.
        why: &'static str,
    },
    /// A path is mapped twice on one side.
    #[error("{path} is mapped twice on the {side} side, to {} and to {}; keep one of them", to[0], to[1])]
    Twice {
        /// The side.
        side: Side,
        /// The path.
        path: Path,
        /// What it is mapped to.
        to: Box<[Path; 2]>,
    },
}

impl Pairing {
    /// A pairing of two paths of one kind of record, without limits and at revision 0.
    pub fn new(
        kind: &str,
        left: Path,
        right: Path,
        direction: Direction,
    ) -> Result<Self, MappingError> {
        let table =
            table(kind).ok_or_else(|| MappingError::Kind(TableError::Kind(kind.to_owned())))?;
        let checked = |side, path| {
            table
                .check(path)
                .map_err(|error| MappingError::Table { side, error })
        };
        let (left_field, right_field) =
            (checked(Side::Left, &left)?, checked(Side::Right, &right)?);
        let list = table.is_list(&left);
        let why = if list != table.is_list(&right) {
            Some(
                "one is a whole list and the other a single value; map a label of it, as in emails[work]",
            )
        } else if (left_field.comparison == Comparison::Date)
            != (right_field.comparison == Comparison::Date)
        {
            Some("one holds a date and the other a text")
        } else if left_field.comparison != right_field.comparison
            && (left_field.comparison.is_structured() || right_field.comparison.is_structured())
        {
            Some("their values have different meanings; map paths of one meaning")
        } else if list && left_field.form != right_field.form {
            Some(
                "their elements have different parts; map single parts, as in addresses[home].city",
            )
        } else if needs_part(table, &left) || needs_part(table, &right) {
            Some("an element of several parts is mapped part by part, as in addresses[home].city")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(MappingError::Forms { left, right, why });
        }
        // The looser comparison of the two would take an edit for a spelling.
        let comparison = if left_field.comparison == right_field.comparison {
            left_field.comparison
        } else {
            Comparison::Text
        };
        let leader = table.leader(&left);
        let follows = leader.filter(|_| table.leader(&right) == leader);
        let follows = follows.map(str::to_owned);
        Ok(Self {
            left,
            right,
            direction,
            revision: 0,
            comparison,
            list,
            follows,
            left_limit: None,
            right_limit: None,
        })
    }

    /// The path on a side.
    pub fn path(&self, side: Side) -> &Path {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    /// How many elements a side holds; none if unlimited.
    pub fn limit(&self, side: Side) -> Option<u32> {
        match side {
            Side::Left => self.left_limit,
            Side::Right => self.right_limit,
        }
    }

    /// How the values of both paths compare.
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// Whether both paths name a whole multi-valued field, which merges by element.
    pub fn is_list(&self) -> bool {
        self.list
    }

    /// Whether it pairs this field of both sides.
    pub fn pairs(&self, field: &str) -> bool {
        self.left.field() == field && self.right.field() == field
    }

    /// The name under which its base is stored.
    pub fn key(&self) -> PairKey {
        PairKey(format!("{}={}@{}", self.left, self.right, self.revision))
    }

    /// The pairing as seen with the sides exchanged.
    #[must_use]
    pub fn swap(self) -> Self {
        Self {
            left: self.right,
            right: self.left,
            direction: self.direction.swap(),
            left_limit: self.right_limit,
            right_limit: self.left_limit,
            ..self
        }
    }
}

impl fmt::Display for PairKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the path names an element of several parts, but none of them.
fn needs_part(table: &Table, path: &Path) -> bool {
    let form = table.field(path).map(|field| field.form);
    matches!(form, Some(Form::List { parts }) if parts.len() > 1 && path.key().is_some() && path.part().is_none())
}

/// Checks a mapping against what both accounts offer.
///
/// What people ask for replaces those default lines that name one of the same paths. A default line that an
/// account does not offer is left out, and flows only the way in which it can be read and written; what
/// people ask for and cannot have is an error. `addresses[home]` with `addresses[work]` stands for all parts
/// that both sides offer.
pub fn resolve_mapping(
    kind: &str,
    left: &Catalogue,
    right: &Catalogue,
    defaults: &[MappingLine],
    asked: &[MappingLine],
) -> Result<Vec<Pairing>, MappingError> {
    let table = table(kind).ok_or_else(|| MappingError::Kind(TableError::Kind(kind.to_owned())))?;
    let mut pairings = Vec::new();
    for line in asked {
        add_line(kind, &by_part(table, line), (left, right), &mut pairings)?;
    }
    let asked_count = pairings.len();
    for line in defaults.iter().flat_map(|line| by_part(table, line)) {
        let pairing = Pairing::new(kind, line.left, line.right, line.direction)?;
        let replaced = pairings[..asked_count]
            .iter()
            .any(|asked| twice(asked, &pairing).is_some());
        if let Some(pairing) = narrowed(&pairing, left, right).filter(|_| !replaced) {
            add_asked(&mut pairings, pairing)?;
        }
    }
    pairings.sort_by(|a, b| (&a.left, &a.right).cmp(&(&b.left, &b.right)));
    Ok(pairings)
}

/// Adds what a line asks for. Of a line that names whole elements the parts that one side lacks are left out,
/// unless that leaves nothing.
fn add_line(
    kind: &str,
    lines: &[CompleteLine],
    (left, right): (&Catalogue, &Catalogue),
    pairings: &mut Vec<Pairing>,
) -> Result<(), MappingError> {
    let mut refused = None;
    let before = pairings.len();
    for line in lines {
        let pairing = Pairing::new(kind, line.left.clone(), line.right.clone(), line.direction)?;
        match offered(pairing, left, right) {
            Ok(pairing) => add_asked(pairings, pairing)?,
            Err(error) if line.expanded => refused = refused.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if pairings.len() == before => Err(error),
        _ => Ok(()),
    }
}

/// Gives pairings that were mapped before their old revision, and all others the new one.
pub fn keep_revisions(previous: &[Pairing], next: &mut [Pairing], revision: u64) {
    for pairing in next {
        let before = previous
            .iter()
            .find(|p| p.left == pairing.left && p.right == pairing.right);
        pairing.revision = before.map_or(revision, |before| before.revision);
    }
}

/// A line of which both paths are complete.
struct CompleteLine {
    left: Path,
    right: Path,
    direction: Direction,
    /// Whether it was made from a line that names whole elements, so that it may be left out.
    expanded: bool,
}

fn by_part(table: &Table, line: &MappingLine) -> Vec<CompleteLine> {
    let complete = |left: Path, right: Path, expanded| CompleteLine {
        left,
        right,
        direction: line.direction,
        expanded,
    };
    let whole = needs_part(table, &line.left) && needs_part(table, &line.right);
    match table.field(&line.left).map(|field| field.form) {
        Some(Form::List { parts }) if whole => parts
            .iter()
            .map(|part| complete(line.left.with_part(part), line.right.with_part(part), true))
            .collect(),
        _ => vec![complete(line.left.clone(), line.right.clone(), false)],
    }
}

fn offered(
    mut pairing: Pairing,
    left: &Catalogue,
    right: &Catalogue,
) -> Result<Pairing, MappingError> {
    for (side, catalogue) in [(Side::Left, left), (Side::Right, right)] {
        let path = pairing.path(side).clone();
        let Some(entry) = catalogue.entry(&path) else {
            return Err(MappingError::Unknown { side, path });
        };
        if !entry.readable {
            return Err(MappingError::NotReadable { side, path });
        }
        if !entry.writable && pairing.direction.reaches(side) {
            let instead = match side {
                Side::Left => Direction::LeftToRight,
                Side::Right => Direction::RightToLeft,
            };
            return Err(MappingError::ReadOnly {
                side,
                path,
                instead,
            });
        }
        match side {
            Side::Left => pairing.left_limit = entry.max_elements,
            Side::Right => pairing.right_limit = entry.max_elements,
        }
    }
    Ok(pairing)
}

/// The pairing in the widest direction that both accounts allow.
fn narrowed(pairing: &Pairing, left: &Catalogue, right: &Catalogue) -> Option<Pairing> {
    let writable = |entry: Option<&CatalogueEntry>| entry.is_some_and(|entry| entry.writable);
    let (to_left, to_right) = (
        pairing.direction.reaches(Side::Left) && writable(left.entry(&pairing.left)),
        pairing.direction.reaches(Side::Right) && writable(right.entry(&pairing.right)),
    );
    let direction = match (to_left, to_right) {
        (true, true) => Direction::Both,
        (true, false) => Direction::RightToLeft,
        (false, true) => Direction::LeftToRight,
        (false, false) => return None,
    };
    offered(
        Pairing {
            direction,
            ..pairing.clone()
        },
        left,
        right,
    )
    .ok()
}

fn add_asked(pairings: &mut Vec<Pairing>, pairing: Pairing) -> Result<(), MappingError> {
    for other in pairings.iter() {
        if let Some(side) = twice(other, &pairing) {
            return Err(MappingError::Twice {
                side,
                path: pairing.path(side).clone(),
                to: Box::new([
                    other.path(side.other()).clone(),
                    pairing.path(side.other()).clone(),
                ]),
            });
        }
    }
    pairings.push(pairing);
    Ok(())
}

/// The side on which two pairings name the same values.
fn twice(one: &Pairing, other: &Pairing) -> Option<Side> {
    Side::ALL.into_iter().find(|side| {
        let (a, b) = (one.path(*side), other.path(*side));
        a == b || (one.list != other.list && a.field() == b.field())
    })
}
