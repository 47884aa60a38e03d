//! The Zoho emulator.
