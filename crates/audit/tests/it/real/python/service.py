"""A service on one of the well-known libraries: python service.py LIBRARY FOLDER, where FOLDER holds the key.

It prints the port that it listens on.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LIBRARY, FOLDER = sys.argv[1:3]
PUBLIC_KEY = Path(FOLDER, "public.pem").read_text()
ISSUER, AUDIENCE = "https://issuer.example", "https://api.example"


def pyjwt(token):
    import jwt

    return jwt.decode(token, PUBLIC_KEY, algorithms=["RS256"], issuer=ISSUER, audience=AUDIENCE)


def pyjwt_no_audience(token):
    import jwt

    return jwt.decode(token, PUBLIC_KEY, algorithms=["RS256"], issuer=ISSUER, options={"verify_aud": False})


def python_jose(token):
    from jose import jwt

    return jwt.decode(token, PUBLIC_KEY, algorithms=["RS256"], issuer=ISSUER, audience=AUDIENCE)


VERIFY = {"pyjwt": pyjwt, "pyjwt-no-audience": pyjwt_no_audience, "python-jose": python_jose}[LIBRARY]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one segment: two would wait for each other's acknowledgement, 40 ms for each answer.
    wbufsize = -1

    def do_GET(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            status, body = 200, {"sub": VERIFY(token)["sub"]}
        except Exception:
            status, body = 401, {"error": "invalid_token"}
        text = json.dumps(body).encode()
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
