//! Why two address books cannot be compared.

/// Why an address book cannot be read. None of it carries values or secrets.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The account may not be read: the grant or the token is not accepted.
    #[error("{provider} refuses the grant ({reason}); sign in again")]
    Unauthorised {
        /// The provider.
        provider: &'static str,
        /// Its own word for it.
        reason: String,
    },
    /// There is no such collection, or this user may not see it.
    #[error("{provider} shows this user no {what} called {name:?}; it has: {known}")]
    NoCollection {
        /// The provider.
        provider: &'static str,
        /// What it calls a collection.
        what: &'static str,
        /// The name that was looked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// A mapped field is not shown to this user, so that nobody can tell whether it agrees.
    #[error(
        "{provider} does not show this user the field {field}; nothing can be said about whether it agrees"
    )]
    Hidden {
        /// The provider.
        provider: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The provider answers a call with an error.
    #[error("{provider} answers {method} with status {status}")]
    Refused {
        /// The provider.
        provider: &'static str,
        /// The call.
        method: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// An answer is not what the provider documents.
    #[error("{provider} answers {method} in an undocumented form: {reason}")]
    Malformed {
        /// The provider.
        provider: &'static str,
        /// The call.
        method: &'static str,
        /// What is missing.
        reason: String,
    },
    /// The provider cannot be reached.
    #[error("{provider} cannot be reached for {method}")]
    Unreachable {
        /// The provider.
        provider: &'static str,
        /// The call.
        method: &'static str,
        /// What the connection says.
        #[source]
        source: reqwest::Error,
    },
}
