"""Answers JSON lines with joserfc. See ../README.md."""

import base64
import json
import sys
import warnings

from joserfc import jwe, jws
from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwk import import_key

warnings.simplefilter("ignore")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def key_of(jwk):
    return import_key({name: value for name, value in jwk.items() if name not in ("alg", "use", "key_ops")})


def answer(line):
    op, alg = line["op"], line["alg"]
    if op in ("sign", "verify") and alg not in jws.JWSRegistry.algorithms:
        return {"unsupported": True}
    if op in ("encrypt", "decrypt"):
        known = jwe.JWERegistry.algorithms
        if alg not in known["alg"] or line["enc"] not in known["enc"]:
            return {"unsupported": True}
    key = key_of(line["key"])
    if op == "sign":
        return {"jws": jws.serialize_compact({"alg": alg}, decode(line["payload"]), key, algorithms=[alg])}
    if op == "verify":
        return {"payload": encode(jws.deserialize_compact(line["jws"], key, algorithms=[alg]).payload)}
    allowed = [alg, line["enc"]]
    if op == "encrypt":
        header = {"alg": alg, "enc": line["enc"]}
        if alg.startswith("PBES2"):
            header["p2c"] = 1000
        return {"jwe": jwe.encrypt_compact(header, decode(line["plaintext"]), key, algorithms=allowed)}
    return {"plaintext": encode(jwe.decrypt_compact(line["jwe"], key, algorithms=allowed).plaintext)}


for text in sys.stdin:
    try:
        result = answer(json.loads(text))
    except UnsupportedAlgorithmError:
        result = {"unsupported": True}
    except Exception as error:  # whatever the peer says is told
        result = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(result), flush=True)
