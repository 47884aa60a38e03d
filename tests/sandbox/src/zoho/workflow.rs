//! Workflow rules: what an administrator makes the CRM do on its own when a record is written.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// When a rule looks at a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    Create,
    Edit,
    CreateOrEdit,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workflow {
    pub(super) name: String,
    /// API name of the module.
    pub(super) module: String,
    pub(super) on: On,
    /// Values that it writes into the record; null clears.
    #[serde(default)]
    pub(super) set: Map<String, Value>,
    /// Mails that it sends each time.
    #[serde(default)]
    pub(super) mails: u64,
}

impl Workflow {
    /// Whether it runs after a write of this kind.
    pub(super) fn runs_on(&self, module: &str, created: bool) -> bool {
        let on = match self.on {
            On::Create => created,
            On::Edit => !created,
            On::CreateOrEdit => true,
        };
        on && self.module == module
    }
}
