//! Phone numbers in a form in which two spellings of one number are equal.

use unicode_normalization::UnicodeNormalization;

/// The normal form of a phone number: E.164 where it is written internationally, else its characters without
/// the marks that only group digits. No region is guessed; letters and extensions stay, so that no edit is
/// taken for a spelling.
pub(crate) fn normal(text: &str) -> String {
    let compact: String = text
        .nfkc()
        .filter(|c| !is_grouping(*c))
        .flat_map(char::to_lowercase)
        .collect();
    if compact.is_empty() {
        return text.trim().to_owned();
    }
    international(text, &compact).unwrap_or(compact)
}

/// E.164, if the number begins with a plus sign and has nothing but digits.
fn international(text: &str, compact: &str) -> Option<String> {
    let digits = compact.strip_prefix('+')?;
    if digits.is_empty() || digits.len() > 20 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // "(0)" is the trunk prefix that is dialled only from inside the country.
    let compact = if text.contains("(0)") {
        without_trunk(text)
    } else {
        compact.to_owned()
    };
    let number = phonenumber::parse(None, &compact).ok()?;
    Some(number.format().mode(phonenumber::Mode::E164).to_string())
}

fn without_trunk(text: &str) -> String {
    text.nfkc()
        .collect::<String>()
        .replacen("(0)", "", 1)
        .chars()
        .filter(|c| !is_grouping(*c))
        .collect()
}

/// Whether a character only groups digits for the eye.
fn is_grouping(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '-' | '.' | '/' | '(' | ')' | '[' | ']' | '\u{2010}'
                ..='\u{2015}' | '\u{2212}' | '\u{b7}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}
