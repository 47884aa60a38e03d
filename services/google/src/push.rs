//! Push: the People API has none.
//!
//! No method of the API watches contacts or groups (People API discovery document), so
//! a Google contacts feed is only polled, and [`provider::Provider::push`] keeps its default answer, `None`.
