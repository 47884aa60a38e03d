//! List views ("custom views").

use std::collections::BTreeSet;

use super::criteria::Criteria;
use super::id::Id;

/// A list view. A record belongs to it when it passes all of its conditions.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) id: Id,
    pub(super) module: String,
    pub(super) name: String,
    /// Set for the views that come with the product.
    pub(super) system_name: Option<&'static str>,
    pub(super) criteria: Option<Criteria>,
    /// Only these records, whatever is in them. No provider view works like this: it is for tests that need
    /// exact membership.
    pub(super) members: Option<BTreeSet<Id>>,
    /// Only the records of the user who asks.
    pub(super) own_only: bool,
    /// Hidden from everybody: listed nowhere, its id is refused.
    pub(super) hidden: bool,
}

impl View {
    /// A view that shows every record of a module.
    pub(super) fn all(id: Id, module: &str, name: &str) -> Self {
        Self {
            id,
            module: module.to_owned(),
            name: name.to_owned(),
            system_name: None,
            criteria: None,
            members: None,
            own_only: false,
            hidden: false,
        }
    }

    /// Whether the fixed members include this record.
    pub(super) fn shows(&self, record: Id) -> bool {
        self.members
            .as_ref()
            .is_none_or(|members| members.contains(&record))
    }
}
