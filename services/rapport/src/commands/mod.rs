//! A command a file.

pub(crate) mod apply;
pub(crate) mod change;
pub(crate) mod connect;
pub(crate) mod events;
pub(crate) mod get;
pub(crate) mod history;
pub(crate) mod recover;
pub(crate) mod status;
pub(crate) mod watch;
