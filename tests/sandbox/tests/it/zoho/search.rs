//! `/search` and COQL.

use serde_json::{Value, json};

use super::{Crm, refused};

async fn people(crm: &Crm) {
    for values in [
        json!({"Last_Name": "Xu", "First_Name": "Zoe", "Email": "zoe@example.com", "Phone": "+44 20 7900 0012"}),
        json!({"Last_Name": "Xu Ming", "First_Name": "Zoe Anna", "Secondary_Email": "zoe@example.org"}),
        json!({"Last_Name": "O'Brien", "First_Name": "Ann", "Email": "ann@example.com", "Title": "Buyer (UK)"}),
    ] {
        crm.contact(values).await;
        crm.lab.advance(10).await;
    }
}

async fn found(crm: &Crm, query: &str) -> Vec<String> {
    let mut names = crm.names(&format!("/Contacts/search?{query}")).await;
    names.sort();
    names
}

#[tokio::test]
async fn search_finds_by_email_phone_word_and_criteria() {
    let crm = Crm::kind().await;
    people(&crm).await;
    assert_eq!(found(&crm, "email=ZOE@example.com").await, ["Xu"]);
    assert_eq!(found(&crm, "email=zoe@example.org").await, ["Xu Ming"]);
    assert_eq!(found(&crm, "phone=442079000012").await, ["Xu"]);
    assert_eq!(found(&crm, "word=ming").await, ["Xu Ming"]);
    assert_eq!(found(&crm, "criteria=(Last_Name:equals:xu)").await, ["Xu"]);
    assert_eq!(
        found(&crm, "criteria=(Last_Name:starts_with:Xu)").await,
        ["Xu", "Xu Ming"]
    );
    assert_eq!(
        found(&crm, r"criteria=(Title:equals:Buyer%20\(UK\))").await,
        ["O'Brien"]
    );
    assert_eq!(
        found(
            &crm,
            "criteria=((Last_Name:equals:Nobody)or(Email:in:ann@example.com,x@y.zz))"
        )
        .await,
        ["O'Brien"]
    );
    assert!(found(&crm, "email=nobody@example.com").await.is_empty());
}

#[tokio::test]
async fn several_equals_behave_like_a_word_match() {
    let crm = Crm::kind().await;
    people(&crm).await;
    let criteria = "criteria=((Last_Name:equals:Xu)and(First_Name:equals:Zoe))";
    assert_eq!(found(&crm, criteria).await, ["Xu", "Xu Ming"]);
}

#[tokio::test]
async fn bad_searches_are_refused() {
    let crm = Crm::kind().await;
    refused(
        &crm.get("/Contacts/search").await,
        400,
        "REQUIRED_PARAM_MISSING",
        &json!({"param_name": "criteria"}),
    );
    let malformed = crm
        .get("/Contacts/search?criteria=Last_Name:equals:Xu")
        .await;
    refused(
        &malformed,
        400,
        "INVALID_DATA",
        &json!({"param_name": "criteria"}),
    );
    let eleven = ["(Last_Name:equals:Xu)"; 11].join("or");
    let many = crm
        .get(&format!("/Contacts/search?criteria=({eleven})"))
        .await;
    refused(&many, 400, "LIMIT_EXCEEDED", &json!({"limit": 10}));
}

async fn coql(crm: &Crm, query: &str) -> crate::client::Answer {
    crm.post("/coql", json!({"select_query": query})).await
}

#[tokio::test]
async fn coql_selects_orders_and_limits() {
    let crm = Crm::kind().await;
    people(&crm).await;
    let answer = coql(&crm, "select Last_Name, Email from Contacts where Last_Name like 'Xu%' order by Created_Time desc limit 0, 1").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.body["info"],
        json!({"count": 1, "more_records": true})
    );
    let row = &answer.body["data"][0];
    assert_eq!(
        (&row["Last_Name"], &row["Email"]),
        (&json!("Xu Ming"), &Value::Null)
    );
    assert!(row["id"].is_string(), "the id comes by itself");
    let answer = coql(
        &crm,
        "select id from Contacts where Email in ('ann@example.com') and Last_Name = 'O\\'Brien'",
    )
    .await;
    assert_eq!(answer.body["info"]["count"], 1);
    assert_eq!(
        coql(&crm, "select id from Contacts where Email = 'x'")
            .await
            .status,
        204
    );
}

#[tokio::test]
async fn coql_compares_instants_and_reads_over_a_lookup() {
    let crm = Crm::kind().await;
    let made = crm
        .post(
            "/Accounts",
            json!({"data": [{"Account_Name": "Acme"}], "trigger": []}),
        )
        .await;
    let account = made.body["data"][0]["details"]["id"].clone();
    let id = crm
        .contact(json!({"Last_Name": "Xu", "Account_Name": {"id": account}}))
        .await;
    let modified = crm.record(&id).await["Modified_Time"].clone();
    let modified = modified.as_str().unwrap();
    let query = format!(
        "select Modified_Time, Account_Name, Account_Name.Account_Name from Contacts where Modified_Time >= '{modified}'"
    );
    let answer = coql(&crm, &query).await;
    let row = &answer.body["data"][0];
    assert_eq!(row["Modified_Time"], modified);
    assert_eq!(row["Account_Name"], json!({"id": account}));
    assert_eq!(row["Account_Name.Account_Name"], "Acme");
    let query = format!("select id from Contacts where Modified_Time > '{modified}'");
    assert_eq!(coql(&crm, &query).await.status, 204);
    let query = format!(
        "select id from Contacts where Account_Name = {}",
        account.as_str().unwrap()
    );
    assert_eq!(coql(&crm, &query).await.status, 200);
}

#[tokio::test]
async fn bad_queries_are_refused_with_what_is_wrong() {
    let crm = Crm::kind().await;
    for (query, code, details) in [
        (
            "select id from Contacts",
            "SYNTAX_ERROR",
            json!({"clause": "where"}),
        ),
        (
            "select id Contacts where id = 1",
            "SYNTAX_ERROR",
            json!({"near": "Contacts"}),
        ),
        (
            "select Nonsense from Contacts where id = 1",
            "INVALID_QUERY",
            json!({"column_name": "Nonsense"}),
        ),
        (
            "select id from Contacts where Nonsense = 1",
            "INVALID_QUERY",
            json!({"column_name": "Nonsense"}),
        ),
        (
            "select id from Dragons where id = 1",
            "INVALID_MODULE",
            json!({}),
        ),
        (
            "select id from Contacts where id = 1 limit 2001",
            "LIMIT_EXCEEDED",
            json!({"limit": 2000}),
        ),
        (
            "select id from Contacts where id = 1 limit x",
            "INVALID_QUERY",
            json!({"limit": "x"}),
        ),
    ] {
        refused(&coql(&crm, query).await, 400, code, &details);
    }
    refused(
        &crm.post("/coql", json!({})).await,
        400,
        "MANDATORY_NOT_FOUND",
        &json!({"api_name": "select_query"}),
    );
}
