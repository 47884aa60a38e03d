//! The default mappings between Zoho CRM's records and Google's, field by field.

use crate::sameness::Sameness;

/// A pair of fields that a sync keeps equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairing {
    /// Zoho CRM's field, by its API name.
    pub zoho: &'static str,
    /// Google's: `names.givenName`, or `phoneNumbers[mobile].value` of the items with that type.
    pub google: &'static str,
    /// When two values are the same.
    pub sameness: Sameness,
}

impl Pairing {
    /// Google's field, the type of the items that count if any, and the property.
    pub(crate) fn google_place(&self) -> (&'static str, Option<&'static str>, &'static str) {
        let (field, property) = self.google.split_once('.').unwrap_or((self.google, ""));
        match field.split_once('[') {
            Some((field, kind)) => (field, Some(kind.trim_end_matches(']')), property),
            None => (field, None, property),
        }
    }
}

const fn pair(zoho: &'static str, google: &'static str, sameness: Sameness) -> Pairing {
    Pairing {
        zoho,
        google,
        sameness,
    }
}

use Sameness::{Address, Addresses, Day, Phone, Text};

/// Every pair of contacts. Zoho CRM's second address has no label of its own and stands for Google's private one.
pub const MAPPING: &[Pairing] = &[
    pair("Salutation", "names.honorificPrefix", Text),
    pair("First_Name", "names.givenName", Text),
    pair("Last_Name", "names.familyName", Text),
    pair("Email", "emailAddresses[work].value", Address),
    pair("Secondary_Email", "emailAddresses[home].value", Address),
    pair("Phone", "phoneNumbers[work].value", Phone),
    pair("Mobile", "phoneNumbers[mobile].value", Phone),
    pair("Home_Phone", "phoneNumbers[home].value", Phone),
    pair("Other_Phone", "phoneNumbers[other].value", Phone),
    pair("Fax", "phoneNumbers[workFax].value", Phone),
    pair("Account_Name", "organizations.name", Text),
    pair("Title", "organizations.title", Text),
    pair("Department", "organizations.department", Text),
    pair("Mailing_Street", "addresses[work].streetAddress", Text),
    pair("Mailing_City", "addresses[work].city", Text),
    pair("Mailing_State", "addresses[work].region", Text),
    pair("Mailing_Zip", "addresses[work].postalCode", Text),
    pair("Mailing_Country", "addresses[work].country", Text),
    pair("Other_Street", "addresses[other].streetAddress", Text),
    pair("Other_City", "addresses[other].city", Text),
    pair("Other_State", "addresses[other].region", Text),
    pair("Other_Zip", "addresses[other].postalCode", Text),
    pair("Other_Country", "addresses[other].country", Text),
    pair("Date_of_Birth", "birthdays.date", Day),
    pair("Description", "biographies.value", Text),
];

/// Every pair of meetings, occurrence by occurrence. Of several pop-ups Zoho CRM has one.
pub const MEETINGS: &[Pairing] = &[
    pair("Event_Title", "summary", Text),
    pair("Start_DateTime", "start", Text),
    pair("End_DateTime", "end", Text),
    pair("Venue", "location", Text),
    pair("Description", "description", Text),
    pair("Participants", "attendees.email", Addresses),
    pair("Remind_At", "reminders.overrides[popup].minutes", Text),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_field_has_one_counterpart() {
        for mapping in [MAPPING, MEETINGS] {
            let zoho: BTreeSet<_> = mapping.iter().map(|pairing| pairing.zoho).collect();
            let google: BTreeSet<_> = mapping.iter().map(|pairing| pairing.google).collect();
            assert_eq!((zoho.len(), google.len()), (mapping.len(), mapping.len()));
        }
    }

    #[test]
    fn googles_places_are_told_apart() {
        let places: Vec<_> = MAPPING
            .iter()
            .filter(|pairing| ["Title", "Fax"].contains(&pairing.zoho))
            .map(Pairing::google_place)
            .collect();
        assert_eq!(
            places,
            [
                ("phoneNumbers", Some("workFax"), "value"),
                ("organizations", None, "title")
            ]
        );
    }
}
