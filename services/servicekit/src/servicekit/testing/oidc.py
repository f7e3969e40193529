"""A small OpenID provider of the tests' own: real keys, real signatures, the real protocol over a real port; signing in
by a code with PKCE, and RP-initiated logout.
"""

import base64
import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

CLIENT, SECRET = "console", "a secret / with: signs"


@dataclass
class Granted:
    """What a code was given for."""

    redirect_uri: str
    nonce: str
    challenge: str


@dataclass
class OidcProvider:
    """Signs in whoever comes, as `person`. `changed` claims and `key` are what a token is signed with instead."""

    url: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "u-1", "name": "Kim W", "groups": ["support"]})
    changed: dict[str, Any] = field(default_factory=dict)
    key: Any = None
    algorithm: str = "RS256"
    refuses: bool = False
    discovered: dict[str, Any] = field(default_factory=dict)
    own_key: Any = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    codes: dict[str, Granted] = field(default_factory=dict)
    exchanges: int = 0
    #: Where browsers may be sent back to after they have signed out; and who has, by what was asked.
    registered: str = ""
    ended: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> FastAPI:
        app = FastAPI()
        app.add_route("/.well-known/openid-configuration", self.configuration)
        app.add_route("/jwks", self.jwks)
        app.add_route("/authorize", self.authorize)
        app.add_route("/token", self.token, methods=["POST"])
        app.add_route("/logout", self.logout)
        return app

    async def configuration(self, _: Request) -> Response:
        told = {
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
        }  # fmt: skip
        told |= self.discovered
        return JSONResponse({name: value for name, value in told.items() if value != ""})

    async def jwks(self, _: Request) -> Response:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.own_key.public_key(), as_dict=True)
        return JSONResponse({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]})

    async def authorize(self, request: Request) -> Response:
        asked = request.query_params
        right = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        if not right.items() <= dict(asked).items() or "openid" not in asked["scope"].split():
            return Response("This is not how a sign-in is asked for.", 400)
        if self.refuses:
            told = {"error": "access_denied", "state": asked["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = Granted(asked["redirect_uri"], asked["nonce"], asked["code_challenge"])
            told = {"code": code, "state": asked["state"]}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(told)}", 302)

    async def token(self, request: Request) -> Response:
        self.exchanges += 1
        told = dict(parse_qsl((await request.body()).decode()))
        scheme, _, pair = request.headers.get("authorization", "").partition(" ")
        who = [unquote(one) for one in base64.b64decode(pair).decode().split(":", 1)] if scheme == "Basic" else []
        granted = self.codes.pop(told.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(sha256(told["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if who != [CLIENT, SECRET]:
            return JSONResponse({"error": "invalid_client"}, 401)
        if granted is None or challenge != granted.challenge or told["redirect_uri"] != granted.redirect_uri:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": self._signed(granted.nonce)})

    async def logout(self, request: Request) -> Response:
        """As the standard has it: a hint may be too old, and nobody is sent to an address that is not registered."""
        asked = dict(request.query_params)
        if hint := asked.get("id_token_hint"):
            try:
                jwt.decode(
                    hint, self.own_key.public_key(), algorithms=["RS256"], audience=asked["client_id"],
                    issuer=self.url, options={"verify_exp": False},
                )  # fmt: skip
            except jwt.PyJWTError:
                return Response("The hint is none of ours.", 400)
        if asked["client_id"] != CLIENT or asked["post_logout_redirect_uri"] != self.registered:
            return Response("This address is not registered.", 400)
        self.ended.append(asked)
        return RedirectResponse(f"{self.registered}?{urlencode({'state': asked['state']})}", 303)

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce} | self.person
        claims = {name: value for name, value in (claims | self.changed).items() if value is not None}
        key: Any = None if self.algorithm == "none" else self.key or self.own_key
        return jwt.encode(claims, key, self.algorithm, headers={"kid": "one"})
