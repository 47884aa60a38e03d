//! `GET /{module}/search`, served from an index that lags behind, and `GET /{module}/actions/count`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::caller::Caller;
use super::criteria::{Cell, Criteria, Op};
use super::field::Kind;
use super::list;
use super::module::Module;
use super::oauth::scope::Operation;
use super::org::Org;
use super::params::Params;
use super::record::Record;
use super::refusal::{Refusal, Reply};
use super::render::Lens;
use super::state::Zoho;

/// Criteria in one search.
const MOST_CRITERIA: usize = 10;

/// `GET /{module}/search?criteria=|email=|phone=|word=`.
pub(super) async fn search(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    params: Params,
) -> Reply {
    let mut state = zoho.state();
    let settings = state.settings.clone();
    let org = &mut state.orgs[caller.org];
    org.settle(zoho.shared.clock.now());
    let module = org.module(&module).ok_or_else(Refusal::module)?;
    caller.may(org, module.api_name, Operation::Read)?;
    let wanted = Wanted::parse(&params)?.ok_or_else(|| {
        Refusal::bad(
            "REQUIRED_PARAM_MISSING",
            "One of the expected parameter is missing",
            json!({"param_name": "criteria", "expected_fields": ["criteria", "email", "phone", "word"]}),
        )
    })?;
    let per_page = params
        .typed::<usize>("per_page")?
        .unwrap_or(200)
        .min(settings.page_cap);
    let page = params.typed::<usize>("page")?.unwrap_or(1);
    if page == 0 || per_page == 0 {
        return Err(Refusal::param(if page == 0 { "page" } else { "per_page" }));
    }
    let view = list::view(org, module.api_name, &params)?;
    let mut hits: Vec<&Arc<Record>> = module
        .search
        .rows()
        .filter(|record| wanted.fits(org, module, record))
        .filter(|record| {
            let view = view.as_ref();
            view.is_none_or(|view| org.in_view(module, record, view, caller.user))
        })
        .skip((page - 1) * per_page)
        .take(per_page + 1)
        .collect();
    let more = hits.len() > per_page;
    hits.truncate(per_page);
    if hits.is_empty() {
        return Ok(list::nothing());
    }
    let lens = Lens::of(org, caller.user);
    let names = params.list("fields");
    let data: Vec<Value> = hits
        .iter()
        .map(|record| match names.as_slice() {
            [] => lens.whole(module, record),
            names => lens.row(module, record, &lens.chosen(module, names)),
        })
        .collect();
    let body = json!({
        "info": {"per_page": per_page, "count": data.len(), "page": page, "more_records": more},
        "data": data,
    });
    Ok(Json(body).into_response())
}

/// `GET /{module}/actions/count`.
pub(super) async fn count(
    State(zoho): State<Arc<Zoho>>,
    caller: Caller,
    Path(module): Path<String>,
    params: Params,
) -> Reply {
    let mut state = zoho.state();
    let org = &mut state.orgs[caller.org];
    org.settle(zoho.shared.clock.now());
    let module = org.module(&module).ok_or_else(Refusal::module)?;
    caller.may(org, module.api_name, Operation::Read)?;
    let view = list::view(org, module.api_name, &params)?;
    let wanted = Wanted::parse(&params)?;
    let count = module
        .lists
        .rows()
        .filter(|record| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.fits(org, module, record))
        })
        .filter(|record| {
            let view = view.as_ref();
            view.is_none_or(|view| org.in_view(module, record, view, caller.user))
        })
        .count();
    Ok(Json(json!({"count": count.to_string()})).into_response())
}

/// What is searched for.
enum Wanted {
    Criteria(Criteria),
    Email(String),
    Phone(String),
    Word(String),
}

impl Wanted {
    /// The first of the four that is given counts, as documented.
    fn parse(params: &Params) -> Result<Option<Self>, Refusal> {
        if let Some(text) = params.get("criteria") {
            let criteria = parse(text).ok_or_else(|| Refusal::param("criteria"))?;
            if criteria.len() > MOST_CRITERIA {
                return Err(Refusal::bad(
                    "LIMIT_EXCEEDED",
                    "limit exceeded",
                    json!({"limit": MOST_CRITERIA, "param_name": "criteria"}),
                ));
            }
            return Ok(Some(Self::Criteria(criteria)));
        }
        let lower = |name: &str| params.get(name).map(str::to_lowercase);
        Ok(lower("email")
            .map(Self::Email)
            .or_else(|| lower("phone").map(Self::Phone))
            .or_else(|| lower("word").map(Self::Word)))
    }

