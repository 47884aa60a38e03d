//! The grammar: `select a, b from M where c order by d limit [offset,] n`.

use serde_json::json;

use crate::zoho::criteria::{Criteria, Op};
use crate::zoho::refusal::Refusal;

/// Rows when there is no LIMIT.
const DEFAULT_LIMIT: usize = 200;

/// A parsed query.
#[derive(Debug, PartialEq)]
pub(super) struct Select {
    pub(super) columns: Vec<String>,
    pub(super) module: String,
    pub(super) criteria: Criteria,
    /// Column, and whether it is descending.
    pub(super) order: Vec<(String, bool)>,
    pub(super) offset: usize,
    pub(super) limit: usize,
}

/// Parses a query. WHERE is mandatory.
pub(super) fn parse(text: &str) -> Result<Select, Refusal> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
    };
    parser.keyword("select")?;
    let columns = parser.list(Parser::name)?;
    parser.keyword("from")?;
    let module = parser.name()?;
    if !parser.at("where") {
        return Err(Refusal::bad(
            "SYNTAX_ERROR",
            "missing clause",
            json!({"clause": "where"}),
        ));
    }
    parser.keyword("where")?;
    let criteria = parser.any()?;
    let mut order = Vec::new();
    if parser.skip("order") {
        parser.keyword("by")?;
        order = parser.list(Parser::ordering)?;
    }
    let (mut offset, mut limit) = (0, DEFAULT_LIMIT);
    if parser.skip("limit") {
        limit = parser.number()?;
        if parser.skip(",") {
            offset = std::mem::replace(&mut limit, parser.number()?);
        } else if parser.skip("offset") {
            offset = parser.number()?;
        }
    }
    match parser.peek() {
        None => Ok(Select {
            columns,
            module,
            criteria,
            order,
            offset,
            limit,
        }),
        Some(token) => Err(near(token.text())),
    }
}

fn near(text: &str) -> Refusal {
    Refusal::bad(
        "SYNTAX_ERROR",
        "error occured while parsing the query",
        json!({"near": text}),
    )
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A keyword, a name or a number.
    Word(String),
    /// A quoted text.
    Text(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(text) | Self::Text(text) => text,
            Self::Sign(sign) => sign,
        }
    }
}

