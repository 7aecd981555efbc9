// oauth4webapi, which leaves each step to its caller and checks every answer strictly.
import * as oauth from "oauth4webapi";
import { must, person, run, settings, signingKey } from "./flows.mjs";

const issuer = new URL(settings.issuer);
const { redirect_uri, secret, scope } = settings;
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));
const basic = oauth.ClientSecretBasic(secret);

// A login of a client; the answer with its tokens.
async function logIn(client, authentication, { options, push = false } = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  let parameters = new URLSearchParams({
    client_id: client.client_id, redirect_uri, response_type: "code", scope, state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  if (push) {
    const response = await oauth.pushedAuthorizationRequest(as, client, authentication, parameters);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, response);
    parameters = new URLSearchParams({ client_id: client.client_id, request_uri });
  }
  const url = new URL(as.authorization_endpoint);
  url.search = parameters;
  const answer = oauth.validateAuthResponse(as, client, await person(url), state);
  const redeem = () => oauth.authorizationCodeGrantRequest(as, client, authentication, answer, redirect_uri, verifier, options);
  const check = async (response) => {
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true });
    await oauth.validateApplicationLevelSignature(as, response);
    return tokens;
  };
  return retried(redeem, check);
}

// A first proof costs one more round trip: the server wants its nonce in it.
async function retried(ask, check) {
  try {
    return await check(await ask());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return check(await ask());
  }
}

await run({
  "client credentials, secret in the header": async () => {
    const client = { client_id: "peer" };
    const response = await oauth.clientCredentialsGrantRequest(as, client, basic, new URLSearchParams({ scope: "read" }));
    must((await oauth.processClientCredentialsResponse(as, client, response)).scope === "read", "scope");
  },
  "client credentials, secret in the body": async () => {
    const client = { client_id: "peer" };
    const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretPost(secret), new URLSearchParams());
    await oauth.processClientCredentialsResponse(as, client, response);
  },
  "client credentials, signed assertion": async () => {
    const client = { client_id: "signer" };
    const authentication = oauth.PrivateKeyJwt(await signingKey());
    const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, new URLSearchParams());
    await oauth.processClientCredentialsResponse(as, client, response);
  },
  "code with PKCE, ID token, userinfo": async () => {
    const client = { client_id: "peer" };
    const tokens = await logIn(client, basic);
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);
    const response = await oauth.userInfoRequest(as, client, tokens.access_token);
    await oauth.processUserInfoResponse(as, client, sub, response);
  },
  "code of a public client": async () => {
    const tokens = await logIn({ client_id: "public" }, oauth.None());
    must(oauth.getValidatedIdTokenClaims(tokens).aud === "public", "aud");
  },
  refresh: async () => {
    const client = { client_id: "peer" };
    const tokens = await logIn(client, basic);
    const response = await oauth.refreshTokenGrantRequest(as, client, basic, tokens.refresh_token);
    must((await oauth.processRefreshTokenResponse(as, client, response)).refresh_token, "no refresh token");
  },
  "introspection, revocation": async () => {
    const client = { client_id: "peer" };
    const { access_token } = await logIn(client, basic);
    const ask = async () =>
      oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, basic, access_token));
    must((await ask()).active, "active");
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, basic, access_token));
    must(!(await ask()).active, "still active");
  },
  "signed introspection": async () => {
    const client = { client_id: "peer", introspection_signed_response_alg: "ES256" };
    const { access_token } = await logIn(client, basic);
    const response = await oauth.introspectionRequest(as, client, basic, access_token, { requestJwtResponse: true });
    must((await oauth.processIntrospectionResponse(as, client, response)).active, "active");
    await oauth.validateApplicationLevelSignature(as, response);
  },
  "pushed request": async () => {
    await logIn({ client_id: "peer" }, basic, { push: true });
  },
  DPoP: async () => {
    const client = { client_id: "public" };
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));
    const tokens = await logIn(client, oauth.None(), { options: { DPoP } });
    must(tokens.token_type === "dpop", "token_type");
    const { sub } = oauth.getValidatedIdTokenClaims(tokens);
    const ask = () => oauth.userInfoRequest(as, client, tokens.access_token, { DPoP });
    await retried(ask, (response) => oauth.processUserInfoResponse(as, client, sub, response));
  },
  "access token checked as a resource does": async () => {
    const { access_token } = await logIn({ client_id: "peer" }, basic);
    const request = new Request(settings.audience, { headers: { authorization: `Bearer ${access_token}` } });
    must((await oauth.validateJwtAccessToken(as, request, settings.audience)).client_id === "peer", "client_id");
  },
  "device authorization": async () => {
    const client = { client_id: "peer" };
    const asked = await oauth.deviceAuthorizationRequest(as, client, basic, new URLSearchParams({ scope }));
    const device = await oauth.processDeviceAuthorizationResponse(as, client, asked);
    await person(device.verification_uri_complete);
    const response = await oauth.deviceCodeGrantRequest(as, client, basic, device.device_code);
    await oauth.processDeviceCodeResponse(as, client, response, { requireIdToken: true });
  },
});
