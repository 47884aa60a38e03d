//! Field masks: which fields a call reads or writes.

use std::collections::BTreeSet;

use super::error::GoogleError;

/// Every path that `personFields` and `readMask` accept.
pub(super) const READABLE: &[&str] = &[
    "addresses",
    "ageRanges",
    "biographies",
    "birthdays",
    "calendarUrls",
    "clientData",
    "coverPhotos",
    "emailAddresses",
    "events",
    "externalIds",
    "genders",
    "imClients",
    "interests",
    "locales",
    "locations",
    "memberships",
    "metadata",
    "miscKeywords",
    "names",
    "nicknames",
    "occupations",
    "organizations",
    "phoneNumbers",
    "photos",
    "relations",
    "sipAddresses",
    "skills",
    "urls",
    "userDefined",
];

/// Readable paths that no update mask accepts.
const READ_ONLY: &[&str] = &["ageRanges", "coverPhotos", "metadata", "photos", "skills"];

/// Paths that `otherContacts` calls accept.
pub(super) const OTHER_READABLE: &[&str] = &[
    "emailAddresses",
    "metadata",
    "names",
    "phoneNumbers",
    "photos",
];

/// Paths of `groupFields`.
pub(super) const GROUP_READABLE: &[&str] =
    &["clientData", "groupType", "memberCount", "metadata", "name"];

/// A set of top-level paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mask(BTreeSet<String>);

impl Mask {
    /// Every one of these paths.
    pub(super) fn all(paths: &[&str]) -> Self {
        Self(paths.iter().map(|path| (*path).to_owned()).collect())
    }

    /// Parses a comma-separated mask. `parameter` is its name in error messages and `page` the reference page they
    /// point to.
    fn parse(text: &str, parameter: &str, page: &str, valid: &[&str]) -> Result<Self, GoogleError> {
        let paths: BTreeSet<String> = text
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect();
        match paths.iter().find(|path| !valid.contains(&path.as_str())) {
            Some(wrong) => Err(GoogleError::invalid(format!(
                "Invalid {parameter} mask path: \"{wrong}\". Valid paths are documented at {}.",
                reference(page)
            ))),
            None => Ok(Self(paths)),
        }
    }

    /// A mask of person fields that must not be empty.
    pub(super) fn required(
        text: Option<&str>,
        parameter: &str,
        page: &str,
        valid: &[&str],
    ) -> Result<Self, GoogleError> {
        let mask = Self::parse(text.unwrap_or_default(), parameter, page, valid)?;
        if mask.0.is_empty() {
            return Err(GoogleError::invalid(format!(
                "{parameter} mask is required. Please specify one or more valid paths. Valid paths are documented at {}.",
                reference(page)
            )));
        }
        Ok(mask)
    }

    /// A mask that stands for everything when it is absent.
    pub(super) fn or_everything(
        text: Option<&str>,
        parameter: &str,
        page: &str,
        valid: &[&str],
    ) -> Result<Self, GoogleError> {
        let mask = Self::parse(text.unwrap_or_default(), parameter, page, valid)?;
        if mask.0.is_empty() {
            return Ok(Self::all(valid));
        }
        Ok(mask)
    }

    /// A mask that may be empty: then nothing is read back.
    pub(super) fn or_nothing(
        text: Option<&str>,
        parameter: &str,
        page: &str,
    ) -> Result<Option<Self>, GoogleError> {
        let mask = Self::parse(text.unwrap_or_default(), parameter, page, READABLE)?;
        Ok((!mask.0.is_empty()).then_some(mask))
    }

    /// The update mask of a person.
    pub(super) fn update(
        text: Option<&str>,
        parameter: &str,
        page: &str,
    ) -> Result<Self, GoogleError> {
        let writable: Vec<&str> = READABLE
            .iter()
            .copied()
            .filter(|path| !READ_ONLY.contains(path))
            .collect();
        Self::required(text, parameter, page, &writable)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// One text for equal masks.
    pub(super) fn canonical(&self) -> String {
        self.paths().collect::<Vec<_>>().join(",")
    }
}

fn reference(page: &str) -> String {
    format!("https://developers.google.com/people/api/rest/v1/{page}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_mask_refuses_what_cannot_be_written() {
        assert!(Mask::update(Some("names,emailAddresses"), "updatePersonFields", "people").is_ok());
        for wrong in [
            "photos",
            "metadata",
            "names.givenName",
            "etag",
            "fileAses",
            "",
        ] {
            assert!(
                Mask::update(Some(wrong), "updatePersonFields", "people").is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn order_and_spaces_make_no_difference() {
        let one =
            Mask::required(Some("names, metadata"), "personFields", "people", READABLE).unwrap();
        let two = Mask::required(
            Some("metadata,names,names"),
            "personFields",
            "people",
            READABLE,
        )
        .unwrap();
        assert_eq!(one.canonical(), two.canonical());
    }
}
