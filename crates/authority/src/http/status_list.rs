//! `GET /status-lists` and `GET /status-lists/N`: the session lists for everybody (draft-ietf-oauth-status-list, sections 8
//! and 9).
//!
//! A list names sessions by numbers that mean nothing to anybody who has no token of theirs.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;

use ::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    VARY,
};
use ::http::{HeaderMap, HeaderValue, StatusCode};
use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use probity_jose::{UnixTime, base64url};
use probity_verifier::STATUS_LIST_PATH;
use probity_verifier::clock::unix_now;
use probity_verifier::revocation::{Position, SessionIndex};
use probity_verifier::status_list::{Bits, MEDIA_TYPE, StatusList, StatusListToken};
use serde_json::{Value, json};

use super::Shared;
use super::error::OAuthError;
use crate::authority;
use crate::issue::IssueError;
use crate::places::BLOCK;

/// How long a list may be kept, in seconds: how late those who read lists see a revocation. Guards do not wait for it.
const TTL_SECONDS: u64 = 30;

/// How long a list is good, in seconds, for whoever can't fetch it anew.
const LIFETIME_SECONDS: u64 = 3_600;

/// Signed lists that are kept: those of the hours in which sessions expire.
const MAX_KEPT: usize = 256;

/// Signed lists.
#[derive(Debug, Default)]
pub(crate) struct SignedLists(Mutex<BTreeMap<u32, Signed>>);

#[derive(Debug, Clone)]
struct Signed {
    token: Bytes,
    gzip: Bytes,
    etag: HeaderValue,
    /// The log when the list was read, the key that signed it, and when.
    head: Position,
    key: String,
    at: UnixTime,
}

