//! `POST /batch`: several calls in one `multipart/mixed` body.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method as Verb, StatusCode, header};
use http_body_util::BodyExt;

use super::Google;
use super::error::{self, GoogleError};
use crate::call;

/// Most calls in one batch.
const MOST_PARTS: usize = 1000;

/// One inner call.
#[derive(Debug)]
struct Part {
    content_id: String,
    verb: Verb,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Google {
    /// Runs the inner calls one after the other and answers in their order.
    pub(super) async fn batch(&self, outer: &HeaderMap, body: Bytes) -> Response {
        let Some(parts) = boundary(outer).and_then(|boundary| parse(&body, &boundary)) else {
            return GoogleError::invalid("Failed to parse batch request.").into_response();
        };
        if parts.len() > MOST_PARTS {
            return GoogleError::invalid(format!("The batch exceeds {MOST_PARTS} calls."))
                .into_response();
        }
        let boundary = format!("batch_{}", self.shared.dice.token());
        let mut out = Vec::new();
        for part in parts {
            out.extend(format!("--{boundary}\r\nContent-Type: application/http\r\n").bytes());
            out.extend(format!("Content-ID: <response-{}>\r\n\r\n", part.content_id).bytes());
            out.extend(self.inner(outer, part).await);
            out.extend(b"\r\n");
        }
        out.extend(format!("--{boundary}--\r\n").bytes());
        let kind = format!("multipart/mixed; boundary={boundary}");
        ([(header::CONTENT_TYPE, kind)], out).into_response()
    }

    /// One inner call, answered as HTTP text. Outer headers are inherited, except `Content-*`.
    async fn inner(&self, outer: &HeaderMap, part: Part) -> Vec<u8> {
        let mut headers = outer.clone();
        let content: Vec<HeaderName> = headers
            .keys()
            .filter(|name| name.as_str().starts_with("content-"))
            .cloned()
            .collect();
        for name in content {
            headers.remove(name);
        }
        headers.extend(part.headers);
        let request = Request::builder()
            .method(part.verb)
            .uri(&part.target)
            .body(Body::from(part.body));
        let response = match request {
            Ok(mut request) => {
                *request.headers_mut() = headers;
                call::through(self, &self.shared, request, |request| async {
                    Box::pin(self.answer(request)).await
                })
                .await
            }
            Err(_) => error::for_status(StatusCode::BAD_REQUEST),
        };
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map(http_body_util::Collected::to_bytes)
            .unwrap_or_default();
        let reason = status.canonical_reason().unwrap_or_default();
        let mut out = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\r\n",
            status.as_u16(),
            body.len()
        )
        .into_bytes();
        out.extend(body);
        out
    }
}

fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let (kind, parameters) = kind.split_once(';')?;
    if kind.trim() != "multipart/mixed" {
        return None;
    }
    parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))
        .map(|boundary| boundary.trim_matches('"').to_owned())
        .filter(|boundary| !boundary.is_empty())
}

fn parse(body: &[u8], boundary: &str) -> Option<Vec<Part>> {
    let text = std::str::from_utf8(body).ok()?.replace("\r\n", "\n");
    let delimiter = format!("--{boundary}");
    text.split(delimiter.as_str())
        .skip(1)
        .take_while(|piece| !piece.starts_with("--"))
        .map(part)
        .collect()
}

/// Outer headers, an empty line, the request line, inner headers, an empty line, the body.
fn part(piece: &str) -> Option<Part> {
    let (outer, rest) = piece.trim_start_matches('\n').split_once("\n\n")?;
    let content_id = outer
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-id")
                .then(|| value.trim())
        })
        .map(|value| value.trim_matches(['<', '>']).to_owned())?;
    let (head, body) = rest.split_once("\n\n").unwrap_or((rest.trim_end(), ""));
    let mut lines = head.lines();
    let mut request_line = lines.next()?.split(' ');
    let verb = request_line.next()?.parse().ok()?;
    let target = request_line.next()?.to_owned();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.trim().parse().ok()?;
        // The length was counted before the line ends were changed.
        if name != header::CONTENT_LENGTH {
            headers.insert(name, HeaderValue::from_str(value.trim()).ok()?);
        }
    }
    Some(Part {
        content_id,
        verb,
        target,
        headers,
        body: Bytes::from(body.trim_end().to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_with_their_headers_and_bodies() {
        let body = "--b\r\nContent-Type: application/http\r\nContent-ID: <x + 1>\r\n\r\n\
                    POST /v1/contactGroups HTTP/1.1\r\nAccept: application/json\r\n\r\n{\"a\": 1}\r\n\
                    --b\r\nContent-Type: application/http\r\nContent-ID: <x + 2>\r\n\r\n\
                    GET /v1/contactGroups HTTP/1.1\r\n\r\n\r\n--b--\r\n";
        let parts = parse(body.as_bytes(), "b").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].content_id, "x + 1");
        assert_eq!(parts[0].verb, Verb::POST);
        assert_eq!(&parts[0].body[..], b"{\"a\": 1}");
        assert_eq!(parts[0].headers["accept"], "application/json");
        assert_eq!(parts[1].target, "/v1/contactGroups");
        assert!(parts[1].body.is_empty());
    }

    #[test]
    fn garbage_is_no_batch() {
        assert!(parse(b"--b\r\nnothing", "b").is_none());
        assert!(boundary(&HeaderMap::new()).is_none());
    }
}
