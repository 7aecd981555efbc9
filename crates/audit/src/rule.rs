//! What a rule is: a file under `rules/` that holds one [`Rule`].

use core::fmt;

use crate::Setting;
use crate::evidence::{Cookie, Evidence, Exchange, Key, KeySet, Metadata, TextFile, Token};
use crate::live::{Flow, Plan, Prober, Scene};
use crate::outcome::Outcome;

/// One thing that can be wrong, and how to find out.
#[derive(Debug)]
pub struct Rule {
    /// The stable name, as `SIG-02`.
    pub id: &'static str,
    /// What is wrong when the rule fails, in a few words.
    pub title: &'static str,
    /// What the operator must permit or supply for the whole rule to run.
    pub tier: Tier,
    /// The highest severity that the rule gives.
    pub severity: Severity,
    /// Specifications, attacks and weaknesses, separated by `; `.
    pub references: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Something that the rule must find.
    pub bad: Example,
    /// Something like it that the rule must pass.
    pub good: Example,
    /// How the rule looks, one entry for each kind of evidence that it understands.
    pub checks: &'static [Check],
}

impl Rule {
    /// The group, which is the first part of the ID.
    pub fn group(&self) -> Group {
        let prefix = self.id.split('-').next().unwrap_or_default();
        Group::ALL.into_iter().find(|group| group.prefix() == prefix).unwrap_or(Group::Operations)
    }

    /// The references one by one.
    pub fn references(&self) -> impl Iterator<Item = &'static str> {
        self.references.split("; ")
    }

    /// The numbers of the weaknesses (CWE) that the rule names.
    pub fn weaknesses(&self) -> impl Iterator<Item = &'static str> {
        self.references().filter_map(|reference| reference.strip_prefix("CWE-"))
    }
}

/// What a rule needs the operator to permit or supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Looks at what it is given and sends nothing.
    Passive,
    /// Sends forged tokens in idempotent requests: `--allow active`.
    Active,
    /// As active, with tokens signed by a key of the operator: `--signing-key`.
    SigningKey,
    /// Waits for the target to call back: `--allow oob --listener`.
    OutOfBand,
    /// Measures how much work one request can cause, within bounds: `--allow dos-probe`.
    DosProbe,
    /// Logs in and out, revokes, rotates: `--allow state-change --flow`.
    StateChange,
}

impl Tier {
    /// All tiers.
    pub const ALL: [Self; 6] =
        [Self::Passive, Self::Active, Self::SigningKey, Self::OutOfBand, Self::DosProbe, Self::StateChange];

    /// The catalogue's letter.
    pub const fn letter(self) -> char {
        match self {
            Self::Passive => 'P',
            Self::Active => 'A',
            Self::SigningKey => 'K',
            Self::OutOfBand => 'O',
            Self::DosProbe => 'D',
            Self::StateChange => 'S',
        }
    }

    /// What the operator adds to the command line.
    pub const fn how_to_enable(self) -> &'static str {
        match self {
            Self::Passive => "give the artifact that it looks at",
            Self::Active => "probity audit endpoint URL --token TOKEN --allow active",
            Self::SigningKey => "--allow active --signing-key FILE",
            Self::OutOfBand => "--allow active --allow oob --listener ADDRESS",
            Self::DosProbe => "--allow active --allow dos-probe",
            Self::StateChange => "probity audit flow FILE --allow state-change",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Hygiene.
    Low,
    /// Helps an attacker who has something else.
    Medium,
    /// An attacker with little effort gains something.
    High,
    /// Anyone can be anybody, or a secret is public. Needs proof.
    Critical,
}

impl Severity {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The score that code scanning services sort by.
    pub const fn score(self) -> &'static str {
        match self {
            Self::Info => "0.0",
            Self::Low => "3.0",
            Self::Medium => "5.5",
            Self::High => "8.0",
            Self::Critical => "9.5",
        }
    }
}

impl core::str::FromStr for Severity {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|severity| severity.name() == name)
            .ok_or_else(|| format!("no severity is called {name}: info, low, medium, high or critical"))
    }
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Signature and algorithm.
    Signature,
    /// Header parameters.
    Header,
    /// Keys and secrets.
    Keys,
    /// Claims.
    Claims,
    /// What a token tells its holder.
    Leaks,
    /// Encryption.
    Encryption,
    /// Storage and transport.
    Storage,
    /// Revocation and sessions.
    Revocation,
    /// Published keys and their rotation.
    KeyManagement,
    /// Issuer metadata.
    Metadata,
    /// Exhaustion.
    Exhaustion,
    /// Several services, issuers and kinds of token.
    CrossService,
    /// Operation and configuration.
    Operations,
}

