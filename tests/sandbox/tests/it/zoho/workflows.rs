//! `trigger`: what the CRM does on its own after a write.

use reqwest::Method;
use serde_json::{Value, json};

use super::Crm;

async fn rule(crm: &Crm) {
    let rules = json!([{
        "name": "Tidy up", "module": "Contacts", "on": "edit", "set": {"Description": "Edited"}, "mails": 1,
    }]);
    crm.control(Method::PUT, "/workflows", rules).await;
}

#[tokio::test]
async fn a_rule_rewrites_a_field_unless_trigger_is_empty() {
    let crm = Crm::kind().await;
    rule(&crm).await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    let edit = |trigger: Option<Value>| {
        let mut body = json!({"data": [{"id": id, "Title": "x"}]});
        if let Some(trigger) = trigger {
            body["trigger"] = trigger;
        }
        crm.put("/Contacts", body)
    };
    assert_eq!(edit(Some(json!([]))).await.status, 200);
    assert_eq!(crm.record(&id).await["Description"], Value::Null);
    assert_eq!(crm.mark("zoho.workflow_runs").await, 0);
    assert_eq!(crm.mark("zoho.automated_writes").await, 0);
    edit(Some(json!(["approval"]))).await;
    assert_eq!(crm.record(&id).await["Description"], Value::Null);
    edit(None).await;
    assert_eq!(crm.record(&id).await["Description"], "Edited");
    edit(Some(json!(["workflow"]))).await;
    assert_eq!(crm.mark("zoho.workflow_runs").await, 2);
    assert_eq!(crm.mark("zoho.automated_writes").await, 2);
    let counts = crm.lab.control(Method::GET, "/counts", Value::Null).await;
    assert_eq!(counts["mails"]["zoho"], 2);
}

#[tokio::test]
async fn edits_by_people_run_rules_too_and_count_as_nobodys_write() {
    let crm = Crm::kind().await;
    rule(&crm).await;
    let id = crm.contact(json!({"Last_Name": "Xu"})).await;
    crm.control(
        Method::PATCH,
        &format!("/records/Contacts/{id}"),
        json!({"Title": "x"}),
    )
    .await;
    let record = crm.record(&id).await;
    assert_eq!(record["Description"], "Edited");
    assert_eq!(record["Modified_By"]["name"], "Ben Carter");
    assert_eq!(crm.mark("zoho.automated_writes").await, 0);
}

#[tokio::test]
async fn rules_about_fields_that_do_not_exist_are_refused() {
    let crm = Crm::kind().await;
    let bad = json!([{"name": "x", "module": "Contacts", "on": "edit", "set": {"Nonsense": "x"}}]);
    assert_eq!(
        crm.lab
            .try_control(Method::PUT, "/zoho/workflows", bad)
            .await
            .status,
        404
    );
    let bad = json!([{"name": "x", "module": "Contacts", "on": "sometimes"}]);
    assert!(
        crm.lab
            .try_control(Method::PUT, "/zoho/workflows", bad)
            .await
            .status
            >= 400
    );
}
