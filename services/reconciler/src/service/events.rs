//! What happened to a sync, as a stream of CloudEvents from the store.

use std::{pin::Pin, time::Duration};

use futures_util::{Stream, stream};
use proto::reconcile::{EventsRequest, EventsResponse};
use sqlx::PgPool;
use tonic::Status;
use uuid::Uuid;

use super::failed;
use crate::store::{SyncKey, notice};

const PAGE: i64 = 200;
/// How often a listener that has seen everything looks again.
const PAUSE: Duration = Duration::from_millis(500);

struct Reading {
    pool: PgPool,
    key: SyncKey,
    after: Option<Uuid>,
    once: bool,
    page: std::vec::IntoIter<notice::Notice>,
}

/// Events after the one that the request names, for as long as the caller listens.
pub(super) async fn stream(
    pool: PgPool,
    key: SyncKey,
    request: &EventsRequest,
) -> Result<Pin<Box<dyn Stream<Item = Result<EventsResponse, Status>> + Send>>, Status> {
    let after = if request.all {
        None
    } else if request.after.is_empty() {
        let mut connection = pool.acquire().await.map_err(failed)?;
        notice::newest(&mut connection, &key)
            .await
            .map_err(failed)?
    } else {
        Some(
            Uuid::parse_str(&request.after)
                .map_err(|_| Status::invalid_argument("no event has this id"))?,
        )
    };
    let reading = Reading {
        pool,
        key,
        after,
        once: request.once,
        page: Vec::new().into_iter(),
    };
    Ok(Box::pin(stream::unfold(reading, next)))
}

async fn next(mut reading: Reading) -> Option<(Result<EventsResponse, Status>, Reading)> {
    loop {
        if let Some(notice) = reading.page.next() {
            reading.after = Some(notice.id);
            let event = serde_json::to_string(&notice.event)
                .map(|event_json| EventsResponse {
                    event_json,
                    id: notice.id.to_string(),
                })
                .map_err(|_| Status::internal("an event cannot be written"));
            return Some((event, reading));
        }
        let page = async {
            let mut connection = reading.pool.acquire().await.map_err(failed)?;
            notice::after(&mut connection, &reading.key, reading.after, PAGE)
                .await
                .map_err(failed)
        }
        .await;
        match page {
            Ok(page) if page.is_empty() && reading.once => return None,
            Ok(page) if page.is_empty() => tokio::time::sleep(PAUSE).await,
            Ok(page) => reading.page = page.into_iter(),
            Err(status) => return Some((Err(status), reading)),
        }
    }
}
