//! Whether what people wrote is HTML.

use model::event::Description;

/// The elements that Google's own editor writes, and those that clients are known to send.
const ELEMENTS: &[&str] = &[
    "a",
    "b",
    "blockquote",
    "body",
    "br",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "html",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "tr",
    "u",
    "ul",
];

/// A description as Google keeps it: "can contain HTML" ("Events", reference), and nothing says whether it does. It does if
/// it has an element of HTML, or a character that only HTML writes as a name or number.
pub(super) fn description(text: &str) -> Description {
    if has_element(text) || has_reference(text) {
        Description::Html(text.to_owned())
    } else {
        Description::Plain(text.to_owned())
    }
}

/// A description as it is written. Plain text that would be taken for HTML is written as HTML.
pub(super) fn written(value: &str) -> String {
    match Description::read(value) {
        Description::Html(html) => html,
        Description::Plain(text) => match description(&text) {
            Description::Plain(text) => text,
            Description::Html(text) => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('\n', "<br>"),
        },
    }
}

fn has_element(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let is_element = ELEMENTS
            .iter()
            .any(|element| element.eq_ignore_ascii_case(name));
        is_element && rest.starts_with([' ', '>', '/', '\n', '\t']) && rest.contains('>')
    })
}

fn has_reference(text: &str) -> bool {
    let named = ["&amp;", "&lt;", "&gt;", "&nbsp;", "&quot;"];
    named.iter().any(|name| text.contains(name))
        || text.split("&#").skip(1).any(|rest| {
            let digits = rest.trim_start_matches(['x', 'X']);
            let end = digits.find(|c: char| !c.is_ascii_hexdigit());
            end.is_some_and(|end| end > 0 && digits[end..].starts_with(';'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_means_the_same_when_it_is_read_back() {
        for text in [
            "Bring slides",
            "1 < 2 & 3",
            "Write <b> for bold\nand &amp; for an ampersand",
            "<!DOCTYPE html>\n<p>Bring <b>slides</b></p>",
        ] {
            let back = description(&written(text));
            let same = model::Comparison::Description.same_text(text, &back.to_string());
            assert!(same, "{text}: {back}");
        }
    }

    #[test]
    fn html_is_told_from_what_only_looks_like_it() {
        for html in [
            "<b>Bring</b> slides",
            "one<br>two",
            "<a href=\"https://example.com\">here</a>",
            "Fish &amp; chips",
            "a&nbsp;b",
            "5 &#8364; each",
        ] {
            assert!(matches!(description(html), Description::Html(_)), "{html}");
        }
        for plain in [
            "Bring slides",
            "Ana <ana@example.com>",
            "a < b and b > a",
            "if a<b",
            "R&D",
            "See &#; and <this>",
            "",
        ] {
            assert!(
                matches!(description(plain), Description::Plain(_)),
                "{plain}"
            );
        }
    }
}
