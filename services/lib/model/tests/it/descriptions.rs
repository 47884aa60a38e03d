use model::{Comparison, event::Description};
use pretty_assertions::assert_eq;

use crate::write::text;

fn same(one: &Description, other: &Description) -> bool {
    Comparison::Description.same(
        Some(&text(&one.to_string())),
        Some(&text(&other.to_string())),
    )
}

fn html(html: &str) -> Description {
    Description::Html(html.to_owned())
}

fn plain(text: &str) -> Description {
    Description::Plain(text.to_owned())
}

#[test]
fn html_is_told_from_text() {
    for description in [
        html("<p>Agenda</p>"),
        plain("a < b"),
        plain("<b> is a tag"),
        plain(""),
    ] {
        assert_eq!(Description::read(&description.to_string()), description);
    }
    let shouted = "<!doctype HTML>\n<p>x</p>";
    assert_eq!(Description::read(shouted), html("<p>x</p>"));
}

#[test]
fn html_agrees_with_the_text_that_it_shows() {
    assert!(same(
        &html("<p>Agenda:</p><p><b>one</b> &amp; two</p>"),
        &plain("Agenda:\n\none & two")
    ));
    assert!(same(&html("<html><body>x</body></html>"), &html("x")));
    assert!(!same(&html("<p>one</p>"), &plain("two")));
}

#[test]
fn a_link_keeps_its_address() {
    let link = html(
        r#"<p>See <a href="https://x.org/a">here</a>, or <a href="https://x.org">https://x.org</a></p>"#,
    );
    assert_eq!(
        link.to_plain(),
        "See here <https://x.org/a>, or https://x.org"
    );
    let other = html(r#"<p>See <a href="https://x.org/b">here</a>, or https://x.org</p>"#);
    assert!(!same(&link, &other));
    assert!(same(&link, &plain(&link.to_plain())));
}
