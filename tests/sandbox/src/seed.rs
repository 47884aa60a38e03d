//! The demo's scenario: two address books that disagree.
//!
//! Both sides get as many people in scope, about half of them the same people, with twins, shared mailboxes and
//! missing surnames among them, and twice as many people outside the scope. Everything follows from the seed.
//! Every address is under `example.com`, `.org` or `.net` (RFC 2606), every phone number in a range kept for fiction.

mod diary;
mod names;
mod person;
mod variation;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

pub(crate) use diary::{DiaryScenario, Meeting, Reminders, TwoCalendars, When, two_calendars};
pub(crate) use person::{Label, Labelled, Person};

/// What to generate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// Must be `two-address-books`.
    #[serde(rename = "scenario")]
    pub(crate) name: String,
    /// People in scope on each side.
    pub(crate) people: usize,
    /// Share of the people in scope that both sides have, 0 to 1.
    #[serde(default = "half")]
    pub(crate) overlap: f64,
    /// People outside the scope, as a multiple of those inside.
    #[serde(default = "two")]
    pub(crate) outside: usize,
    /// Everything follows from it.
    #[serde(default)]
    pub(crate) seed: u64,
    /// Whose accounts are filled: e-mail addresses by provider. Who is not named fills the default account.
    #[serde(default)]
    pub(crate) owners: BTreeMap<String, String>,
}

fn half() -> f64 {
    0.5
}

fn two() -> usize {
    2
}

/// Why a scenario cannot be generated.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ScenarioError {
    #[error("there is no scenario of this name; try two-address-books or two-calendars")]
    Unknown,
    #[error("people must be 1 to 100000, overlap between 0 and 1, meetings at most 10000")]
    OutOfRange,
}

/// The records of one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct AddressBook {
    /// Records in the collection that is synced.
    pub(crate) inside: Vec<Person>,
    /// Records of the same account outside of it.
    pub(crate) outside: Vec<Person>,
}

/// Both sides and what is true of them.
#[derive(Debug, Clone)]
pub(crate) struct TwoAddressBooks {
    /// The CRM's records.
    pub(crate) crm: AddressBook,
    /// The office suite's records.
    pub(crate) office: AddressBook,
    /// What is true of them.
    pub(crate) figures: Figures,
}

/// What is true of the generated books, for tests and demos to compare with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    /// Records in scope on each side.
    pub(crate) inside_each: usize,
    /// Records outside the scope on each side.
    pub(crate) outside_each: usize,
    /// People in scope on both sides.
    pub(crate) on_both: usize,
    /// Of those, people whose records differ.
    pub(crate) on_both_differing: usize,
    /// Records of each side that repeat another one of that side: same name, same e-mail.
    pub(crate) twins_each: usize,
    /// Records of each side that use another person's e-mail address.
    pub(crate) shared_mailboxes_each: usize,
    /// Office records without a surname.
    pub(crate) office_without_surname: usize,
    /// Records of each side outside the scope with the e-mail of someone in scope on the other side only.
    pub(crate) outside_matches_each: usize,
}

/// Generates the scenario.
pub(crate) fn two_address_books(scenario: &Scenario) -> Result<TwoAddressBooks, ScenarioError> {
    if scenario.name != "two-address-books" {
        return Err(ScenarioError::Unknown);
    }
    if !(1..=100_000).contains(&scenario.people)
        || !(0.0..=1.0).contains(&scenario.overlap)
        || scenario.outside > 10
    {
        return Err(ScenarioError::OutOfRange);
    }
    Ok(Generator::new(scenario).generate())
}

struct Generator {
    random: StdRng,
    people: usize,
    on_both: usize,
    outside: usize,
    /// How many of each oddity: a few, and none in a book too small for them.
    few: usize,
    next_person: usize,
}

