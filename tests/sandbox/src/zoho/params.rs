//! Query strings and form bodies, read leniently: names are told apart by case, the last of several counts.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::refusal::Refusal;

/// The parameters of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    /// Reads `a=b&c=d`.
    pub(super) fn parse(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// A value that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// A value of a type; a value that is none is refused.
    pub(super) fn typed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.get(name)
            .map(|text| text.trim().parse().map_err(|_| Refusal::param(name)))
            .transpose()
    }

    /// A comma-separated list without its blanks.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        let value = self.get(name).unwrap_or_default();
        value
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A comma-separated list of ids.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<super::id::Id>, Refusal> {
        self.list(name)
            .iter()
            .map(|id| id.parse().map_err(|_| Refusal::param(name)))
            .collect()
    }

    /// Adds what the other ones say and these do not.
    pub(super) fn or(mut self, other: Self) -> Self {
        for (name, value) in other.0 {
            self.0.entry(name).or_insert(value);
        }
        self
    }

    /// Everything but the named ones, as one text, to tell whether two requests ask the same.
    pub(super) fn fingerprint(&self, without: &[&str]) -> String {
        let mut writer = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            if !without.contains(&name.as_str()) {
                writer.append_pair(name, value);
            }
        }
        writer.finish()
    }

    /// Every pair.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(
            parts.uri.query().unwrap_or_default().as_bytes(),
        ))
    }
}
