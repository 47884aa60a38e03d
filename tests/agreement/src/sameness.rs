//! When two values are the same although they are written differently.

/// How the values of a field compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// Texts, but for white space around them and the form of line ends.
    Text,
    /// E-mail addresses, in any case.
    Address,
    /// As [`Sameness::Address`]; both sides hold the same ones, however many these are.
    Addresses,
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
            Self::Address | Self::Addresses => value.to_lowercase(),
            // Letters stay: an extension is part of the number.
            Self::Phone => value
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == '+')
                .flat_map(char::to_lowercase)
                .collect(),
            Self::Day => value.to_owned(),
        }
    }

    /// Whether both sides say the same. Where one holds one value and the other several, one of them is enough, unless
    /// all of them count.
    pub(crate) fn agree(self, one: &[String], other: &[String]) -> bool {
        let within = |few: &[String], many: &[String]| few.iter().all(|value| many.contains(value));
        let (there, back) = (within(one, other), within(other, one));
        match self {
            Self::Addresses => there && back,
            _ => one.is_empty() == other.is_empty() && (there || back),
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
            (
                Sameness::Addresses,
                "Ana@Example.com",
                "ana@example.com",
                true,
            ),
        ] {
            assert_eq!(
                sameness.normal(one) == sameness.normal(other),
                same,
                "{sameness:?} {one:?} {other:?}"
            );
        }
    }

    #[test]
    fn one_of_several_is_enough_unless_all_of_them_count() {
        let [one, two] = [vec!["a".to_owned()], vec!["a".to_owned(), "b".to_owned()]];
        for (sameness, more, none) in [
            (Sameness::Text, true, false),
            (Sameness::Addresses, false, false),
        ] {
            assert_eq!(sameness.agree(&one, &two), more, "{sameness:?}");
            assert_eq!(sameness.agree(&one, &[]), none, "{sameness:?}");
            assert!(sameness.agree(&two, &two) && sameness.agree(&[], &[]));
        }
    }
}