    fn fits(&self, org: &Org, module: &Module, record: &Record) -> bool {
        let any = |kinds: &[Kind], test: &dyn Fn(&str) -> bool| {
            module
                .fields
                .iter()
                .filter(|field| kinds.contains(&field.kind))
                .filter_map(|field| record.text(&field.api_name))
                .any(|text| test(&text.to_lowercase()))
        };
        let digits = |text: &str| {
            text.chars()
                .filter(char::is_ascii_digit)
                .collect::<String>()
        };
        match self {
            Self::Criteria(criteria) => org.meets(module, record, criteria),
            Self::Email(email) => any(&[Kind::Email], &|text| text == email),
            Self::Phone(phone) => any(&[Kind::Phone], &|text| digits(text) == digits(phone)),
            Self::Word(word) => {
                let cell = Cell::Any(
                    record
                        .values
                        .values()
                        .filter_map(Value::as_str)
                        .map(str::to_owned)
                        .collect(),
                );
                Criteria::test("any", Op::Word, word).holds(&|_| cell.clone())
            }
        }
    }
}

/// Reads `((Last_Name:equals:Xu)and(First_Name:starts_with:Z))`. Parentheses, commas and colons inside a value are
/// written with a backslash.
fn parse(text: &str) -> Option<Criteria> {
    let mut parser = Parser { rest: text.trim() };
    let criteria = if parser.rest.starts_with("((") {
        parser.eat("(")?;
        let criteria = parser.group()?;
        parser.eat(")")?;
        criteria
    } else {
        parser.group()?
    };
    if !parser.rest.trim().is_empty() {
        return None;
    }
    Some(if criteria.len() > 1 {
        as_words(criteria)
    } else {
        criteria
    })
}

/// With several criteria, `equals` behaves like a word match.
fn as_words(criteria: Criteria) -> Criteria {
    match criteria {
        Criteria::All(parts) => Criteria::All(parts.into_iter().map(as_words).collect()),
        Criteria::Any(parts) => Criteria::Any(parts.into_iter().map(as_words).collect()),
        Criteria::Test { field, op, values } => Criteria::Test {
            field,
            op: if op == Op::Equal { Op::Word } else { op },
            values,
        },
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, word: &str) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(word)?;
        Some(())
    }

    /// One or more parts joined by the same word.
    fn group(&mut self) -> Option<Criteria> {
        let mut parts = vec![self.part()?];
        let mut all = None;
        loop {
            let joined_by_and = if self.eat("and").is_some() {
                true
            } else if self.eat("or").is_some() {
                false
            } else {
                break;
            };
            if all.is_some_and(|all| all != joined_by_and) {
                return None;
            }
            all = Some(joined_by_and);
            parts.push(self.part()?);
        }
        match all {
            None => parts.pop(),
            Some(true) => Some(Criteria::All(parts)),
            Some(false) => Some(Criteria::Any(parts)),
        }
    }

    /// `(group)` or `(Field:op:value)`.
    fn part(&mut self) -> Option<Criteria> {
        self.eat("(")?;
        let part = if self.rest.trim_start().starts_with('(') {
            self.group()?
        } else {
            self.test()?
        };
        self.eat(")")?;
        Some(part)
    }

    fn test(&mut self) -> Option<Criteria> {
        let (field, rest) = self.rest.split_once(':')?;
        let (op, rest) = rest.split_once(':')?;
        let mut values = vec![String::new()];
        let mut characters = rest.char_indices();
        let end = loop {
            match characters.next()? {
                (_, '\\') => values.last_mut()?.push(characters.next()?.1),
                (at, ')') => break at,
                (_, ',') => values.push(String::new()),
                (_, character) => values.last_mut()?.push(character),
            }
        };
        self.rest = &rest[end..];
        Some(Criteria::Test {
            field: field.trim().to_owned(),
            op: Op::from_word(op.trim())?,
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_criterion_is_exact_and_several_are_word_matches() {
        assert_eq!(
            parse("(Email:equals:a@b.co)"),
            Some(Criteria::test("Email", Op::Equal, "a@b.co"))
        );
        let several = parse("((Last_Name:equals:Xu)and(First_Name:starts_with:Z))").unwrap();
        let expected = vec![
            Criteria::test("Last_Name", Op::Word, "Xu"),
            Criteria::test("First_Name", Op::StartsWith, "Z"),
        ];
        assert_eq!(several, Criteria::All(expected));
    }

    #[test]
    fn escaped_parentheses_belong_to_the_value() {
        let parsed = parse(r"(Phone:equals:\(020\) 7946)");
        assert_eq!(
            parsed,
            Some(Criteria::test("Phone", Op::Equal, "(020) 7946"))
        );
    }

    #[test]
    fn malformed_criteria_are_refused() {
        for bad in [
            "",
            "Email:equals:x",
            "(Email:equals:x",
            "(Email:near:x)",
            "(Email)",
            "((A:equals:1)and(B:equals:2)or(C:equals:3))",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
