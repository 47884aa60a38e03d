//! List views: whether one is still there, and who is in it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use provider::{Collection, CollectionState, Fault, Scope};

use crate::{
    client::{BATCH, Client, Records},
    fault::Failure,
    wire::Row,
};

/// The word for a list view, in definitions.
pub(crate) const LIST_VIEW: &str = "list_view";

/// Pages of list views that are read.
const PAGES: u32 = 10;

/// The list views of a module that the account offers.
pub(crate) async fn offered(client: &Client<'_>, module: &str) -> Result<Vec<Collection>, Fault> {
    let mut collections = Vec::new();
    for page in 1..=PAGES {
        let list = client.views(module, page).await?;
        collections.extend(list.custom_views.into_iter().map(|view| {
            Collection {
                name: view
                    .display_value
                    .or(view.name)
                    .unwrap_or_else(|| view.id.clone()),
                id: view.id,
                form: LIST_VIEW.to_owned(),
            }
        }));
        if !list.info.more_records {
            break;
        }
    }
    Ok(collections)
}

/// What became of a list view, and the provider's clock.
pub(crate) async fn state(
    client: &Client<'_>,
    module: &str,
    id: &str,
) -> Result<(CollectionState, Timestamp), Fault> {
    match client.view(module, id).await {
        Ok(answer) if answer.body.custom_views.iter().any(|view| view.id == id) => {
            Ok((CollectionState::Present, answer.at))
        }
        Ok(answer) => Ok((CollectionState::Gone, answer.at)),
        Err(failure) if is_gone(&failure) => Ok((CollectionState::Gone, Timestamp::now())),
        Err(failure) => match failure.fault {
            Fault::Forbidden { .. } => Ok((CollectionState::Forbidden, Timestamp::now())),
            fault => Err(fault),
        },
    }
}

fn is_gone(failure: &Failure) -> bool {
    failure.is_unknown_id("id") || failure.is_unknown_id("cvid")
}

/// Which of these records are inside the scope's list view.
pub(crate) async fn members_among(
    client: &Client<'_>,
    module: &str,
    scope: &Scope,
    ids: &[String],
) -> Result<BTreeSet<String>, Failure> {
    if scope.collection.is_empty() {
        return Ok(ids.iter().cloned().collect());
    }
    let mut members = BTreeSet::new();
    for ids in ids.chunks(BATCH) {
        let list = Records {
            fields: "Modified_Time",
            ids,
            view: Some(&scope.collection),
            ..Records::default()
        };
        let page = client.records(module, &list).await?.body;
        members.extend(page.data.iter().filter_map(Row::id).map(str::to_owned));
    }
    Ok(members)
}
