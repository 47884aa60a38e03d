//! What the calls are called in the journal and in the fault script: the operation ids of Zoho's OpenAPI files, with
//! the module in front where there is one.

use http::Method;

/// The name of a call; `unknown` for paths that do not exist.
pub(super) fn name(verb: &Method, path: &str) -> String {
    if let Some(rest) = path.strip_prefix("/crm/v8/") {
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        return crm(verb, &parts);
    }
    match path {
        "/oauth/v2/auth" => "oauth.authorize",
        "/oauth/v2/token" => "oauth.token",
        "/oauth/v2/token/revoke" => "oauth.revoke",
        _ => "unknown",
    }
    .to_owned()
}

fn crm(verb: &Method, parts: &[&str]) -> String {
    let fixed = match (verb.as_str(), parts) {
        ("POST", ["coql"]) => "coql",
        ("GET", ["org"]) => "org.getOrganization",
        ("GET", ["users"]) => "users.getUsers",
        ("GET", ["users", _]) => "users.getUser",
        ("GET", ["settings", "modules"]) => "settings.getModules",
        ("GET", ["settings", "modules", _]) => "settings.getModule",
        ("GET", ["settings", "fields"]) => "settings.getFields",
        ("GET", ["settings", "fields", _]) => "settings.getField",
        ("GET", ["settings", "custom_views"]) => "settings.getCustomViews",
        ("GET", ["settings", "custom_views", _]) => "settings.getCustomView",
        ("GET", ["settings", "roles"]) => "settings.getRoles",
        ("GET", ["settings", "profiles"]) => "settings.getProfiles",
        ("GET", ["settings", "profiles", _]) => "settings.getProfile",
        ("POST", ["actions", "watch"]) => "notifications.createNotifications",
        ("PUT", ["actions", "watch"]) => "notifications.updateNotificationDetails",
        ("PATCH", ["actions", "watch"]) => "notifications.updateNotificationInfo",
        ("GET", ["actions", "watch"]) => "notifications.getNotifications",
        ("DELETE", ["actions", "watch"]) => "notifications.disableNotifications",
        (_, ["coql" | "org" | "users" | "settings" | "actions", ..]) => "unknown",
        _ => "",
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    let operation = match (verb.as_str(), parts) {
        ("GET", [_]) => "getRecords",
        ("POST", [_]) => "createRecords",
        ("PUT", [_]) => "updateRecords",
        ("DELETE", [_]) => "deleteRecords",
        ("GET", [_, "search"]) => "searchRecords",
        ("GET", [_, "deleted"]) => "getDeletedRecords",
        ("POST", [_, "upsert"]) => "upsertRecords",
        ("GET", [_, "actions", "count"]) => "getRecordCount",
        ("POST", [_, _, "actions", "cancel"]) => "cancelMeeting",
        ("GET", [_, _]) => "getRecord",
        ("PUT", [_, _]) => "updateRecord",
        ("DELETE", [_, _]) => "deleteRecord",
        _ => return "unknown".to_owned(),
    };
    format!("{}.{operation}", parts[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_named_like_the_documented_operations() {
        let named = [
            (Method::GET, "/crm/v8/Contacts", "Contacts.getRecords"),
            (Method::GET, "/crm/v8/Contacts/123", "Contacts.getRecord"),
            (
                Method::GET,
                "/crm/v8/Contacts/deleted",
                "Contacts.getDeletedRecords",
            ),
            (Method::POST, "/crm/v8/Accounts", "Accounts.createRecords"),
            (
                Method::POST,
                "/crm/v8/Contacts/upsert",
                "Contacts.upsertRecords",
            ),
            (
                Method::GET,
                "/crm/v8/Contacts/actions/count",
                "Contacts.getRecordCount",
            ),
            (
                Method::PATCH,
                "/crm/v8/actions/watch",
                "notifications.updateNotificationInfo",
            ),
            (
                Method::GET,
                "/crm/v8/settings/custom_views/5",
                "settings.getCustomView",
            ),
            (Method::POST, "/crm/v8/coql", "coql"),
            (Method::POST, "/oauth/v2/token", "oauth.token"),
            (Method::GET, "/elsewhere", "unknown"),
            (Method::POST, "/crm/v8/settings/fields", "unknown"),
        ];
        for (verb, path, expected) in named {
            assert_eq!(name(&verb, path), expected);
        }
    }
}
