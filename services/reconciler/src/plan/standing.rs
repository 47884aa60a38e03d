//! How a link stood until now.

use merge::{Reason, Standing};

use crate::store::{link::LinkRow, owner::SYNCED_BY};

/// How a link stood until now: what slept resumes, and what an earlier activation left is adopted.
pub(super) fn standing(link: &LinkRow) -> Standing {
    if link.reason == ADOPTED {
        return Standing::Adopted;
    }
    if link.reason.starts_with(SYNCED_BY) {
        return Standing::Dormant;
    }
    let dormant = [
        Reason::LeftScope,
        Reason::OutsideListView,
        Reason::OutsideScope,
        Reason::OutOfReach,
    ]
    .into_iter()
    .any(|reason| reason.is_dormant() && link.reason == reason.as_str());
    if dormant {
        Standing::Dormant
    } else {
        Standing::Active
    }
}

/// The reason of a link whose record shares its key with another one that has its counterpart.
pub const SHARES_KEY: &str = "shares its key with another record";

/// The reason of a link that a sync finds again when it is turned on anew.
pub const ADOPTED: &str = "adopted";
