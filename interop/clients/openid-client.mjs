// openid-client, as its documentation uses it.
import * as client from "openid-client";
import { must, person, run, settings, signingKey } from "./flows.mjs";

const issuer = new URL(settings.issuer);
const { redirect_uri, after_logout, secret, scope } = settings;
const confidential = () => client.discovery(issuer, "peer", secret);
const signing = async () => client.discovery(issuer, "signer", undefined, client.PrivateKeyJwt(await signingKey()));

// A login; the tokens of it.
async function logIn(config, { more = {}, dpop, through = (parameters) => client.buildAuthorizationUrl(config, parameters) } = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = await through({
    redirect_uri, scope, state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256", ...more,
  });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  return client.authorizationCodeGrant(config, await person(url), checks, undefined, { DPoP: dpop });
}

await run({
  "client credentials, secret in the header": async () => {
    const config = await client.discovery(issuer, "peer", secret, client.ClientSecretBasic(secret));
    must((await client.clientCredentialsGrant(config, { scope: "read" })).scope === "read", "scope");
  },
  "client credentials, secret in the body": async () => {
    const config = await client.discovery(issuer, "peer", secret, client.ClientSecretPost(secret));
    must((await client.clientCredentialsGrant(config, { scope: "read" })).access_token, "no token");
  },
  "client credentials, signed assertion": async () => {
    must((await client.clientCredentialsGrant(await signing(), { scope: "read" })).access_token, "no token");
  },
  "resource indicator": async () => {
    const config = await confidential();
    const { access_token } = await client.clientCredentialsGrant(config, { resource: settings.resource });
    must((await client.tokenIntrospection(config, access_token)).aud === settings.resource, "aud");
  },
  "code with PKCE, ID token, userinfo": async () => {
    const config = await confidential();
    client.enableNonRepudiationChecks(config);
    const tokens = await logIn(config);
    const { sub } = tokens.claims();
    must((await client.fetchUserInfo(config, tokens.access_token, sub)).sub === sub, "sub");
  },
  "code of a public client": async () => {
    const config = await client.discovery(issuer, "public", undefined, client.None());
    must((await logIn(config)).claims().aud === "public", "aud");
  },
  "max_age, login again": async () => {
    const config = await confidential();
    const tokens = await logIn(config, { more: { max_age: "0" } });
    must(typeof tokens.claims().auth_time === "number", "auth_time");
  },
  refresh: async () => {
    const config = await confidential();
    const tokens = await logIn(config);
    const again = await client.refreshTokenGrant(config, tokens.refresh_token);
    must(again.refresh_token !== tokens.refresh_token && again.claims().sub === tokens.claims().sub, "not a new one");
  },
  "introspection, revocation": async () => {
    const config = await confidential();
    const { access_token } = await client.clientCredentialsGrant(config);
    must((await client.tokenIntrospection(config, access_token)).active, "active");
    await client.tokenRevocation(config, access_token);
    must(!(await client.tokenIntrospection(config, access_token)).active, "still active");
  },
  "pushed request": async () => {
    const config = await confidential();
    await logIn(config, { through: (parameters) => client.buildAuthorizationUrlWithPAR(config, parameters) });
  },
  "signed request object": async () => {
    const config = await signing();
    const key = await signingKey();
    await logIn(config, { through: (parameters) => client.buildAuthorizationUrlWithJAR(config, parameters, key) });
  },
  "signed response (JARM)": async () => {
    const config = await confidential();
    client.useJwtResponseMode(config);
    await logIn(config);
  },
  DPoP: async () => {
    const config = await client.discovery(issuer, "public", undefined, client.None());
    const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    const tokens = await logIn(config, { dpop });
    must(tokens.token_type === "dpop", "token_type");
    const { sub } = tokens.claims();
    await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP: dpop });
    await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
  },
  "device authorization": async () => {
    const config = await confidential();
    const device = await client.initiateDeviceAuthorization(config, { scope });
    await person(device.verification_uri_complete);
    must((await client.pollDeviceAuthorizationGrant(config, device)).access_token, "no token");
  },
  "token exchange": async () => {
    const config = await confidential();
    const { access_token } = await logIn(config);
    const type = "urn:ietf:params:oauth:token-type:access_token";
    const grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    const parameters = { subject_token: access_token, subject_token_type: type, scope: "read" };
    must((await client.genericGrantRequest(config, grant, parameters)).issued_token_type === type, "issued_token_type");
  },
  logout: async () => {
    const config = await confidential();
    const { id_token } = await logIn(config);
    const parameters = { id_token_hint: id_token, post_logout_redirect_uri: after_logout, state: "bye" };
    const back = await person(client.buildEndSessionUrl(config, parameters));
    must(back.href === `${after_logout}?state=bye`, back.href);
  },
});
