//! Outcomes as messages that the bus takes.

use prost::Message as _;
use proto::write::{Outcome, OutcomeBatch};

/// Bytes that a message has at most, unless a single outcome is larger.
const MAX_BYTES: usize = 512 * 1024;

/// A record that came with an answer is left out above this: it is read again when it is needed.
const MAX_RECORD_BYTES: usize = 256 * 1024;

/// Splits outcomes of one sync into messages.
pub(super) fn split(tenant: &str, sync: &str, outcomes: Vec<Outcome>) -> Vec<OutcomeBatch> {
    let mut batches: Vec<OutcomeBatch> = Vec::new();
    let mut bytes = 0;
    for outcome in outcomes.into_iter().map(fitting) {
        let size = outcome.encoded_len() + 6;
        match batches.last_mut() {
            Some(batch) if bytes + size <= MAX_BYTES => {
                bytes += size;
                batch.outcomes.push(outcome);
            }
            _ => {
                bytes = size;
                let (tenant, sync) = (tenant.to_owned(), sync.to_owned());
                batches.push(OutcomeBatch {
                    tenant,
                    sync,
                    outcomes: vec![outcome],
                });
            }
        }
    }
    batches
}

/// An answer without its record says less, and nothing wrong. One that is nothing but its record is refused.
fn fitting(mut outcome: Outcome) -> Outcome {
    use proto::write::{Refused, outcome::Result as What};

    if outcome.encoded_len() <= MAX_RECORD_BYTES {
        return outcome;
    }
    match &mut outcome.result {
        Some(What::Applied(applied)) => applied.answer = None,
        Some(What::Stale(stale)) => stale.live = None,
        _ => {}
    }
    if outcome.encoded_len() > MAX_RECORD_BYTES {
        outcome.before = None;
    }
    if outcome.encoded_len() > MAX_BYTES {
        let reason = format!("the record is larger than {} KB", MAX_BYTES / 1024);
        outcome.result = Some(What::Refused(Refused {
            path: String::new(),
            reason,
        }));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use proto::{
        record::{Field, Record, Value, value},
        write::{Applied, Live, outcome::Result as What},
    };

    use super::*;

    fn applied(id: usize, bytes: usize) -> Outcome {
        let text = Some(value::Value::Text("x".repeat(bytes)));
        let field = Field {
            path: "note".into(),
            value: Some(Value { value: text }),
        };
        let record = Record {
            kind: "contact".into(),
            fields: vec![field],
        };
        let live = Live {
            record: Some(record),
            ..Live::default()
        };
        let applied = Applied {
            remote_id: "r".into(),
            answer: Some(live),
            ..Applied::default()
        };
        Outcome {
            write: id.to_string(),
            result: Some(What::Applied(applied)),
            ..Outcome::default()
        }
    }

    #[test]
    fn every_outcome_goes_out_in_order_within_what_the_bus_takes() {
        let outcomes = (0..300).map(|id| applied(id, (id % 7) * 9000)).collect();
        let batches = split("acme", "s", outcomes);
        let ids: Vec<_> = batches
            .iter()
            .flat_map(|batch| &batch.outcomes)
            .map(|o| o.write.clone())
            .collect();
        assert_eq!(ids, (0..300).map(|id| id.to_string()).collect::<Vec<_>>());
        for batch in &batches {
            assert!(batch.encoded_len() < bus::MAX_MESSAGE_BYTES);
        }
    }

    #[test]
    fn an_answer_that_is_too_large_goes_out_without_its_record() {
        let batches = split("acme", "s", vec![applied(1, 2_000_000)]);
        let Some(What::Applied(applied)) = &batches[0].outcomes[0].result else {
            panic!("applied")
        };
        assert_eq!((applied.remote_id.as_str(), &applied.answer), ("r", &None));
    }
}
