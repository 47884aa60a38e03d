//! Cost-unit buckets per user and minute, and contact writes per day.

use std::collections::HashMap;

use serde_json::json;

use super::error::{Code, GoogleError};
use super::settings::Quota;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// What a call spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    CriticalReads,
    CriticalWrites,
    OtherWrites,
    GroupReads,
    PhotoWrites,
    FullSyncStarts,
    DailyContactWrites,
}

impl Bucket {
    fn ceiling(self, quota: &Quota) -> u64 {
        match self {
            Self::CriticalReads => quota.critical_reads,
            Self::CriticalWrites => quota.critical_writes,
            Self::OtherWrites => quota.other_writes,
            Self::GroupReads => quota.group_reads,
            Self::PhotoWrites => quota.photo_writes,
            Self::FullSyncStarts => quota.full_sync_starts,
            Self::DailyContactWrites => quota.daily_contact_writes,
        }
    }

    /// The metric's name in the message.
    fn metric(self) -> &'static str {
        match self {
            Self::CriticalReads => "Critical read requests (Contact and Profile Reads)",
            Self::CriticalWrites => "Critical write requests (Contact and Profile Writes)",
            Self::OtherWrites => "Contact and contact group delete and write requests",
            Self::GroupReads => "Contact group read requests",
            Self::PhotoWrites => "Contact photo write requests",
            Self::FullSyncStarts => "Full sync requests",
            Self::DailyContactWrites => "Daily contact writes",
        }
    }

    fn window(self) -> i64 {
        match self {
            Self::DailyContactWrites => DAY,
            _ => MINUTE,
        }
    }
}

/// A bucket and how many units are taken from it.
pub(super) type Cost = (Bucket, u64);

/// What was spent in the current windows.
#[derive(Debug, Default)]
pub(super) struct Meter {
    spent: HashMap<(String, Bucket), (i64, u64)>,
}

impl Meter {
    /// Takes the costs of one call, or none of them and refuses it. Daily writes belong to the project, everything
    /// else to the user.
    pub(super) fn charge(
        &mut self,
        account: &str,
        costs: &[Cost],
        quota: &Quota,
        now: i64,
    ) -> Result<(), GoogleError> {
        for (bucket, units) in costs {
            let (_, spent) = self.current(account, *bucket, now);
            if spent + units > bucket.ceiling(quota) {
                return Err(refusal(*bucket, quota));
            }
        }
        for (bucket, units) in costs {
            let (began, spent) = self.current(account, *bucket, now);
            self.spent
                .insert(key(account, *bucket), (began, spent + units));
        }
        Ok(())
    }

    /// When the window began and what was spent in it. A window begins with its first call.
    fn current(&self, account: &str, bucket: Bucket, now: i64) -> (i64, u64) {
        match self.spent.get(&key(account, bucket)) {
            Some((began, spent)) if now - began < bucket.window() => (*began, *spent),
            _ => (now, 0),
        }
    }
}

fn key(account: &str, bucket: Bucket) -> (String, Bucket) {
    match bucket {
        Bucket::DailyContactWrites => (String::new(), bucket),
        _ => (account.to_owned(), bucket),
    }
}

fn refusal(bucket: Bucket, quota: &Quota) -> GoogleError {
    if bucket == Bucket::DailyContactWrites {
        return GoogleError::new(
            Code::ResourceExhausted,
            "Resource has been exhausted (e.g. check quota).",
        )
        .with(json!({
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{ "subject": "QUOTA_EXCEEDED", "description": "FBS quota limit exceeded" }],
        }));
    }
    let metric = bucket.metric();
    let ceiling = bucket.ceiling(quota);
    GoogleError::new(
        Code::ResourceExhausted,
        format!(
            "Quota exceeded for quota metric '{metric}' and limit '{metric} per minute per user' of service \
             'people.googleapis.com' for consumer 'project_number:100000000001'."
        ),
    )
    .with(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "service": "people.googleapis.com",
            "consumer": "projects/100000000001",
            "quota_limit_value": ceiling.to_string(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::google::settings::Settings;

    fn small() -> Quota {
        Quota {
            critical_reads: 3,
            critical_writes: 1,
            ..Settings::unkind().quota
        }
    }

    #[test]
    fn a_refused_call_spends_nothing_and_the_next_minute_is_fresh() {
        let mut meter = Meter::default();
        let update = [(Bucket::CriticalReads, 1), (Bucket::CriticalWrites, 1)];
        assert!(meter.charge("ana", &update, &small(), 0).is_ok());
        assert!(meter.charge("ana", &update, &small(), 1).is_err());
        let reads = [(Bucket::CriticalReads, 2)];
        assert!(meter.charge("ana", &reads, &small(), 2).is_ok());
        assert!(meter.charge("ana", &reads, &small(), 3).is_err());
        assert!(meter.charge("ben", &reads, &small(), 3).is_ok());
        assert!(meter.charge("ana", &update, &small(), MINUTE).is_ok());
    }

    #[test]
    fn daily_writes_are_shared_by_all_users() {
        let mut meter = Meter::default();
        let quota = Quota {
            daily_contact_writes: 200,
            ..small()
        };
        let batch = [(Bucket::DailyContactWrites, 200)];
        assert!(meter.charge("ana", &batch, &quota, 0).is_ok());
        assert!(meter.charge("ben", &batch, &quota, MINUTE).is_err());
        assert!(meter.charge("ben", &batch, &quota, DAY).is_ok());
    }
}
