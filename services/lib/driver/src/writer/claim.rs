//! Claims: the last thing before a call.

use std::collections::HashSet;

use proto::reconcile::ClaimRequest;
use provider::{Answer, Outcome};

use super::{Writer, delivery::Later};
use crate::definitions::ConnectionKey;

/// What a claim says of the writes that it was asked for. Those that it does not name must not be made, and are
/// not answered either.
pub(super) struct Claimed {
    /// To be made now, or answered.
    pub(super) started: HashSet<String>,
    /// Started before, and their answer is lost: they may have happened.
    pub(super) unanswered: Vec<String>,
}

impl Claimed {
    /// The outcomes of writes whose answer is lost.
    pub(super) fn unknown(&mut self) -> Vec<(String, Outcome)> {
        let reason = "a writer stopped between its call and the answer";
        let answer = Answer::Unknown {
            reason: reason.to_owned(),
        };
        let unanswered = std::mem::take(&mut self.unanswered).into_iter();
        unanswered
            .map(|id| (id, Outcome::new(answer.clone(), 0.0)))
            .collect()
    }
}

impl Writer {
    /// Moves writes from queued to started.
    pub(super) async fn claim(
        &self,
        connection: &ConnectionKey,
        writes: Vec<String>,
    ) -> Result<Claimed, Later> {
        let request = ClaimRequest {
            tenant: connection.tenant.clone(),
            connection: connection.connection.clone(),
            writes,
        };
        let answer = self.claims.clone().claim(request).await.map_err(|status| {
            tracing::warn!(code = ?status.code(), "the reconciler takes no claim");
            Later::PeerSilent
        })?;
        let answer = answer.into_inner();
        Ok(Claimed {
            started: answer.started.into_iter().collect(),
            unanswered: answer.unanswered,
        })
    }

    /// Claims writes and answers them without any call; only current ones are answered so.
    pub(super) async fn answer(
        &self,
        connection: &ConnectionKey,
        sync: &str,
        answers: Vec<(String, Answer)>,
    ) -> Result<(), Later> {
        if answers.is_empty() {
            return Ok(());
        }
        let ids = answers.iter().map(|(id, _)| id.clone()).collect();
        let mut claimed = self.claim(connection, ids).await?;
        let mut outcomes = claimed.unknown();
        let current = answers
            .into_iter()
            .filter(|(id, _)| claimed.started.contains(id));
        outcomes.extend(current.map(|(id, answer)| (id, Outcome::new(answer, 0.0))));
        // Nothing was made.
        self.publish(&connection.tenant, sync, outcomes, false)
            .await
    }
}
