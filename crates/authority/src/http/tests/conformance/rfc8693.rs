//! Token Exchange.

use super::*;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// RFC 8693 section 2.1: the token and its type are required, and an actor's token only counts with its type.
#[tokio::test]
async fn an_exchange_without_what_is_required_is_refused() {
    let fixture = Fixture::with(|config| {
        config.clients[2].grant_types.push(GrantType::TokenExchange);
        config.clients[2].policy.exchanges_tokens_for = vec![AUDIENCE.into()];
    })
    .await;
    let token = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("access_token");
    let all = [("grant_type", GRANT), ("subject_token", token.as_str()), ("subject_token_type", ACCESS_TOKEN)];
    for form in [&all[..1], &all[..2], &[all[0], all[2]]] {
        let answer = fixture.post_as_service("/token", form).await;
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{form:?}");
    }
    let answer = fixture.post_as_service("/token", &all).await;
    // Section 2.2.1.
    for name in ["access_token", "issued_token_type", "token_type", "expires_in"] {
        assert!(!answer.json()[name].is_null(), "{name}: {answer:?}");
    }
    assert_eq!(answer.headers["cache-control"], "no-store");
}
