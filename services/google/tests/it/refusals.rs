//! Values that Google does not accept.

use pretty_assertions::assert_eq;
use provider::{Answer, RefusedPath};
use serde_json::json;

use crate::account::{
    Account, applied, create, create_record, edit, path, record, scope, text, update, words,
};

const LONG: usize = 1025;

// proves: R-28
#[tokio::test]
async fn a_refused_record_among_two_hundred_harms_only_itself() {
    let account = Account::unkind().await;
    let names = account.add_many(200, "myContacts").await;
    let versions = account.versions().await;
    let long = "x".repeat(LONG);
    let value = |at: usize| if at == 77 { long.as_str() } else { "CTO" };
    let writes = names.iter().enumerate().map(|(at, name)| {
        update(
            name,
            &versions[name],
            vec![edit("title", None, Some(value(at)))],
        )
    });
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    assert_eq!(words(&outcomes), [("applied", 199), ("refused", 1)].into());
    let Answer::Refused { path, reason } = &outcomes[77].answer else {
        panic!()
    };
    assert_eq!(path.as_deref(), Some("title"));
    assert!(!reason.contains("xxx"), "{reason}");
    assert!(account.calls("people.batchUpdateContacts") <= 3);
}

// proves: R-28
#[tokio::test]
async fn a_refused_path_is_left_out_and_the_rest_counts() {
    let account = Account::unkind().await;
    let names = account.add_many(2, "myContacts").await;
    let versions = account.versions().await;
    let long = "x".repeat(LONG);
    let writes = names.iter().map(|name| {
        let nickname = if *name == names[0] {
            long.as_str()
        } else {
            "Nan"
        };
        update(
            name,
            &versions[name],
            vec![
                edit("title", None, Some("CTO")),
                edit("nickname", None, Some(nickname)),
            ],
        )
    });
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    let Answer::Applied(first) = &outcomes[0].answer else {
        panic!("{:?}", outcomes[0].answer)
    };
    assert_eq!(
        first
            .refused
            .iter()
            .map(|refused| refused.path.as_str())
            .collect::<Vec<_>>(),
        ["nickname"]
    );
    assert_eq!(
        applied(&outcomes[0]).record.fields[&path("title")],
        text("CTO")
    );
    let Answer::Applied(second) = &outcomes[1].answer else {
        panic!()
    };
    assert_eq!(second.refused, Vec::<RefusedPath>::new());
}

#[tokio::test]
async fn a_refusal_that_names_no_field_is_found_field_by_field() {
    let account = Account::kind().await;
    let names = account.add_many(5, "myContacts").await;
    let versions = account.versions().await;
    // Together with the rest this is more than a contact may hold.
    let huge = "x".repeat(140 * 1024);
    let writes = names.iter().enumerate().map(|(at, name)| {
        let note = if at == 2 { huge.as_str() } else { "short" };
        update(
            name,
            &versions[name],
            vec![
                edit("title", None, Some("CTO")),
                edit("note", None, Some(note)),
            ],
        )
    });
    let outcomes = account.execute(&scope(""), writes.collect()).await;
    assert_eq!(words(&outcomes), [("applied", 5)].into());
    let Answer::Applied(culprit) = &outcomes[2].answer else {
        panic!()
    };
    assert_eq!(
        culprit
            .refused
            .iter()
            .map(|refused| refused.path.as_str())
            .collect::<Vec<_>>(),
        ["note"]
    );
    assert_eq!(
        account.truth(&names[2]).await["organizations"][0]["title"],
        "CTO"
    );
}

// proves: R-28
#[tokio::test]
async fn a_refused_create_among_two_hundred_harms_only_itself() {
    let account = Account::unkind().await;
    let group = account.group("Clients").await;
    let mut writes: Vec<_> = (0..200).map(|number| create(number, false)).collect();
    let mut long = record(50);
    long.fields.clear();
    long.set(path("name.family"), Some(text(&"x".repeat(LONG))));
    writes[50] = create_record(long, "marker-50", false);
    let mut partly = record(60);
    partly.set(path("nickname"), Some(text(&"x".repeat(LONG))));
    writes[60] = create_record(partly, "marker-60", false);
    let outcomes = account.execute(&scope(&group), writes).await;
    assert_eq!(words(&outcomes), [("applied", 199), ("refused", 1)].into());
    let Answer::Refused { path, .. } = &outcomes[50].answer else {
        panic!()
    };
    assert_eq!(path.as_deref(), Some("name.family"));
    let Answer::Applied(partly) = &outcomes[60].answer else {
        panic!()
    };
    assert_eq!(partly.refused[0].path, "nickname");
    assert_eq!(account.contacts().await.len(), 199);
}

#[tokio::test]
async fn a_refused_batch_of_creates_that_was_made_in_part_doubles_nothing() {
    let account = Account::kind().await;
    account
        .configure(json!({ "failed_batch_applies_rest": true }))
        .await;
    let mut writes: Vec<_> = (0..20).map(|number| create(number, false)).collect();
    let mut long = record(5);
    long.set(path("nickname"), Some(text(&"x".repeat(LONG))));
    writes[5] = create_record(long, "marker-5", false);
    let outcomes = account.execute(&scope(""), writes).await;
    assert_eq!(words(&outcomes), [("applied", 1), ("existing", 19)].into());
    assert_eq!(account.contacts().await.len(), 20);
}

#[tokio::test]
async fn a_full_address_book_refuses_creates_without_trying_each() {
    let account = Account::kind().await;
    account.configure(json!({ "contact_cap": 0 })).await;
    let outcomes = account
        .execute(
            &scope(""),
            (0..20).map(|number| create(number, false)).collect(),
        )
        .await;
    assert_eq!(words(&outcomes), [("refused", 20)].into());
    let Answer::Refused { reason, .. } = &outcomes[0].answer else {
        panic!()
    };
    assert!(reason.contains("full"), "{reason}");
    assert_eq!(account.calls("people.batchCreateContacts"), 1);
}

#[tokio::test]
async fn a_field_that_google_does_not_have_is_refused_by_its_path() {
    let account = Account::kind().await;
    let names = account.add_many(1, "myContacts").await;
    let versions = account.versions().await;
    let write = update(
        &names[0],
        &versions[&names[0]],
        vec![edit("photo", None, Some("x"))],
    );
    let outcomes = account.execute(&scope(""), vec![write]).await;
    let Answer::Refused { path, .. } = &outcomes[0].answer else {
        panic!("{:?}", outcomes[0].answer)
    };
    assert_eq!(path.as_deref(), Some("photo"));
    assert_eq!(account.calls("people.updateContact"), 0);
}
