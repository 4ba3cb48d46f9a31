"""A small real OpenID provider on this computer: discovery, keys, authorization code with PKCE, signed ID tokens.

Whoever comes chooses who they are: people are given as claims. It checks what a provider checks, and refuses the rest.
"""

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "firstlight", "a secret between the two"


class Provider(ThreadingHTTPServer):
    """people: name of the link -> claims. Only `back` may be redirected to, once it is known."""

    def __init__(self, people: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.people, self.back, self.codes = people, "", dict[str, dict[str, str]]()
        self.key = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if path == "/.well-known/openid-configuration":
            self._json(self._configuration())
        elif path == "/keys":
            self._json({"keys": [self.server.key.as_dict(private=False)]})
        elif path == "/authorize" and self._sound(asked):
            self._choose(asked)
        elif path == "/logout" and asked.get("post_logout_redirect_uri") == self.server.back:
            self._redirect(self.server.back)
        else:
            self._json({"error": "invalid_request"}, 400)

    def do_POST(self) -> None:
        asked = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        known = self.headers.get("authorization") == f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"
        given = self.server.codes.pop(asked.get("code", ""), None)  # a code counts once
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        verified = given is not None and given["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip(
            "="
        )
        if not (known and given and verified and asked.get("redirect_uri") == self.server.back):
            return self._json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.server.url, "aud": CLIENT, "iat": now, "exp": now + 600, "nonce": given["nonce"]}
        token = jwt.encode(
            {"alg": "RS256", "kid": "one"}, {**claims, **self.server.people[given["who"]]}, self.server.key
        )
        return self._json({"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": token})

    def _configuration(self) -> dict[str, Any]:
        url = self.server.url
        return {
            "issuer": url, "authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/keys", "end_session_endpoint": f"{url}/logout",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
        }  # fmt: skip

    def _sound(self, asked: Mapping[str, str]) -> bool:
        wanted = {"client_id": CLIENT, "response_type": "code", "redirect_uri": self.server.back,
                  "code_challenge_method": "S256"}  # fmt: skip
        return all(asked.get(key) == value for key, value in wanted.items()) and "nonce" in asked and "state" in asked

    def _choose(self, asked: Mapping[str, str]) -> None:
        """Who are you? A link for each of the people, with a code of its own."""
        links = []
        for who in self.server.people:
            code = secrets.token_hex(16)
            self.server.codes[code] = {"who": who, **asked}
            back = f"{self.server.back}?{urlencode({'code': code, 'state': asked['state']})}"
            links.append(f'<a href="{html.escape(back)}">{html.escape(who)}</a>')
        self._answer(200, "text/html", f"<h1>Who are you?</h1>{' '.join(links)}".encode())

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("location", where)
        self.end_headers()

    def _json(self, content: Any, status: int = 200) -> None:
        self._answer(status, "application/json", json.dumps(content).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def provider(people: Mapping[str, Mapping[str, Any]]) -> Iterator[Provider]:
    """A provider that answers until the block ends."""
    with Provider(people) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
