//! The fields of a Person that clients may write, property by property (People API discovery document).

/// What a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A string without the usual limit of 1024 characters.
    LongText,
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A boolean.
    Flag,
    /// A whole number.
    Number,
    /// `{year, month, day}`.
    Date,
    /// Computed by the server; a client's value is dropped.
    Derived,
}

/// One repeated field of a Person.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name, which is also its mask path.
    pub(super) name: &'static str,
    /// Whether a contact may have at most one item.
    pub(super) singleton: bool,
    /// An item with none of these is empty and is dropped.
    pub(super) essential: &'static [&'static str],
    /// Its properties.
    pub(super) properties: &'static [(&'static str, Kind)],
}

/// Fields of the message that writes ignore.
pub(super) const IGNORED: &[&str] = &[
    "ageRange",
    "ageRanges",
    "braggingRights",
    "coverPhotos",
    "fileAses",
    "photos",
    "relationshipInterests",
    "relationshipStatuses",
    "residences",
    "resourceName",
    "skills",
    "taglines",
];

use Kind::{Choice, Date, Derived, Flag, LongText, Number, Text};

const fn field(
    name: &'static str,
    essential: &'static [&'static str],
    properties: &'static [(&'static str, Kind)],
) -> Field {
    Field {
        name,
        singleton: false,
        essential,
        properties,
    }
}

const fn singleton(
    name: &'static str,
    essential: &'static [&'static str],
    properties: &'static [(&'static str, Kind)],
) -> Field {
    Field {
        name,
        singleton: true,
        essential,
        properties,
    }
}

const TYPED_VALUE: &[(&str, Kind)] = &[("value", Text), ("type", Text), ("formattedType", Derived)];
const BARE_VALUE: &[(&str, Kind)] = &[("value", Text)];
const KEY_VALUE: &[(&str, Kind)] = &[("key", Text), ("value", Text)];

/// Every writable field but `memberships`.
pub(super) const FIELDS: &[Field] = &[
    field(
        "addresses",
        &[
            "formattedValue",
            "poBox",
            "streetAddress",
            "extendedAddress",
            "city",
            "region",
            "postalCode",
            "country",
            "countryCode",
        ],
        &[
            ("formattedValue", Text),
            ("type", Text),
            ("formattedType", Derived),
            ("poBox", Text),
            ("streetAddress", Text),
            ("extendedAddress", Text),
            ("city", Text),
            ("region", Text),
            ("postalCode", Text),
            ("country", Text),
            ("countryCode", Text),
        ],
    ),
    singleton(
        "biographies",
        &["value"],
        &[
            ("value", LongText),
            (
                "contentType",
                Choice(&["CONTENT_TYPE_UNSPECIFIED", "TEXT_PLAIN", "TEXT_HTML"]),
            ),
        ],
    ),
    singleton(
        "birthdays",
        &["date", "text"],
        &[("date", Date), ("text", Text)],
    ),
    field(
        "calendarUrls",
        &["url"],
        &[("url", Text), ("type", Text), ("formattedType", Derived)],
    ),
    field("clientData", &["key", "value"], KEY_VALUE),
    field(
        "emailAddresses",
        &["value"],
        &[
            ("value", Text),
            ("type", Text),
            ("formattedType", Derived),
            ("displayName", Text),
        ],
    ),
    field(
        "events",
        &["date"],
        &[("date", Date), ("type", Text), ("formattedType", Derived)],
    ),
    field("externalIds", &["value"], TYPED_VALUE),
    singleton(
        "genders",
        &["value", "addressMeAs"],
        &[
            ("value", Text),
            ("formattedValue", Derived),
            ("addressMeAs", Text),
        ],
    ),
    field(
        "imClients",
        &["username"],
        &[
            ("username", Text),
            ("type", Text),
            ("formattedType", Derived),
            ("protocol", Text),
            ("formattedProtocol", Derived),
        ],
    ),
    field("interests", &["value"], BARE_VALUE),
    field("locales", &["value"], BARE_VALUE),
    field(
        "locations",
        &["value"],
        &[
            ("value", Text),
            ("type", Text),
            ("current", Flag),
            ("buildingId", Text),
            ("floorId", Text),
            ("floorSection", Text),
            ("deskCode", Text),
        ],
    ),
    field("miscKeywords", &["value"], TYPED_VALUE),
    singleton(
        "names",
        &[
            "unstructuredName",
            "familyName",
            "givenName",
            "middleName",
            "honorificPrefix",
            "honorificSuffix",
            "phoneticFullName",
            "phoneticFamilyName",
            "phoneticGivenName",
            "phoneticMiddleName",
        ],
        &[
            ("displayName", Derived),
            ("displayNameLastFirst", Derived),
            ("unstructuredName", Text),
            ("familyName", Text),
            ("givenName", Text),
            ("middleName", Text),
            ("honorificPrefix", Text),
            ("honorificSuffix", Text),
            ("phoneticFullName", Text),
            ("phoneticFamilyName", Text),
            ("phoneticGivenName", Text),
            ("phoneticMiddleName", Text),
            ("phoneticHonorificPrefix", Text),
            ("phoneticHonorificSuffix", Text),
        ],
    ),
    field(
        "nicknames",
        &["value"],
        &[
            ("value", Text),
            (
                "type",
                Choice(&[
                    "DEFAULT",
                    "MAIDEN_NAME",
                    "INITIALS",
                    "GPLUS",
                    "OTHER_NAME",
                    "ALTERNATE_NAME",
                    "SHORT_NAME",
                ]),
            ),
        ],
    ),
    field("occupations", &["value"], BARE_VALUE),
    field(
        "organizations",
        &[
            "name",
            "department",
            "title",
            "jobDescription",
            "symbol",
            "domain",
            "location",
            "costCenter",
        ],
        &[
            ("type", Text),
            ("formattedType", Derived),
            ("startDate", Date),
            ("endDate", Date),
            ("current", Flag),
            ("name", Text),
            ("phoneticName", Text),
            ("department", Text),
            ("title", Text),
            ("jobDescription", Text),
            ("symbol", Text),
            ("domain", Text),
            ("location", Text),
            ("costCenter", Text),
            ("fullTimeEquivalentMillipercent", Number),
        ],
    ),
    field(
        "phoneNumbers",
        &["value"],
        &[
            ("value", Text),
            ("canonicalForm", Derived),
            ("type", Text),
            ("formattedType", Derived),
        ],
    ),
    field(
        "relations",
        &["person"],
        &[("person", Text), ("type", Text), ("formattedType", Derived)],
    ),
    field("sipAddresses", &["value"], TYPED_VALUE),
    field("urls", &["value"], TYPED_VALUE),
    field("userDefined", &["key", "value"], KEY_VALUE),
];

/// The field of this name, if it can be written.
pub(super) fn named(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}
