//! Query parameters: repeated ones, and ones that a method does not have.

use super::error::GoogleError;

/// Parameters that every method takes.
const SYSTEM: &[&str] = &[
    "$.xgafv",
    "access_token",
    "alt",
    "callback",
    "fields",
    "key",
    "oauth_token",
    "prettyPrint",
    "quotaUser",
    "uploadType",
    "upload_protocol",
];

/// The parameters of a call, decoded.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Refuses parameters that are neither in `known` nor system-wide.
    pub(super) fn check(&self, known: &[&str]) -> Result<(), GoogleError> {
        let stranger = self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()) && !SYSTEM.contains(&name.as_str()));
        match stranger {
            Some((name, _)) => Err(GoogleError::bad_field(
                name,
                format!(
                    "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field \
                     '{name}' could not be found in request message."
                ),
            )),
            None => Ok(()),
        }
    }

    /// All pairs, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The last value of a parameter; an empty one counts as absent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.pairs()
            .filter(|(own, _)| *own == name)
            .map(|(_, value)| value)
            .last()
            .filter(|value| !value.is_empty())
    }

    /// Every value of a repeated parameter.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, GoogleError> {
        match self.text(name) {
            Some("true" | "True" | "1") => Ok(true),
            None | Some("false" | "False" | "0") => Ok(false),
            Some(other) => Err(GoogleError::bad_field(
                name,
                format!("Invalid value at '{name}' (TYPE_BOOL), \"{other}\""),
            )),
        }
    }

    /// A whole number between 0 and `most`; larger ones are refused.
    pub(super) fn number(
        &self,
        name: &str,
        default: usize,
        most: usize,
    ) -> Result<usize, GoogleError> {
        let Some(text) = self.text(name) else {
            return Ok(default);
        };
        let number: usize = text.parse().map_err(|_| {
            GoogleError::bad_field(
                name,
                format!("Invalid value at '{name}' (TYPE_INT32), \"{text}\""),
            )
        })?;
        if number > most {
            return Err(GoogleError::bad_field(
                name,
                format!("'{name}' must be between 0 and {most}."),
            ));
        }
        Ok(if number == 0 { default } else { number })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parameters_are_refused_and_system_ones_are_not() {
        let query = Query::parse("personFields=names&alt=json");
        assert!(query.check(&["personFields"]).is_ok());
        assert!(query.check(&["pageSize"]).is_err());
    }

    #[test]
    fn numbers_and_flags_are_checked() {
        let query = Query::parse("pageSize=1001&requestSyncToken=maybe&x=0&y=-1");
        assert!(query.number("pageSize", 100, 1000).is_err());
        assert!(query.flag("requestSyncToken").is_err());
        assert_eq!(query.number("x", 100, 1000).unwrap(), 100);
        assert!(query.number("y", 100, 1000).is_err());
        assert_eq!(query.number("absent", 100, 1000).unwrap(), 100);
    }
}
