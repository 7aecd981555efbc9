//! What a live audit takes, and what it may do.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use clap::{Args, ValueEnum};
use probity_audit::evidence::{Evidence, Token, to_hex};
use probity_audit::live::{AcceptWhen, Listener, LiveOptions, OtherToken, Prober, Signer, Supplies, Target};
use probity_audit::{Allow, Place};

use super::inputs::{first_token, now, text_of, usage};
use super::options::Options;
use crate::failure::{Doing, Failure, Kind};

/// What a live audit takes.
#[derive(Debug, Args)]
pub(super) struct Live {
    /// A token that the endpoint accepts, or `@FILE`.
    #[arg(long, env = "PROBITY_AUDIT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// What you permit.
    #[arg(long, value_enum)]
    pub(super) allow: Vec<Permission>,
    /// A host of yours; without it only this machine is asked.
    #[arg(long)]
    i_own: Vec<String>,
    /// Where the host of the URL is, instead of what DNS says: for a machine that has not got its name yet.
    #[arg(long, value_name = "ADDRESS")]
    connect_to: Option<IpAddr>,
    /// What an accepted answer looks like: `status=200`, `body~TEXT`, `header:NAME~TEXT`.
    #[arg(long)]
    accept_when: Vec<AcceptWhen>,
    /// Another token, which must be refused, as KIND=TOKEN: id, refresh, logout, assertion, dpop-proof, audience, environment,
    /// tenant, dpop, mtls, expired, withdrawn.
    #[arg(long)]
    other: Vec<String>,
    /// A private JWK that the endpoint trusts.
    #[arg(long)]
    signing_key: Option<PathBuf>,
    /// The private JWK of another issuer that the endpoint trusts.
    #[arg(long)]
    other_issuer_key: Option<PathBuf>,
    /// The private JWK of a key that is published for encryption.
    #[arg(long)]
    other_key: Option<PathBuf>,
    /// The private JWK that a DPoP-bound token is bound to.
    #[arg(long)]
    dpop_key: Option<PathBuf>,
    /// With --allow oob: where call-backs arrive; an address of this machine, port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS")]
    listener: Option<SocketAddr>,
    /// With --allow oob: how the endpoint reaches that address, when not by itself.
    #[arg(long, value_name = "URL", requires = "listener")]
    listener_url: Option<url::Url>,
    /// A second URL that takes the same token, as a gateway and the service behind it.
    #[arg(long)]
    second: Option<url::Url>,
    /// How many requests may be sent.
    #[arg(long, default_value_t = 1_500)]
    max_requests: usize,
    /// How many requests may be sent in a second, beyond this machine; 0 for no limit.
    #[arg(long, default_value_t = 20)]
    rate: u32,
}

/// What can be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Permission {
    /// Forged tokens in idempotent requests.
    Active,
    /// Call-backs to an own listener.
    Oob,
    /// Bounded probes of exhaustion.
    DosProbe,
    /// Flows that change state.
    StateChange,
}

impl Live {
    pub(super) async fn audit(
        self,
        target: Target,
        found: Option<String>,
        mut evidence: Evidence,
        options: Options,
    ) -> Result<(), Failure> {
        let given = match &self.token {
            Some(token) => Some(first_token(token)?),
            None => found,
        };
        let token = given.ok_or_else(|| usage("give a token that the endpoint accepts: --token TOKEN"))?;
        let parsed = Token::parse(&token, Place::of("the valid token")).ok_or_else(|| usage("the token is no JWT"))?;
        evidence.add_token(parsed);
        for source in &options.jwks {
            evidence.key_sets.push(options.key_set(source).await?);
        }
        let allow = self.permitted();
        let name = target.url.to_string();
        if allow.active {
            self.owns(&target.host())?;
            if let Some(second) = &self.second {
                self.owns(second.host_str().unwrap_or_default())?;
            }
        }
        let listener = self.listen(&target).await?;
        let live = LiveOptions { listener, ..self.options(target, token, options.authorities()?)? };
        let policy = options.policy();
        let prober = Prober::new(live, &evidence, &policy, now(), tokio::runtime::Handle::current()).map_err(usage)?;
        options.audit(&name, evidence, Some((prober, allow)), None).await
    }

    fn options(self, target: Target, token: String, authorities: Option<String>) -> Result<LiveOptions, Failure> {
        let signer = |file: Option<&PathBuf>| -> Result<Option<Signer>, Failure> {
            file.map(|file| {
                Signer::from_jwk(&text_of(file)?, None).map_err(|error| usage(format!("{}: {error}", file.display())))
            })
            .transpose()
        };
        let others = self.other.iter().map(|other| {
            let (kind, token) = other.split_once('=').ok_or_else(|| usage("write --other KIND=TOKEN"))?;
            Ok(OtherToken { kind: kind.to_owned(), text: first_token(token)? })
        });
        Ok(LiveOptions {
            target,
            token,
            others: others.collect::<Result<_, Failure>>()?,
            supplies: Supplies {
                signer: signer(self.signing_key.as_ref())?,
                other_issuer_signer: signer(self.other_issuer_key.as_ref())?,
                wrong_use_signer: signer(self.other_key.as_ref())?,
                encryption_secret: None,
                dpop_key: self.dpop_key.as_ref().map(|file| text_of(file)).transpose()?,
            },
            accept_when: self.accept_when,
            second: self.second,
            authorities,
            listener: None,
            connect_to: self.connect_to,
            max_requests: self.max_requests,
            requests_per_second: self.rate,
            allow_dos_probe: self.allow.contains(&Permission::DosProbe),
            marker: marker()?,
        })
    }

    /// Waits for call-backs, when they are permitted: at the address given, or on this machine if the target is here too.
    async fn listen(&self, target: &Target) -> Result<Option<Arc<Listener>>, Failure> {
        if !self.allow.contains(&Permission::Oob) {
            return Ok(None);
        }
        let address = match self.listener {
            Some(address) => address,
            None if target.is_loopback() => SocketAddr::from(([127, 0, 0, 1], 0)),
            None => {
                return Err(usage("--allow oob needs --listener ADDRESS: where the endpoint can reach this machine"));
            }
        };
        if address.ip().is_unspecified() && self.listener_url.is_none() {
            return Err(usage(format!(
                "{address} is every address: say by --listener-url how the endpoint reaches it"
            )));
        }
        let listener = Listener::start(address, self.listener_url.clone()).await;
        Ok(Some(Arc::new(listener.doing(format_args!("listening on {address}")).or_kind(Kind::Usage)?)))
    }

    /// Whether the operator says that a host is his; this machine needs no saying.
    pub(super) fn owns(&self, host: &str) -> Result<(), Failure> {
        let loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if loopback || self.i_own.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Ok(());
        }
        Err(usage(format!("nothing is sent to {host} unless you say that it is yours: --i-own {host}")))
    }

    pub(super) fn permitted(&self) -> Allow {
        let has = |permission| self.allow.contains(&permission);
        Allow {
            active: has(Permission::Active),
            oob: has(Permission::Oob),
            dos_probe: has(Permission::DosProbe),
            state_change: has(Permission::StateChange),
        }
    }
}

/// A name for this audit's tokens that nobody else uses.
pub(super) fn marker() -> Result<String, Failure> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::new("no randomness"))?;
    Ok(format!("probity-audit-{}", to_hex(&bytes)))
}
