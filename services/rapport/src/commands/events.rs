//! `rapport events`: what happens, as CloudEvents in JSON, one a line.

use futures_util::{TryStreamExt as _, stream};
use proto::{control::ListSyncsRequest, reconcile::EventsRequest};

use crate::{
    caller::{Caller, named},
    cli::EventsArgs,
    failure::Failure,
    output,
};

pub(crate) async fn run(caller: &Caller, args: &EventsArgs) -> Result<(), Failure> {
    let names = if let Some(name) = &args.sync {
        vec![name.clone()]
    } else {
        let syncs = caller.list_syncs(ListSyncsRequest::default()).await?.syncs;
        syncs.into_iter().map(|sync| sync.id).collect()
    };
    let mut streams = Vec::new();
    for name in &names {
        let request = EventsRequest {
            sync: Some(named(name)),
            after: args.after.clone(),
            all: args.all,
            once: args.once,
        };
        streams.push(caller.events(request).await?);
    }
    let mut events = stream::select_all(streams);
    while let Some(event) = events
        .try_next()
        .await
        .map_err(|status| caller.failure(&status))?
    {
        output::line(event.event_json);
    }
    Ok(())
}
