//! A list, signed (section 5.1).

use probity_jose::jwt::{self, TokenType};
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, UnixTime, base64url};
use serde::{Deserialize, Serialize};

use super::list::{Bits, MalformedStatusList, StatusList};
use super::lists::MAX_STATUS_LIST_TOKEN_BYTES;

/// `typ` of a status list token.
pub const TOKEN_TYPE: &str = "statuslist+jwt";

/// The media type under which it is served (section 8.2).
pub const MEDIA_TYPE: &str = "application/statuslist+jwt";

/// A status list with what its issuer says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusListToken {
    /// `sub`: the address under which tokens name the list.
    pub uri: String,
    /// `iat`.
    pub issued: UnixTime,
    /// `exp`: from then on it must not be used.
    pub expires: Option<UnixTime>,
    /// `ttl`: how many seconds it may be kept before it is fetched anew.
    pub ttl: Option<u64>,
    /// The list.
    pub list: StatusList,
    /// `aggregation_uri`: where all lists of the issuer are named.
    pub aggregation: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    status_list: Member,
}

#[derive(Serialize, Deserialize)]
struct Member {
    bits: u8,
    lst: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    aggregation_uri: Option<String>,
}

impl StatusListToken {
    /// Signs the list.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(&self, key: &SigningKey) -> Result<String, Error> {
        let claims = Claims {
            sub: self.uri.clone(),
            iat: self.issued.as_secs(),
            exp: self.expires.map(UnixTime::as_secs),
            ttl: self.ttl,
            status_list: Member {
                bits: self.list.bits().count(),
                lst: base64url::encode(&self.list.compress()),
                aggregation_uri: self.aggregation.clone(),
            },
        };
        jwt::sign(TOKEN_TYPE, &claims, key)
    }

    /// Verifies a token that was fetched from `uri`.
    ///
    /// Its signature comes before anything in it is unpacked.
    ///
    /// # Errors
    /// The error of the signature or the claims; [`Error::ClaimsMismatch`] also when the list is another one than that of
    /// `uri` (section 8.3) or can't be read.
    pub fn verify(
        token: &str,
        uri: &str,
        keys: &JwkSet,
        algorithms: &[SignatureAlgorithm],
        now: UnixTime,
    ) -> Result<Self, Error> {
        // Whose list it is, is said by `sub`; whose key it is, by whoever chose `keys`.
        let mut policy = jwt::Verifier::custom(TokenType::Exactly(TOKEN_TYPE.to_owned()))
            .danger_accept_any_issuer()
            .danger_accept_any_audience()
            .algorithms(algorithms.iter().copied());
        policy.required_claims = vec!["sub".to_owned(), "iat".to_owned()];
        policy.signature.limits.token_bytes = MAX_STATUS_LIST_TOKEN_BYTES;
        let verified = policy.verify::<Claims>(token, keys, now)?;
        let claims = verified.into_claims();
        if claims.sub != uri {
            return Err(Error::ClaimsMismatch);
        }
        let list = unpack(&claims.status_list).map_err(|_| Error::ClaimsMismatch)?;
        Ok(Self {
            uri: claims.sub,
            issued: UnixTime::from_secs(claims.iat),
            expires: claims.exp.map(UnixTime::from_secs),
            ttl: claims.ttl,
            list,
            aggregation: claims.status_list.aggregation_uri,
        })
    }
}

fn unpack(member: &Member) -> Result<StatusList, MalformedStatusList> {
    let compressed = base64url::decode(&member.lst).map_err(|_| MalformedStatusList::Compression)?;
    StatusList::inflate(Bits::try_from(member.bits)?, &compressed)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const URI: &str = "https://as.example/status-lists/1";
    const NOW: UnixTime = UnixTime::from_secs(1_000);

    pub(crate) fn token(uri: &str) -> StatusListToken {
        StatusListToken {
            uri: uri.into(),
            issued: NOW,
            expires: Some(NOW.plus(100)),
            ttl: Some(30),
            list: StatusList::new(Bits::One, vec![0b10]),
            aggregation: Some("https://as.example/status-lists".into()),
        }
    }

    fn verify(text: &str, uri: &str, keys: &JwkSet, now: UnixTime) -> Result<StatusListToken, Error> {
        StatusListToken::verify(text, uri, keys, &[SignatureAlgorithm::Es256], now)
    }

    #[test]
    fn a_list_reads_back_as_it_was_signed_until_it_expires() {
        let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        let keys = JwkSet::from(key.verifying_key().unwrap());
        let text = token(URI).sign(&key).unwrap();
        assert_eq!(verify(&text, URI, &keys, NOW), Ok(token(URI)));
        assert_eq!(verify(&text, URI, &keys, NOW.plus(100)), Err(Error::Expired));
    }

    #[test]
    fn another_list_another_key_and_another_kind_of_token_are_refused() {
        let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        let keys = JwkSet::from(key.verifying_key().unwrap());
        let text = token(URI).sign(&key).unwrap();
        assert_eq!(verify(&text, "https://as.example/status-lists/2", &keys, NOW), Err(Error::ClaimsMismatch));
        let stranger = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        assert!(verify(&token(URI).sign(&stranger).unwrap(), URI, &keys, NOW).is_err());
        let claims = serde_json::json!({"sub": URI, "iat": 1_000, "status_list": {"bits": 1, "lst": "eNpjAAAAAQAB"}});
        assert!(verify(&jwt::sign(TOKEN_TYPE, &claims, &key).unwrap(), URI, &keys, NOW).is_ok());
        assert!(verify(&jwt::sign("at+jwt", &claims, &key).unwrap(), URI, &keys, NOW).is_err());
    }
}
