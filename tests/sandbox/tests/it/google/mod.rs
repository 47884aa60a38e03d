//! The Google emulator.
