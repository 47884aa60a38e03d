//! Reads both address books, or both calendars.

use crate::{
    accounts::Accounts, book::Book, error::Error, google::Google, http::client, meetings::Window,
    zoho::Zoho,
};

/// Reads both sides as often as wanted; it signs in once.
#[derive(Debug)]
pub struct Reader {
    left: Zoho,
    right: Google,
}

impl Reader {
    /// A reader of these accounts.
    pub fn new(accounts: Accounts) -> Self {
        let client = client();
        Self {
            left: Zoho::new(accounts.zoho, client.clone()),
            right: Google::new(accounts.google, client),
        }
    }

    /// The records of both collections: Zoho CRM's, Google's.
    pub async fn read(&mut self) -> Result<(Book, Book), Error> {
        tokio::try_join!(self.left.read(), self.right.read())
    }

    /// The meetings of both accounts from 85 days ago until 400 days ahead, each occurrence of a series for itself:
    /// all that Zoho CRM shows, and those of Google's primary calendar that are not private.
    ///
    /// Reminders are those that are not due yet.
    pub async fn read_meetings(&mut self) -> Result<(Book, Book), Error> {
        let window = Window::around(jiff::Timestamp::now());
        tokio::try_join!(self.left.meetings(window), self.right.meetings(window))
    }
}
