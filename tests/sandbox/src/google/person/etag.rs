//! The two etags of a person, and what an update must bring.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::draft::Draft;
use crate::google::error::GoogleError;

/// The etag of the Person. It embeds the mask it was read under, so the same state has many of them.
pub(super) fn of_person(key: u64, sequence: u64, mask: &str) -> String {
    let mut bytes = blake3::hash(mask.as_bytes()).as_bytes()[..3].to_vec();
    bytes.extend(key.to_be_bytes());
    bytes.extend(sequence.to_be_bytes());
    format!("%{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The etag of the CONTACT source: one per state, and of another form.
pub(super) fn of_source(key: u64, sequence: u64) -> String {
    let hash = blake3::hash(&[key.to_be_bytes(), sequence.to_be_bytes()].concat());
    format!("#{}", STANDARD.encode(&hash.as_bytes()[..8]))
}

/// Holds the etags of a body against the current state: either one may be missing, neither may be old.
pub(in crate::google) fn check(draft: &Draft, key: u64, sequence: u64) -> Result<(), GoogleError> {
    if draft.etag.is_none() && draft.source_etag.is_none() {
        return Err(GoogleError::invalid(
            "Request must set person.etag or person.metadata.sources.etag for the source that is being updated.",
        ));
    }
    if let Some(etag) = &draft.etag
        && state_of(etag) != Some((key, sequence))
    {
        return Err(GoogleError::stale("person.etag"));
    }
    if let Some(etag) = &draft.source_etag
        && *etag != of_source(key, sequence)
    {
        return Err(GoogleError::stale("person.metadata.sources.etag"));
    }
    Ok(())
}

/// The state that a person etag stands for, whatever its mask.
fn state_of(etag: &str) -> Option<(u64, u64)> {
    let bytes = URL_SAFE_NO_PAD.decode(etag.strip_prefix('%')?).ok()?;
    let key = bytes.get(3..11)?.try_into().ok()?;
    let sequence = bytes.get(11..19)?.try_into().ok()?;
    (bytes.len() == 19).then(|| (u64::from_be_bytes(key), u64::from_be_bytes(sequence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(etag: Option<String>, source_etag: Option<String>) -> Draft {
        Draft {
            etag,
            source_etag,
            ..Draft::default()
        }
    }

    #[test]
    fn either_etag_will_do_and_the_mask_does_not_matter() {
        let person = of_person(1, 5, "names");
        assert_ne!(person, of_person(1, 5, "names,metadata"));
        assert!(check(&draft(Some(person.clone()), None), 1, 5).is_ok());
        assert!(check(&draft(None, Some(of_source(1, 5))), 1, 5).is_ok());
        assert!(check(&draft(Some(person), Some(of_source(1, 5))), 1, 5).is_ok());
    }

    #[test]
    fn none_an_old_one_and_one_in_the_wrong_place_are_refused() {
        assert!(check(&draft(None, None), 1, 5).is_err());
        assert!(check(&draft(Some(of_person(1, 4, "names")), None), 1, 5).is_err());
        assert!(check(&draft(Some(of_person(2, 5, "names")), None), 1, 5).is_err());
        assert!(check(&draft(Some(of_source(1, 5)), None), 1, 5).is_err());
        assert!(check(&draft(None, Some(of_source(1, 4))), 1, 5).is_err());
        let mixed = draft(Some(of_person(1, 5, "names")), Some(of_source(1, 4)));
        assert!(check(&mixed, 1, 5).is_err());
    }
}
