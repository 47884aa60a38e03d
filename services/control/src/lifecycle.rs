//! Pausing, resuming and deleting syncs, and noticing when the reconciler has ended one.

use std::time::Duration;

use proto::reconcile::{ResumeRequest, StatusRequest, SyncRef, resume_request::Answer};
use tonic::Code;

use crate::{
    control::Control,
    error::Error,
    ids::{Identity, SyncId, TenantId},
    store::{
        audit::{self, Actor},
        syncs::{self, State, Sync},
    },
};

/// How often the reconciler is asked whether it has ended what is being deleted.
const PERIOD: Duration = Duration::from_secs(5);

/// For how long a file that brings a sync back waits until that has ended, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);

/// The reconciler's word for a sync that it has ended.
const OFF: &str = "off";

impl Control {
    /// The sync that people mean: by its name or id.
    pub(crate) async fn sync(&self, tenant: &TenantId, name_or_id: &str) -> Result<Sync, Error> {
        let mut db = self.db.acquire().await?;
        let found = match name_or_id.parse() {
            Ok(id) => syncs::get(&mut db, tenant, SyncId(id)).await?,
            Err(_not_an_id) => syncs::named(&mut db, tenant, name_or_id).await?,
        };
        if let Some(sync) = found {
            return Ok(sync);
        }
        let names: Vec<String> = syncs::all(&mut db, tenant)
            .await?
            .into_iter()
            .map(|sync| sync.name)
            .collect();
        let known = if names.is_empty() {
            "none yet; make one with `rapport apply -f FILE`".to_owned()
        } else {
            names.join(", ")
        };
        Err(Error::NotFound(format!(
            "there is no sync \"{name_or_id}\"; there are: {known}"
        )))
    }

    /// Pauses a sync, or lets it go on.
    pub(crate) async fn set_sync_state(
        &self,
        tenant: &TenantId,
        sync: &str,
        word: &str,
    ) -> Result<(), Error> {
        let state = match word {
            "active" => State::Active,
            "paused" => State::Paused,
            _ => {
                return Err(Error::Invalid(format!(
                    "a sync can be set to active or paused, not to \"{word}\""
                )));
            }
        };
        let sync = self.sync(tenant, sync).await?;
        let name = &sync.name;
        match (sync.state, state) {
            (State::Deleting, _) => Err(Error::Refused(format!(
                "sync \"{name}\" is deleted; apply its file again to bring it back"
            ))),
            (State::Preview, State::Paused) => Err(Error::Refused(format!(
                "sync \"{name}\" is a preview and writes nothing; delete it, or apply its file without --dry-run"
            ))),
            (State::Active, State::Active) => self.release(&sync).await,
            (now, wanted) if now == wanted => Ok(()),
            _ => self.move_to(tenant, &sync, state).await,
        }
    }

    /// Lets a sync go on that the reconciler stopped by itself, if nothing but a person's word is needed.
    async fn release(&self, sync: &Sync) -> Result<(), Error> {
        let request = ResumeRequest {
            sync: Some(reference(sync)),
            answer: Answer::Unspecified.into(),
        };
        match self.reconciler.clone().resume(request).await {
            Ok(_) => {
                self.announce(&sync.tenant, sync.id).await;
                Ok(())
            }
            // It goes on already, or the reconciler has not heard of it yet.
            Err(status) if matches!(status.code(), Code::FailedPrecondition | Code::NotFound) => {
                Ok(())
            }
            Err(status) => Err(Error::from_peer("resume the sync", &status)),
        }
    }

    /// Deletes a sync. Nothing is deleted in either account, and the links stay for a sync that comes after it.
    pub(crate) async fn delete_sync(&self, tenant: &TenantId, sync: &str) -> Result<(), Error> {
        let sync = self.sync(tenant, sync).await?;
        if sync.state == State::Deleting {
            return Ok(());
        }
        self.move_to(tenant, &sync, State::Deleting).await
    }

    async fn move_to(&self, tenant: &TenantId, sync: &Sync, state: State) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        if !syncs::set_state(&mut tx, sync, state).await? {
            return Err(Error::Refused(format!(
                "sync \"{}\" has just been changed by somebody else; look at it and try again",
                sync.name
            )));
        }
        let action = format!("sync.{}", state.word());
        let entry = audit::Entry {
            actor: Actor::Tenant,
            action: &action,
            subject: sync.id.0,
            detail: &[],
        };
        audit::write(&mut tx, tenant, entry).await?;
        tx.commit().await?;
        self.announce(tenant, sync.id).await;
        Ok(())
    }

    /// Looks from time to time whether the reconciler has ended what is being deleted. Never returns.
    pub(crate) async fn watch_endings(&self) {
        loop {
            tokio::time::sleep(PERIOD).await;
            if let Err(error) = self.note_endings().await {
                tracing::warn!(reason = %error, "cannot see which deleted syncs have ended");
            }
        }
    }

    async fn note_endings(&self) -> Result<(), Error> {
        let mut db = self.db.acquire().await?;
        let known = syncs::known_to_services(&mut db).await?;
        drop(db);
        for sync in known.iter().filter(|sync| sync.state == State::Deleting) {
            self.has_ended(sync).await?;
        }
        Ok(())
    }

    /// Whether the reconciler has ended a sync that is being deleted; if so, that is noted.
    async fn has_ended(&self, sync: &Sync) -> Result<bool, Error> {
        let request = StatusRequest {
            sync: Some(reference(sync)),
        };
        let phase = match self.reconciler.clone().status(request).await {
            Ok(status) => status.into_inner().phase,
            // It has yet to hear of the sync, and that it ends.
            Err(status) if status.code() == Code::NotFound => return Ok(false),
            Err(status) => return Err(Error::from_peer("ask for a sync's status", &status)),
        };
        if phase != OFF {
            return Ok(false);
        }
        let mut db = self.db.acquire().await?;
        syncs::set_ended(&mut db, sync).await?;
        Ok(true)
    }

    /// Waits until the sync of these two collections has ended, if it is being deleted.
    ///
    /// A reconciler that had not seen it end would simply go on when it comes back, and carry over what people
    /// deleted in between.
    pub(crate) async fn await_ending(
        &self,
        tenant: &TenantId,
        identity: Identity,
    ) -> Result<(), Error> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let mut db = self.db.acquire().await?;
            let found = syncs::with_identity(&mut db, tenant, identity).await?;
            drop(db);
            let Some(ending) = found.filter(Sync::is_ending) else {
                return Ok(());
            };
            if !self.has_ended(&ending).await? {
                if tokio::time::Instant::now() >= deadline {
                    return Err(still_ending(&ending));
                }
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Asks every connector what its provider is, so that definitions carry its present answer. Never returns.
    pub(crate) async fn watch_connectors(&self) {
        loop {
            for connector in self.connectors.all() {
                if let Err(error) = connector.about().await {
                    tracing::debug!(provider = connector.provider(), reason = %error, "a connector does not answer yet");
                }
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
}

/// What was begun before the deletion waits for its answers.
pub(crate) fn still_ending(sync: &Sync) -> Error {
    Error::Refused(format!(
        "sync \"{}\" is still being ended, because writes that were begun wait for their answers; apply the file \
         again in a minute",
        sync.name
    ))
}

/// How the reconciler is told which sync is meant.
fn reference(sync: &Sync) -> SyncRef {
    SyncRef {
        tenant: sync.tenant.to_string(),
        sync: sync.id.to_string(),
    }
}
