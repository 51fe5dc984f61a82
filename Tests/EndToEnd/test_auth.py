"""Accounts: register, login, refresh, logout, tokens, throttling."""
import base64
import hashlib
import hmac
import json
import shutil
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from roost_client import PASSWORD, TIME, Caller, User, admin_login, assert_problem, register
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(data):
    data = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def login(caller, email, password=PASSWORD):
    return caller.post("/v1/auth/login", json={"email": email, "password": password})


def refresh(caller, token):
    return Caller(caller.server).post("/v1/auth/refresh", json={"refreshToken": token})


def test_register_answers_the_user_and_tokens(server, nobody):
    response = nobody.post("/v1/auth/register", json={"email": "New.User@Example.org", "password": PASSWORD, "name": "New", "color": "green"})
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) >= {"user", "accessToken", "refreshToken", "tokenType", "expiresIn"}
    assert answer["tokenType"] == "Bearer" and 60 <= answer["expiresIn"] <= 3600
    assert answer["user"]["email"].lower() == "new.user@example.org" and answer["user"]["name"] == "New" and answer["user"]["color"] == "green"
    assert TIME.match(answer["user"]["createdAt"])
    assert response.headers.get("Cache-Control") == "no-store"
    for secret in (PASSWORD, "argon2", "password"):
        assert secret not in json.dumps(answer["user"]).lower()
    me = User(server, answer).must(200, "GET", "/v1/auth/me")
    assert me == answer["user"]


@pytest.mark.parametrize("spelling", ["ada.case@example.org", "Ada.Case@Example.ORG", "ADA.CASE@EXAMPLE.ORG"])
def test_an_email_is_one_in_any_spelling(nobody, spelling):
    nobody.post("/v1/auth/register", json={"email": "Ada.Case@example.org", "password": PASSWORD})
    assert login(nobody, spelling).status_code == 200
    second = nobody.post("/v1/auth/register", json={"email": spelling, "password": "another long password"})
    assert second.status_code in (202, 409, 422) and "accessToken" not in second.text
    assert login(nobody, spelling, "another long password").status_code == 401, "registering again takes no account over"


@pytest.mark.parametrize("fields, pointer", [
    ({"email": ""}, "/email"), ({"email": "a"}, "/email"), ({"email": "a@"}, "/email"), ({"email": "@b.c"}, "/email"), ({"email": "a b@c.de"}, "/email"), ({"email": "a@b@c.de"}, "/email"),
    ({"email": "a@c.de\n"}, "/email"), ({"email": "x" * 300 + "@c.de"}, "/email"), ({"password": ""}, "/password"), ({"password": "1234567"}, "/password"), ({"password": "x" * 1025}, "/password"),
])
def test_a_registration_with_a_mistake_names_the_field(nobody, fields, pointer):
    problem = assert_problem(nobody.post("/v1/auth/register", json={"email": "fine@example.org", "password": PASSWORD, **fields}), 422, "validation_failed")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_password_may_be_any_text(nobody):
    for number, password in enumerate(["пароль 🐔 pässword", "x" * 1024, " leading and trailing ", 'quo"te\\back\u0000slash']):
        email = f"text{number}@example.org"
        nobody.must(201, "POST", "/v1/auth/register", json={"email": email, "password": password})
        assert login(nobody, email, password).status_code == 200
        assert_problem(login(nobody, email, password.strip() + "!"), 401, "invalid_credentials")


def test_login(server, nobody):
    user = register(server, "login", name="Lo")
    answer = login(nobody, user.email).json()
    assert answer["user"] == user.login["user"] and answer["refreshToken"] != user.login["refreshToken"]
    assert User(server, answer).must(200, "GET", "/v1/auth/me")["id"] == user.id
    assert_problem(login(nobody, user.email, "wrong password"), 401, "invalid_credentials")


def test_no_answer_tells_whether_an_email_is_registered(start):
    server = start()
    nobody, user = Caller(server), register(server, "known")
    answers, times = {}, {}
    # In turns, and the quickest of each counts: whatever else the machine does makes answers slower, never quicker.
    for _ in range(7):
        for kind, email in (("known", user.email), ("unknown", "nobody-at-all@example.org"), ("admin", ADMIN_EMAIL)):
            began = time.monotonic()
            problem = assert_problem(login(nobody, email, "certainly wrong"), 401, "invalid_credentials")
            times.setdefault(kind, []).append(time.monotonic() - began)
            answers[kind] = {key: value for key, value in problem.items() if key != "requestId"}
    assert answers["known"] == answers["unknown"] == answers["admin"]
    known, unknown = min(times["known"]), min(times["unknown"])
    # Without a hash to compare it would take a hundredth.
    assert unknown > known / 4 and known > unknown / 4, f"the time tells: {known:.3f} s and {unknown:.3f} s"


