//! Conditions on records: those of list views (JSON), of `/search` (text) and of COQL's WHERE.

use jiff::Timestamp;
use serde_json::{Value, json};

/// What a field reads as when it is compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Empty,
    Text(String),
    Instant(Timestamp),
    Flag(bool),
    /// Several texts of which any may match: the tags; id and name of a lookup.
    Any(Vec<String>),
}

/// How a cell is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Contains,
    NotContains,
    StartsWith,
    EndsWith,
    In,
    NotIn,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Between,
    IsEmpty,
    IsNotEmpty,
    /// Any word of the cell equals the value: what `/search` makes of `equals` when there are several criteria.
    Word,
}

impl Op {
    /// The comparator's name in list views and in `/search`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "equal" | "equals" => Self::Equal,
            "not_equal" => Self::NotEqual,
            "contains" => Self::Contains,
            "not_contains" => Self::NotContains,
            "starts_with" => Self::StartsWith,
            "ends_with" => Self::EndsWith,
            "in" => Self::In,
            "not_in" => Self::NotIn,
            "less_than" => Self::Less,
            "less_equal" => Self::LessEqual,
            "greater_than" => Self::Greater,
            "greater_equal" => Self::GreaterEqual,
            "between" => Self::Between,
            "is_empty" => Self::IsEmpty,
            "is_not_empty" => Self::IsNotEmpty,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Equal | Self::Word => "equal",
            Self::NotEqual => "not_equal",
            Self::Contains => "contains",
            Self::NotContains => "not_contains",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::Less => "less_than",
            Self::LessEqual => "less_equal",
            Self::Greater => "greater_than",
            Self::GreaterEqual => "greater_equal",
            Self::Between => "between",
            Self::IsEmpty => "is_empty",
            Self::IsNotEmpty => "is_not_empty",
        }
    }
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Criteria {
    All(Vec<Criteria>),
    Any(Vec<Criteria>),
    Test {
        field: String,
        op: Op,
        values: Vec<String>,
    },
}

impl Criteria {
    /// One test of one field.
    pub(super) fn test(field: &str, op: Op, value: &str) -> Self {
        Self::Test {
            field: field.to_owned(),
            op,
            values: vec![value.to_owned()],
        }
    }

    /// Whether it holds; `read` tells what a field reads as.
    pub(super) fn holds(&self, read: &dyn Fn(&str) -> Cell) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(read)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(read)),
            Self::Test { field, op, values } => compare(&read(field), *op, values),
        }
    }

    /// Every field that it reads.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Test { field, .. } => vec![field],
        }
    }

    /// How many tests it consists of.
    pub(super) fn len(&self) -> usize {
        self.fields().len()
    }

    /// The shape in which list views carry it.
    pub(super) fn to_json(&self) -> Value {
        let group = |operator: &str, parts: &[Self]| {
            let parts: Vec<Value> = parts.iter().map(Self::to_json).collect();
            json!({"group_operator": operator, "group": parts})
        };
        match self {
            Self::All(parts) => group("and", parts),
            Self::Any(parts) => group("or", parts),
            Self::Test { field, op, values } => {
                let value = match values.as_slice() {
                    [one] => json!(one),
                    several => json!(several),
                };
                json!({"comparator": op.word(), "field": {"api_name": field}, "value": value})
            }
        }
    }

    /// Reads the shape of list views.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        if let Some(parts) = value["group"].as_array() {
            let parts = parts
                .iter()
                .map(Self::from_json)
                .collect::<Option<Vec<_>>>()?;
            return match value["group_operator"]
                .as_str()?
                .to_ascii_lowercase()
                .as_str()
            {
                "and" => Some(Self::All(parts)),
                "or" => Some(Self::Any(parts)),
                _ => None,
            };
        }
        let values = match &value["value"] {
            Value::String(text) => vec![text.clone()],
            Value::Bool(flag) => vec![flag.to_string()],
            Value::Array(several) => several
                .iter()
                .filter_map(|v| v.as_str().map(str::to_owned))
                .collect(),
            Value::Null => Vec::new(),
            _ => return None,
        };
        Some(Self::Test {
            field: value["field"]["api_name"].as_str()?.to_owned(),
            op: Op::from_word(value["comparator"].as_str()?)?,
            values,
        })
    }
}

