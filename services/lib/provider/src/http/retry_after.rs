//! Times in HTTP headers.

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

/// The longest wait that a header is believed.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// The end of the wait that `Retry-After` asks for: in seconds from `now`, or as an HTTP date (RFC 9110 §10.2.3).
/// Nothing if there is no such header or it cannot be read; a date in the past means now, one beyond a day a day.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Timestamp> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // Digits that are too many for a number are still a long wait.
        value.parse().map_or(LONGEST, SignedDuration::from_secs)
    } else {
        http_date(value)?.duration_since(now)
    };
    now.checked_add(wait.clamp(SignedDuration::ZERO, LONGEST))
        .ok()
}

/// Reads an HTTP date, for example `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(text)
        .ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn wait(value: &str) -> Option<i64> {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        retry_after(&headers, now).map(|until| until.duration_since(now).as_secs())
    }

    #[rstest]
    #[case("0", Some(0))]
    #[case("120", Some(120))]
    #[case(" 7 ", Some(7))]
    #[case("Sun, 06 Nov 1994 08:51:37 GMT", Some(120))]
    #[case("Sun, 06 Nov 1994 07:00:00 GMT", Some(0))]
    #[case("Mon, 06 Nov 2094 07:00:00 GMT", Some(86_400))]
    #[case("99999999999999999999999", Some(86_400))]
    #[case("-5", None)]
    #[case("soon", None)]
    #[case("", None)]
    fn waits_are_seconds_or_dates_within_a_day(#[case] value: &str, #[case] seconds: Option<i64>) {
        assert_eq!(wait(value), seconds);
    }

    proptest! {
        #[test]
        fn any_header_gives_a_bounded_wait_or_none(value in "[ -~]{0,40}") {
            if let Some(seconds) = wait(&value) {
                prop_assert!((0..=86_400).contains(&seconds));
            }
        }
    }
}
