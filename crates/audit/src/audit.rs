//! Runs the rules over the evidence, and over a live target when one is given.

use core::fmt;

use crate::baseline::Baseline;
use crate::blocklist::Blocklist;
use crate::evidence::Evidence;
use crate::live::{Flow, Prober, Sent};
use crate::outcome::{Finding, Outcome, Place, Status};
use crate::rule::{Check, Rule, Severity, Tier};
use crate::rules;
use crate::secrets::{Progress, Wordlist};
use crate::setting::{Policy, Setting};
use crate::verdict::{Coverage, Grade, Verdict};

/// What the operator permits beyond looking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one permission, given by name on the command line")]
pub struct Allow {
    /// Forged tokens in idempotent requests.
    pub active: bool,
    /// Call-backs to our own listener.
    pub oob: bool,
    /// Bounded probes of exhaustion.
    pub dos_probe: bool,
    /// Flows that change state.
    pub state_change: bool,
}

/// An audit that is ready to run.
pub struct Audit<'a> {
    /// What it is about, for people.
    pub target: String,
    /// What was given.
    pub evidence: Evidence,
    /// What is demanded.
    pub policy: Policy,
    /// Seconds since 1970.
    pub now: i64,
    /// What is permitted.
    pub allow: Allow,
    /// Word lists.
    pub wordlists: Vec<Wordlist>,
    /// Known shared primes.
    pub known_moduli: Vec<num_bigint::BigUint>,
    /// Keys of broken generators.
    pub blocklist: Option<Blocklist>,
    /// Only these rules, when there are any.
    pub only: Vec<String>,
    /// What was accepted before.
    pub baseline: Baseline,
    /// The live target.
    pub prober: Option<Prober>,
    /// The flow.
    pub flow: Option<Flow>,
    /// Told how far a word list is.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    /// Told which rule is at work.
    pub on_rule: Option<&'a dyn Fn(&Rule)>,
}

impl Audit<'_> {
    /// An audit of evidence, with nothing permitted.
    pub fn of(target: impl Into<String>, evidence: Evidence, now: i64) -> Self {
        Self {
            target: target.into(),
            evidence,
            policy: Policy::default(),
            now,
            allow: Allow::default(),
            wordlists: Vec::new(),
            known_moduli: Vec::new(),
            blocklist: None,
            only: Vec::new(),
            baseline: Baseline::default(),
            prober: None,
            flow: None,
            progress: None,
            on_rule: None,
        }
    }

    /// Runs every rule. Blocks while requests are sent, so a live audit belongs on a thread of its own.
    pub fn run(mut self) -> Report {
        let live = self.prober.is_some();
        let calibrated = match (&mut self.prober, self.allow.active) {
            (Some(prober), true) => prober.calibrate(),
            _ => false,
        };
        let mut results: Vec<RuleResult> = Vec::new();
        for rule in rules::all() {
            let wanted = self.only.is_empty() || self.only.iter().any(|only| rule.id.starts_with(only.as_str()));
            let result = if wanted {
                if let Some(told) = self.on_rule {
                    told(rule);
                }
                self.judge(rule, calibrated, &results)
            } else {
                RuleResult::of(rule, vec![Outcome::not_tested("left out by --only")])
            };
            results.push(result);
        }
        let suppressed = self.baseline.apply(&mut results, self.now);
        let verdict = Verdict::of(&results, live && self.allow.active, calibrated);
        let grade = match (live && self.allow.active, verdict) {
            (true, _) => Grade::of(&results, verdict),
            (false, _) => Grade { letter: None, reasons: vec!["no letter: only a live audit can earn one".to_owned()] },
        };
        let calibration = self.prober.as_ref().filter(|_| self.allow.active).map(|prober| prober.calibration.clone());
        let mut requests = self.prober.as_ref().map(|prober| prober.log().to_vec()).unwrap_or_default();
        requests.extend(self.flow.as_ref().map(|flow| flow.log().to_vec()).unwrap_or_default());
        Report {
            target: self.target,
            now: self.now,
            verdict,
            coverage: Coverage::of(&results),
            grade,
            calibration,
            results,
            suppressed,
            requests,
            policy: self.policy,
            allow: self.allow,
            inventory: rules::inventory(&self.evidence),
        }
    }

    fn judge(&mut self, rule: &'static Rule, calibrated: bool, earlier: &[RuleResult]) -> RuleResult {
        let setting = Setting {
            now: self.now,
            policy: &self.policy,
            evidence: &self.evidence,
            wordlists: &self.wordlists,
            known_moduli: &self.known_moduli,
            blocklist: self.blocklist.as_ref(),
            progress: self.progress,
        };
        let mut outcomes = Vec::new();
        for check in rule.checks {
            match check {
                Check::Attack(_) | Check::Probe(_) => {
                    outcomes.push(live(rule, *check, self.prober.as_mut(), self.allow, calibrated, earlier));
                }
                Check::Flow(run) => outcomes.push(match self.flow.as_mut() {
                    Some(flow) if self.allow.state_change => {
                        flow.begin(rule);
                        run(flow)
                    }
                    Some(_) => Outcome::not_tested("it changes state: --allow state-change"),
                    None => Outcome::not_tested(format!("no flow file: {}", Tier::StateChange.how_to_enable())),
                }),
                _ => look(*check, &self.evidence, &setting, &mut outcomes),
            }
        }
        RuleResult::of(rule, outcomes)
    }
}