fn compare(cell: &Cell, op: Op, values: &[String]) -> bool {
    let first = values.first().map_or("", String::as_str);
    match op {
        Op::IsEmpty => *cell == Cell::Empty,
        Op::IsNotEmpty => *cell != Cell::Empty,
        // Like the provider's "isn't": an empty field is not the value either.
        Op::NotEqual => !equals(cell, first),
        Op::NotIn => !values.iter().any(|value| equals(cell, value)),
        Op::NotContains => !text_holds(cell, |text| text.contains(&first.to_lowercase())),
        Op::Equal => equals(cell, first),
        Op::In => values.iter().any(|value| equals(cell, value)),
        Op::Contains => text_holds(cell, |text| text.contains(&first.to_lowercase())),
        Op::StartsWith => text_holds(cell, |text| text.starts_with(&first.to_lowercase())),
        Op::EndsWith => text_holds(cell, |text| text.ends_with(&first.to_lowercase())),
        Op::Word => text_holds(cell, |text| {
            text.split(|c: char| !c.is_alphanumeric())
                .any(|word| word == first.to_lowercase())
                || text == first.to_lowercase()
        }),
        Op::Less => order(cell, first).is_some_and(std::cmp::Ordering::is_lt),
        Op::LessEqual => order(cell, first).is_some_and(std::cmp::Ordering::is_le),
        Op::Greater => order(cell, first).is_some_and(std::cmp::Ordering::is_gt),
        Op::GreaterEqual => order(cell, first).is_some_and(std::cmp::Ordering::is_ge),
        Op::Between => {
            order(cell, first).is_some_and(std::cmp::Ordering::is_ge)
                && values
                    .get(1)
                    .and_then(|upper| order(cell, upper))
                    .is_some_and(std::cmp::Ordering::is_le)
        }
    }
}

fn equals(cell: &Cell, value: &str) -> bool {
    match cell {
        Cell::Empty => false,
        Cell::Flag(flag) => value.eq_ignore_ascii_case(if *flag { "true" } else { "false" }),
        Cell::Instant(_) => order(cell, value).is_some_and(std::cmp::Ordering::is_eq),
        Cell::Text(_) | Cell::Any(_) => text_holds(cell, |text| text == value.to_lowercase()),
    }
}

fn text_holds(cell: &Cell, test: impl Fn(&str) -> bool) -> bool {
    match cell {
        Cell::Text(text) => test(&text.to_lowercase()),
        Cell::Any(texts) => texts.iter().any(|text| test(&text.to_lowercase())),
        Cell::Empty | Cell::Instant(_) | Cell::Flag(_) => false,
    }
}

fn order(cell: &Cell, value: &str) -> Option<std::cmp::Ordering> {
    match cell {
        Cell::Instant(instant) => {
            let other: Timestamp = value.parse().ok()?;
            Some(instant.cmp(&other))
        }
        Cell::Text(text) => match (text.parse::<u64>(), value.parse::<u64>()) {
            (Ok(one), Ok(two)) => Some(one.cmp(&two)),
            _ => Some(text.to_lowercase().cmp(&value.to_lowercase())),
        },
        Cell::Empty | Cell::Flag(_) | Cell::Any(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Cell {
        match name {
            "Tier" => Cell::Text("Regular".to_owned()),
            "Tag" => Cell::Any(vec!["VIP".to_owned(), "Trade fair".to_owned()]),
            "Modified_Time" => Cell::Instant("2026-05-14T09:00:00Z".parse().unwrap()),
            "Email_Opt_Out" => Cell::Flag(false),
            _ => Cell::Empty,
        }
    }

    fn holds(field: &str, op: Op, value: &str) -> bool {
        Criteria::test(field, op, value).holds(&read)
    }

    #[test]
    fn texts_compare_without_case_and_an_empty_field_is_not_the_value() {
        assert!(holds("Tier", Op::Equal, "regular"));
        assert!(!holds("Tier", Op::NotEqual, "Regular"));
        assert!(holds("Phone", Op::NotEqual, "Regular"));
        assert!(holds("Tag", Op::Equal, "vip"));
        assert!(holds("Tag", Op::Word, "fair"));
        assert!(!holds("Phone", Op::Contains, ""));
    }

    #[test]
    fn instants_compare_across_offsets() {
        assert!(holds(
            "Modified_Time",
            Op::GreaterEqual,
            "2026-05-14T12:00:00+03:00"
        ));
        assert!(!holds(
            "Modified_Time",
            Op::Greater,
            "2026-05-14T12:00:00+03:00"
        ));
        assert!(!holds("Modified_Time", Op::Greater, "yesterday"));
    }

    #[test]
    fn the_json_shape_survives_a_round_trip() {
        let criteria = Criteria::Any(vec![
            Criteria::test("Tier", Op::NotEqual, "Regular"),
            Criteria::All(vec![Criteria::test("Email_Opt_Out", Op::Equal, "false")]),
        ]);
        assert_eq!(Criteria::from_json(&criteria.to_json()), Some(criteria));
        assert_eq!(
            Criteria::from_json(&json!({"comparator": "near", "field": {"api_name": "x"}})),
            None
        );
    }
}
