//! Creating, updating and deleting: results in order, statuses, refusals, rewriting.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Crm, refused, text};
use crate::client::send;

fn codes(answer: &crate::client::Answer) -> Vec<String> {
    answer.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(&item["code"]))
        .collect()
}

#[tokio::test]
async fn created_records_are_answered_201_with_their_stamps() {
    let crm = Crm::kind().await;
    let answer = crm
        .post(
            "/Contacts",
            json!({"data": [{"Last_Name": "Xu"}], "trigger": []}),
        )
        .await;
    assert_eq!(answer.status, 201);
    let item = &answer.body["data"][0];
    assert_eq!(
        (&item["code"], &item["status"], &item["message"]),
        (&json!("SUCCESS"), &json!("success"), &json!("record added"))
    );
    let details = &item["details"];
    assert_eq!(details["Created_Time"], details["Modified_Time"]);
    assert_eq!(details["Created_By"]["name"], "Ana Demir");
    assert_eq!(text(&details["id"]).len(), 19);
}

#[tokio::test]
async fn mixed_results_are_207_in_the_order_of_the_request_and_all_refused_400() {
    let crm = Crm::kind().await;
    let body = json!({"data": [
        {"Last_Name": "One"}, {"First_Name": "No surname"}, {"Last_Name": "Three", "Email": "not an address"},
        {"Last_Name": "Four"}, "no object",
    ], "trigger": []});
    let answer = crm.post("/Contacts", body).await;
    assert_eq!(answer.status, 207);
    assert_eq!(
        codes(&answer),
        [
            "SUCCESS",
            "MANDATORY_NOT_FOUND",
            "INVALID_DATA",
            "SUCCESS",
            "INVALID_DATA"
        ]
    );
    let missing = &answer.body["data"][1];
    assert_eq!(
        missing["details"],
        json!({"api_name": "Last_Name", "json_path": "$.data[1].Last_Name"})
    );
    assert_eq!(
        answer.body["data"][2]["details"]["expected_data_type"],
        "email"
    );
    let answer = crm
        .post("/Contacts", json!({"data": [{"First_Name": "x"}]}))
        .await;
    assert_eq!(
        (answer.status, codes(&answer)),
        (400, vec!["MANDATORY_NOT_FOUND".to_owned()])
    );
    assert_eq!(
        crm.names("/Contacts?fields=Last_Name&sort_order=asc").await,
        ["One", "Four"]
    );
}

#[tokio::test]
async fn refused_values_are_named_with_what_would_fit() {
    let crm = Crm::kind().await;
    for (values, details) in [
        (
            json!({"First_Name": "x".repeat(41)}),
            json!({"api_name": "First_Name", "maximum_length": 40}),
        ),
        (
            json!({"Email": "a@b"}),
            json!({"api_name": "Email", "expected_data_type": "email"}),
        ),
        (
            json!({"Email": 7}),
            json!({"api_name": "Email", "expected_data_type": "email"}),
        ),
        (
            json!({"Date_of_Birth": "1.4.1990"}),
            json!({"api_name": "Date_of_Birth", "expected_data_type": "date"}),
        ),
        (
            json!({"Date_of_Birth": "1990-02-30"}),
            json!({"api_name": "Date_of_Birth"}),
        ),
        (
            json!({"Email_Opt_Out": "yes"}),
            json!({"api_name": "Email_Opt_Out", "expected_data_type": "boolean"}),
        ),
        (
            json!({"Tier": "Gold"}),
            json!({"api_name": "Tier", "supported_values": ["Key", "Regular"]}),
        ),
        (
            json!({"Tag": "x"}),
            json!({"api_name": "Tag", "expected_data_type": "jsonarray"}),
        ),
        (json!({"Owner": {"id": "1"}}), json!({"api_name": "Owner"})),
        (json!({"Last_Name": null}), json!({"api_name": "Last_Name"})),
    ] {
        let mut record = json!({"Last_Name": "Xu"});
        record
            .as_object_mut()
            .unwrap()
            .extend(values.as_object().unwrap().clone());
        let answer = crm.post("/Contacts", json!({"data": [record]})).await;
        assert_eq!(answer.status, 400, "{values}");
        let given = &answer.body["data"][0]["details"];
        for (name, value) in details.as_object().unwrap() {
            assert_eq!(&given[name], value, "{values} gave {given}");
        }
        assert!(
            text(&given["json_path"]).starts_with("$.data[0]."),
            "{given}"
        );
    }
}

