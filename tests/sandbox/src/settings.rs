//! Settings that control may change while the sandbox runs.

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::control::ControlError;

/// Overlays `patch` on the current settings: objects merge, everything else replaces. Types with
/// `deny_unknown_fields` refuse names that do not exist.
pub(crate) fn patched<T>(current: &T, patch: &Value) -> Result<T, ControlError>
where
    T: Serialize + DeserializeOwned,
{
    let mut merged = serde_json::to_value(current).map_err(ControlError::internal)?;
    overlay(&mut merged, patch);
    serde_json::from_value(merged)
        .map_err(|error| ControlError::new(StatusCode::BAD_REQUEST, error.to_string()))
}

fn overlay(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (name, value) in patch {
                overlay(target.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        lag: u64,
        quota: Quota,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Quota {
        reads: u64,
        writes: u64,
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let current = Example {
            lag: 1,
            quota: Quota {
                reads: 2,
                writes: 3,
            },
        };
        let changed = patched(&current, &json!({"quota": {"writes": 9}})).unwrap();
        assert_eq!(
            changed.quota,
            Quota {
                reads: 2,
                writes: 9
            }
        );
        assert_eq!(changed.lag, 1);
        assert!(patched(&current, &json!({"lagg": 1})).is_err());
    }
}