impl fmt::Debug for Audit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").field("target", &self.target).finish_non_exhaustive()
    }
}

/// A live check, or why it does not run.
fn live(
    rule: &'static Rule,
    check: Check,
    prober: Option<&mut Prober>,
    allow: Allow,
    calibrated: bool,
    earlier: &[RuleResult],
) -> Outcome {
    let Some(prober) = prober else {
        return Outcome::not_tested(format!("no endpoint: {}", Tier::Active.how_to_enable()));
    };
    if !allow.active {
        return Outcome::not_tested("it sends forged tokens: --allow active");
    }
    if rule.tier == Tier::DosProbe && !allow.dos_probe {
        return Outcome::not_tested("it makes the server work: --allow dos-probe");
    }
    if rule.tier == Tier::OutOfBand && !allow.oob {
        return Outcome::not_tested("it waits for call-backs: --allow oob --listener ADDRESS");
    }
    prober.begin(rule);
    let of_token = matches!(rule.id.split('-').next(), Some("SIG" | "HDR" | "KEY" | "CLM" | "JWE" | "XSV"));
    if !calibrated {
        return match check {
            // This rule is about what the calibration found.
            Check::Probe(run) if rule.id == "SIG-19" => run(prober),
            _ if prober.ignores_token => Outcome::Subsumed("SIG-19"),
            _ => Outcome::inconclusive(format!("calibration failed: {}", prober.calibration)),
        };
    }
    let unverified = earlier.iter().any(|result| result.rule.id == "SIG-01" && result.status == Status::Fail);
    if unverified && of_token && rule.id != "SIG-01" {
        return Outcome::Subsumed("SIG-01");
    }
    let outcome = match check {
        Check::Attack(plan) => {
            let plan = plan(&prober.scene());
            prober.carry_out(plan)
        }
        Check::Probe(run) => run(prober),
        _ => Outcome::pass(),
    };
    match (outcome, prober.exhausted()) {
        // A short budget must not look like a pass.
        (Outcome::Pass(_), Some(reason)) => Outcome::inconclusive(reason),
        (outcome, _) => outcome,
    }
}

/// A check of artifacts, applied to each.
fn look(check: Check, evidence: &Evidence, setting: &Setting<'_>, outcomes: &mut Vec<Outcome>) {
    let mut add = |place: &Place, outcome: Outcome| {
        outcomes.push(match outcome {
            Outcome::Found(findings) => {
                Outcome::Found(findings.into_iter().map(|finding| placed(finding, place)).collect())
            }
            other => other,
        });
    };
    match check {
        Check::Token(look) => evidence.tokens.iter().for_each(|token| add(&token.place, look(token, setting))),
        Check::Tokens(look) if !evidence.tokens.is_empty() => {
            let place = evidence.tokens.first().map(|token| token.place.clone()).unwrap_or_default();
            add(&place, look(&evidence.tokens, setting));
        }
        Check::Key(look) => evidence.keys().for_each(|key| add(&key.place, look(key, setting))),
        Check::KeySet(look) => evidence.key_sets.iter().for_each(|set| add(&set.place, look(set, setting))),
        Check::KeySets(look) if !evidence.key_sets.is_empty() => {
            let place = evidence.key_sets.first().map(|set| set.place.clone()).unwrap_or_default();
            add(&place, look(&evidence.key_sets, setting));
        }
        Check::Metadata(look) => {
            evidence.metadata.iter().for_each(|document| add(&document.place, look(document, setting)));
        }
        Check::Cookie(look) => {
            for exchange in &evidence.exchanges {
                let cookies = exchange.cookies().into_iter().filter(|cookie| cookie.token().is_some());
                cookies.for_each(|cookie| add(&cookie.place, look(&cookie, setting)));
            }
        }
        Check::Exchange(look) => {
            evidence.exchanges.iter().for_each(|exchange| add(&exchange.place, look(exchange, setting)));
        }
        Check::File(look) => evidence.files.iter().for_each(|file| add(&file.place(), look(file, setting))),
        Check::Evidence(look) if !evidence.is_empty() => add(&Place::default(), look(evidence, setting)),
        Check::Never(reason) => outcomes.push(Outcome::not_tested(reason)),
        _ => {}
    }
    if outcomes.is_empty() {
        outcomes.push(Outcome::not_applicable(format!("no {} was given", check.looks_at())));
    }
}

fn placed(mut finding: Finding, place: &Place) -> Finding {
    if finding.place == Place::default() {
        finding.place = place.clone();
    }
    finding
}

