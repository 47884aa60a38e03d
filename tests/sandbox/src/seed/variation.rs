//! How the two sides' records of one person differ.

use super::person::Person;

/// The office suite's record of a person the CRM has too: often the same, sometimes another title, a missing
/// phone number, other capitals and spaces.
pub(super) fn office_version(person: &Person, index: usize) -> Person {
    let mut other = person.clone();
    match index % 6 {
        0 => other.title = Some("Partner".to_owned()),
        1 => {
            other.phones.clear();
            other.note = Some("Prefers e-mail.".to_owned());
        }
        2 => {
            for email in &mut other.emails {
                email.value = capitalised(&email.value);
            }
            for phone in &mut other.phones {
                phone.value = spaced(&phone.value);
            }
        }
        3 => {
            other.company = None;
            other.department = None;
        }
        _ => {}
    }
    other
}

/// A contact as people type them in a hurry: a first name only, or a company only.
pub(super) fn remove_surname(person: &mut Person, index: usize) {
    person.family = None;
    if index % 2 == 1 {
        person.given = None;
        person.company = Some("Walk-in Customers".to_owned());
    }
}

fn capitalised(email: &str) -> String {
    let mut letters = email.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// `+442079000012` as `+44 20 7900 0012`.
fn spaced(phone: &str) -> String {
    let (country, rest) = phone.split_at(3.min(phone.len()));
    let (area, number) = rest.split_at(2.min(rest.len()));
    let (first, last) = number.split_at(4.min(number.len()));
    format!("{country} {area} {first} {last}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spaced_number_has_the_same_digits() {
        assert_eq!(spaced("+442079000012"), "+44 20 7900 0012");
    }

    #[test]
    fn capitals_change_nothing_else() {
        assert_eq!(capitalised("ana@example.com"), "Ana@example.com");
    }
}