#[tokio::test]
async fn malformed_bodies_and_more_than_a_hundred_records_are_refused() {
    let crm = Crm::kind().await;
    let raw = |body: &'static str| send(crm.request(Method::POST, "/Contacts").body(body));
    refused(
        &raw("{").await,
        400,
        "INVALID_DATA",
        &json!({"expected_data_type": "jsonobject"}),
    );
    refused(
        &raw("{}").await,
        400,
        "MANDATORY_NOT_FOUND",
        &json!({"api_name": "data"}),
    );
    let people = |count: usize| vec![json!({"Last_Name": "Xu"}); count];
    let many = crm.post("/Contacts", json!({"data": people(101)})).await;
    refused(
        &many,
        400,
        "INVALID_DATA",
        &json!({"maximum_length": 100, "api_name": "data"}),
    );
    let most = crm
        .post("/Contacts", json!({"data": people(100), "trigger": []}))
        .await;
    assert_eq!(most.status, 201);
    let ids = (0..101)
        .map(|n| n.to_string())
        .collect::<Vec<_>>()
        .join(",");
    refused(
        &crm.delete(&format!("/Contacts?ids={ids}")).await,
        400,
        "LIMIT_EXCEEDED",
        &json!({"limit": 100}),
    );
    refused(
        &crm.delete("/Contacts").await,
        400,
        "REQUIRED_PARAM_MISSING",
        &json!({"param_name": "ids"}),
    );
}

#[tokio::test]
async fn an_update_leaves_out_what_it_does_not_name_and_clears_with_null() {
    let crm = Crm::kind().await;
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Title": "Buyer", "Phone": "1"}))
        .await;
    crm.lab.advance(3).await;
    let before = crm.record(&id).await;
    let answer = crm
        .put(
            "/Contacts",
            json!({"data": [{"id": id, "Phone": null, "Fax": "2"}], "trigger": []}),
        )
        .await;
    assert_eq!(
        (answer.status, &answer.body["data"][0]["message"]),
        (200, &json!("record updated"))
    );
    let after = crm.record(&id).await;
    assert_eq!(
        (&after["Title"], &after["Phone"], &after["Fax"]),
        (&json!("Buyer"), &Value::Null, &json!("2"))
    );
    assert_ne!(after["Modified_Time"], before["Modified_Time"]);
    assert_eq!(after["Created_Time"], before["Created_Time"]);
    let one = crm
        .put(
            &format!("/Contacts/{id}"),
            json!({"data": [{"Title": "Partner"}]}),
        )
        .await;
    assert_eq!(one.status, 200);
    assert_eq!(crm.record(&id).await["Title"], "Partner");
}

#[tokio::test]
async fn an_update_that_changes_nothing_still_moves_the_stamp() {
    let crm = Crm::kind().await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let before = crm.record(&id).await;
    crm.lab.advance(2).await;
    crm.put(
        "/Contacts",
        json!({"data": [{"id": id, "Last_Name": "Xu"}], "trigger": []}),
    )
    .await;
    assert_ne!(
        crm.record(&id).await["Modified_Time"],
        before["Modified_Time"]
    );
}

