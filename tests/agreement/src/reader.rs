//! Reads both address books.

use crate::{
    accounts::Accounts, book::Book, error::Error, google::Google, http::client, zoho::Zoho,
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
}
