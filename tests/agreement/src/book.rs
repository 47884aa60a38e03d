//! An address book as it is compared: records in scope, with the values of the mapped fields.

use crate::mapping::MAPPING;

/// One side's records in scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// The records.
    pub entries: Vec<Entry>,
    /// Records of the account that were listed, in scope or not.
    pub listed: usize,
}

/// A record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its id at the provider.
    pub id: String,
    /// Values by place in [`MAPPING`], as the provider shows them. Only Google has several under one type.
    pub values: Vec<Vec<String>>,
    /// Application data that a client left on it: key and value. Zoho CRM has none.
    pub application: Vec<(String, String)>,
}

impl Entry {
    /// A record without values.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            values: vec![Vec::new(); MAPPING.len()],
            application: Vec::new(),
        }
    }

    /// The normal values at a place of [`MAPPING`].
    pub fn normal(&self, place: usize) -> Vec<String> {
        let values = self.values.get(place).map_or(&[][..], Vec::as_slice);
        let sameness = MAPPING[place].sameness;
        values
            .iter()
            .map(|value| sameness.normal(value))
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The normal values of a field of Zoho CRM's name.
    fn of(&self, zoho: &str) -> Vec<String> {
        let place = MAPPING.iter().position(|pairing| pairing.zoho == zoho);
        place.map(|place| self.normal(place)).unwrap_or_default()
    }

    /// The addresses by which the record is told apart: those for work, else the private ones.
    pub(crate) fn addresses(&self) -> Vec<String> {
        let work = self.of("Email");
        if work.is_empty() {
            self.of("Secondary_Email")
        } else {
            work
        }
    }

    /// What the record is called, in small letters: the person's name, else the company's.
    pub(crate) fn name(&self) -> String {
        let person = [self.of("First_Name"), self.of("Last_Name")].concat();
        let called = if person.is_empty() {
            self.of("Account_Name")
        } else {
            person
        };
        let words: Vec<String> = called
            .iter()
            .flat_map(|name| name.split_whitespace())
            .map(str::to_lowercase)
            .collect();
        words.join(" ")
    }

    /// Places of [`MAPPING`] at which two records differ. Where one side holds one value and the other several,
    /// one of them is enough.
    pub(crate) fn differs_from(&self, other: &Self) -> Vec<usize> {
        (0..MAPPING.len())
            .filter(|place| !agree(&self.normal(*place), &other.normal(*place)))
            .collect()
    }
}

fn agree(one: &[String], other: &[String]) -> bool {
    one.is_empty() == other.is_empty()
        && (one.iter().all(|value| other.contains(value))
            || other.iter().all(|value| one.contains(value)))
}
