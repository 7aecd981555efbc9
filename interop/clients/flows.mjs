// What both node clients share: the settings, the person at the browser, and the list of flows. See ../README.md.
import { createInterface } from "node:readline";

export const settings = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Asks the test to be the person: it opens the address, signs in and allows, and says where the browser was sent.
export async function person(url) {
  console.log(JSON.stringify({ open: String(url) }));
  const { value } = await lines.next();
  return new URL(value);
}

// Runs the flows one after the other and says of each how it went.
export async function run(flows) {
  for (const [flow, work] of Object.entries(flows)) {
    try {
      await work();
      console.log(JSON.stringify({ flow }));
    } catch (error) {
      const cause = error.cause ? ` (${JSON.stringify(error.cause) ?? error.cause})` : "";
      console.log(JSON.stringify({ flow, error: `${error.code ?? error.name}: ${error.message}${cause}` }));
    }
  }
  process.exit(0);
}

export function must(holds, what) {
  if (!holds) throw new Error(what);
}

// The private key of the client that signs, for the algorithm of its JWK.
export async function signingKey() {
  const key = await crypto.subtle.importKey("jwk", settings.key, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  return { key, kid: settings.key.kid };
}
