//! OAuth scopes: `ZohoCRM.modules.contacts.READ`, `ZohoCRM.settings.ALL`, comma-separated.

/// What a call does, as the last word of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::zoho) enum Operation {
    Read,
    Create,
    Update,
    Delete,
}

impl Operation {
    /// Words of a scope that include it.
    fn granted_by(self, word: &str) -> bool {
        match word {
            "ALL" => true,
            "READ" => self == Self::Read,
            "CREATE" => self == Self::Create,
            "UPDATE" => self == Self::Update,
            "DELETE" => self == Self::Delete,
            "WRITE" => matches!(self, Self::Create | Self::Update),
            _ => false,
        }
    }
}

/// Whether the granted scopes cover an operation on an area (`modules.contacts`, `settings.fields`, `coql`).
/// A scope on the first word of an area (`modules.ALL`) covers everything below it.
pub(in crate::zoho) fn covers(granted: &str, area: &str, operation: Operation) -> bool {
    granted
        .split([',', ' '])
        .filter_map(|scope| scope.trim().strip_prefix("ZohoCRM."))
        .filter_map(|scope| scope.rsplit_once('.'))
        .any(|(granted_area, word)| {
            let area_fits = granted_area.eq_ignore_ascii_case(area)
                || area
                    .split_once('.')
                    .is_some_and(|(parent, _)| granted_area.eq_ignore_ascii_case(parent));
            area_fits && operation.granted_by(word)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_scope_covers_its_children_only() {
        let granted = "ZohoCRM.modules.ALL,ZohoCRM.settings.fields.READ";
        assert!(covers(granted, "modules.contacts", Operation::Delete));
        assert!(covers(granted, "settings.fields", Operation::Read));
        assert!(!covers(granted, "settings.profiles", Operation::Read));
        assert!(!covers(granted, "coql", Operation::Read));
    }

    #[test]
    fn write_means_create_and_update() {
        let granted = "ZohoCRM.modules.contacts.WRITE";
        assert!(covers(granted, "modules.Contacts", Operation::Update));
        assert!(!covers(granted, "modules.Contacts", Operation::Delete));
        assert!(!covers(granted, "modules.Accounts", Operation::Create));
    }
}
