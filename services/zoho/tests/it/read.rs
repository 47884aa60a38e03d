//! Reading by id: what is there, what is proved gone, what is out of reach.

use http::Method;
use provider::{Answer, Operation, Read};
use serde_json::{Value as Json, json};

use crate::lab::{Lab, scope, shown};

fn read(id: &str, former_ids: &[&str]) -> Operation {
    let former_ids = former_ids.iter().map(|id| (*id).to_owned()).collect();
    Operation::Read(Read {
        remote_id: id.to_owned(),
        former_ids,
    })
}

// proves: R-20
#[tokio::test]
async fn only_the_list_of_deleted_records_proves_a_deletion() {
    let lab = Lab::kind().await;
    let row = |name: &str, tier: &str| json!({"Last_Name": name, "Tier": tier});
    let rows = json!([
        row("A", "Key"),
        row("B", "Regular"),
        row("C", "Key"),
        row("D", "Key"),
        row("E", "Key"),
        row("F", "Key")
    ]);
    let ids = lab.contacts(rows).await;
    lab.delete(&ids[2]).await;
    let forever = format!("/zoho/records/Contacts/{}?permanent=true", ids[3]);
    lab.control(Method::DELETE, &forever, Json::Null).await;
    let unknown = "5725767000000999999";
    let scope = scope(&lab.key_accounts().await);
    let reads = [
        ids[0].as_str(),
        &ids[1],
        &ids[2],
        &ids[3],
        unknown,
        "no id at all",
    ];
    let mut reads: Vec<Operation> = reads.map(|id| read(id, &[])).into();
    reads.push(read(unknown, &[&ids[4]]));
    let outcomes = lab.execute(&scope, reads).await;
    let found = |number: usize| match &outcomes[number].answer {
        Answer::Found(live) => (
            live.remote_id.as_str(),
            live.in_scope,
            shown(&live.record, "name.family").unwrap(),
        ),
        other => panic!("{other:?}"),
    };
    assert_eq!(found(0), (ids[0].as_str(), true, "A".to_owned()));
    assert_eq!(found(1), (ids[1].as_str(), false, "B".to_owned()));
    assert_eq!(found(6), (ids[4].as_str(), true, "E".to_owned()));
    for number in [2, 3] {
        assert_eq!(
            outcomes[number].answer,
            Answer::Gone {
                proved: true,
                collection: false
            }
        );
    }
    for number in [4, 5] {
        assert_eq!(
            outcomes[number].answer,
            Answer::Gone {
                proved: false,
                collection: false
            }
        );
    }
}

// proves: R-03
#[tokio::test]
async fn a_reading_by_id_shows_what_lists_do_not_show_yet() {
    let lab = Lab::unkind().await;
    lab.settings(json!({"list_lag_min_milliseconds": 60_000, "list_lag_max_milliseconds": 60_000}))
        .await;
    let id = lab.contact(json!({"Last_Name": "Lee"})).await;
    let outcome = lab.one(&scope(""), read(&id, &[])).await;
    assert!(matches!(outcome.answer, Answer::Found(_)), "{outcome:?}");
    lab.edit(&id, json!({"Title": "Chief"})).await;
    let many = std::iter::repeat_with(|| read(&id, &[])).take(8).collect();
    for outcome in lab.execute(&scope(""), many).await {
        let Answer::Found(live) = outcome.answer else {
            panic!("{outcome:?}")
        };
        assert_eq!(shown(&live.record, "title").as_deref(), Some("Chief"));
    }
}

// proves: R-21
#[tokio::test]
async fn nothing_is_gone_by_itself_when_its_view_is_gone() {
    let lab = Lab::kind().await;
    let ids = lab
        .contacts(json!([{"Last_Name": "A"}, {"Last_Name": "B"}]))
        .await;
    lab.delete(&ids[0]).await;
    let view = lab.key_accounts().await;
    lab.control(Method::DELETE, &format!("/zoho/views/{view}"), Json::Null)
        .await;
    let outcomes = lab
        .execute(&scope(&view), vec![read(&ids[0], &[]), read(&ids[1], &[])])
        .await;
    for outcome in outcomes {
        assert_eq!(
            outcome.answer,
            Answer::Gone {
                proved: false,
                collection: true
            }
        );
    }
}
