//! The words of an event, those of JSCalendar (RFC 8984).

use std::{fmt, str::FromStr};

use crate::side::UnknownWord;

/// Declares a type of which each value is a word.
macro_rules! words {
    ($(#[$about:meta])* $name:ident, $what:literal: $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every word.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord {
                        what: $what,
                        word: word.chars().take(64).collect(),
                        expected: &[$($word),+],
                    }),
                }
            }
        }
    };
}

words! {
    /// What a participant is there for.
    Role, "role":
    /// Needed.
    Attendee = "attendee",
    /// Welcome, and not needed.
    Optional = "optional",
    /// To be told.
    Informational = "informational",
    /// In the chair.
    Chair = "chair",
    /// A room, or anything else that is booked.
    Resource = "resource",
}

words! {
    /// What a participant replied.
    Status, "participation status":
    /// Nothing yet.
    NeedsAction = "needs-action",
    /// Comes.
    Accepted = "accepted",
    /// Does not come.
    Declined = "declined",
    /// May come.
    Tentative = "tentative",
    /// Sends somebody else.
    Delegated = "delegated",
}

words! {
    /// Whether an event takes place. The value is absent for one that does.
    EventStatus, "status":
    /// It does.
    Confirmed = "confirmed",
    /// It may.
    Tentative = "tentative",
    /// It does not.
    Cancelled = "cancelled",
}

words! {
    /// Who may see an event. The value is absent where the calendar's own setting holds, which is none of these.
    Privacy, "privacy":
    /// Whoever sees the calendar.
    Public = "public",
    /// Others see when, and nothing else.
    Private = "private",
    /// Others see nothing.
    Secret = "secret",
}

words! {
    /// Whether an event takes time. The value is absent for one that does.
    FreeBusy, "free/busy status":
    /// It does.
    Busy = "busy",
    /// It does not.
    Free = "free",
}
