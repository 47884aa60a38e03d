//! Recovering after the database went back: the reconciler does it, for every tenant at once.

use proto::reconcile::{RecoverRequest, RecoverResponse};

use crate::{
    control::Control,
    error::Error,
    store::{
        audit::{self, Actor},
        syncs,
    },
};

impl Control {
    /// Has the reconciler recover, or say what that would be about.
    pub(crate) async fn recover(&self, request: RecoverRequest) -> Result<RecoverResponse, Error> {
        let answer = self.recovery.clone().recover(request).await;
        let answer = answer
            .map_err(|status| Error::from_peer("recover", &status))?
            .into_inner();
        if answer.recovered {
            let mut db = self.db.acquire().await?;
            for sync in syncs::known_to_services(&mut db).await? {
                let entry = audit::Entry {
                    actor: Actor::Administrator,
                    action: "sync.recovered",
                    subject: sync.id.0,
                    detail: &[],
                };
                audit::write(&mut db, &sync.tenant, entry).await?;
                // Connectors and writers may know it as it was in the lost time.
                self.announce(&sync.tenant, sync.id).await;
            }
        }
        Ok(answer)
    }
}