/// Longer signs first.
const SIGNS: &[&str] = &["!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","];

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '\'' {
            let (quoted, after) = quoted(&rest[1..]).ok_or_else(|| near(rest))?;
            tokens.push(Token::Text(quoted));
            rest = after;
        } else {
            let word = |c: char| c.is_alphanumeric() || "_.$-+:".contains(c);
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(near(rest));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// A text up to its closing quote; a backslash takes the next character as it is.
fn quoted(rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = rest.char_indices();
    loop {
        match characters.next()? {
            (_, '\\') => text.push(characters.next()?.1),
            (at, '\'') => return Some((text, &rest[at + 1..])),
            (_, character) => text.push(character),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self) -> Result<Token, Refusal> {
        let token = self.peek().cloned().ok_or_else(|| near("end of query"))?;
        self.next += 1;
        Ok(token)
    }

    /// Whether the next token is this keyword or sign.
    fn at(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| match token {
            Token::Word(text) => text.eq_ignore_ascii_case(word),
            Token::Sign(sign) => *sign == word,
            Token::Text(_) => false,
        })
    }

    fn skip(&mut self, word: &str) -> bool {
        let found = self.at(word);
        self.next += usize::from(found);
        found
    }

    fn keyword(&mut self, word: &str) -> Result<(), Refusal> {
        if self.skip(word) {
            return Ok(());
        }
        Err(near(self.peek().map_or("end of query", Token::text)))
    }

    fn list<T>(
        &mut self,
        item: impl Fn(&mut Self) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let mut items = vec![item(self)?];
        while self.skip(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn name(&mut self) -> Result<String, Refusal> {
        match self.take()? {
            Token::Word(name) => Ok(name),
            other => Err(near(other.text())),
        }
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        let word = self.name()?;
        word.parse().map_err(|_| {
            Refusal::bad(
                "INVALID_QUERY",
                "limit given seems to be invalid",
                json!({"limit": word}),
            )
        })
    }

    fn ordering(&mut self) -> Result<(String, bool), Refusal> {
        let name = self.name()?;
        let descending = self.skip("desc");
        if !descending {
            self.skip("asc");
        }
        Ok((name, descending))
    }

    fn any(&mut self) -> Result<Criteria, Refusal> {
        let mut parts = vec![self.all()?];
        while self.skip("or") {
            parts.push(self.all()?);
        }
        Ok(joined(parts, Criteria::Any))
    }

    fn all(&mut self) -> Result<Criteria, Refusal> {
        let mut parts = vec![self.part()?];
        while self.skip("and") {
            parts.push(self.part()?);
        }
        Ok(joined(parts, Criteria::All))
    }

    fn part(&mut self) -> Result<Criteria, Refusal> {
        if self.skip("(") {
            let inner = self.any()?;
            self.keyword(")")?;
            return Ok(inner);
        }
        let field = self.name()?;
        let (op, values) = self.comparison()?;
        Ok(Criteria::Test { field, op, values })
    }

    fn comparison(&mut self) -> Result<(Op, Vec<String>), Refusal> {
        if self.skip("is") {
            let negated = self.skip("not");
            self.keyword("null")?;
            return Ok((
                if negated { Op::IsNotEmpty } else { Op::IsEmpty },
                Vec::new(),
            ));
        }
        let negated = self.skip("not");
        if self.skip("in") {
            self.keyword("(")?;
            let values = self.list(Self::literal)?;
            self.keyword(")")?;
            return Ok((if negated { Op::NotIn } else { Op::In }, values));
        }
        if self.skip("like") {
            let pattern = self.literal()?;
            return like(&pattern, negated).ok_or_else(|| near(&pattern));
        }
        if !negated && self.skip("between") {
            let lower = self.literal()?;
            self.keyword("and")?;
            return Ok((Op::Between, vec![lower, self.literal()?]));
        }
        let op = match self.take()?.text() {
            "=" if !negated => Op::Equal,
            "!=" | "<>" if !negated => Op::NotEqual,
            "<" if !negated => Op::Less,
            "<=" if !negated => Op::LessEqual,
            ">" if !negated => Op::Greater,
            ">=" if !negated => Op::GreaterEqual,
            other => return Err(near(other)),
        };
        Ok((op, vec![self.literal()?]))
    }

    fn literal(&mut self) -> Result<String, Refusal> {
        match self.take()? {
            Token::Word(text) | Token::Text(text) => Ok(text),
            Token::Sign(sign) => Err(near(sign)),
        }
    }
}

fn joined(mut parts: Vec<Criteria>, join: fn(Vec<Criteria>) -> Criteria) -> Criteria {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => join(parts.into_iter().chain(last).collect()),
    }
}

/// `%` may stand at either end.
fn like(pattern: &str, negated: bool) -> Option<(Op, Vec<String>)> {
    let (open_start, open_end) = (pattern.starts_with('%'), pattern.ends_with('%'));
    let text = pattern.trim_matches('%').to_owned();
    let op = match (open_start, open_end, negated) {
        (true, true, false) => Op::Contains,
        (true, true, true) => Op::NotContains,
        (false, true, false) => Op::StartsWith,
        (true, false, false) => Op::EndsWith,
        (false, false, false) => Op::Equal,
        (false, false, true) => Op::NotEqual,
        _ => return None,
    };
    Some((op, vec![text]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_query_is_understood() {
        let select = parse(
            "SELECT id, Email FROM Contacts WHERE Modified_Time >= '2026-05-14T12:00:00+03:00' \
             and (Last_Name = 'O\\'Brien' or Email in ('a@b.co', 'c@d.co')) \
             order by Modified_Time asc, id DESC limit 200, 100",
        )
        .unwrap();
        assert_eq!(select.columns, ["id", "Email"]);
        assert_eq!(select.module, "Contacts");
        assert_eq!((select.offset, select.limit), (200, 100));
        assert_eq!(
            select.order,
            [("Modified_Time".to_owned(), false), ("id".to_owned(), true)]
        );
        let names = Criteria::Any(vec![
            Criteria::test("Last_Name", Op::Equal, "O'Brien"),
            Criteria::Test {
                field: "Email".to_owned(),
                op: Op::In,
                values: vec!["a@b.co".to_owned(), "c@d.co".to_owned()],
            },
        ]);
        let since = Criteria::test(
            "Modified_Time",
            Op::GreaterEqual,
            "2026-05-14T12:00:00+03:00",
        );
        assert_eq!(select.criteria, Criteria::All(vec![since, names]));
    }

    #[test]
    fn like_null_and_between_are_understood() {
        let criteria = |clause: &str| {
            parse(&format!("select id from Contacts where {clause}"))
                .unwrap()
                .criteria
        };
        assert_eq!(
            criteria("Email like '%@b.co'"),
            Criteria::test("Email", Op::EndsWith, "@b.co")
        );
        let empty = Criteria::Test {
            field: "Email".to_owned(),
            op: Op::IsNotEmpty,
            values: Vec::new(),
        };
        assert_eq!(criteria("Email is not null"), empty);
        assert!(matches!(
            criteria("id between 1 and 5"),
            Criteria::Test {
                op: Op::Between,
                ..
            }
        ));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let code = |query: &str| parse(query).unwrap_err();
        assert_eq!(
            code("select id from Contacts").details,
            json!({"clause": "where"})
        );
        assert_eq!(
            code("select id from Contacts where id = 1 limit s").code,
            "INVALID_QUERY"
        );
        for bad in [
            "",
            "update Contacts set x = 1",
            "select from Contacts where id = 1",
            "select id from Contacts where",
            "select id from Contacts where id",
            "select id from Contacts where id ~ 1",
            "select id from Contacts where (id = 1",
            "select id from Contacts where Email = 'open",
            "select id from Contacts where id = 1 group by Email",
        ] {
            assert_eq!(code(bad).code, "SYNTAX_ERROR", "{bad}");
        }
    }
}
