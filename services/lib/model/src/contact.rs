//! Contacts, after JSContact (RFC 9553): which fields a person, or an organisation, has.

use crate::{
    comparison::Comparison,
    table::{FieldSpec, Form, SIMPLE, Table, field},
};

/// The parts of an address.
const ADDRESS: Form = Form::List {
    parts: &[
        "street", "extended", "city", "region", "postcode", "country",
    ],
};

static FIELDS: [FieldSpec; 16] = [
    field("name.prefix", Form::Single, Comparison::Text),
    field("name.given", Form::Single, Comparison::Text),
    field("name.middle", Form::Single, Comparison::Text),
    field("name.family", Form::Single, Comparison::Text),
    field("name.suffix", Form::Single, Comparison::Text),
    field("nickname", Form::Single, Comparison::Text),
    field("title", Form::Single, Comparison::Text),
    field("organization", Form::Single, Comparison::Text),
    field("department", Form::Single, Comparison::Text),
    field("note", Form::Single, Comparison::Text),
    field("birthday", Form::Single, Comparison::Date),
    field("emails", SIMPLE, Comparison::Email),
    field("phones", SIMPLE, Comparison::Phone),
    field("addresses", ADDRESS, Comparison::Text),
    field("urls", SIMPLE, Comparison::Url),
    field("custom", Form::Open, Comparison::Text),
];

pub(crate) static TABLE: Table = Table {
    kind: "contact",
    fields: &FIELDS,
    // Where the given name ends and the family name begins differs between providers.
    name: &["name.given", "name.family"],
    keys: &[],
    identity: None,
    guests: None,
    made_once: &[],
    follows: &[],
};