impl Generator {
    fn new(scenario: &Scenario) -> Self {
        let people = scenario.people;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "people is at most 100000 and overlap between 0 and 1"
        )]
        let on_both = (people as f64 * scenario.overlap).round() as usize;
        let one_sided = people - on_both;
        Self {
            random: StdRng::seed_from_u64(scenario.seed),
            people,
            on_both,
            outside: people * scenario.outside,
            few: (people / 50).max(1).min(one_sided / 4),
            next_person: 0,
        }
    }

    fn generate(mut self) -> TwoAddressBooks {
        let both: Vec<Person> = (0..self.on_both).map(|_| self.person()).collect();
        let mut differing = 0;
        let mut crm = AddressBook::default();
        let mut office = AddressBook::default();
        for (index, person) in both.into_iter().enumerate() {
            let other = variation::office_version(&person, index);
            differing += usize::from(other != person);
            crm.inside.push(person);
            office.inside.push(other);
        }
        let crm_only = self.one_sided(&mut crm);
        let mut office_only = self.one_sided(&mut office);
        let nameless = self.few;
        for (index, person) in office_only.iter_mut().take(nameless).enumerate() {
            variation::remove_surname(person, index);
        }
        self.fill_outside(&mut crm, &office_only);
        self.fill_outside(&mut office, &crm_only);
        crm.inside.extend(crm_only);
        office.inside.extend(office_only);
        for book in [&mut crm, &mut office] {
            book.inside.shuffle(&mut self.random);
            book.outside.shuffle(&mut self.random);
        }
        let figures = Figures {
            inside_each: self.people,
            outside_each: self.outside,
            on_both: self.on_both,
            on_both_differing: differing,
            twins_each: self.few,
            shared_mailboxes_each: self.few,
            office_without_surname: nameless,
            outside_matches_each: self.few.min(self.outside),
        };
        TwoAddressBooks {
            crm,
            office,
            figures,
        }
    }

    /// People that only this side has. Twins and shared mailboxes go straight into the book, so that
    /// what is returned holds ordinary people only.
    fn one_sided(&mut self, book: &mut AddressBook) -> Vec<Person> {
        let ordinary = self.people - self.on_both - 2 * self.few;
        let people: Vec<Person> = (0..ordinary).map(|_| self.person()).collect();
        let last = people.len().saturating_sub(1);
        for index in 0..self.few {
            // From the end: the first ones lose their surnames on the office side.
            let original = &people[last - index];
            book.inside.push(original.clone());
            let mut stranger = self.person();
            stranger.emails.clone_from(&original.emails);
            book.inside.push(stranger);
        }
        people
    }

    /// Twice as many outside; a few of them are in scope on the other side.
    fn fill_outside(&mut self, book: &mut AddressBook, other_side_only: &[Person]) {
        let matching = self.few.min(self.outside).min(other_side_only.len());
        let from_the_middle = other_side_only.len() / 2;
        book.outside.extend(
            other_side_only[from_the_middle..]
                .iter()
                .take(matching)
                .cloned(),
        );
        while book.outside.len() < self.outside {
            let person = self.person();
            book.outside.push(person);
        }
    }

    fn person(&mut self) -> Person {
        let number = self.next_person;
        self.next_person += 1;
        let roll = self.random.random::<u64>();
        person::invent(number, roll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn scenario(people: usize) -> Scenario {
        Scenario {
            name: "two-address-books".to_owned(),
            people,
            overlap: 0.5,
            outside: 2,
            seed: 3,
            owners: BTreeMap::new(),
        }
    }

    fn email(person: &Person) -> Option<String> {
        person
            .emails
            .first()
            .map(|email| email.value.to_lowercase())
    }

    #[test]
    fn the_figures_are_true_of_the_books() {
        let books = two_address_books(&scenario(200)).unwrap();
        let figures = &books.figures;
        for book in [&books.crm, &books.office] {
            assert_eq!(book.inside.len(), figures.inside_each);
            assert_eq!(book.outside.len(), figures.outside_each);
        }
        let mut crm: HashMap<String, usize> = HashMap::new();
        for person in &books.crm.inside {
            *crm.entry(email(person).unwrap()).or_default() += 1;
        }
        let on_both = books
            .office
            .inside
            .iter()
            .filter(|person| email(person).is_some_and(|email| crm.contains_key(&email)))
            .count();
        assert_eq!(on_both, figures.on_both);
        let tripled = crm.values().filter(|count| **count == 3).count();
        assert_eq!(tripled, figures.twins_each);
        let nameless = books
            .office
            .inside
            .iter()
            .filter(|p| p.family.is_none())
            .count();
        assert_eq!(nameless, figures.office_without_surname);
        assert!(books.crm.inside.iter().all(|p| p.family.is_some()));
        let outside_matches = books
            .office
            .outside
            .iter()
            .filter(|person| email(person).is_some_and(|email| crm.contains_key(&email)))
            .count();
        assert_eq!(outside_matches, figures.outside_matches_each);
    }

    #[test]
    fn the_same_seed_gives_the_same_books() {
        let books = || two_address_books(&scenario(50)).unwrap();
        assert_eq!(books().crm.inside, books().crm.inside);
        let other = two_address_books(&Scenario {
            seed: 4,
            ..scenario(50)
        })
        .unwrap();
        assert_ne!(books().crm.inside, other.crm.inside);
    }

    #[test]
    fn every_address_is_one_kept_for_examples() {
        let books = two_address_books(&scenario(100)).unwrap();
        let all = books.crm.inside.iter().chain(&books.office.inside);
        for email in all.flat_map(|person| &person.emails) {
            let value = email.value.to_lowercase();
            let domain = value.split_once('@').unwrap().1;
            assert!(["example.com", "example.org", "example.net"].contains(&domain));
        }
    }

    #[test]
    fn tiny_books_and_bad_scenarios_are_handled() {
        for people in [1, 2, 3, 9] {
            let books = two_address_books(&scenario(people)).unwrap();
            assert_eq!(books.crm.inside.len(), people);
            assert_eq!(books.office.inside.len(), people);
        }
        let unknown = Scenario {
            name: "three".to_owned(),
            ..scenario(1)
        };
        assert_eq!(
            two_address_books(&unknown).unwrap_err(),
            ScenarioError::Unknown
        );
        let negative = Scenario {
            overlap: -0.1,
            ..scenario(1)
        };
        assert_eq!(
            two_address_books(&negative).unwrap_err(),
            ScenarioError::OutOfRange
        );
    }
}
