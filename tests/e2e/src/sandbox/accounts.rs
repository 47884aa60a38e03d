//! What people see and grant through the providers' own APIs, without a service of ours.

use anyhow::Context as _;
use reqwest::{Client, Url, header::LOCATION, redirect::Policy};
use serde_json::{Value, json};

use super::{Sandbox, client};

/// Where the consent page sends people back to; nobody listens there.
const BACK: &str = "http://127.0.0.1:1/";

fn text<'a>(part: &'a Value, name: &str) -> anyhow::Result<&'a str> {
    part[name]
        .as_str()
        .with_context(|| format!("{name} is missing"))
}

#[allow(
    clippy::disallowed_methods,
    reason = "a person's browser; nothing is paced or counted"
)]
fn browser() -> anyhow::Result<Client> {
    Ok(Client::builder().redirect(Policy::none()).build()?)
}

impl Sandbox {
    /// Has Ana consent to these scopes of Google's alone, named without what they begin with; answers a secret file's
    /// content for `rapport connect`.
    pub async fn google_secret(&self, scopes: &[&str]) -> anyhow::Result<Value> {
        let google = &self.credentials.google;
        let named = |scope: &&str| format!("https://www.googleapis.com/auth/{scope}");
        let scopes: Vec<String> = scopes.iter().map(named).collect();
        let (client_id, client_secret) =
            (text(google, "client_id")?, text(google, "client_secret")?);
        let page = Url::parse_with_params(
            text(google, "authorize_url")?,
            [
                ("client_id", client_id),
                ("redirect_uri", BACK),
                ("response_type", "code"),
                ("access_type", "offline"),
                ("prompt", "consent"),
                ("login_hint", "ana@example.com"),
                ("scope", &scopes.join(" ")),
                ("auto", "1"),
            ],
        )?;
        let sent_back = browser()?.get(page).send().await?;
        let place = sent_back.headers().get(LOCATION);
        let place = place.context("the consent page sends nobody back")?;
        let place = Url::parse(place.to_str()?)?;
        let code = place.query_pairs().find(|(name, _)| name == "code");
        let (_, code) = code.context("nobody consented")?;
        let exchange = json!({
            "grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
            "client_id": client_id, "client_secret": client_secret,
        });
        let exchange = self.client.post(text(google, "token_url")?).form(&exchange);
        let token = self.send(exchange).await?;
        Ok(json!({ "refresh_token": text(&token, "refresh_token")? }))
    }

    /// The ids of all that Zoho CRM lists to Ana in a list view of a module.
    pub async fn zoho_listed(&self, module: &str, view: &str) -> anyhow::Result<Vec<String>> {
        let zoho = &self.credentials.zoho;
        let renewal = json!({
            "grant_type": "refresh_token", "refresh_token": text(zoho, "refresh_token")?,
            "client_id": text(zoho, "client_id")?, "client_secret": text(zoho, "client_secret")?,
        });
        let renewal = client()?
            .post(format!("{}/oauth/v2/token", text(zoho, "accounts_url")?))
            .form(&renewal);
        let session = self.send(renewal).await?;
        let api = format!("{}/crm/v8", text(zoho, "base_url")?);
        let authorised = format!("Zoho-oauthtoken {}", text(&session, "access_token")?);
        let get = async |path: &str, query: &[(&str, &str)]| {
            let request = self.client.get(format!("{api}/{path}")).query(query);
            self.send(request.header("Authorization", &authorised))
                .await
        };
        let views = get("settings/custom_views", &[("module", module)]).await?;
        let views = views["custom_views"].as_array();
        let mut views = views.context("no list views")?.iter();
        let view = views.find(|one| one["name"] == view);
        let view = text(view.context("there is no such list view")?, "id")?;
        let (mut ids, mut page) = (Vec::new(), String::new());
        loop {
            let mut query = vec![
                ("cvid", view),
                ("fields", "Modified_Time"),
                ("per_page", "200"),
            ];
            if !page.is_empty() {
                query.push(("page_token", &page));
            }
            let listed = get(module, &query).await?;
            let rows = listed["data"].as_array().into_iter().flatten();
            ids.extend(rows.filter_map(|row| row["id"].as_str().map(str::to_owned)));
            match listed["info"]["next_page_token"].as_str() {
                Some(next) if listed["info"]["more_records"] == true => next.clone_into(&mut page),
                _ => return Ok(ids),
            }
        }
    }
}
