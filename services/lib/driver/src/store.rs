//! The driver's own schema, one per provider: when feeds are due, who reads them, and push channels.

pub(crate) mod channels;
pub(crate) mod feeds;

use std::fmt;

use kit::Schema;
use model::Side;
use sqlx::migrate::Migrator;

static MIGRATOR: Migrator = sqlx::migrate!("./migrations");

/// The schema of one provider's connector; by convention named `driver_<provider>`.
pub const fn schema(name: &'static str) -> Schema {
    Schema::new(name, &MIGRATOR)
}

/// One side of one sync, being read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FeedKey {
    /// The customer organisation.
    pub(crate) tenant: String,
    /// The sync.
    pub(crate) sync: String,
    /// The side.
    pub(crate) side: Side,
}

impl FeedKey {
    /// The key as the other services know it.
    pub(crate) fn to_wire(&self) -> proto::reconcile::Feed {
        let mut feed = proto::reconcile::Feed {
            tenant: self.tenant.clone(),
            sync: self.sync.clone(),
            side: 0,
        };
        feed.set_side(self.side.into());
        feed
    }
}

impl fmt::Display for FeedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.sync, self.side)
    }
}

/// The side of a word that the schema holds; its check allows no third.
fn side_of(word: &str) -> Side {
    word.parse().unwrap_or(Side::Right)
}
