//! Mails that a provider would have sent.

use jiff::Timestamp;
use serde::Serialize;

/// A mail that a provider would send, before it is known which call was the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Address of who gets it.
    pub(crate) recipient: String,
    /// `invitation`, `update`, `cancellation`, `response`, `reminder` (sent later, by what this write stored).
    pub(crate) kind: &'static str,
    /// Id of the record that it is about.
    pub(crate) record: String,
}

/// A mail that a provider would have sent.
#[derive(Debug, Clone, Serialize)]
pub struct Mail {
    /// 1, 2, 3 … over all providers.
    pub number: u64,
    /// When, by the sandbox's clock.
    pub at: Timestamp,
    /// `google`, `zoho`.
    pub provider: &'static str,
    /// Address of who gets it.
    pub recipient: String,
    /// `invitation`, `update`, `cancellation`, `response`, `reminder` (sent later, by what this write stored).
    pub kind: &'static str,
    /// Id of the record that it is about.
    pub record: String,
    /// Whose act it was.
    pub account: Option<String>,
    /// The API method that caused it; absent when a person did, through control.
    pub method: Option<String>,
    /// Number of that call in the journal.
    pub call: Option<u64>,
}

/// Which mails to read.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailFilter {
    /// Only of this provider.
    pub(crate) provider: Option<String>,
    /// Only to this address.
    pub(crate) recipient: Option<String>,
    /// Only of this kind.
    pub(crate) kind: Option<String>,
    /// `api`: only those that calls caused; `people`: only those that control's acts did.
    pub(crate) by: Option<Cause>,
    /// Only mails with a higher number.
    #[serde(default)]
    pub(crate) after: u64,
}

/// Who causes mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cause {
    Api,
    People,
}

impl MailFilter {
    /// Whether this mail is wanted.
    pub(super) fn fits(&self, mail: &Mail) -> bool {
        let cause = if mail.call.is_some() {
            Cause::Api
        } else {
            Cause::People
        };
        mail.number > self.after
            && self.provider.as_deref().is_none_or(|p| p == mail.provider)
            && self
                .recipient
                .as_deref()
                .is_none_or(|r| r == mail.recipient)
            && self.kind.as_deref().is_none_or(|k| k == mail.kind)
            && self.by.is_none_or(|by| by == cause)
    }
}
