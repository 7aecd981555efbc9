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

/// Any number of live sessions, spread over the hours in which they expire; one in a hundred is revoked.
pub fn sessions(live: u32) -> impl Iterator<Item = (SessionIndex, bool)> {
    (0..live).map(|n| {
        let place = SessionIndex { list: FIRST_LIST + n % HOURS, index: n / HOURS };
        (place, (u64::from(n) * 2_654_435_761 >> 17) % 100 == 0)
    })
}

pub fn session_record(place: SessionIndex) -> Revocation {
    Revocation::own(Target::Session(place), SessionIndex::list_expires(place.list))
}

fn watermark(subject: String) -> Revocation {
    let through = UnixTime::from_secs(1_000);
    Revocation::own(Target::Subject { subject, through }, UnixTime::from_secs(1 << 40))
}

/// A token that has just been read, so that its own claims are near: only what the replica holds may be far.
fn facts(subject: &str, place: SessionIndex) -> TokenFacts<'_> {
    TokenFacts {
        issuer: ISSUER,
        key: Some("pUkpTQPHGyKTsm5k2d9Lx4zPnnS2FVN5Qq2cmxQ1nbo"),
        subject,
        client: Some("web-application"),
        token: Some("7vQ2kN0dRzC1xWq9sTf3bA"),
        issued: UnixTime::from_secs(2_000),
        expires: UnixTime::from_secs(1 << 40),
        family: None,
        session_id: None,
        session: Some(place),
    }
}

pub fn run(report: &mut Report) {
    // None is dropped before the end: what a map frees late would be counted against the next one.
    let mut replicas = Vec::new();
    for live in [10_000, 1_000_000, 10_000_000, 100_000_000] {
        let replica = Replica::new(ISSUER);
        let before = allocation::bytes();
        sessions(live).filter(|(_, revoked)| *revoked).for_each(|(place, _)| replica.apply(&session_record(place)));
        let per_session = (allocation::bytes() - before) as f64 / f64::from(live);
        if live >= 1_000_000 {
            report.at_most(&format!("bytes per session, {live} live"), per_session, 0.13, "bytes");
        }
        let before = allocation::bytes();
        (0..WATERMARKS).for_each(|n| replica.apply(&watermark(format!("{n:022}"))));
        let per_mark = (allocation::bytes() - before) as f64 / WATERMARKS as f64;
        if live == 10_000_000 {
            report.at_most("bytes per watermark besides its name of 22", per_mark - 22.0, 40.0, "bytes");
        }
        replica.apply(&Revocation::own(
            Target::Client { client: "retired".into(), through: UnixTime::from_secs(1_000) },
            UnixTime::from_secs(1 << 40),
        ));
        replica.apply(&Revocation::own(Target::Key("compromised".into()), UnixTime::from_secs(1 << 40)));
        measure(report, &replica, live);
        replicas.push(replica);
    }
}

fn measure(report: &mut Report, replica: &Replica, live: u32) {
    // In no order, as requests come.
    let mut places: [Vec<SessionIndex>; 2] = Default::default();
    let all: Vec<(SessionIndex, bool)> = sessions(live).step_by((live / 1_000_000).max(1) as usize).collect();
    for n in 0..u64::from(u32::MAX) {
        let at = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24) % all.len() as u64;
        let (place, revoked) = all[at as usize];
        let places = &mut places[usize::from(revoked)];
        if places.len() < 4_096 {
            places.push(place);
        } else if revoked {
            break;
        }
    }
    let [alive, dead] = places;
    // So many that the filter takes a few of them for members, as it does with strangers everywhere.
    let subjects: Vec<String> = (0..256_u64).map(|n| format!("{:022}", 50_000 + n * 7_919)).collect();
    let subject = |place: &SessionIndex| subjects[(place.index % 256) as usize].as_str();
    assert!(alive.iter().all(|place| replica.check(&facts(subject(place), *place)).is_none()));
    assert!(dead.iter().all(|place| replica.check(&facts(subject(place), *place)).is_some()));
    let calls = allocation::calls();
    // What it costs to put a token's facts together is no part of the check.
    let [alive_alone, dead_alone] = [&alive, &dead]
        .map(|places| cpu::nanos_per_step(places, |place| black_box(facts(subject(place), *place)).issued));
    let check = |place: &SessionIndex| replica.check(black_box(&facts(subject(place), *place)));
    let miss = cpu::nanos_per_step(&alive, check) - alive_alone;
    let hit = cpu::nanos_per_step(&dead, check) - dead_alone;
    let clocked = cpu::nanos_per_step(&alive, |place| (check(place), black_box(boot_now()))) - alive_alone;
    assert_eq!(allocation::calls(), calls, "the check allocates");
    if live == 10_000_000 {
        report.at_most("check of a good token, 10 million live", miss, 15.0, "ns");
        report.at_most("the same with the lease's clock", clocked, 45.0, "ns");
    } else {
        report.note(&format!("check of a good token, {live} live"), miss, "ns");
    }
    report.note(&format!("check of a revoked session, {live} live"), hit, "ns");
}