/// One list.
pub(super) async fn get(
    State(state): Shared,
    Path(number): Path<String>,
    headers: HeaderMap,
) -> Result<Response<Body>, OAuthError> {
    let list = canonical(&number).ok_or(NO_LIST)?;
    let signed = state.signed_list(list, unix_now()).await?.ok_or(NO_LIST)?;
    let mut answer = [
        (ETAG, signed.etag.clone()),
        (VARY, HeaderValue::from_static("accept-encoding")),
        (CACHE_CONTROL, HeaderValue::from_static(CACHE)),
        // Section 8.1: scripts of any origin may read lists.
        (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    ]
    .into_response();
    if headers.get_all(IF_NONE_MATCH).iter().any(|value| names(value, &signed.etag)) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(answer);
    }
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    let gzip = headers.get_all(ACCEPT_ENCODING).iter().any(accepts_gzip);
    if gzip {
        answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    *answer.body_mut() = Body::from(if gzip { signed.gzip } else { signed.token });
    Ok(answer)
}

/// Where all lists are (section 9).
pub(super) async fn aggregate(State(state): Shared) -> Result<Json<Value>, OAuthError> {
    let lists = state.store.session_lists(SessionIndex::list_for(unix_now())).await?;
    let uris: Vec<String> = lists.into_iter().map(|list| state.list_uri(list)).collect();
    Ok(Json(json!({ "status_lists": uris })))
}

const CACHE: &str = "public, max-age=30";
const NO_LIST: OAuthError = OAuthError::NotFound("there is no such status list");

impl authority::State {
    fn list_uri(&self, list: u32) -> String {
        format!("{}{STATUS_LIST_PATH}{list}", self.issuer.trim_end_matches('/'))
    }

    /// A list as of now, or at most its time to live ago; nothing when no session was ever in it or all have expired.
    async fn signed_list(&self, list: u32, now: UnixTime) -> Result<Option<Signed>, OAuthError> {
        if SessionIndex::list_expires(list) <= now {
            return Ok(None);
        }
        let (keys, head) = (self.keys.current(), self.hub.head());
        let key = keys.signer(None)?.key_id().unwrap_or_default();
        let is_good = |signed: &&Signed| {
            let current = signed.head == head && signed.key == key;
            current && now >= signed.at && now.since(signed.at) < LIFETIME_SECONDS / 2
        };
        let kept = |lists: &BTreeMap<u32, Signed>| lists.get(&list).filter(is_good).cloned();
        if let Some(signed) = kept(&self.signed_lists.lock()) {
            return Ok(Some(signed));
        }
        let blocks = self.store.next_session_block(list).await?;
        if blocks == 0 {
            return Ok(None);
        }
        let mut bytes = self.hub.replica().session_bits(list);
        // Every place that a token may name, also where nothing is revoked.
        let length = usize::try_from(u64::from(blocks) * u64::from(BLOCK) / 8).unwrap_or(usize::MAX);
        bytes.resize(bytes.len().max(length), 0);
        // A revocation of a subject or client ends sessions without a record for each.
        for index in self.store.ended_sessions(list).await? {
            if let Some(byte) = usize::try_from(index / 8).ok().and_then(|at| bytes.get_mut(at)) {
                *byte |= 1 << (index % 8);
            }
        }
        let token = StatusListToken {
            uri: self.list_uri(list),
            issued: now,
            expires: Some(now.plus(LIFETIME_SECONDS)),
            ttl: Some(TTL_SECONDS),
            list: StatusList::new(Bits::One, bytes),
            aggregation: Some(format!("{}{}", self.issuer, super::path::STATUS_LISTS)),
        };
        let token = token.sign(keys.signer(None)?).map_err(IssueError::from)?;
        let signed =
            Signed { gzip: gzip(&token), etag: etag(&token), token: token.into(), head, key: key.into(), at: now };
        let mut lists = self.signed_lists.lock();
        if lists.len() >= MAX_KEPT {
            lists.pop_first();
        }
        lists.insert(list, signed.clone());
        Ok(Some(signed))
    }
}

impl SignedLists {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u32, Signed>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A list's number as it is written in tokens: no sign, no leading zero.
fn canonical(number: &str) -> Option<u32> {
    number.parse().ok().filter(|list: &u32| list.to_string() == number)
}

/// Whether an `If-None-Match` names the tag (RFC 9110 section 13.1.2: compared weakly).
fn names(header: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(header), Ok(etag)) = (header.to_str(), etag.to_str()) else {
        return false;
    };
    header.split(',').map(str::trim).any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Whether an `Accept-Encoding` takes gzip (RFC 9110 section 12.5.3); a weight of zero refuses it.
fn accepts_gzip(header: &HeaderValue) -> bool {
    let named = |coding: &str| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Ok(1.0), str::parse::<f32>);
        (name.eq_ignore_ascii_case("gzip") || name == "*") && weight.is_ok_and(|weight| weight > 0.0)
    };
    header.to_str().is_ok_and(|codings| codings.split(',').map(str::trim).any(named))
}

fn etag(token: &str) -> HeaderValue {
    let hash = digest(&SHA256, token.as_bytes());
    let text = format!("\"{}\"", base64url::encode(hash.as_ref().get(..16).unwrap_or_default()));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

fn gzip(token: &str) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // A vector takes everything.
    let written = encoder.write_all(token.as_bytes());
    written.and_then(|()| encoder.finish()).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_one_name() {
        assert_eq!(canonical("495"), Some(495));
        for name in ["", "0495", "+495", "-1", "4294967296", "495 ", "x"] {
            assert_eq!(canonical(name), None, "{name}");
        }
    }

    #[test]
    fn tags_are_compared_weakly_and_one_of_several_is_enough() {
        let etag = HeaderValue::from_static("\"a\"");
        for (header, expected) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false)]
        {
            assert_eq!(names(&HeaderValue::from_static(header), &etag), expected, "{header}");
        }
    }

    #[test]
    fn gzip_is_sent_to_whoever_takes_it() {
        for (header, expected) in
            [("gzip", true), ("br, GZIP;q=0.5", true), ("*", true), ("gzip;q=0", false), ("br", false), ("", false)]
        {
            assert_eq!(accepts_gzip(&HeaderValue::from_static(header)), expected, "{header}");
        }
    }
}