#[tokio::test]
async fn an_update_needs_an_id_that_exists() {
    let crm = Crm::kind().await;
    let body =
        json!({"data": [{"Title": "x"}, {"id": "5725767000000999999"}, {"id": "x"}, {"id": []}]});
    let answer = crm.put("/Contacts", body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        codes(&answer),
        [
            "MANDATORY_NOT_FOUND",
            "INVALID_DATA",
            "INVALID_DATA",
            "INVALID_DATA"
        ]
    );
    assert_eq!(
        answer.body["data"][1]["details"],
        json!({"api_name": "id", "json_path": "$.data[1].id"})
    );
    let one = crm
        .put(
            "/Contacts/5725767000000999999",
            json!({"data": [{"Title": "x"}]}),
        )
        .await;
    assert_eq!(
        (one.status, codes(&one)),
        (400, vec!["INVALID_DATA".to_owned()])
    );
}

#[tokio::test]
async fn a_company_is_linked_by_id_and_not_by_name() {
    let crm = Crm::kind().await;
    let made = crm
        .post(
            "/Accounts",
            json!({"data": [{"Account_Name": "Acme"}], "trigger": []}),
        )
        .await;
    assert_eq!(made.status, 201);
    let account = text(&made.body["data"][0]["details"]["id"]);
    let by_name = json!({"data": [{"Last_Name": "Xu", "Account_Name": {"name": "Acme"}}]});
    let answer = crm.post("/Contacts", by_name).await;
    assert_eq!(
        (answer.status, codes(&answer)),
        (400, vec!["INVALID_DATA".to_owned()])
    );
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Account_Name": {"id": account}}))
        .await;
    let link = json!({"id": account, "name": "Acme"});
    assert_eq!(crm.record(&id).await["Account_Name"], link);
    crm.put(
        "/Accounts",
        json!({"data": [{"id": account, "Account_Name": "Acme Ltd"}], "trigger": []}),
    )
    .await;
    assert_eq!(crm.record(&id).await["Account_Name"]["name"], "Acme Ltd");
    crm.put(
        "/Contacts",
        json!({"data": [{"id": id, "Account_Name": null}], "trigger": []}),
    )
    .await;
    assert_eq!(crm.record(&id).await["Account_Name"], Value::Null);
    let listed = crm.get("/Accounts?fields=Account_Name").await;
    assert_eq!(
        listed.body["data"],
        json!([{"id": account, "Account_Name": "Acme Ltd"}])
    );
    assert_eq!(
        crm.get("/Accounts/search?criteria=(Account_Name:equals:Acme%20Ltd)")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_only_the_system_writes_and_what_does_not_exist_is_ignored() {
    let crm = Crm::kind().await;
    let id = crm
        .contact(json!({
            "Last_Name": "Xu", "Full_Name": "Somebody Else", "Created_Time": "2001-01-01T00:00:00Z",
            "Record_Image": "x", "Nonsense": 1, "$approved": false,
        }))
        .await;
    let record = crm.record(&id).await;
    assert_eq!(record["Full_Name"], "Xu");
    assert!(!text(&record["Created_Time"]).starts_with("2001"));
    assert_eq!(record["Record_Image"], Value::Null);
    assert!(record.get("Nonsense").is_none());
}

#[tokio::test]
async fn values_come_back_rewritten() {
    let crm = Crm::unkind().await;
    let id = crm
        .contact(json!({
            "Last_Name": "  Xu ", "Email": "Zoe.Xu@EXAMPLE.com", "Description": "a\r\nb", "Title": "  ",
        }))
        .await;
    let record = crm.record(&id).await;
    assert_eq!(
        (&record["Last_Name"], &record["Email"]),
        (&json!("Xu"), &json!("Zoe.Xu@example.com"))
    );
    assert_eq!(
        (&record["Description"], &record["Title"]),
        (&json!("a\nb"), &Value::Null)
    );
    crm.settings(json!({"rewrite_values": false})).await;
    let id = crm.contact(json!({"Last_Name": "  Xu "})).await;
    assert_eq!(crm.record(&id).await["Last_Name"], "  Xu ");
}

#[tokio::test]
async fn deleting_answers_each_id() {
    let crm = Crm::kind().await;
    let one = crm.contact(json!({"Last_Name": "One"})).await;
    let two = crm.contact(json!({"Last_Name": "Two"})).await;
    let answer = crm
        .delete(&format!(
            "/Contacts?ids={one},5725767000000999999&wf_trigger=false"
        ))
        .await;
    assert_eq!(
        (answer.status, codes(&answer)),
        (207, vec!["SUCCESS".to_owned(), "INVALID_DATA".to_owned()])
    );
    assert_eq!(answer.body["data"][0]["details"]["id"], json!(one));
    assert_eq!(crm.get(&format!("/Contacts/{one}")).await.status, 204);
    assert_eq!(crm.delete(&format!("/Contacts/{two}")).await.status, 200);
    assert_eq!(crm.delete(&format!("/Contacts/{two}")).await.status, 400);
    refused(
        &crm.delete("/Contacts?ids=x").await,
        400,
        "INVALID_DATA",
        &json!({"param_name": "ids"}),
    );
}

#[tokio::test]
async fn a_unique_field_refuses_what_another_record_holds() {
    let crm = Crm::kind().await;
    let same = json!({"Last_Name": "Xu", "Email": "zoe@example.com"});
    let holder = crm.contact(same.clone()).await;
    crm.contact(same.clone()).await;
    for field in ["Email", "Customer_Number"] {
        crm.control(
            Method::PATCH,
            &format!("/fields/Contacts/{field}"),
            json!({"unique": true}),
        )
        .await;
    }
    let clash = json!({"Last_Name": "Xu", "Email": "ZOE@example.com"});
    let answer = crm.post("/Contacts", json!({"data": [clash]})).await;
    assert_eq!(
        (answer.status, codes(&answer)),
        (400, vec!["DUPLICATE_DATA".to_owned()])
    );
    let details = &answer.body["data"][0]["details"];
    assert_eq!(
        (&details["api_name"], &details["duplicate_record"]["id"]),
        (&json!("Email"), &json!(holder))
    );
    assert_eq!(
        details["duplicate_record"]["module"]["api_name"],
        "Contacts"
    );
    let body = json!({"data": [
        {"Last_Name": "A", "Customer_Number": "7"}, {"Last_Name": "B", "Customer_Number": "7"},
        {"Last_Name": "C", "Customer_Number": "7", "Email": "zoe@example.com"},
    ], "trigger": []});
    let answer = crm.post("/Contacts", body).await;
    assert_eq!(answer.status, 207);
    assert_eq!(
        codes(&answer),
        ["SUCCESS", "DUPLICATE_DATA", "MULTIPLE_OR_MULTI_ERRORS"]
    );
    assert_eq!(
        answer.body["data"][2]["details"]["errors"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let own = json!({"data": [{"id": holder, "Email": "zoe@example.com"}], "trigger": []});
    assert_eq!(
        crm.put("/Contacts", own).await.status,
        200,
        "its own value is no clash"
    );
}

#[tokio::test]
async fn a_create_whose_answer_was_cut_off_exists() {
    let crm = Crm::kind().await;
    crm.lab.sandbox.add_fault(sandbox::Rule::nth(
        "zoho",
        "Contacts.createRecords",
        1,
        sandbox::Fault::CutAfterCommit,
    ));
    let lost = crm
        .request(Method::POST, "/Contacts")
        .json(&json!({"data": [{"Last_Name": "Xu"}]}));
    assert!(lost.send().await.is_err());
    assert_eq!(crm.names("/Contacts?fields=Last_Name").await, ["Xu"]);
    let entry = crm
        .lab
        .sandbox
        .journal()
        .into_iter()
        .find(|entry| entry.method == "Contacts.createRecords")
        .unwrap();
    assert_eq!((entry.status, entry.written.len()), (None, 1));
    assert_eq!(
        entry.account.as_deref(),
        Some("ana@harbour-hill.example.com")
    );
}