/// What a rule found out.
#[derive(Debug)]
pub struct RuleResult {
    /// The rule.
    pub rule: &'static Rule,
    /// The worst of its checks.
    pub status: Status,
    /// What it found.
    pub findings: Vec<Finding>,
    /// Why it says what it says, where that needs words.
    pub notes: Vec<String>,
    /// Whether the baseline accepts it, and why.
    pub suppressed: Option<String>,
}

impl RuleResult {
    /// Folds the outcomes of a rule's checks.
    pub fn of(rule: &'static Rule, outcomes: Vec<Outcome>) -> Self {
        let (mut findings, mut statuses, mut notes) = (Vec::new(), Vec::new(), Vec::<(Status, String)>::new());
        for outcome in outcomes {
            let (status, note) = match outcome {
                Outcome::Found(found) => {
                    let fails = found.iter().any(|finding| !finding.review);
                    findings.extend(found);
                    (if fails { Status::Fail } else { Status::Review }, String::new())
                }
                Outcome::Pass(note) => (Status::Pass, note),
                Outcome::NotApplicable(reason) => (Status::NotApplicable, reason),
                Outcome::Inconclusive(reason) => (Status::Inconclusive, reason),
                Outcome::NotTested(reason) => (Status::NotTested, reason),
                Outcome::Subsumed(by) => (Status::Subsumed, format!("follows from {by}")),
            };
            statuses.push(status);
            notes.push((status, note));
        }
        let status = statuses.iter().min().copied().unwrap_or(Status::NotApplicable);
        let mut kept: Vec<String> = Vec::new();
        for (of, note) in notes {
            // Reasons of better statuses are kept only for a pass: what was left out belongs to it.
            let tells = of == status || (status == Status::Pass && of == Status::NotTested);
            if tells && !note.is_empty() && !kept.contains(&note) {
                kept.push(note);
            }
        }
        findings.sort_by_key(|finding| core::cmp::Reverse(finding.severity_under(rule)));
        Self { rule, status, findings, notes: kept, suppressed: None }
    }

    /// The severity of its worst finding.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().filter(|finding| !finding.review).map(|finding| finding.severity_under(self.rule)).max()
    }
}

/// All that an audit found out.
#[derive(Debug)]
pub struct Report {
    /// What it is about.
    pub target: String,
    /// When it ran, in seconds since 1970.
    pub now: i64,
    /// The answer.
    pub verdict: Verdict,
    /// How much was looked at.
    pub coverage: Coverage,
    /// A letter, when it is earned.
    pub grade: Grade,
    /// What the calibration learnt.
    pub calibration: Option<String>,
    /// Every rule, in the order of the catalogue.
    pub results: Vec<RuleResult>,
    /// Findings that the baseline accepts.
    pub suppressed: Vec<RuleResult>,
    /// Every request that was sent.
    pub requests: Vec<Sent>,
    /// What was demanded.
    pub policy: Policy,
    /// What was permitted.
    pub allow: Allow,
    /// Every key that was seen: name, type and size, use, where.
    pub inventory: Vec<[String; 4]>,
}

impl Report {
    /// The exit code: 0 nothing at or above `fail_on` and enough coverage, 1 findings, 3 can't say or too little coverage.
    pub fn exit_code(&self, fail_on: Severity, min_coverage: usize) -> u8 {
        if self.results.iter().any(|result| result.status == Status::Fail && result.severity() >= Some(fail_on)) {
            1
        } else if self.verdict == Verdict::CannotSay || self.coverage.percent() < min_coverage {
            3
        } else {
            0
        }
    }

    /// The results with a status, worst first.
    pub fn with_status(&self, status: Status) -> Vec<&RuleResult> {
        let mut results: Vec<&RuleResult> = self.results.iter().filter(|result| result.status == status).collect();
        results.sort_by(|a, b| b.severity().cmp(&a.severity()).then(a.rule.id.cmp(b.rule.id)));
        results
    }

    /// The first sentence.
    pub fn headline(&self) -> String {
        let findings = self.results.iter().filter(|result| result.status == Status::Fail).count();
        let proven = self.with_status(Status::Fail).into_iter().find_map(|result| {
            let finding = result.findings.iter().find(|finding| finding.proof.is_proof())?;
            Some(format!("{} {}: {}", result.rule.id, finding.proof.name(), finding.claim))
        });
        match (self.verdict, proven) {
            (Verdict::Forgeable, Some(proven)) => proven,
            (Verdict::CannotSay, _) => {
                let unclear = || self.results.iter().filter(|result| result.status == Status::Inconclusive);
                let notes = || unclear().flat_map(|result| &result.notes);
                let calibrated = !notes().any(|note| note.starts_with("calibration failed"));
                // The calibration may have gone well, and what came after it not.
                let after = notes().next().filter(|_| calibrated);
                let reason = after.or(self.calibration.as_ref());
                reason.cloned().unwrap_or_else(|| "too little could be looked at".to_owned())
            }
            _ => match findings {
                0 => "no findings".to_owned(),
                1 => "1 finding".to_owned(),
                many => format!("{many} findings"),
            },
        }
    }
}
