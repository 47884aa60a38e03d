//! The subjects, all of them.
//!
//! | subject | carries |
//! |---|---|
//! | `rapport.changes.<partition>.<tenant>.<sync>.<side>` | [`proto::change::ChangeBatch`] |
//! | `rapport.writes.<provider>.<partition>.<tenant>.<connection>` | [`proto::write::WriteBatch`] |
//! | `rapport.outcomes.<partition>.<tenant>.<sync>` | [`proto::write::OutcomeBatch`] |
//! | `rapport.notices.<tenant>.<sync>.<kind>.<what>` | a CloudEvent |
//! | `rapport.dead.<origin>` | bytes that could not be decoded, by the queue they came from |
//! | `$KV.TIDE.gauge-<number>` | how much was done from PostgreSQL; a key-value bucket |
//! | `rapport.changed.<tenant>.<sync>` | nothing: the definition of a sync changed; core NATS, no stream |
//!
//! The first word is the namespace.

use proto::{
    change::ChangeBatch,
    record::Side,
    write::{OutcomeBatch, WriteBatch},
};

use crate::{BusError, Origin, topology::bucket};

/// Builds the subjects of one namespace.
#[derive(Debug, Clone)]
pub(crate) struct Subjects {
    pub(crate) namespace: String,
    pub(crate) partitions: u32,
}

impl Subjects {
    pub(crate) fn changes(&self, batch: &ChangeBatch) -> Result<String, BusError> {
        let partition = partition(&batch.sync, self.partitions);
        let tenant = word("tenant", &batch.tenant)?;
        let sync = word("sync", &batch.sync)?;
        let side = match batch.side() {
            Side::Left => "left",
            Side::Right => "right",
            Side::Unspecified => return Err(refused("side", "unspecified")),
        };
        Ok(format!(
            "{}.changes.{partition}.{tenant}.{sync}.{side}",
            self.namespace
        ))
    }

    pub(crate) fn writes(&self, batch: &WriteBatch) -> Result<String, BusError> {
        let partition = partition(&batch.connection, self.partitions);
        let provider = word("provider", &batch.provider)?;
        let tenant = word("tenant", &batch.tenant)?;
        let connection = word("connection", &batch.connection)?;
        Ok(format!(
            "{}.writes.{provider}.{partition}.{tenant}.{connection}",
            self.namespace
        ))
    }

    pub(crate) fn outcomes(&self, batch: &OutcomeBatch) -> Result<String, BusError> {
        let partition = partition(&batch.sync, self.partitions);
        let tenant = word("tenant", &batch.tenant)?;
        let sync = word("sync", &batch.sync)?;
        Ok(format!(
            "{}.outcomes.{partition}.{tenant}.{sync}",
            self.namespace
        ))
    }

    pub(crate) fn notice(&self, origin: &Origin, what: &str) -> Result<String, BusError> {
        let tenant = word("tenant", &origin.tenant)?;
        let sync = word("sync", &origin.sync)?;
        let kind = word("kind", &origin.kind)?;
        Ok(format!(
            "{}.notices.{tenant}.{sync}.{kind}.{what}",
            self.namespace
        ))
    }

    /// The notices of a tenant, or of one of its syncs.
    pub(crate) fn notices_of(&self, tenant: &str, sync: Option<&str>) -> Result<String, BusError> {
        let tenant = word("tenant", tenant)?;
        let sync = sync.map_or(Ok("*"), |sync| word("sync", sync))?;
        Ok(format!("{}.notices.{tenant}.{sync}.>", self.namespace))
    }

    pub(crate) fn dead(&self, origin: &str) -> String {
        format!("{}.dead.{origin}", self.namespace)
    }

    pub(crate) fn tide(&self, gauge: usize) -> String {
        format!("{}.gauge-{gauge}", bucket(&self.namespace))
    }

    pub(crate) fn changed(&self, tenant: &str, sync: &str) -> Result<String, BusError> {
        let tenant = word("tenant", tenant)?;
        let sync = word("sync", sync)?;
        Ok(format!("{}.changed.{tenant}.{sync}", self.namespace))
    }

    pub(crate) fn all_changed(&self) -> String {
        format!("{}.changed.*.*", self.namespace)
    }
}

/// The partition of a sync or connection: the same in every process and release.
pub(crate) fn partition(key: &str, partitions: u32) -> u32 {
    let hash = blake3::hash(key.as_bytes());
    let [a, b, c, d, ..] = *hash.as_bytes();
    u32::from_be_bytes([a, b, c, d]) % partitions.max(1)
}

/// An id as one word of a subject.
pub(crate) fn word<'a>(part: &'static str, value: &'a str) -> Result<&'a str, BusError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=');
    if value.is_empty() || value.len() > 128 || !value.chars().all(allowed) {
        return Err(refused(part, value));
    }
    Ok(value)
}

fn refused(part: &'static str, value: &str) -> BusError {
    BusError::Subject {
        part,
        value: value.chars().take(128).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{partition, word};

    #[test]
    fn ids_that_would_change_a_subject_are_refused() {
        for bad in [
            "",
            "a.b",
            "a b",
            "*",
            ">",
            "tenant\r\nPUB",
            "ä",
            &"x".repeat(129),
        ] {
            assert!(word("tenant", bad).is_err(), "{bad:?}");
        }
        assert_eq!(word("tenant", "acme-01_b=").unwrap(), "acme-01_b=");
    }

    #[test]
    fn partition_is_stable_and_spreads() {
        assert_eq!(partition("ana-clients", 8), partition("ana-clients", 8));
        let mut seen = [0; 8];
        for number in 0..800 {
            seen[partition(&format!("sync-{number}"), 8) as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 60), "{seen:?}");
    }
}
