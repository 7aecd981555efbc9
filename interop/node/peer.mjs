// Answers JSON lines with the `jose` package. See ../README.md.
import * as jose from "jose";
import { createInterface } from "node:readline";

const publicHalf = ({ kty, crv, x, y, n, e, pub, alg, k }) => {
  const members = { oct: { kty, k }, AKP: { kty, alg, pub } }[kty] ?? { kty, crv, x, y, n, e };
  return JSON.parse(JSON.stringify(members));
};
const strip = (jwk) => {
  const { use, key_ops, alg, ...rest } = jwk;
  return jwk.kty === "AKP" ? { alg, ...rest } : rest;
};
const bytes = (text) => jose.base64url.decode(text);

async function secret(jwk, alg) {
  if (alg.startsWith("PBES2")) return bytes(jwk.k);
  return jose.importJWK(strip(jwk), alg);
}

async function answer({ op, alg, enc, key, payload, jws, plaintext, jwe }) {
  switch (op) {
    case "sign":
      return { jws: await new jose.CompactSign(bytes(payload)).setProtectedHeader({ alg }).sign(await secret(key, alg)) };
    case "verify": {
      const read = await jose.compactVerify(jws, await jose.importJWK(publicHalf(key), alg), { algorithms: [alg] });
      return { payload: jose.base64url.encode(read.payload) };
    }
    case "encrypt": {
      const to = alg.startsWith("PBES2") ? bytes(key.k) : await jose.importJWK(publicHalf(key), alg === "dir" ? enc : alg);
      const maker = new jose.CompactEncrypt(bytes(plaintext)).setProtectedHeader({ alg, enc });
      if (alg.startsWith("PBES2")) maker.setKeyManagementParameters({ p2c: 1000 });
      return { jwe: await maker.encrypt(to) };
    }
    case "decrypt": {
      const own = alg.startsWith("PBES2") ? bytes(key.k) : await jose.importJWK(strip(key), alg === "dir" ? enc : alg);
      const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc], maxPBES2Count: 1000 };
      const read = await jose.compactDecrypt(jwe, own, options);
      return { plaintext: jose.base64url.encode(read.plaintext) };
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let result;
  try {
    result = await answer(JSON.parse(line));
  } catch (error) {
    // Which of the newer algorithms there are depends on the version of node.
    const unsupported = error.code === "ERR_JOSE_NOT_SUPPORTED" || error.name === "NotSupportedError" ||
      (line.includes('"ML-DSA-') && error instanceof DOMException);
    result = unsupported ? { unsupported: true } : { error: `${error.code ?? error.name}: ${error.message}` };
  }
  console.log(JSON.stringify(result));
}
