//! Each rule about sessions fails on a service with its flaw, and passes on a correct one.

use std::fmt::Write as _;
use std::net::SocketAddr;

use probity_audit::evidence::Evidence;
use probity_audit::live::{Flow, FlowFile};
use probity_audit::{Allow, Audit, Report, Status};

use crate::samples::NOW;
use crate::session_service::{SessionFlaw, start};

/// A flaw, the rule that must fail on it (or ask for a look), and what the service does, in words.
const FLAWS: &[(SessionFlaw, &str, &str)] = &[
    (SessionFlaw::LogoutIsCosmetic, "REV-01", "keeps tokens alive after a logout"),
    (SessionFlaw::RevocationIsCosmetic, "REV-02", "keeps tokens alive after a revocation"),
    (SessionFlaw::PasswordChangeEndsNothing, "REV-03", "keeps tokens alive after a new password"),
    (SessionFlaw::DisabledAccountGoesOn, "REV-04", "keeps tokens of a disabled account alive"),
    (SessionFlaw::RevokedByText, "REV-05", "denies the text of a token instead of the token"),
    (SessionFlaw::RefreshNotRotated, "REV-06", "does not rotate refresh tokens"),
    (SessionFlaw::OldRefreshAccepted, "REV-06", "accepts a used refresh token"),
    (SessionFlaw::FamilySurvives, "REV-07", "keeps the family of a reused refresh token alive"),
    (SessionFlaw::RefreshNotBound, "REV-08", "gives any client the refresh of any other"),
    (SessionFlaw::RevocationTakesLong, "REV-10", "takes long to enforce a revocation"),
    (SessionFlaw::Replayed, "REV-11", "accepts a token twice that is good once"),
    (SessionFlaw::StoreFailsOpen, "REV-12", "accepts revoked tokens when its store is away"),
    (SessionFlaw::RoleRemovalIsCosmetic, "REV-14", "goes on with a role that was removed"),
    (SessionFlaw::CodeReused, "REV-15", "redeems a code twice"),
    (SessionFlaw::TokensOfReusedCodeLive, "REV-15", "keeps the tokens of a code that was used twice"),
    (SessionFlaw::AnyLogoutToken, "REV-16", "accepts any logout token"),
    (SessionFlaw::KeysFailOpen, "KM-14", "accepts anything when its key set is away"),
    (SessionFlaw::KeysFailClosed, "KM-14", "refuses everything when its key set is away"),
    (SessionFlaw::StorageKept, "STO-20", "leaves what the browser stored at a logout"),
];

/// The rows of the table, and what went wrong.
pub(crate) async fn rows() -> (String, Vec<String>) {
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for (flaw, rule, words) in FLAWS {
        let report = audit(*flaw).await;
        let state = report.results.iter().find(|result| result.rule.id == *rule).unwrap();
        if !matches!(state.status, Status::Fail | Status::Review) {
            wrong.push(format!("{flaw:?}: {rule} is {:?} {:?}", state.status, state.notes));
        }
        let others: Vec<&str> =
            report.with_status(Status::Fail).iter().map(|result| result.rule.id).filter(|id| id != rule).collect();
        let _ = writeln!(table, "| {words} | {rule} | {} | {} |", others.join(" "), report.verdict.name());
    }
    let report = audit(SessionFlaw::None).await;
    let mut rules: Vec<&str> = FLAWS.iter().map(|(_, rule, _)| *rule).collect();
    rules.dedup();
    for rule in rules {
        let state = report.results.iter().find(|result| result.rule.id == rule).unwrap();
        if state.status != Status::Pass {
            wrong.push(format!("correct: {rule} is {:?} {:?}", state.status, state.notes));
        }
    }
    let _ = writeln!(table, "| none of it: everything ends at once | | | {} |", report.verdict.name());
    (table, wrong)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_fails_is_not_one_that_refuses() {
    let report = audit(SessionFlaw::FailsOnReplay).await;
    let state = report.results.iter().find(|result| result.rule.id == "REV-11").unwrap();
    assert_eq!(state.status, Status::Inconclusive, "{:?}", state.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_step_runs_without_permission() {
    let address = start(SessionFlaw::None).await;
    let report = run(address, false).await;
    assert!(report.requests.is_empty());
    let state = report.results.iter().find(|result| result.rule.id == "REV-01").unwrap();
    assert_eq!(state.status, Status::NotTested);
}

async fn audit(flaw: SessionFlaw) -> Report {
    run(start(flaw).await, true).await
}

async fn run(address: SocketAddr, state_change: bool) -> Report {
    let file = FlowFile::parse(&flow_file(address)).unwrap();
    let flow = Flow::new(file, None, tokio::runtime::Handle::current()).unwrap();
    tokio::task::spawn_blocking(move || {
        let mut audit = Audit::of("a service", Evidence::default(), NOW);
        audit.flow = Some(flow);
        audit.allow = Allow { state_change, ..Allow::default() };
        audit.run()
    })
    .await
    .unwrap()
}

fn flow_file(address: SocketAddr) -> String {
    let mut file = String::from("scheme = \"http\"\nmoments = [0]\n");
    let steps = [
        ("login", "POST /login", ""),
        ("use", "GET /me", ""),
        ("logout", "POST /logout", ""),
        ("revoke", "POST /revoke", ""),
        ("change_password", "POST /password", ""),
        ("disable", "POST /disable", ""),
        ("enable", "POST /enable", ""),
        ("remove_role", "POST /role", ""),
        ("refresh", "POST /refresh", "{{refresh_token}}"),
        ("refresh_other_client", "POST /refresh-other", "{{refresh_token}}"),
        ("redeem", "POST /redeem", ""),
        ("replay", "POST /replay", ""),
        ("logout_token", "POST /logout-token", ""),
        ("break_store", "POST /break-store", ""),
        ("mend_store", "POST /mend-store", ""),
        ("break_keys", "POST /break-keys", ""),
        ("mend_keys", "POST /mend-keys", ""),
    ];
    for (name, start, body) in steps {
        let _ = write!(
            file,
            "[steps.{name}]\nrequest = \"\"\"\n{start} HTTP/1.1\nHost: {address}\nAuthorization: Bearer \
             {{{{access_token}}}}\n\n{body}\"\"\"\n"
        );
        if matches!(name, "login" | "refresh" | "redeem") {
            file.push_str("keep = { access_token = \"json:access_token\", refresh_token = \"json:refresh_token\" }\n");
        }
    }
    file
}
