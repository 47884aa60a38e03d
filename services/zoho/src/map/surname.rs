//! Zoho CRM needs a surname. Where nobody gave one it is derived, and a derived one is never shown.

/// The surname of a person who has none.
pub(crate) const PLACEHOLDER: &str = "Not Provided";

/// Characters that `Last_Name` takes.
const LENGTH: usize = 80;

/// The surname for a record that has none: that of a record without any name is its company's, else a placeholder.
///
/// Somebody with a given name is not called by the company: "Hans" of "Müller" would else look like Hans Müller.
pub(super) fn derived(given: Option<&str>, company: Option<&str>) -> String {
    match company
        .map(str::trim)
        .filter(|company| given.is_none() && !company.is_empty())
    {
        Some(company) => company
            .chars()
            .take(LENGTH)
            .collect::<String>()
            .trim_end()
            .to_owned(),
        None => PLACEHOLDER.to_owned(),
    }
}

/// Whether a surname may have been derived; then the record has none.
pub(super) fn is_derived(surname: &str, given: Option<&str>, company: Option<&str>) -> bool {
    let surname = surname.trim();
    surname == PLACEHOLDER || surname == derived(given, company)
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves: R-18
    #[test]
    fn a_derived_surname_is_recognised_and_a_real_one_is_not() {
        for (given, company) in [
            (None, None),
            (Some("Ana"), None),
            (None, Some("Acme")),
            (Some("Ana"), Some("Acme")),
        ] {
            assert!(
                is_derived(&derived(given, company), given, company),
                "{given:?} {company:?}"
            );
        }
        assert_eq!(derived(None, Some("Acme")), "Acme");
        assert_eq!(derived(Some("Ana"), Some("Acme")), PLACEHOLDER);
        assert!(!is_derived("Müller", Some("Hans"), Some("Müller")));
        assert!(!is_derived("Acme", None, Some("Acme Inc")));
    }

    #[test]
    fn a_long_company_is_cut_to_what_the_field_takes() {
        let company = "ä".repeat(200);
        let surname = derived(None, Some(&company));
        assert_eq!(surname.chars().count(), 80);
        assert!(is_derived(&surname, None, Some(&company)));
    }
}
