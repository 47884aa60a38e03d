//! What people wrote about an event: plain text or HTML.

use std::fmt;

use html2text::{config, render::RichAnnotation};

use crate::value::canonical_text;

/// HTML begins with this, as every HTML document does; a text that begins so *is* HTML (WHATWG, MIME Sniffing).
const MARK: &str = "<!DOCTYPE html>";
/// Lines of text are not broken.
const WIDTH: usize = 100_000;

/// A description, plain or HTML, each as its provider keeps it.
///
/// As a text HTML is told from plain text by its first characters, `<!DOCTYPE html>`, so that text and form are one
/// value and merge as one. Two descriptions compare by their text: a side that holds plain text agrees with HTML of
/// which it shows the text, and neither writes to the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// Plain text.
    Plain(String),
    /// HTML, without the document's first line.
    Html(String),
}

impl Description {
    /// What a value of `description` says.
    pub fn read(text: &str) -> Self {
        match text.split_at_checked(MARK.len()) {
            Some((mark, html)) if mark.eq_ignore_ascii_case(MARK) => {
                Self::Html(html.trim_start().to_owned())
            }
            _ => Self::Plain(text.to_owned()),
        }
    }

    /// As plain text, for a side that holds no HTML. A link keeps its address, in angle brackets where its text is
    /// another.
    pub fn to_plain(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Html(html) => plain(html),
        }
    }

    /// The normal form of a value of `description`: its text, whatever the white space.
    pub(crate) fn normal(text: &str) -> String {
        let plain = canonical_text(&Self::read(text).to_plain());
        let words: Vec<_> = plain.split_whitespace().collect();
        words.join(" ")
    }
}

/// The text of HTML. What cannot be read as such stays as it is: no edit is lost by it.
fn plain(html: &str) -> String {
    let Ok(lines) = config::rich().lines_from_read(html.as_bytes(), WIDTH) else {
        return html.to_owned();
    };
    let mut text = String::new();
    for line in lines {
        let mut link: Option<(&str, String)> = None;
        for tagged in line.tagged_strings() {
            let target = tagged.tag.iter().find_map(|annotation| match annotation {
                RichAnnotation::Link(target) => Some(target.as_str()),
                _ => None,
            });
            if link.as_ref().map(|(open, _)| *open) != target {
                close(&mut text, link.take());
                link = target.map(|target| (target, String::new()));
            }
            match &mut link {
                Some((_, shown)) => shown.push_str(&tagged.s),
                None => text.push_str(&tagged.s),
            }
        }
        close(&mut text, link);
        text.push('\n');
    }
    text.trim().to_owned()
}

/// Ends a link: its text, and its address where that is another.
fn close(text: &mut String, link: Option<(&str, String)>) {
    if let Some((target, shown)) = link {
        text.push_str(&shown);
        let told = target.strip_prefix("mailto:").unwrap_or(target);
        if shown.trim() != told && !target.starts_with('#') {
            text.extend([" <", target, ">"]);
        }
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(text) => f.write_str(text),
            Self::Html(html) => write!(f, "{MARK}\n{html}"),
        }
    }
}
