//! Compares two address books, a list view of Zoho CRM and a contact group of Google, or two calendars, Zoho CRM's
//! meetings and a Google account's own, through the providers' own list calls.
//!
//! It judges the engine, so it shares nothing with it: a table of each default mapping of its own, its own idea
//! of when two values are the same, and its own pairing, of contacts by e-mail address and name, of meetings by title and
//! beginning, occurrence by occurrence. What it does not know is
//! which records a sync leaves out on purpose; their ids are given to it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod accounts;
mod book;
mod command;
mod comparison;
mod error;
mod google;
mod http;
mod mapping;
mod meetings;
mod reader;
mod report;
mod sameness;
mod zoho;

pub use accounts::{Accounts, GoogleAccount, ZohoAccount};
pub use book::{Book, Entry, Kind};
pub use command::main;
pub use comparison::compare;
pub use error::Error;
pub use mapping::{MAPPING, MEETINGS, Pairing};
pub use reader::Reader;
pub use report::{Difference, DifferingPath, Duplicate, Report, Totals};
pub use sameness::Sameness;
