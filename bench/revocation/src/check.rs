//! The revocation check on the hot path, and the replica's memory.

use std::hint::black_box;

use probity_jose::UnixTime;
use probity_verifier::clock::boot_now;
use probity_verifier::revocation::{Replica, Revocation, SessionIndex, Target, TokenFacts};

use crate::report::Report;
use crate::{allocation, cpu};

pub const ISSUER: &str = "https://as.example";
const HOURS: u32 = 12;
const FIRST_LIST: u32 = 500_000;
const WATERMARKS: u64 = 10_000;

/// What of a session stays in mind to ask for it.
struct Session {
    subject: String,
    token: String,
    place: SessionIndex,
}

/// Any number of live sessions, spread over the hours in which they expire; one in a hundred is revoked.
pub fn sessions(live: u32) -> impl Iterator<Item = (SessionIndex, bool)> {
    (0..live).map(|n| {
        let place = SessionIndex { list: FIRST_LIST + n % HOURS, index: n / HOURS };
        (place, n.wrapping_mul(2_654_435_761) % 100 == 0)
    })
}

pub fn session_record(place: SessionIndex) -> Revocation {
    Revocation::own(Target::Session(place), SessionIndex::list_expires(place.list))
}

fn watermark(subject: String) -> Revocation {
    let through = UnixTime::from_secs(1_000);
    Revocation::own(Target::Subject { subject, through }, UnixTime::from_secs(1 << 40))
}

fn facts(session: &Session) -> TokenFacts<'_> {
    TokenFacts {
        issuer: ISSUER,
        key: Some("pUkpTQPHGyKTsm5k2d9Lx4zPnnS2FVN5Qq2cmxQ1nbo"),
        subject: &session.subject,
        client: Some("web-application"),
        token: Some(&session.token),
        issued: UnixTime::from_secs(2_000),
        expires: UnixTime::from_secs(1 << 40),
        family: None,
        session_id: None,
        session: Some(session.place),
    }
}

pub fn run(report: &mut Report) {
    for live in [10_000, 1_000_000, 10_000_000, 100_000_000] {
        let before = allocation::bytes();
        let replica = Replica::new(ISSUER);
        sessions(live).filter(|(_, revoked)| *revoked).for_each(|(place, _)| replica.apply(&session_record(place)));
        let per_session = (allocation::bytes() - before) as f64 / f64::from(live);
        if live >= 1_000_000 {
            report.figure(&format!("bytes per session, {live} live"), per_session, 0.13, "bytes");
        }
        let before = allocation::bytes();
        (0..WATERMARKS).for_each(|n| replica.apply(&watermark(format!("{n:022}"))));
        let per_mark = (allocation::bytes() - before) as f64 / WATERMARKS as f64;
        report.figure("bytes per watermark besides its name of 22", per_mark - 22.0, 40.0, "bytes");
        replica.apply(&Revocation::own(
            Target::Client { client: "retired".into(), through: UnixTime::from_secs(1_000) },
            UnixTime::from_secs(1 << 40),
        ));
        replica.apply(&Revocation::own(Target::Key("compromised".into()), UnixTime::from_secs(1 << 40)));
        measure(report, &replica, live);
    }
}

fn measure(report: &mut Report, replica: &Replica, live: u32) {
    let pick = |revoked: bool| {
        let step = usize::try_from((live / 5_000).max(1)).unwrap_or(1) | 1;
        let wanted = sessions(live).filter(move |(_, dead)| *dead == revoked);
        wanted.step_by(if revoked { step.div_ceil(100) } else { step }).take(4_096)
    };
    let sessions = |revoked: bool| -> Vec<Session> {
        let places = pick(revoked).zip(0_u32..);
        places
            .map(|((place, _), n)| Session {
                subject: format!("{:022}", n.wrapping_mul(2_654_435_761) % 100_000 + 50_000),
                token: format!("token-{n:016}"),
                place,
            })
            .collect()
    };
    let (alive, dead) = (sessions(false), sessions(true));
    let alive: Vec<TokenFacts<'_>> = alive.iter().map(facts).collect();
    let dead: Vec<TokenFacts<'_>> = dead.iter().map(facts).collect();
    assert!(alive.iter().all(|token| replica.check(token).is_none()) && dead.iter().all(|token| replica.check(token).is_some()));
    let calls = allocation::calls();
    let miss = cpu::nanos_per_step(&alive, |token| replica.check(token));
    let hit = cpu::nanos_per_step(&dead, |token| replica.check(token));
    let clocked = cpu::nanos_per_step(&alive, |token| (replica.check(token), black_box(boot_now())));
    assert_eq!(allocation::calls(), calls, "the check allocates");
    if live == 10_000_000 {
        report.figure("check of a good token, 10 million live", miss, 15.0, "ns");
        report.figure("the same with the lease's clock", clocked, 45.0, "ns");
    } else {
        report.note(&format!("check of a good token, {live} live"), miss, "ns");
    }
    report.note(&format!("check of a revoked session, {live} live"), hit, "ns");
}
