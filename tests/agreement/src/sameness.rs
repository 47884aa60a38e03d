//! When two values are the same although they are written differently.

/// How the values of a field compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// Texts, but for white space around them and the form of line ends.
    Text,
    /// E-mail addresses, in any case.
    Address,
    /// Phone numbers, however their digits are grouped.
    Phone,
    /// Days with month and year.
    Day,
}

impl Sameness {
    /// The form in which equal values are equal; empty for a value that says nothing.
    pub fn normal(self, value: &str) -> String {
        let value = value.trim();
        match self {
            Self::Text => value.replace("\r\n", "\n").replace('\r', "\n"),
            Self::Address => value.to_lowercase(),
            // Letters stay: an extension is part of the number.
            Self::Phone => value
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == '+')
                .flat_map(char::to_lowercase)
                .collect(),
            Self::Day => value.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_count_and_content_does() {
        for (sameness, one, other, same) in [
            (Sameness::Text, " Ana ", "Ana", true),
            (Sameness::Text, "a\r\nb", "a\nb", true),
            (Sameness::Text, "Ana", "ana", false),
            (Sameness::Text, "a  b", "a b", false),
            (
                Sameness::Address,
                "Ana@Example.com ",
                "ana@example.com",
                true,
            ),
            (
                Sameness::Address,
                "ana@example.com",
                "ana@example.org",
                false,
            ),
            (Sameness::Phone, "+44 20 7900 0012", "+442079000012", true),
            (Sameness::Phone, "(0)20-7900/0012", "02079000012", true),
            (Sameness::Phone, "555 0100 x7", "5550100", false),
            (Sameness::Phone, "+15550100", "15550100", false),
            (Sameness::Day, "2001-02-03", "2001-02-03", true),
        ] {
            assert_eq!(
                sameness.normal(one) == sameness.normal(other),
                same,
                "{sameness:?} {one:?} {other:?}"
            );
        }
    }
}
