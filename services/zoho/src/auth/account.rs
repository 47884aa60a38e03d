//! The account behind a session, and what it may do.

use jiff::Timestamp;
use provider::{Account, Fault, Session};
use serde_json::Value;

use crate::{
    client::Client,
    config::ZohoSettings,
    fault::right_in_words,
    kind::Kind,
    wire::{Org, Profile, User},
};

/// What syncs do with contacts and meetings, by the names of Zoho's permissions. Only the form of the names is documented.
const PERMISSIONS: [&str; 8] = [
    "Crm_Implied_View_Contacts",
    "Crm_Implied_Create_Contacts",
    "Crm_Implied_Edit_Contacts",
    "Crm_Implied_Delete_Contacts",
    "Crm_Implied_View_Events",
    "Crm_Implied_Create_Events",
    "Crm_Implied_Edit_Events",
    "Crm_Implied_Delete_Events",
];

/// The permission without which there is nothing to sync.
fn viewing(kind: Kind) -> String {
    format!("Crm_Implied_View_{}", kind.module())
}

/// The rights of the permissions whose names are settings, with those names.
fn to_sync(settings: &ZohoSettings) -> [(&'static str, &str); 2] {
    [
        ("sync with google contacts", &settings.sync_permission),
        (
            "sync with google calendar",
            &settings.calendar_sync_permission,
        ),
    ]
}

/// Whose session it is, and which rights the user's profile lacks.
pub(crate) async fn verify(
    session: Session<'_>,
    settings: &ZohoSettings,
) -> Result<Account, Fault> {
    let client = Client::new(session)?;
    let (user, org) = (current_user(&client).await?, current_org(&client).await?);
    let zgid = match &org.zgid {
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    let missing_rights = match &user.profile {
        Some(profile) => missing_rights(&client, &profile.id, settings).await?,
        None => Vec::new(),
    };
    let names = [user.email.as_deref(), org.company_name.as_deref()];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" at ");
    Ok(Account {
        id: format!("{zgid}/{}", user.id),
        name,
        missing_rights,
    })
}

/// The user whom the session belongs to.
pub(crate) async fn current_user(client: &Client<'_>) -> Result<User, Fault> {
    let users = client.current_user().await?.users;
    users
        .into_iter()
        .next()
        .ok_or_else(|| Fault::malformed("no current user"))
}

async fn current_org(client: &Client<'_>) -> Result<Org, Fault> {
    let orgs = client.org().await?.org;
    orgs.into_iter()
        .next()
        .ok_or_else(|| Fault::malformed("no current organisation"))
}

async fn missing_rights(
    client: &Client<'_>,
    profile: &str,
    settings: &ZohoSettings,
) -> Result<Vec<String>, Fault> {
    let profile = match client.profile(profile).await.map_err(Fault::from) {
        Ok(list) => list.profiles.into_iter().next(),
        // A profile that may not read profiles: each call will tell by itself what is missing.
        Err(Fault::Forbidden { .. }) => None,
        Err(fault) => return Err(fault),
    };
    let mut hidden = Vec::new();
    for kind in [Kind::Contact, Kind::Event] {
        if !may_look(client, kind).await? {
            hidden.push(viewing(kind));
        }
    }
    Ok(lacking(&profile.unwrap_or_default(), &hidden, settings))
}

/// Whether records of a kind may be read. No profile tells of a scope that nobody consented to, or of a module that the
/// account is not shown. Who was deleted since just now is the shortest of lists.
async fn may_look(client: &Client<'_>, kind: Kind) -> Result<bool, Fault> {
    let now = client.provider_time().unwrap_or_else(Timestamp::now);
    let list = client.deleted(kind.module(), Some(now), 1).await;
    match list.map_err(Fault::from) {
        Ok(_) => Ok(true),
        Err(Fault::Forbidden { .. }) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// What is missing: permissions that are listed and off, for names that we do not meet prove nothing, and those to view
/// what turned out to be `hidden`.
fn lacking(profile: &Profile, hidden: &[String], settings: &ZohoSettings) -> Vec<String> {
    let off = |name: &str| {
        let mut held = profile.permissions_details.iter();
        held.any(|held| held.name == name && !held.enabled)
    };
    let records = PERMISSIONS
        .into_iter()
        .filter(|name| off(name) || hidden.iter().any(|hidden| hidden == name))
        .map(right_in_words);
    let to_sync = to_sync(settings)
        .into_iter()
        .filter(|(_, name)| off(name))
        .map(|(right, _)| right.to_owned());
    records.chain(to_sync).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;

    #[test]
    fn rights_that_are_off_are_named_in_words() {
        let settings = ZohoSettings {
            accounts_url: "https://accounts.zoho.com".parse().unwrap(),
            client_id: String::new(),
            client_secret: SecretString::from(""),
            sync_permission: "Crm_Google_Contacts".to_owned(),
            calendar_sync_permission: "Crm_Google_Calendar".to_owned(),
            horizon_seconds: 120,
            request_timeout_seconds: 60,
        };
        let profile: Profile = serde_json::from_value(json!({"permissions_details": [
            {"name": "Crm_Implied_View_Contacts", "enabled": true},
            {"name": "Crm_Implied_Delete_Contacts", "enabled": false},
            {"name": "Crm_Implied_Delete_Leads", "enabled": false},
            {"name": "Crm_Implied_View_Events", "enabled": false},
            {"name": "Crm_Google_Contacts", "enabled": false},
            {"name": "Crm_Google_Calendar", "enabled": false},
        ]}))
        .unwrap();
        assert_eq!(
            lacking(&profile, &[viewing(Kind::Contact)], &settings),
            [
                "view contacts",
                "delete contacts",
                "view events",
                "sync with google contacts",
                "sync with google calendar"
            ]
        );
    }
}
