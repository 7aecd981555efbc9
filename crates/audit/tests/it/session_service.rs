//! A service with logins, refresh tokens and revocation, that can be given one flaw.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionFlaw {
    None,
    LogoutIsCosmetic,
    RevocationIsCosmetic,
    PasswordChangeEndsNothing,
    DisabledAccountGoesOn,
    RevokedByText,
    RefreshNotRotated,
    OldRefreshAccepted,
    FamilySurvives,
    RefreshNotBound,
    RevocationTakesLong,
    Replayed,
    StoreFailsOpen,
    RoleRemovalIsCosmetic,
    CodeReused,
    TokensOfReusedCodeLive,
    AnyLogoutToken,
    KeysFailOpen,
    KeysFailClosed,
    StorageKept,
    FailsOnReplay,
}

/// What it remembers.
#[derive(Debug, Default)]
struct State {
    counter: usize,
    live: HashSet<String>,
    /// What was revoked, as the text that was given.
    denied: HashSet<String>,
    /// Refresh tokens: their family, and whether they are used.
    refresh: HashMap<String, (usize, bool)>,
    dead: HashSet<usize>,
    code: Option<String>,
    replays: usize,
    store_broken: bool,
    keys_broken: bool,
}

/// Starts it on a port of this machine.
pub(crate) async fn start(flaw: SessionFlaw) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let state = Arc::new(Mutex::new(State::default()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let state = Arc::clone(&state);
            let service = service_fn(move |request: Request<Incoming>| {
                let state = Arc::clone(&state);
                async move {
                    let (parts, body) = request.into_parts();
                    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
                    let bearer = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
                    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
                    Ok::<_, Infallible>(answer(flaw, &mut state.lock().unwrap(), parts.uri.path(), token, &body))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

fn answer(flaw: SessionFlaw, state: &mut State, path: &str, token: &str, body: &str) -> Response<Full<Bytes>> {
    use SessionFlaw as F;
    let ok = |good: bool| reply(if good { 200 } else { 401 }, "{}");
    match path {
        "/login" => {
            let tokens = issue(state, None);
            reply(200, &tokens)
        }
        "/me" => ok(may(flaw, state, token)),
        "/logout" => {
            if flaw != F::LogoutIsCosmetic {
                state.live.remove(token);
            }
            let mut response = reply(200, "{}");
            if flaw != F::StorageKept {
                response.headers_mut().insert("clear-site-data", "\"cookies\", \"storage\"".parse().unwrap());
            }
            response
        }
        "/revoke" => {
            if flaw != F::RevocationIsCosmetic && flaw != F::RevocationTakesLong {
                state.denied.insert(token.to_owned());
            }
            ok(true)
        }
        "/password" | "/disable" | "/role" => {
            let ignored = matches!(
                (path, flaw),
                ("/password", F::PasswordChangeEndsNothing)
                    | ("/disable", F::DisabledAccountGoesOn)
                    | ("/role", F::RoleRemovalIsCosmetic)
            );
            if !ignored {
                state.live.clear();
            }
            ok(true)
        }
        "/refresh" => refresh(flaw, state, body),
        "/refresh-other" => {
            if flaw == F::RefreshNotBound {
                refresh(flaw, state, body)
            } else {
                ok(false)
            }
        }
        "/redeem" => match state.code.clone() {
            None => {
                let tokens = issue(state, None);
                state.code = Some(format!("a{}", state.counter));
                reply(200, &tokens)
            }
            Some(_) if flaw == F::CodeReused => reply(200, &issue(state, None)),
            Some(first) => {
                if flaw != F::TokensOfReusedCodeLive {
                    state.live.remove(&first);
                }
                ok(false)
            }
        },
        "/replay" => {
            state.replays += 1;
            match flaw {
                F::FailsOnReplay if state.replays > 1 => reply(500, ""),
                _ => ok(state.replays == 1 || flaw == F::Replayed),
            }
        }
        "/logout-token" => ok(flaw == F::AnyLogoutToken),
        "/break-store" | "/mend-store" => {
            state.store_broken = path == "/break-store";
            ok(true)
        }
        "/break-keys" | "/mend-keys" => {
            state.keys_broken = path == "/break-keys";
            ok(true)
        }
        _ => ok(true),
    }
}

fn may(flaw: SessionFlaw, state: &State, token: &str) -> bool {
    if state.keys_broken && flaw == SessionFlaw::KeysFailOpen {
        return true;
    }
    if state.keys_broken && flaw == SessionFlaw::KeysFailClosed {
        return false;
    }
    if state.store_broken {
        return flaw == SessionFlaw::StoreFailsOpen && state.live.contains(token);
    }
    let name = if flaw == SessionFlaw::RevokedByText { token.trim_end_matches('=') } else { token };
    state.live.contains(name) && !state.denied.contains(token)
}

fn refresh(flaw: SessionFlaw, state: &mut State, given: &str) -> Response<Full<Bytes>> {
    let Some((family, used)) = state.refresh.get(given).copied() else { return reply(401, "{}") };
    if flaw == SessionFlaw::RefreshNotRotated {
        return reply(200, &format!(r#"{{"access_token":"a0","refresh_token":"{given}"}}"#));
    }
    if state.dead.contains(&family) {
        return reply(401, "{}");
    }
    if used && flaw != SessionFlaw::OldRefreshAccepted {
        if flaw != SessionFlaw::FamilySurvives {
            state.dead.insert(family);
        }
        return reply(401, "{}");
    }
    state.refresh.insert(given.to_owned(), (family, true));
    let tokens = issue(state, Some(family));
    reply(200, &tokens)
}

fn issue(state: &mut State, family: Option<usize>) -> String {
    state.counter += 1;
    let number = state.counter;
    state.live.insert(format!("a{number}"));
    state.refresh.insert(format!("r{number}"), (family.unwrap_or(number), false));
    format!(r#"{{"access_token":"a{number}","refresh_token":"r{number}"}}"#)
}

fn reply(status: u16, body: &str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(body.to_owned())).unwrap()
}
