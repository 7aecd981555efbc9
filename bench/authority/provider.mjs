// node oidc-provider with one client that acts for itself, as the authority's peer in `cargo xtask bench authority`.
import Provider from "oidc-provider";

const [port, secret] = process.argv.slice(2);
const audience = "https://api.example";
const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
const key = { ...(await crypto.subtle.exportKey("jwk", privateKey)), alg: "ES256", use: "sig", kid: "k" };
delete key.key_ops;
delete key.ext;

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys: [key] },
  clients: [{
    client_id: "bench", client_secret: secret, grant_types: ["client_credentials"], response_types: [],
    redirect_uris: [], token_endpoint_auth_method: "client_secret_basic", id_token_signed_response_alg: "ES256",
  }],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      getResourceServerInfo: () => ({
        scope: "read", audience, accessTokenTTL: 300, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } },
      }),
    },
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
