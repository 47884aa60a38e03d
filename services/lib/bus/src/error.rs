//! What can go wrong between a service and NATS.

/// Why a message could not be published, or a stream not be used.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No server answers at this address.
    #[error("cannot connect to NATS at {url}")]
    Connect {
        /// The servers that were tried.
        url: String,
        /// What the client says.
        #[source]
        source: Source,
    },
    /// The server did not confirm in time; it may have stored the message or not. Publish it again later.
    #[error("NATS did not confirm {what}")]
    Unconfirmed {
        /// What was attempted.
        what: String,
        /// What the client says.
        #[source]
        source: Source,
    },
    /// The stream is full; consumers are behind. Publish again later.
    #[error("stream {stream} is full")]
    Full {
        /// The stream's name.
        stream: String,
    },
    /// The message is too large; publish smaller batches.
    #[error("a message of {bytes} bytes is larger than the {limit} that a stream takes")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// An id cannot be a part of a subject.
    #[error(
        "`{value}` cannot be the {part} in a subject: letters, digits, `-`, `_` and `=` are allowed"
    )]
    Subject {
        /// Which part of the subject.
        part: &'static str,
        /// The id.
        value: String,
    },
    /// A stream or consumer cannot be declared, because the server forbids it or holds another one under
    /// the same name.
    #[error("cannot declare {what}")]
    Topology {
        /// The stream or consumer.
        what: String,
        /// What the server says.
        #[source]
        source: Source,
    },
    /// A notice cannot be put into JSON.
    #[error("a notice cannot be encoded")]
    Encode(#[source] serde_json::Error),
}

/// An error of the NATS client.
pub type Source = Box<dyn std::error::Error + Send + Sync>;
