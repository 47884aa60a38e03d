//! Calls about the account itself: fields, list views, the user, push channels.

use http::Method;

use super::{Answer, Client, Effect, PAGE, Prepared, Weight};
use crate::{
    fault::Failure,
    wire::{FieldList, OrgList, ProfileList, UserList, ViewList, Watch, WatchVerdicts},
};

impl Client<'_> {
    /// Fields Metadata.
    pub(crate) async fn fields(&self, module: &str) -> Result<FieldList, Failure> {
        let request = self
            .get("crm/v8/settings/fields")
            .query(&[("module", module)]);
        self.read("settings.fields", request).await
    }

    /// List of Custom Views, pages from 1.
    pub(crate) async fn views(&self, module: &str, page: u32) -> Result<ViewList, Failure> {
        let query = [
            ("module", module.to_owned()),
            ("page", page.to_string()),
            ("per_page", PAGE.to_string()),
        ];
        self.read(
            "settings.custom_views",
            self.get("crm/v8/settings/custom_views").query(&query),
        )
        .await
    }

    /// One custom view; an empty list if it is not there.
    pub(crate) async fn view(&self, module: &str, id: &str) -> Result<Answer<ViewList>, Failure> {
        let request = self
            .get(&format!("crm/v8/settings/custom_views/{id}"))
            .query(&[("module", module)]);
        self.list(Prepared {
            method: "settings.custom_view",
            weight: Weight::Light,
            effect: Effect::Reads,
            request,
        })
        .await
    }

    /// The current organisation.
    pub(crate) async fn org(&self) -> Result<OrgList, Failure> {
        self.read("org", self.get("crm/v8/org")).await
    }

    /// The user whom the access token belongs to.
    pub(crate) async fn current_user(&self) -> Result<UserList, Failure> {
        self.read(
            "users.current",
            self.get("crm/v8/users").query(&[("type", "CurrentUser")]),
        )
        .await
    }

    /// One profile with its permissions.
    pub(crate) async fn profile(&self, id: &str) -> Result<ProfileList, Failure> {
        self.read(
            "settings.profile",
            self.get(&format!("crm/v8/settings/profiles/{id}")),
        )
        .await
    }

    /// Enable Notifications.
    pub(crate) async fn watch(&self, channel: &Watch) -> Result<WatchVerdicts, Failure> {
        let body = serde_json::json!({ "watch": [channel] });
        self.read(
            "watch.enable",
            self.at(Method::POST, "crm/v8/actions/watch").json(&body),
        )
        .await
    }

    /// Disable Notifications.
    pub(crate) async fn unwatch(&self, channel: &str) -> Result<(), Failure> {
        let request = self
            .at(Method::DELETE, "crm/v8/actions/watch")
            .query(&[("channel_ids", channel)]);
        let request = Prepared {
            method: "watch.disable",
            weight: Weight::Light,
            effect: Effect::Reads,
            request,
        };
        self.send(request).await.map(|_| ())
    }
}