# Refresh

def test_refresh_tokens_rotate(server, nobody):
    user = register(server)
    tokens = [user.login["refreshToken"]]
    for _ in range(5):
        answer = nobody.must(200, "POST", "/v1/auth/refresh", json={"refreshToken": tokens[-1]})
        assert User(server, answer).must(200, "GET", "/v1/auth/me")["id"] == user.id
        tokens.append(answer["refreshToken"])
    assert len(set(tokens)) == 6


def test_a_reused_refresh_token_ends_its_session_and_no_other(server, nobody):
    user = register(server)
    other = login(nobody, user.email).json()["refreshToken"]
    first = user.login["refreshToken"]
    second = nobody.must(200, "POST", "/v1/auth/refresh", json={"refreshToken": first})["refreshToken"]
    assert_problem(refresh(nobody, first), 401)
    assert_problem(refresh(nobody, second), 401)
    assert refresh(nobody, other).status_code == 200


def test_of_many_refreshes_with_one_token_at_most_one_works(server, nobody):
    for _ in range(5):
        user = register(server)
        statuses = []
        threads = [threading.Thread(target=lambda: statuses.append(refresh(nobody, user.login["refreshToken"]).status_code)) for _ in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert statuses.count(200) <= 1 and set(statuses) <= {200, 401}, statuses


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 10_000, "rt_" + "A" * 43, "../..", "' OR 1=1 --", "é"])
def test_a_refresh_token_that_is_none(nobody, token):
    assert_problem(refresh(nobody, token), (401, 422))


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(server, nobody):
    user = register(server)
    assert_problem(refresh(nobody, user.token), 401)
    assert_problem(Caller(server, user.login["refreshToken"]).get("/v1/auth/me"), 401)


def test_logout_ends_the_session_and_no_other(server, nobody):
    user = register(server)
    other = login(nobody, user.email).json()
    assert user.post("/v1/auth/logout", json={"refreshToken": user.login["refreshToken"]}).status_code in (200, 204)
    assert_problem(refresh(nobody, user.login["refreshToken"]), 401)
    assert_problem(user.get("/v1/auth/me"), 401)
    assert refresh(nobody, other["refreshToken"]).status_code == 200
    assert Caller(server, other["accessToken"]).get("/v1/auth/me").status_code == 200


def test_logout_needs_no_body(server, nobody):
    user = register(server)
    assert user.post("/v1/auth/logout").status_code in (200, 204)
    assert_problem(refresh(nobody, user.login["refreshToken"]), 401)


def test_me_needs_a_user(nobody, admin):
    assert_problem(nobody.get("/v1/auth/me"), 401, "unauthenticated")
    assert admin.get("/v1/auth/me").status_code in (200, 401, 403, 404)


# Tokens

def test_access_tokens_can_be_verified_with_the_key_set(server, nobody):
    user = register(server)
    header, claims, signature = user.token.split(".")
    head, body = json.loads(decode(header)), json.loads(decode(claims))
    assert head["alg"] == "EdDSA" and head["typ"].lower() == "at+jwt"
    response = nobody.get("/.well-known/jwks.json")
    assert response.status_code == 200
    key = next(key for key in response.json()["keys"] if key["kid"] == head["kid"])
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig") and "d" not in key
    Ed25519PublicKey.from_public_bytes(decode(key["x"])).verify(decode(signature), f"{header}.{claims}".encode())
    assert set(body) >= {"iss", "aud", "sub", "client_id", "iat", "exp", "jti"}  # RFC 9068, 2.2
    assert body["sub"] == user.id and body["exp"] - body["iat"] == user.login["expiresIn"] and abs(body["iat"] - time.time()) < 60


