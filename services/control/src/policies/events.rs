//! What a sync of events does where its recipe leaves a choice. Providers have to know it, so that it goes along as
//! options of their scopes; `recipes/README.md` says what each word means.

use std::fmt;

use model::Path;
use serde::{Deserialize, Serialize};

/// The longest window, in days: a hundred years.
const LONGEST: u32 = 36_525;

/// Every policy of a sync of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    /// Events that ended more days ago are outside the scope; 0 for every event.
    pub past_days: u32,
    /// What becomes of series (ZGE-10).
    pub recurrence: Recurrence,
    /// What becomes of the people that an event names (ZGE-03).
    pub guests: Guests,
    /// What becomes of private events (BEY-17).
    pub private: Private,
    /// Whom providers tell about what the sync writes (BEY-13).
    pub notify: Notify,
}

/// The policies of events that a sync file names; the recipe has the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AskedEvents {
    past_days: Option<i64>,
    recurrence: Option<Recurrence>,
    guests: Option<Guests>,
    private: Option<Private>,
    notify: Option<Notify>,
}

/// Declares a policy by its words.
macro_rules! words {
    ($(#[$about:meta])* $name:ident: $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)+
                })
            }
        }
    };
}

words! {
    /// What becomes of series.
    Recurrence:
    /// They are outside the scope.
    Skip = "skip",
    /// They are synced, with their exceptions.
    Sync = "sync",
}

words! {
    /// What becomes of the people that an event names.
    Guests:
    /// Whom the CRM does not know becomes a contact, and takes part as that.
    Add = "add",
    /// Whom the CRM knows takes part as that record, anybody else by the address alone.
    Link = "link",
    /// Who takes part stays as it is on each side.
    Ignore = "ignore",
}

words! {
    /// What becomes of private events.
    Private:
    /// They are outside the scope.
    Skip = "skip",
    /// They are blocks of time, and say nothing else.
    Busy = "busy",
    /// They are like any other event.
    Full = "full",
}

words! {
    /// Whom providers tell about what the sync writes.
    Notify:
    /// Nobody.
    None = "none",
    /// The guests.
    All = "all",
}

impl Events {
    /// These policies, with what is asked for in their place.
    #[must_use]
    pub(super) fn with(&self, asked: &AskedEvents) -> Self {
        // What is no number of days at all is out of range like one that is too high.
        let past_days = asked
            .past_days
            .map(|days| u32::try_from(days).unwrap_or(u32::MAX));
        Self {
            past_days: past_days.unwrap_or(self.past_days),
            recurrence: asked.recurrence.unwrap_or(self.recurrence),
            guests: asked.guests.unwrap_or(self.guests),
            private: asked.private.unwrap_or(self.private),
            notify: asked.notify.unwrap_or(self.notify),
        }
    }

    /// What is out of range, if anything: the policy's name and what it allows.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        (self.past_days > LONGEST).then(|| {
            let allowed = format!("must be 0, for every event, or a number of days to {LONGEST}");
            ("events.past_days", allowed)
        })
    }

    /// Each by its name.
    pub(super) fn named(&self) -> [(&'static str, String); 5] {
        [
            ("events.past_days", self.past_days.to_string()),
            ("events.recurrence", self.recurrence.to_string()),
            ("events.guests", self.guests.to_string()),
            ("events.private", self.private.to_string()),
            ("events.notify", self.notify.to_string()),
        ]
    }

    /// As providers get them.
    pub(crate) fn options(&self) -> impl Iterator<Item = (String, String)> {
        let every_event = self.past_days == 0;
        let told = self
            .named()
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("events.")?.to_owned(), value)));
        told.filter(move |(name, _)| !(every_event && name == "past_days"))
    }

    /// Whether a recipe's pairing of this path is left out of the mapping.
    pub(crate) fn leaves_out(&self, path: &Path) -> bool {
        match path.field() {
            "participants" => self.guests == Guests::Ignore,
            "recurrence" | "overrides" => self.recurrence == Recurrence::Skip,
            _ => false,
        }
    }
}
