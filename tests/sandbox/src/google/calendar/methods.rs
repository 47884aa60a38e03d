//! The Calendar API's methods: path and scopes of each.

use http::Method as Verb;
use url::form_urlencoded;

/// Where the API lives.
const ROOT: &str = "/calendar/v3/";

/// What a method does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    ListCalendars,
    GetListEntry,
    InsertListEntry,
    PatchListEntry,
    UpdateListEntry,
    DeleteListEntry,
    GetCalendar,
    InsertCalendar,
    PatchCalendar,
    UpdateCalendar,
    DeleteCalendar,
    ListEvents,
    GetEvent,
    Instances,
    Insert,
    Import,
    Patch,
    Update,
    Delete,
    Move,
    Watch,
    StopChannel,
    FreeBusy,
    ListSettings,
    GetSetting,
    Colours,
}

/// One method.
#[derive(Debug)]
pub(in crate::google) struct Method {
    pub(super) action: Action,
    /// Its id in the discovery document.
    pub(in crate::google) id: &'static str,
    verb: Verb,
    /// Its path below the root; `*` stands for one segment.
    path: &'static str,
}

macro_rules! methods {
    ($($action:ident $id:literal $verb:ident $path:literal;)*) => {
        &[$(Method { action: Action::$action, id: $id, verb: Verb::$verb, path: $path }),*]
    };
}

const METHODS: &[Method] = methods! {
    ListCalendars "calendar.calendarList.list" GET "users/me/calendarList";
    InsertListEntry "calendar.calendarList.insert" POST "users/me/calendarList";
    GetListEntry "calendar.calendarList.get" GET "users/me/calendarList/*";
    PatchListEntry "calendar.calendarList.patch" PATCH "users/me/calendarList/*";
    UpdateListEntry "calendar.calendarList.update" PUT "users/me/calendarList/*";
    DeleteListEntry "calendar.calendarList.delete" DELETE "users/me/calendarList/*";
    InsertCalendar "calendar.calendars.insert" POST "calendars";
    GetCalendar "calendar.calendars.get" GET "calendars/*";
    PatchCalendar "calendar.calendars.patch" PATCH "calendars/*";
    UpdateCalendar "calendar.calendars.update" PUT "calendars/*";
    DeleteCalendar "calendar.calendars.delete" DELETE "calendars/*";
    ListEvents "calendar.events.list" GET "calendars/*/events";
    Insert "calendar.events.insert" POST "calendars/*/events";
    Import "calendar.events.import" POST "calendars/*/events/import";
    Watch "calendar.events.watch" POST "calendars/*/events/watch";
    GetEvent "calendar.events.get" GET "calendars/*/events/*";
    Patch "calendar.events.patch" PATCH "calendars/*/events/*";
    Update "calendar.events.update" PUT "calendars/*/events/*";
    Delete "calendar.events.delete" DELETE "calendars/*/events/*";
    Instances "calendar.events.instances" GET "calendars/*/events/*/instances";
    Move "calendar.events.move" POST "calendars/*/events/*/move";
    StopChannel "calendar.channels.stop" POST "channels/stop";
    FreeBusy "calendar.freebusy.query" POST "freeBusy";
    ListSettings "calendar.settings.list" GET "users/me/settings";
    GetSetting "calendar.settings.get" GET "users/me/settings/*";
    Colours "calendar.colors.get" GET "colors";
};

/// The method at a path, and the decoded segments that its `*` stand for.
pub(in crate::google) fn resolve(
    verb: &Verb,
    path: &str,
) -> Option<(&'static Method, Vec<String>)> {
    let path = path.strip_prefix(ROOT)?;
    METHODS
        .iter()
        .filter(|method| method.verb == verb)
        .find_map(|method| Some((method, method.matched(path)?)))
}

/// A segment without its percent signs. In a path, `+` and `&` stand for themselves.
fn decoded(segment: &str) -> String {
    let query = format!("={}", segment.replace('+', "%2B").replace('&', "%26"));
    form_urlencoded::parse(query.as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

impl Method {
    fn matched(&self, path: &str) -> Option<Vec<String>> {
        let (mut own, mut sent) = (self.path.split('/'), path.split('/'));
        let mut segments = Vec::new();
        loop {
            match (own.next(), sent.next()) {
                (None, None) => return Some(segments),
                (Some("*"), Some(segment)) if !segment.is_empty() => {
                    segments.push(decoded(segment));
                }
                (Some(one), Some(other)) if one == other => {}
                _ => return None,
            }
        }
    }

    /// The scopes of which any one is enough, without their common beginning.
    pub(super) fn scopes(&self) -> &'static [&'static str] {
        match self.action {
            Action::ListCalendars | Action::GetListEntry => &[
                "calendar",
                "calendar.readonly",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
            ],
            Action::InsertListEntry
            | Action::PatchListEntry
            | Action::UpdateListEntry
            | Action::DeleteListEntry => &["calendar", "calendar.calendarlist"],
            Action::GetCalendar => &[
                "calendar",
                "calendar.readonly",
                "calendar.calendars",
                "calendar.calendars.readonly",
                "calendar.app.created",
            ],
            Action::InsertCalendar
            | Action::PatchCalendar
            | Action::UpdateCalendar
            | Action::DeleteCalendar => &["calendar", "calendar.calendars", "calendar.app.created"],
            Action::ListEvents | Action::GetEvent | Action::Instances | Action::Watch => &[
                "calendar",
                "calendar.readonly",
                "calendar.events",
                "calendar.events.readonly",
                "calendar.app.created",
            ],
            Action::StopChannel => &[
                "calendar",
                "calendar.readonly",
                "calendar.events",
                "calendar.events.readonly",
                "calendar.app.created",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
            ],
            Action::FreeBusy => &[
                "calendar",
                "calendar.readonly",
                "calendar.freebusy",
                "calendar.events.freebusy",
            ],
            Action::ListSettings | Action::GetSetting => &[
                "calendar",
                "calendar.readonly",
                "calendar.settings",
                "calendar.settings.readonly",
            ],
            Action::Colours => &[
                "calendar",
                "calendar.readonly",
                "calendar.calendarlist",
                "calendar.calendarlist.readonly",
                "calendar.events.freebusy",
                "calendar.app.created",
            ],
            _ => &["calendar", "calendar.events", "calendar.app.created"],
        }
    }

    /// Whether it writes to the calendar that its first segment names.
    pub(super) fn writes_events(&self) -> bool {
        matches!(
            self.action,
            Action::Insert
                | Action::Import
                | Action::Patch
                | Action::Update
                | Action::Delete
                | Action::Move
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_and_decoded() {
        let (method, segments) = resolve(
            &Verb::GET,
            "/calendar/v3/calendars/ana%40example.com/events",
        )
        .unwrap();
        assert_eq!(method.id, "calendar.events.list");
        assert_eq!(segments, ["ana@example.com"]);
        let id = |verb: &Verb, path: &str| resolve(verb, path).map(|(method, _)| method.id);
        assert_eq!(
            id(&Verb::POST, "/calendar/v3/calendars/primary/events/import"),
            Some("calendar.events.import")
        );
        assert_eq!(
            id(
                &Verb::GET,
                "/calendar/v3/calendars/primary/events/a/instances"
            ),
            Some("calendar.events.instances")
        );
        assert_eq!(id(&Verb::GET, "/calendar/v3/calendars//events"), None);
        assert_eq!(
            id(&Verb::PUT, "/calendar/v3/calendars/primary/events"),
            None
        );
        assert_eq!(id(&Verb::GET, "/v1/calendars/primary"), None);
    }
}