def forge(server, user, kind):
    header, claims, signature = user.token.split(".")
    head, body = json.loads(decode(header)), json.loads(decode(claims))
    own = Ed25519PrivateKey.generate()
    public = Caller(server).get("/.well-known/jwks.json").json()["keys"][0]["x"]
    signed = lambda head, body: f"{encode(head)}.{encode(body)}." + encode(own.sign(f"{encode(head)}.{encode(body)}".encode()))
    hashed = lambda head, secret: f"{encode(head)}.{claims}." + encode(hmac.new(secret, f"{encode(head)}.{claims}".encode(), hashlib.sha256).digest())
    flipped = bytearray(decode(signature))
    flipped[10] ^= 1
    other = register(server)
    return {
        "flipped bit": f"{header}.{claims}.{encode(bytes(flipped))}", "no signature": f"{header}.{claims}.", "two parts": f"{header}.{claims}",
        "four parts": user.token + ".x", "alg none": f"{encode({**head, 'alg': 'none'})}.{claims}.", "alg None": f"{encode({**head, 'alg': 'None'})}.{claims}.{signature}",
        "HS256 with the public key": hashed({**head, "alg": "HS256"}, decode(public)), "HS256 with its text": hashed({**head, "alg": "HS256"}, public.encode()),
        "another's claims": f"{header}.{other.token.split('.')[1]}.{signature}", "own key, known kid": signed(head, body),
        "own key in the header": signed({**head, "jwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(own.public_key().public_bytes_raw())}}, body),
        "own key, own kid": signed({**head, "kid": "mine"}, body), "no kid": signed({"alg": "EdDSA", "typ": "at+jwt"}, body), "kid as path": signed({**head, "kid": "../../dev/null"}, body),
        "later expiry": f"{header}.{encode({**body, 'exp': body['exp'] + 10**6})}.{signature}", "spaces": user.token.replace(".", " ."), "twice": f"{user.token}{user.token}",
        "signature zero": f"{header}.{claims}.{encode(bytes(64))}", "huge": f"{header}.{'A' * 7000}.{signature}",
    }[kind]


@pytest.mark.parametrize("kind", [
    "flipped bit", "no signature", "two parts", "four parts", "alg none", "alg None", "HS256 with the public key", "HS256 with its text", "another's claims", "own key, known kid",
    "own key in the header", "own key, own kid", "no kid", "kid as path", "later expiry", "spaces", "twice", "signature zero", "huge",
])
def test_a_forged_token_is_refused_everywhere(server, admin, ada, kind):
    admin.put_collection("open", rules={"read": "true", "create": "true"})
    assert ada.get("/v1/auth/me").status_code == 200
    forger = Caller(server, forge(server, ada, kind))
    for method, path in (("GET", "/v1/auth/me"), ("GET", "/v1/documents/open"), ("POST", "/v1/documents/open"), ("GET", "/v1/collections")):
        assert_problem(forger.request(method, path, **({"json": {}} if method == "POST" else {})), 401, ("token_invalid", "unauthenticated"))


def test_the_scheme_is_not_case_sensitive(server, ada):
    for scheme in ("bearer", "BEARER"):
        assert Caller(server).get("/v1/auth/me", headers={"Authorization": f"{scheme} {ada.token}"}).status_code == 200


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")
def test_tokens_expire(start, tmp_path):
    data = tmp_path / "data"
    server = start(data)
    user, admin = register(server), admin_login(server)
    assert user.get("/v1/auth/me").status_code == 200
    assert server.terminate() == 0

    def later(days=0, minutes=0):
        library = next(path for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1") if shutil.os.path.exists(path))
        # Through `env`: loaded straight into a Swift program, the library makes it lose its arguments.
        return start(data, prefix=("env",), env={"LD_PRELOAD": library, "FAKETIME": f"+{days * 1440 + minutes}m", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})

    def at(server, token):
        return Caller(server, token)

    server = later(minutes=10)
    assert at(server, user.token).get("/v1/auth/me").status_code == 200
    assert server.terminate() == 0
    server = later(minutes=20)
    response = at(server, user.token).get("/v1/auth/me")
    assert_problem(response, 401, "token_expired")
    assert "invalid_token" in response.headers["WWW-Authenticate"]  # RFC 6750, 3.1
    assert_problem(at(server, user.token).get("/v1/documents/users"), 401, "token_expired")
    answer = at(server, None).must(200, "POST", "/v1/auth/refresh", json={"refreshToken": user.login["refreshToken"]})
    assert at(server, answer["accessToken"]).get("/v1/auth/me").status_code == 200
    assert server.terminate() == 0
    server = later(days=40)
    assert_problem(refresh(at(server, None), answer["refreshToken"]), 401)
    assert_problem(at(server, admin.token).get("/v1/collections"), 401)
    assert login(at(server, None), user.email).status_code == 200


# Throttling

def test_guessing_one_accounts_password_is_slowed_down(start):
    server = start()
    nobody, victim, other = Caller(server), register(server, "victim"), register(server, "other")
    statuses = []
    for n in range(30):
        response = login(nobody, victim.email.upper() if n % 2 else victim.email, f"guess number {n}")
        statuses.append(response.status_code)
        if response.status_code == 429:
            break
    assert statuses[-1] == 429 and set(statuses[:-1]) == {401} and 3 <= len(statuses) <= 30, statuses
    assert_problem(response, 429, "too_many_requests")
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    assert_problem(login(nobody, victim.email), 429, "too_many_requests"), "nor does the right password tell that it is right"
    assert login(nobody, other.email).status_code == 200, "another account goes on"
    assert victim.get("/v1/auth/me").status_code == 200, "who is signed in stays so"
    assert nobody.get("/v1/documents/nothing").status_code == 404


def test_an_unknown_account_is_slowed_down_alike(start):
    nobody = Caller(start())
    statuses = [login(nobody, "ghost@example.org", f"guess number {n}").status_code for n in range(30)]
    assert statuses[-1] == 429 and 401 in statuses


def test_guessing_at_many_accounts_from_one_address_is_slowed_down(start):
    nobody = Caller(start())
    statuses = []
    for n in range(120):
        statuses.append(login(nobody, f"someone{n}@example.org", "password1").status_code)
        if statuses[-1] == 429:
            break
    assert statuses[-1] == 429, statuses


def test_guessing_an_admins_password_is_slowed_down(start):
    nobody = Caller(start())
    for n in range(40):
        response = nobody.post("/v1/admin/login", json={"email": ADMIN_EMAIL, "password": f"guess number {n}"})
        if response.status_code == 429:
            break
        assert_problem(response, 401, "invalid_credentials")
    assert_problem(response, 429, "too_many_requests")


# Admins

def test_an_admins_session(server):
    admin = admin_login(server)
    assert admin.get("/v1/collections").status_code == 200
    assert_problem(Caller(server).post("/v1/admin/login", json={"email": ADMIN_EMAIL, "password": "wrong password"}), 401, "invalid_credentials")


def test_a_user_with_an_admins_email_is_no_admin(server, nobody):
    answer = nobody.post("/v1/auth/register", json={"email": ADMIN_EMAIL, "password": PASSWORD})
    if answer.status_code == 201:
        assert_problem(Caller(server, answer.json()["accessToken"]).get("/v1/collections"), 403, "forbidden")
    assert_problem(nobody.post("/v1/admin/login", json={"email": ADMIN_EMAIL, "password": PASSWORD}), 401)
    assert_problem(login(nobody, ADMIN_EMAIL, ADMIN_PASSWORD), 401)


def test_the_environments_admin_is_only_the_first(start, tmp_path):
    server = start(tmp_path / "data")
    admin_login(server)
    assert server.terminate() == 0
    server = start(tmp_path / "data", env={"ROOST_ADMIN_EMAIL": "intruder@example.org", "ROOST_ADMIN_PASSWORD": "a long enough password"})
    admin_login(server)
    assert Caller(server).post("/v1/admin/login", json={"email": "intruder@example.org", "password": "a long enough password"}).status_code == 401


def test_nothing_secret_is_in_the_log_or_lies_readable_in_the_data(server, ada):
    log = server.log_text()
    for secret in (PASSWORD, ADMIN_PASSWORD, ada.token, ada.login["refreshToken"]):
        assert secret not in log
    for path in server.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for secret in (PASSWORD, ADMIN_PASSWORD, ada.login["refreshToken"]):
                assert secret.encode() not in content, path.name
            assert path.stat().st_mode & 0o077 == 0 or server.data.stat().st_mode & 0o077 == 0, f"others can read {path.name}"


def test_users_can_be_listed_by_admins_only(admin, ada, bob, nobody):
    users = admin.every("/v1/users", limit=3)
    assert {ada.email, bob.email} <= {user["email"] for user in users}
    for secret in ("argon2", "password", "hash"):
        assert secret not in json.dumps(users).lower()
    assert_problem(ada.get("/v1/users"), 403, "forbidden")
    assert_problem(nobody.get("/v1/users"), 401, "unauthenticated")
