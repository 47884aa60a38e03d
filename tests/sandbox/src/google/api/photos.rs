//! Contact photos: JPEG and PNG, told by their first bytes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::people::shown;
use super::{Call, Reply, check_members, names};
use crate::google::error::GoogleError;
use crate::google::masks::Mask;
use crate::google::person::{Sources, View};

/// `people.updateContactPhoto`.
pub(super) fn update(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    check_members(call.body, &["personFields", "photoBytes", "sources"])?;
    let bytes = call.body["photoBytes"]
        .as_str()
        .and_then(|text| STANDARD.decode(text).ok())
        .ok_or_else(|| {
            GoogleError::bad_field("photo_bytes", "Invalid value at 'photo_bytes' (TYPE_BYTES)")
        })?;
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) && !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err(GoogleError::bad_field(
            "photo_bytes",
            "The photo must be a JPEG or PNG image.",
        ));
    }
    let photo = blake3::hash(&bytes).to_hex()[..16].to_owned();
    let mask = call.body["personFields"].as_str().map(str::to_owned);
    let sources = names(call.body, "sources")?;
    let sources = Sources::parse(sources.iter().map(String::as_str))?;
    set(call, Some(photo), mask.as_deref(), sources)
}

/// `people.deleteContactPhoto`.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, GoogleError> {
    let sources = Sources::parse(call.query.all("sources"))?;
    let mask = call.query.text("personFields").map(str::to_owned);
    set(call, None, mask.as_deref(), sources)
}

fn set(
    call: &mut Call<'_>,
    photo: Option<String>,
    mask: Option<&str>,
    sources: Sources,
) -> Result<Reply, GoogleError> {
    let mask = Mask::or_nothing(mask, "personFields", "people/updateContactPhoto")?;
    let name = call.person_name();
    let (key, _) = call.account.contact(&name)?;
    call.account
        .edit_contact(key, call.now, |contact| contact.photo = photo)?;
    let body: Value = match mask {
        Some(mask) => json!({ "person": shown(call, key, &View::of(mask, sources)) }),
        None => json!({}),
    };
    Ok(Reply::wrote(body, vec![name]))
}
