//! What the checker is asked: that the protocol keeps its promise under every order of events within some bounds, and that it
//! would not if any of its rules were left out.

use stateright::{Checker, HasDiscoveries, Model};

use super::model::{Bounds, Mistake};

/// One guard that has loaded its snapshot, one revocation, three seconds; a lease lasts one.
const PLAIN: Bounds = Bounds {
    guards: 1,
    records: 1,
    ticks: 3,
    reconnections: 0,
    guard_crashes: 0,
    authority_crashes: 0,
    restore: false,
    faults: 0,
    slow_clock: 0,
    settled: true,
    mistake: None,
};

/// Visits every state within the bounds.
fn holds(bounds: Bounds) {
    let checker = bounds.checker().spawn_dfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{states} states up to {depth} events deep, {} transitions: {bounds:?}", checker.state_count());
    checker.assert_properties();
}

/// Looks for the shortest way in which the mistake lets a revoked token through.
fn is_caught(mistake: Mistake, bounds: Bounds) {
    let checker = Bounds { mistake: Some(mistake), ..bounds }.checker();
    let checker = checker.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let path = checker.discovery("after enforced no guard accepts");
    let path = path.unwrap_or_else(|| panic!("{mistake:?} was not caught in {} states", checker.unique_state_count()));
    println!("{mistake:?} lets a revoked token through: {:?}", path.into_actions());
}

#[test]
fn the_promise_holds_from_the_first_connection_on() {
    holds(Bounds { records: 2, settled: false, ..PLAIN });
}

#[test]
fn the_promise_holds_for_two_guards() {
    holds(Bounds { guards: 2, ticks: 2, ..PLAIN });
}

#[test]
fn the_promise_holds_over_reconnections_and_with_a_slow_clock() {
    holds(Bounds { reconnections: 1, slow_clock: 1, ..PLAIN });
}

#[test]
fn the_promise_holds_when_the_authority_crashes() {
    holds(Bounds { reconnections: 1, authority_crashes: 1, ..PLAIN });
}

#[test]
fn the_promise_holds_when_a_guard_crashes() {
    holds(Bounds { reconnections: 1, guard_crashes: 1, ..PLAIN });
}

#[test]
fn the_promise_holds_when_frames_vanish_or_come_twice() {
    holds(Bounds { reconnections: 1, faults: 1, ..PLAIN });
}

#[test]
fn the_promise_holds_for_what_is_revoked_after_an_old_backup_was_restored() {
    holds(Bounds { records: 2, ticks: 2, reconnections: 1, authority_crashes: 1, restore: true, ..PLAIN });
}

/// Minutes long: run it when the protocol changes.
#[test]
#[ignore = "visits tens of millions of states"]
fn the_promise_holds_for_two_guards_for_longer() {
    holds(Bounds { guards: 2, ..PLAIN });
}

#[test]
fn a_lease_that_counts_from_the_answer_is_caught() {
    is_caught(Mistake::LeaseFromReceipt, PLAIN);
}

#[test]
fn a_start_without_quiet_time_is_caught() {
    is_caught(Mistake::NoQuietTime, Bounds { authority_crashes: 1, ..PLAIN });
}

#[test]
fn an_acknowledgement_before_the_records_are_applied_is_caught() {
    is_caught(Mistake::AckBeforeApply, PLAIN);
}

#[test]
fn a_lease_without_a_margin_for_slow_clocks_is_caught() {
    is_caught(Mistake::NoMargin, Bounds { slow_clock: 1, ..PLAIN });
}

#[test]
fn a_heartbeat_that_names_an_older_head_is_caught() {
    is_caught(Mistake::HeadOfAnEarlierMoment, PLAIN);
}

#[test]
fn a_lease_that_is_not_counted_is_caught() {
    is_caught(Mistake::LeaseNotCounted, PLAIN);
}

#[test]
fn a_heartbeat_that_is_believed_whatever_it_names_is_caught() {
    is_caught(Mistake::HeadNotCompared, Bounds { faults: 1, ..PLAIN });
}

#[test]
fn a_lease_that_survives_a_restart_is_caught() {
    is_caught(Mistake::LeaseSurvivesRestart, Bounds { guard_crashes: 1, ..PLAIN });
}

#[test]
fn a_log_that_can_be_taken_for_a_lost_one_is_caught() {
    let bounds = Bounds { records: 2, reconnections: 1, authority_crashes: 1, restore: true, ..PLAIN };
    is_caught(Mistake::WriterKeptOverRestore, bounds);
}
