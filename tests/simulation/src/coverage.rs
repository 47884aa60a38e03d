//! Which fault met which situation, how often.

use std::{collections::BTreeMap, fmt};

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each says it in its name")]
pub enum Fault {
    ChangesLost,
    ChangesDoubled,
    ChangesOvertaken,
    WritesLost,
    WritesDoubled,
    OutcomesLost,
    OutcomesDoubled,
    BusLost,
    LateList,
    RoundCut,
    SnapshotCut,
    StalledLeaseholder,
    CursorLost,
    IngestRolledBack,
    IngestNotAcknowledged,
    OutcomeRolledBack,
    OutcomeNotAcknowledged,
    KilledBetweenSteps,
    ReleaseLost,
    Stale,
    AnswerLost,
    CallLost,
    Throttled,
    WriterDiedBeforeCall,
    WriterDiedAfterCall,
    WriterDiedBeforeAcknowledgement,
    FieldHidden,
    CollectionLost,
    RecordRefused,
    PolicyChanged,
    MappingChanged,
    DirectionChanged,
    Paused,
    Deleted,
    DatabaseSetBack,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 35] = [
        Self::ChangesLost,
        Self::ChangesDoubled,
        Self::ChangesOvertaken,
        Self::WritesLost,
        Self::WritesDoubled,
        Self::OutcomesLost,
        Self::OutcomesDoubled,
        Self::BusLost,
        Self::LateList,
        Self::RoundCut,
        Self::SnapshotCut,
        Self::StalledLeaseholder,
        Self::CursorLost,
        Self::IngestRolledBack,
        Self::IngestNotAcknowledged,
        Self::OutcomeRolledBack,
        Self::OutcomeNotAcknowledged,
        Self::KilledBetweenSteps,
        Self::ReleaseLost,
        Self::Stale,
        Self::AnswerLost,
        Self::CallLost,
        Self::Throttled,
        Self::WriterDiedBeforeCall,
        Self::WriterDiedAfterCall,
        Self::WriterDiedBeforeAcknowledgement,
        Self::FieldHidden,
        Self::CollectionLost,
        Self::RecordRefused,
        Self::PolicyChanged,
        Self::MappingChanged,
        Self::DirectionChanged,
        Self::Paused,
        Self::Deleted,
        Self::DatabaseSetBack,
    ];
}

/// What a world is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// An edit has not reached the other side.
    Edited,
    /// Both sides have different new values on one path.
    Conflict,
    /// A record has no counterpart yet.
    Added,
    /// A record is deleted, and its counterpart is there.
    Deleted,
    /// One of two records is outside its collection.
    Outside,
    /// A side has two records about one person.
    Twins,
    /// A create is under way.
    Creating,
    /// An update is under way.
    Updating,
    /// A deletion is under way.
    Deleting,
    /// A side is being read as a whole.
    Snapshot,
}

impl Situation {
    /// Every situation.
    pub const ALL: [Self; 10] = [
        Self::Edited,
        Self::Conflict,
        Self::Added,
        Self::Deleted,
        Self::Outside,
        Self::Twins,
        Self::Creating,
        Self::Updating,
        Self::Deleting,
        Self::Snapshot,
    ];
}

/// Counts by fault and situation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    hits: BTreeMap<(Fault, Situation), u64>,
}

impl Coverage {
    /// A fault met these situations.
    pub fn hit(&mut self, fault: Fault, situations: &[Situation]) {
        for situation in situations {
            *self.hits.entry((fault, *situation)).or_default() += 1;
        }
    }

    /// How often a fault met a situation.
    pub fn count(&self, fault: Fault, situation: Situation) -> u64 {
        self.hits.get(&(fault, situation)).copied().unwrap_or(0)
    }

    /// Adds the counts of another world.
    pub fn add(&mut self, other: &Self) {
        for (pair, count) in &other.hits {
            *self.hits.entry(*pair).or_default() += count;
        }
    }

    /// Pairs that were hit less often than this.
    pub fn below(&self, least: u64) -> Vec<(Fault, Situation, u64)> {
        let pairs = Fault::ALL.iter().flat_map(|fault| {
            Situation::ALL
                .iter()
                .map(move |situation| (*fault, *situation))
        });
        pairs
            .map(|(fault, situation)| (fault, situation, self.count(fault, situation)))
            .filter(|(.., count)| *count < least)
            .collect()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:32}", "")?;
        for situation in Situation::ALL {
            write!(f, "{:>10}", format!("{situation:?}"))?;
        }
        writeln!(f)?;
        for fault in Fault::ALL {
            write!(f, "{:32}", format!("{fault:?}"))?;
            for situation in Situation::ALL {
                write!(f, "{:>10}", self.count(fault, situation))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