impl Group {
    /// All groups, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Signature,
        Self::Header,
        Self::Keys,
        Self::Claims,
        Self::Leaks,
        Self::Encryption,
        Self::Storage,
        Self::Revocation,
        Self::KeyManagement,
        Self::Metadata,
        Self::Exhaustion,
        Self::CrossService,
        Self::Operations,
    ];

    /// The first part of the IDs of its rules.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Signature => "SIG",
            Self::Header => "HDR",
            Self::Keys => "KEY",
            Self::Claims => "CLM",
            Self::Leaks => "LEAK",
            Self::Encryption => "JWE",
            Self::Storage => "STO",
            Self::Revocation => "REV",
            Self::KeyManagement => "KM",
            Self::Metadata => "META",
            Self::Exhaustion => "DOS",
            Self::CrossService => "XSV",
            Self::Operations => "OPS",
        }
    }

    /// The group's name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "Signature and algorithm",
            Self::Header => "Header parameters",
            Self::Keys => "Keys and secrets",
            Self::Claims => "Claims",
            Self::Leaks => "Disclosure",
            Self::Encryption => "Encryption",
            Self::Storage => "Storage and transport",
            Self::Revocation => "Revocation and sessions",
            Self::KeyManagement => "Published keys",
            Self::Metadata => "Issuer metadata",
            Self::Exhaustion => "Exhaustion",
            Self::CrossService => "Several services and issuers",
            Self::Operations => "Operation",
        }
    }
}

/// An input that shows a rule at work. Tests feed it to the rule; the documentation prints it.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// What kind of input it is.
    pub input: Input,
    /// The input.
    pub text: &'static str,
}

impl Example {
    /// Tokens: each a line of header and a line of claims (a made-up signature is added), or one compact token.
    pub const fn tokens(text: &'static str) -> Self {
        Self { input: Input::Tokens, text }
    }

    /// JWK Sets, one JSON text a line; a line `# URL [SECONDS]` before one says where and when it was fetched.
    pub const fn key_sets(text: &'static str) -> Self {
        Self { input: Input::KeySets, text }
    }

    /// The metadata of an issuer at `https://issuer.example`; a line `# URL` before it says another place.
    pub const fn metadata(text: &'static str) -> Self {
        Self { input: Input::Metadata, text }
    }

    /// An HTTP request and its response as on the wire, separated by a line `---`; further pairs follow a line `===`.
    pub const fn http(text: &'static str) -> Self {
        Self { input: Input::Http, text }
    }

    /// A text file; its first line is `# NAME`.
    pub const fn file(text: &'static str) -> Self {
        Self { input: Input::File, text }
    }

    /// What a live verifier does, in words; the tests have a server that does it.
    pub const fn behaviour(text: &'static str) -> Self {
        Self { input: Input::Behaviour, text }
    }
}

/// The kinds of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Tokens.
    Tokens,
    /// JWK Sets.
    KeySets,
    /// Issuer metadata.
    Metadata,
    /// HTTP messages.
    Http,
    /// A text file.
    File,
    /// A live verifier's behaviour.
    Behaviour,
}

/// How a rule looks at one kind of evidence.
#[derive(Clone, Copy)]
pub enum Check {
    /// At each token.
    Token(fn(&Token, &Setting<'_>) -> Outcome),
    /// At all tokens together.
    Tokens(fn(&[Token], &Setting<'_>) -> Outcome),
    /// At each key of each set.
    Key(fn(&Key, &Setting<'_>) -> Outcome),
    /// At each key set.
    KeySet(fn(&KeySet, &Setting<'_>) -> Outcome),
    /// At all key sets together.
    KeySets(fn(&[KeySet], &Setting<'_>) -> Outcome),
    /// At each metadata document.
    Metadata(fn(&Metadata, &Setting<'_>) -> Outcome),
    /// At each cookie that carries a token.
    Cookie(fn(&Cookie, &Setting<'_>) -> Outcome),
    /// At each recorded request with its response.
    Exchange(fn(&Exchange, &Setting<'_>) -> Outcome),
    /// At each text file.
    File(fn(&TextFile, &Setting<'_>) -> Outcome),
    /// At everything.
    Evidence(fn(&Evidence, &Setting<'_>) -> Outcome),
    /// By forged tokens, planned ahead.
    Attack(fn(&Scene) -> Plan),
    /// By requests that need the answer of the one before.
    Probe(fn(&mut Prober) -> Outcome),
    /// By steps of a flow that the operator described.
    Flow(fn(&mut Flow) -> Outcome),
    /// Not at all: this is why.
    Never(&'static str),
}

impl Check {
    /// Whether it sends requests.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Attack(_) | Self::Probe(_) | Self::Flow(_))
    }

    /// What it looks at, for a sentence that says that there is none.
    pub const fn looks_at(self) -> &'static str {
        match self {
            Self::Token(_) | Self::Tokens(_) => "token",
            Self::Key(_) | Self::KeySet(_) | Self::KeySets(_) => "JWK Set",
            Self::Metadata(_) => "issuer metadata",
            Self::Cookie(_) => "cookie that carries a token",
            Self::Exchange(_) => "recorded HTTP exchange",
            Self::File(_) => "text file",
            Self::Evidence(_) => "evidence",
            Self::Attack(_) | Self::Probe(_) => "live endpoint",
            Self::Flow(_) => "flow file",
            Self::Never(_) => "means",
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({})", self.looks_at())
    }
}
