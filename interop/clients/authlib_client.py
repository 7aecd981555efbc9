"""Authlib with requests, as its documentation uses it. See ../README.md."""

import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet, import_key

settings = json.loads(sys.argv[1])
metadata = requests.get(settings["issuer"] + "/.well-known/openid-configuration", timeout=30).json()
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=30).json())
TOKEN, REDIRECT = metadata["token_endpoint"], settings["redirect_uri"]


def person(url):
    """Asks the test to be the person: where was the browser sent?"""
    print(json.dumps({"open": url}), flush=True)
    return sys.stdin.readline().strip()


def must(holds, what):
    if not holds:
        raise AssertionError(what)


def confidential(**more):
    more = {"token_endpoint_auth_method": "client_secret_basic", "redirect_uri": REDIRECT, "scope": settings["scope"]} | more
    return OAuth2Session("peer", settings["secret"], code_challenge_method="S256", **more)


def log_in(session):
    verifier, nonce = "v" * 48, "n-0S6_WzA2Mj"
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    token = session.fetch_token(TOKEN, authorization_response=person(url), state=state, code_verifier=verifier)
    read = jwt.decode(token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    expected = {"iss": {"values": [metadata["issuer"]]}, "aud": {"values": [session.client_id]}, "nonce": {"value": nonce}}
    params = {"nonce": nonce, "client_id": session.client_id, "access_token": token["access_token"]}
    claims = CodeIDToken(read.claims, read.header, expected, params)
    claims.validate(leeway=0)
    return token, claims


def credentials(method):
    session = confidential(token_endpoint_auth_method=method, scope="read")
    must(session.fetch_token(TOKEN, grant_type="client_credentials")["scope"] == "read", "scope")


def assertion():
    key = import_key(settings["key"])
    session = OAuth2Session("signer", key, token_endpoint_auth_method="private_key_jwt", scope="read")
    session.register_client_auth_method(PrivateKeyJWT(settings["issuer"], alg="ES256", headers={"kid": settings["key"]["kid"]}))
    must(session.fetch_token(TOKEN, grant_type="client_credentials")["access_token"], "no token")


def code():
    session = confidential()
    _, claims = log_in(session)
    must(session.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"], "sub")


def public():
    session = OAuth2Session("public", code_challenge_method="S256", redirect_uri=REDIRECT, scope=settings["scope"],
                            token_endpoint_auth_method="none")
    log_in(session)


def refresh():
    session = confidential()
    token, _ = log_in(session)
    before = token["refresh_token"]
    must(session.refresh_token(TOKEN, refresh_token=before)["refresh_token"] != before, "not a new one")


def introspection():
    session = confidential()
    token = session.fetch_token(TOKEN, grant_type="client_credentials")["access_token"]
    ask = lambda: session.introspect_token(metadata["introspection_endpoint"], token=token).json()["active"]
    must(ask(), "active")
    must(session.revoke_token(metadata["revocation_endpoint"], token=token).status_code == 200, "not revoked")
    must(not ask(), "still active")


flows = {
    "client credentials, secret in the header": lambda: credentials("client_secret_basic"),
    "client credentials, secret in the body": lambda: credentials("client_secret_post"),
    "client credentials, signed assertion": assertion,
    "code with PKCE, ID token, userinfo": code,
    "code of a public client": public,
    "refresh": refresh,
    "introspection, revocation": introspection,
}
for flow, work in flows.items():
    try:
        work()
        print(json.dumps({"flow": flow}), flush=True)
    except Exception as error:  # whatever the client says is told
        print(json.dumps({"flow": flow, "error": f"{type(error).__name__}: {error}"}), flush=True)
