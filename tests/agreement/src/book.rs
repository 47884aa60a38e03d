//! An address book or a calendar as it is compared: records in scope, with the values of the mapped fields.

use crate::mapping::{MAPPING, MEETINGS, Pairing};

/// What is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// People.
    #[default]
    Contact,
    /// Meetings, each occurrence of a series for itself.
    Meeting,
}

impl Kind {
    /// The pairs of fields.
    pub fn mapping(self) -> &'static [Pairing] {
        match self {
            Self::Contact => MAPPING,
            Self::Meeting => MEETINGS,
        }
    }

    /// The place of a field of Zoho CRM's name.
    pub fn place(self, zoho: &str) -> Option<usize> {
        let mut mapping = self.mapping().iter();
        mapping.position(|pairing| pairing.zoho == zoho)
    }

    /// What two records that belong together have in common, the surest first. By the first one, two of one side are
    /// the same one twice.
    pub(crate) fn keys(self) -> [fn(&Entry) -> Vec<String>; 3] {
        match self {
            Self::Contact => [
                Entry::addresses_and_name,
                Entry::addresses,
                Entry::bare_name,
            ],
            Self::Meeting => [
                Entry::title_and_start,
                |entry| entry.of("Event_Title"),
                |entry| entry.of("Start_DateTime"),
            ],
        }
    }

    /// What two of one side have in common that are the same one twice.
    pub(crate) fn common(self) -> &'static str {
        match self {
            Self::Contact => "same address and name",
            Self::Meeting => "same title and time",
        }
    }

    /// What holds the records.
    pub(crate) fn collections(self) -> &'static str {
        match self {
            Self::Contact => "address books",
            Self::Meeting => "calendars",
        }
    }
}

/// One side's records in scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// What they are.
    pub kind: Kind,
    /// The records.
    pub entries: Vec<Entry>,
    /// Records of the account that were listed, in scope or not.
    pub listed: usize,
}

/// A record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its id at the provider.
    pub id: String,
    /// Of an occurrence: the id of its series.
    pub series: Option<String>,
    /// Values by place in the kind's mapping, as the provider shows them. Only Google has several under one type.
    pub values: Vec<Vec<String>>,
    /// Application data that a client left on it: key and value. Zoho CRM has none.
    pub application: Vec<(String, String)>,
}

impl Entry {
    /// A contact without values.
    pub fn new(id: &str) -> Self {
        Self::of_kind(Kind::Contact, id)
    }

    /// A record without values.
    pub fn of_kind(kind: Kind, id: &str) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            values: vec![Vec::new(); kind.mapping().len()],
            ..Self::default()
        }
    }

    /// Whether it is this record, or an occurrence of it.
    pub fn is_of(&self, record: &str) -> bool {
        self.id == record || self.series.as_deref() == Some(record)
    }

    /// The normal values at a place of the kind's mapping.
    pub fn normal(&self, place: usize) -> Vec<String> {
        let values = self.values.get(place).map_or(&[][..], Vec::as_slice);
        let sameness = self.kind.mapping()[place].sameness;
        values
            .iter()
            .map(|value| sameness.normal(value))
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// The normal values of a field of Zoho CRM's name.
    fn of(&self, zoho: &str) -> Vec<String> {
        let place = self.kind.place(zoho);
        place.map(|place| self.normal(place)).unwrap_or_default()
    }

    /// The addresses by which the record is told apart: those for work, else the private ones.
    fn addresses(&self) -> Vec<String> {
        let work = self.of("Email");
        if work.is_empty() {
            self.of("Secondary_Email")
        } else {
            work
        }
    }

    /// What the record is called, in small letters: the person's name, else the company's.
    fn name(&self) -> String {
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

    fn addresses_and_name(&self) -> Vec<String> {
        let name = self.name();
        let addresses = self.addresses().into_iter();
        addresses
            .map(|address| format!("{address} {name}"))
            .collect()
    }

    /// The name of a record that has no address.
    fn bare_name(&self) -> Vec<String> {
        let name = self.name();
        if self.addresses().is_empty() && !name.is_empty() {
            vec![name]
        } else {
            Vec::new()
        }
    }

    /// What a meeting is called, and when it begins.
    fn title_and_start(&self) -> Vec<String> {
        let parts = [self.of("Event_Title"), self.of("Start_DateTime")];
        vec![parts.concat().join(" ")]
    }

    /// Places of the kind's mapping at which two records differ.
    pub(crate) fn differs_from(&self, other: &Self) -> Vec<usize> {
        let mapping = self.kind.mapping().iter().enumerate();
        mapping
            .filter(|(place, pairing)| {
                let (one, other) = (self.normal(*place), other.normal(*place));
                !pairing.sameness.agree(&one, &other)
            })
            .map(|(place, _)| place)
            .collect()
    }
}
