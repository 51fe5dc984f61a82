"""Functions over HTTP: /v1/call/{function}/…"""
import base64
import concurrent.futures
import datetime
import json
import shutil
import socket
import threading
import time
from pathlib import Path

import pytest
import requests
import standardwebhooks

import guides
from roost_client import Caller, Raw, admin_login, assert_problem, function, register
from roost_server import command, eventually

HELLO = "export default () => 'hello'"


@pytest.fixture
def lab(admin, own_name):
    lab = Lab(admin, own_name)
    yield lab
    for name in lab.names:
        admin.delete(f"/v1/functions/{name}")


class Lab:
    def __init__(self, admin, name):
        self.admin, self.name, self.names = admin, name, []

    def deploy(self, source, *triggers, name=None, access="true", timeout="10s", **more):
        name = name or self.name
        self.names.append(name)
        triggers = [{"type": "http", **({"access": access} if access else {}), **trigger} for trigger in triggers or [{}]]
        return self.admin.put_function(name, source, triggers=triggers, timeout=timeout, **more)

    @property
    def url(self):
        return f"/v1/call/{self.name}"

    def invocations(self):
        return self.admin.every(f"/v1/functions/{self.name}/invocations")

    def finished(self, count=1):
        return eventually(lambda: len(self.invocations()) >= count and self.invocations(), what=f"{count} invocations")


# What a handler gets and answers

ECHO = """
export default async (request, context) => {
  const { auth, params, path } = context;
  const body = Array.from(new Uint8Array(await request.arrayBuffer()));
  return { isRequest: request instanceof Request, method: request.method, url: request.url, headers: Object.fromEntries(request.headers), body, auth, params, path };
}
"""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_handler_gets_a_web_request(lab, nobody, method):
    lab.deploy(ECHO)
    answer = nobody.must(200, method, f"{lab.url}/a%2Fb/c/?x=1&x=%C3%A4&y", headers={"X-Mine": "one"})
    assert answer["isRequest"] and answer["method"] == method
    assert answer["url"] == f"{nobody.server.url}{lab.url}/a%2Fb/c/?x=1&x=%C3%A4&y"
    assert answer["headers"]["x-mine"] == "one" and answer["auth"] is None
    assert answer["path"] == "/a%2Fb/c/" and answer["params"] == {"path": "a/b/c"}


def test_a_head_has_the_headers_and_no_body(lab, nobody):
    lab.deploy("export default (request) => new Response('hello', { headers: { 'x-method': request.method } })", {"methods": ["GET"]})
    answer = nobody.head(lab.url)
    assert answer.status_code == 200 and answer.headers["x-method"] == "HEAD" and answer.headers["content-length"] == "5" and answer.content == b""


BODIES = [b"", b"x", b"\x00\x01\xff\xfe", bytes(range(256)) * 40, "ä€😀".encode(), b"\xef\xbb\xbf{}", b"\r\n \t\"\\/" * 100, b'{ "a" :1.00 }\n', b"\x01" * 5000, b"a" * (5 << 20)]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_is_exact_to_the_byte_in_and_out(lab, nobody, body):
    lab.deploy("export default async (request) => new Response(await request.bytes(), { headers: { 'content-type': 'application/octet-stream' } })")
    answer = nobody.post(lab.url, data=body)
    assert answer.status_code == 200 and answer.content == body


def test_a_chunked_body_arrives_whole(lab, nobody):
    lab.deploy("export default async (request) => await request.text()")
    assert nobody.post(lab.url, data=iter([b"one ", b"two ", b"three"])).text == "one two three"


def test_a_body_larger_than_the_limit_is_refused(lab, nobody):
    lab.deploy(HELLO)
    assert_problem(nobody.post(lab.url, data=b"x" * ((5 << 20) + 1)), 413, "payload_too_large")
    assert nobody.post(lab.url, data=b"x").text == "hello"


@pytest.mark.parametrize("source, status, kind, content", [
    ("'text'", 200, "text/plain; charset=utf-8", b"text"),
    ("({ a: [1, null] })", 200, "application/json", b'{"a":[1,null]}'),
    ("({ statusCode: 418, body: 'json' })", 200, "application/json", b'{"statusCode":418,"body":"json"}'),
    ("null", 200, "application/json", b"null"),
    ("undefined", 204, None, b""),
    ("0", 200, "application/json", b"0"),
    ("new Uint8Array([1, 255])", 200, "application/octet-stream", b"\x01\xff"),
    ("new Response('made', { status: 201 })", 201, "text/plain;charset=UTF-8", b"made"),
    ("new Response(null, { status: 204 })", 204, None, b""),
    ("Response.json({ a: 1 }, { status: 422 })", 422, "application/json", b'{"a":1}'),
    ("new Response(new Uint8Array([0, 255, 10]))", 200, "application/octet-stream", b"\x00\xff\n"),
    ("new URLSearchParams({ a: '1 2' })", 200, "application/x-www-form-urlencoded;charset=UTF-8", b"a=1+2"),
    ("new Response('x', { status: 599 })", 599, "text/plain;charset=UTF-8", b"x"),
], ids=lambda value: str(value)[:30])
def test_what_a_handler_returns_is_the_answer(lab, nobody, source, status, kind, content):
    lab.deploy(f"export default () => {source}")
    answer = nobody.get(lab.url)
    assert (answer.status_code, answer.headers.get("content-type"), answer.content) == (status, kind, content)


def test_headers_and_cookies_go_out(lab, nobody):
    lab.deploy("""
      export default () => {
        const headers = new Headers({ "x-one": "1", "location": "/elsewhere", "content-language": "de" });
        headers.append("set-cookie", "a=1; Path=/"); headers.append("set-cookie", "b=2");
        return new Response("", { status: 302, headers });
      }""")
    with Raw(lab.admin.server) as connection:
        connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while b"\r\n\r\n" not in connection.buffer:
            assert connection._fill()
    head = connection.buffer.lower()
    assert head.startswith(b"http/1.1 302") and b"location: /elsewhere" in head and b"set-cookie: a=1; path=/" in head and b"set-cookie: b=2" in head


def test_a_module_may_export_fetch_besides_its_event_handler(lab, nobody):
    lab.deploy("export default { fetch(request) { return this.word + new URL(request.url).pathname.slice(-2); }, word: 'object' }")
    assert nobody.get(f"{lab.url}/x").text == "object/x"
    lab.admin.put_collection("c" + lab.name)
    lab.admin.put_function(lab.name, "export default (event) => { console.log(event.type); }\nexport function fetch(request) { return 'fetched ' + request.method; }",
                           triggers=[{"type": "http", "access": "true"}, {"type": "document", "collection": "c" + lab.name}])
    assert nobody.get(lab.url).text == "fetched GET"
    lab.admin.create("c" + lab.name, a=1)
    eventually(lambda: any(line["message"] == "roost.document.created" for line in lab.admin.every(f"/v1/functions/{lab.name}/logs")))
    refused = lab.admin.put(f"/v1/functions/{lab.name}", json=function("export function fetch() {}", triggers=[{"type": "document", "collection": "c" + lab.name}]))
    assert_problem(refused, 422, "deploy_refused", "default export")


def test_a_call_reaches_the_database_and_is_recorded(lab, nobody, ada):
    lab.admin.put_collection("c" + lab.name)
    lab.deploy("""
      export default async (request, { db, log, auth }) => {
        const made = await db.collection(NAME).create({ text: await request.text(), by: auth.id });
        log.info("made", made.id);
        return Response.json(made, { status: 201 });
      }""".replace("NAME", json.dumps("c" + lab.name)))
    made = ada.must(201, "POST", f"{lab.url}/x", data="hi")
    assert lab.admin.read("c" + lab.name, made["id"])["by"] == ada.id
    record = lab.finished()[0]
    assert record["event"] == {"id": None, "type": "roost.http.request", "subject": "POST /x"} and record["status"] == "succeeded"
    assert [line["message"] for line in lab.admin.every(f"/v1/functions/{lab.name}/logs")] == [f"made {made['id']}"]


# Where: methods and paths

def test_methods_and_paths_choose_the_trigger(lab, nobody):
    lab.deploy("export default (request, { params }) => ({ method: request.method, params })",
               {"methods": ["POST"], "path": "/webhook/{name}"}, {"methods": ["GET", "DELETE"], "path": "/items/{id}/{rest...}"}, {"path": "/"})
    assert nobody.must(200, "POST", f"{lab.url}/webhook/git%2Fhub") == {"method": "POST", "params": {"name": "git/hub"}}
    assert nobody.must(200, "DELETE", f"{lab.url}/items/7") == {"method": "DELETE", "params": {"id": "7", "rest": ""}}
    assert nobody.must(200, "GET", f"{lab.url}/items/7/a/b")["params"] == {"id": "7", "rest": "a/b"}
    assert nobody.must(200, "PATCH", lab.url)["method"] == "PATCH" and nobody.must(200, "GET", lab.url + "/")["params"] == {}
    refused = nobody.get(f"{lab.url}/webhook/x")
    assert_problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "OPTIONS, POST"
    assert nobody.options(f"{lab.url}/webhook/x").status_code == 204
    for path in ["/webhook", "/webhook/a/b", "/other", "/webhook//"]:
        assert_problem(nobody.post(lab.url + path), 404, "not_found")
    assert_problem(nobody.get(f"{lab.url}/webhook/%ff"), 400, "bad_request")


def test_a_function_without_an_http_trigger_is_not_there(lab, nobody):
    lab.admin.put_collection("c" + lab.name)
    lab.names.append(lab.name)
    lab.admin.put_function(lab.name, HELLO, triggers=[{"type": "document", "collection": "c" + lab.name}])
    assert_problem(lab.admin.get(lab.url), 404, "function_not_found")
    assert_problem(nobody.get("/v1/call/none"), 404, "function_not_found")
    assert_problem(nobody.get("/v1/call/"), 404)


@pytest.mark.parametrize("trigger, pointer", [
    ({"methods": []}, "/methods"), ({"methods": ["get"]}, "/methods/0"), ({"methods": "GET"}, "/methods"), ({"path": "x"}, "/path"),
    ({"path": "/{a}/{a}"}, "/path"), ({"path": "/{a...}/b"}, "/path"), ({"path": "/a//b"}, "/path"), ({"path": "/{1}"}, "/path"),
    ({"path": "/" + "x" * 600}, "/path"), ({"path": "/a?b"}, "/path"), ({"site": "yes"}, "/site"), ({"authorization": "mine"}, "/authorization"), ({"more": 1}, "/more"),
    ({"access": "auth.idd == null"}, "/access"), ({"access": "title == 'x'"}, "/access"), ({"access": "params.x +"}, "/access"), ({"access": 1}, "/access"),
    ({"access": "lookup('none', auth.id) != null"}, "/access"),
])
def test_a_wrong_trigger_is_refused_with_its_place(admin, trigger, pointer):
    answer = admin.put("/v1/functions/wrong", json=function(HELLO, triggers=[{"type": "http", "access": "true"}, {"type": "http", **trigger}]))
    problem = assert_problem(answer, 422)
    assert problem["errors"][0]["pointer"] == "/triggers/1" + pointer


# Who may call

def test_without_a_rule_only_admins_and_keys_call(lab, nobody, ada):
    lab.deploy("export default (request, { auth }) => auth?.type ?? null", access=None)
    assert_problem(nobody.get(lab.url), 401, "unauthenticated")
    assert_problem(ada.get(lab.url), 403, "forbidden")
    assert lab.admin.get(lab.url).text == "admin"
    key = lab.admin.must(201, "POST", "/v1/keys", json={"name": "calls"})
    assert Caller(lab.admin.server, key["key"]).get(lab.url).text == "key"


def test_a_rule_knows_who_calls_and_what(lab, nobody, ada, bob):
    lab.deploy("export default (request, { auth }) => auth", {"path": "/of/{user}", "access": "auth != null && params.user == auth.id && request.method == 'GET'"})
    assert ada.must(200, "GET", f"{lab.url}/of/{ada.id}") == {"type": "user", "id": ada.id, "email": ada.email, "emailVerified": False, "roles": []}
    assert_problem(bob.get(f"{lab.url}/of/{ada.id}"), 403, "forbidden")
    assert_problem(ada.post(f"{lab.url}/of/{ada.id}"), 403, "forbidden")
    assert_problem(nobody.get(f"{lab.url}/of/{ada.id}"), 401, "unauthenticated")
    assert lab.admin.get(f"{lab.url}/of/{ada.id}").json()["type"] == "admin"
    assert not any(record["status"] != "succeeded" for record in lab.invocations()) and len(lab.finished(2)) == 2


def test_a_rule_looks_documents_up(lab, ada, bob):
    lab.admin.put_collection("m" + lab.name)
    lab.admin.must((200, 201), "PUT", f"/v1/documents/m{lab.name}/{ada.id}", json={"role": "editor"})
    lab.deploy(HELLO, {"access": f"auth != null && lookup('m{lab.name}', auth.id).role == 'editor'"})
    assert ada.get(lab.url).text == "hello"
    assert_problem(bob.get(lab.url), 403, "forbidden")


def test_an_error_in_the_rule_denies(lab, nobody, ada):
    lab.deploy(HELLO, {"access": "request.headers['x-missing'] == 'x'"})
    assert_problem(nobody.get(lab.url), 401)
    assert_problem(ada.get(lab.url), 403)
    assert nobody.get(lab.url, headers={"X-Missing": "x"}).text == "hello"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer rk_nonsense", "Basic dTpw", "Bearer " + "x" * 9000, "Bearer"])
def test_a_bad_token_is_never_a_stranger(lab, nobody, header):
    lab.deploy(HELLO)
    assert_problem(nobody.get(lab.url, headers={"Authorization": header}), (401, 431), ("token_invalid", "headers_too_large"))
    assert lab.invocations() == []


def test_an_ended_session_calls_no_more(lab, server):
    lab.deploy(HELLO, {"access": "auth != null"})
    eve = register(server, "eve")
    assert eve.get(lab.url).text == "hello"
    eve.must(204, "POST", "/v1/auth/logout", json={"refreshToken": eve.login["refreshToken"]})
    assert_problem(eve.get(lab.url), 401, "token_invalid")


# Secrets and smuggling

def test_a_token_of_roost_never_reaches_the_function(lab, ada):
    lab.deploy(ECHO)
    answer = ada.must(200, "POST", lab.url, headers={"Connection": "keep-alive, X-Hop", "X-Hop": "1", "TE": "trailers", "Proxy-Authorization": "x", "Cookie": "mine=1"}, data="x")
    assert ada.token not in json.dumps(answer)
    assert not {"authorization", "connection", "x-hop", "te", "proxy-authorization"} & set(answer["headers"])
    assert answer["headers"]["cookie"] == "mine=1" and answer["auth"]["id"] == ada.id


def test_a_function_may_own_the_authorization_header(lab, nobody, ada):
    lab.deploy("export default (request, { auth }) => ({ got: request.headers.get('authorization'), auth })", {"authorization": "function"})
    for header in ["Basic dTpw", "Bearer theirs", f"Bearer {ada.token}"]:
        assert nobody.must(200, "GET", lab.url, headers={"Authorization": header}) == {"got": header, "auth": None}


@pytest.mark.parametrize("headers", [
    "{ 'transfer-encoding': 'chunked' }", "{ 'content-length': '1' }", "{ connection: 'close, x-drop', 'x-drop': '1' }", "{ 'x-request-id': 'mine' }",
    "{ 'access-control-allow-origin': 'https://evil.example' }", "{ 'strict-transport-security': 'max-age=1' }", "{ 'service-worker-allowed': '/' }",
    "{ 'clear-site-data': '\"*\"' }", "{ date: 'never' }",
])
def test_what_is_not_a_functions_to_say_is_left_out(lab, nobody, headers):
    lab.deploy(f"export default () => new Response('hello', {{ headers: {headers} }})")
    for _ in range(2):
        with Raw(nobody.server) as connection:
            connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 2)
            first, second = connection.answer(), connection.answer()
        assert first[0] == second[0] == 200 and first[2] == second[2] == b"hello"
        assert first[1]["content-length"] == "5" and "transfer-encoding" not in first[1] and first[1].get("connection") != "close, x-drop"
        assert first[1]["access-control-allow-origin"] == "*" and first[1]["x-request-id"] != "mine" and first[1]["date"] != "never"
        assert not {"x-drop", "strict-transport-security", "service-worker-allowed", "clear-site-data"} & set(first[1])


def test_pages_are_shut_in_unless_the_trigger_is_a_site(lab, nobody):
    page = "export default () => new Response('<script>1</script>', { headers: { 'content-type': 'text/html', 'content-security-policy': \"default-src 'self'\" } })"
    lab.deploy(page)
    answer = nobody.get(lab.url)
    assert answer.headers["x-content-type-options"] == "nosniff"
    policies = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policies and "sandbox allow-scripts" in policies and "allow-same-origin" not in policies
    lab.deploy(page, {"site": True})
    assert nobody.get(lab.url).headers["content-security-policy"] == "default-src 'self'"


def test_a_web_page_may_call(lab, nobody):
    lab.deploy(HELLO, {"methods": ["POST"]})
    preflight = nobody.options(lab.url, headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"})
    assert preflight.status_code == 204 and preflight.headers["access-control-allow-origin"] == "*" and "POST" in preflight.headers["access-control-allow-methods"]
    assert nobody.post(lab.url, headers={"Origin": "https://app.example"}).headers["access-control-allow-origin"] == "*"
    assert lab.invocations() == [] or len(lab.invocations()) == 1


def test_a_webhook_is_verified_over_the_raw_bytes(lab, nobody):
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    lab.deploy("""
      export default async (request, { env }) => {
        const id = request.headers.get("webhook-id"), time = request.headers.get("webhook-timestamp");
        const raw = await request.bytes();
        const key = await crypto.subtle.importKey("raw", Uint8Array.from(atob(env.SECRET.slice(6)), (c) => c.charCodeAt(0)), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
        const head = new TextEncoder().encode(`${id}.${time}.`);
        const signed = new Uint8Array([...head, ...raw]);
        for (const one of request.headers.get("webhook-signature").split(" ")) {
          const signature = Uint8Array.from(atob(one.split(",")[1]), (c) => c.charCodeAt(0));
          if (await crypto.subtle.verify("HMAC", key, signature, signed)) return Response.json({ verified: JSON.parse(new TextDecoder().decode(raw)) });
        }
        return new Response("bad signature", { status: 401 });
      }""", {"methods": ["POST"], "path": "/webhook/{sender}"}, env={"SECRET": secret})
    body = '{ "kind":"päid",  "amount": 1.50e1 ,\n"note":"\\u00e9 \\/"}'
    now = datetime.datetime.now(tz=datetime.timezone.utc)
    signature = standardwebhooks.Webhook(secret).sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature, "content-type": "application/json"}
    assert nobody.must(200, "POST", f"{lab.url}/webhook/shop", data=body.encode(), headers=headers)["verified"]["amount"] == 15
    assert nobody.post(f"{lab.url}/webhook/shop", data=body.encode() + b" ", headers=headers).status_code == 401


# When it fails

@pytest.mark.parametrize("source, status, code", [
    ("() => { throw new Error('secret words') }", 502, "function_failed"),
    ("async () => { await null; throw 'secret words' }", 502, "function_failed"),
    ("() => Deno.exit(3)", 502, "function_failed"),
    ("() => new Promise(() => {})", 502, "function_failed"),
    ("() => new Promise((done) => setTimeout(done, 60000))", 504, "function_timeout"),
    ("() => { for (;;); }", 504, "function_timeout"),
    ("() => { const all = []; for (;;) all.push(new Uint8Array(1 << 22).fill(1)); }", 502, "function_failed"),
    ("() => 1n", 502, "function_failed"),
    ("() => () => 1", 502, "function_failed"),
    ("() => Response.error()", 502, "function_failed"),
    ("async (request) => { const answer = new Response('x'); await answer.text(); return answer; }", 502, "function_failed"),
    ("() => new Response('x', { headers: Array.from({ length: 200 }, (_, n) => ['x-' + n, '1']) })", 502, "function_failed"),
    ("() => new Response('x', { headers: { 'x-long': 'x'.repeat(20000) } })", 502, "function_failed"),
], ids=range(13))
def test_a_failing_function_answers_a_problem(lab, nobody, source, status, code):
    lab.deploy(f"export default {source}", timeout="1s")
    problem = assert_problem(nobody.get(lab.url), status, code)
    assert "secret" not in json.dumps(problem)
    record = lab.finished()[0]
    assert record["attempt"] == 1 and len(lab.invocations()) == 1
    lab.deploy(HELLO)
    assert nobody.get(lab.url).text == "hello"


def test_too_many_callers_are_told_to_come_back(lab, server):
    lab.deploy("export default () => new Promise((done) => setTimeout(() => done('late'), 1200))", concurrency=1, timeout="1500ms")
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = [one.result() for one in [pool.submit(requests.get, server.url + lab.url, timeout=30) for _ in range(6)]]
    busy = [answer for answer in answers if answer.status_code == 503]
    assert busy and any(answer.status_code == 200 for answer in answers)
    for answer in busy:
        assert_problem(answer, 503, "overloaded")


def test_a_hundred_callers_at_once(lab, server):
    lab.deploy("export default async (request) => { await new Promise((done) => setTimeout(done, 5)); return await request.text(); }", concurrency=4)
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        calls = [pool.submit(requests.post, server.url + lab.url, data=f"caller {n}", timeout=60) for n in range(300)]
        assert [one.result().text for one in calls] == [f"caller {n}" for n in range(300)]


def test_a_function_calls_another_and_not_for_ever(lab, nobody):
    other = lab.name + "b"
    lab.deploy("export default (request, { auth, params }) => ({ auth, params })", {"access": None, "path": "/{x}"}, name=other)
    lab.deploy(f"export default async (request, {{ api }}) => {{ const answer = await api('GET', '/v1/call/{other}/7'); return {{ status: answer.status, said: answer.json() }}; }}")
    assert nobody.must(200, "GET", lab.url) == {"status": 200, "said": {"auth": {"type": "function", "id": lab.name}, "params": {"x": "7"}}}
    lab.deploy("export default async (request, { api }) => { const answer = await api('GET', '/v1/call/SELF'); return Response.json(answer.json(), { status: answer.status }); }".replace("SELF", lab.name), concurrency=20)
    assert_problem_body(nobody.get(lab.url), 403, "forbidden")


def assert_problem_body(response, status, code):
    assert response.status_code == status and response.json()["code"] == code, response.text


# Streams

SLOW = """
export default (request) => {
  let n = 0;
  const text = new TextEncoder();
  return new Response(new ReadableStream({
    async pull(controller) {
      if (n === 5) return controller.close();
      await new Promise((done) => setTimeout(done, 150));
      controller.enqueue(text.encode(`piece ${n++}\\n`));
    },
  }), { headers: { "content-type": "text/plain" } });
}
"""


def test_pieces_arrive_before_the_end(lab, nobody):
    lab.deploy(SLOW)
    with nobody.get(lab.url, stream=True) as answer:
        assert answer.status_code == 200 and "content-length" not in answer.headers
        pieces, times = [], []
        for piece in answer.iter_content(None):
            pieces.append(piece)
            times.append(time.monotonic())
    assert b"".join(pieces) == b"".join(b"piece %d\n" % n for n in range(5))
    assert len(pieces) == 5 and times[-1] - times[0] > 0.4
    assert nobody.get(lab.url).text.count("piece") == 5
    assert [record["status"] for record in lab.finished(2)] == ["succeeded"] * 2
    assert [record["cold"] for record in lab.invocations()] == [False, True]


def test_a_large_answer_goes_out_in_pieces(lab, nobody):
    lab.deploy("export default () => { const all = new Uint8Array(20 << 20); for (let n = 0; n < all.length; n++) all[n] = n % 251; return new Response(all); }", timeout="60s")
    answer = nobody.get(lab.url)
    assert len(answer.content) == 20 << 20 and answer.content[:251 * 1000] == bytes(range(251)) * 1000


def test_a_length_that_the_function_tells_is_kept_and_checked(lab, nobody):
    lab.deploy("export default () => new Response(new ReadableStream({ async start(c) { await new Promise((d) => setTimeout(d, 50)); c.enqueue(new Uint8Array(10)); c.close(); } }), { headers: { 'content-length': new URL('http://x/?12').search.slice(1) } })")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        nobody.get(lab.url)


def test_a_slow_reader_costs_bounded_memory(lab, server):
    lab.deploy("""
      let sent = 0;
      export default (request) => {
        if (request.url.endsWith("sent")) return sent;
        return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1 << 16)); sent += 1 << 16; } }));
      }""", concurrency=1, timeout="60s")
    before = server.memory()
    with Raw(server) as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection._fill()
        time.sleep(1.5)
        assert server.memory() - before < 24 << 20
    # The caller has gone: the function is stopped, and its only worker is free again.
    sent = requests.get(f"{server.url}{lab.url}?sent", timeout=20).json()
    assert 0 <= sent < 16 << 20
    assert lab.finished(2)[-1]["status"] == "succeeded"


def test_a_function_that_dies_in_the_middle_breaks_the_answer_off(lab, nobody):
    for death in ["throw new Error('no')", "Deno.exit(1)", "for (;;);"]:
        lab.deploy(f"""
          export default () => new Response(new ReadableStream({{
            async pull(controller) {{
              if (this.begun) {{ {death} }}
              this.begun = true;
              controller.enqueue(new Uint8Array(100));
              await new Promise((done) => setTimeout(done, 100));
            }} }}))""", timeout="1s")
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            nobody.get(lab.url)
    records = lab.finished(3)
    assert sorted(record["status"] for record in records) == ["crashed", "failed", "timeout"]


def test_a_caller_who_goes_frees_the_worker(lab, server):
    lab.deploy("""
      let aborted = 0;
      export default (request) => {
        if (request.url.endsWith("state")) return { aborted };
        request.signal.addEventListener("abort", () => { aborted += 1; });
        return new Response(new ReadableStream({ async pull(c) { await new Promise((done) => setTimeout(done, 50)); c.enqueue(new Uint8Array(10)); } }));
      }""", concurrency=1, timeout="60s")
    for _ in range(3):
        with Raw(server) as connection:
            connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert connection._fill()
    assert requests.get(f"{server.url}{lab.url}?state", timeout=20).json()["aborted"] == 3


def test_a_stream_that_does_not_stop_is_stopped(lab, server):
    lab.deploy("""
      export default (request) => {
        if (request.url.endsWith("x")) return "free";
        return new Response(new ReadableStream({ pull(c) { if (this.begun) for (;;); this.begun = true; c.enqueue(new Uint8Array(10)); return new Promise((done) => setTimeout(done, 50)); } }));
      }""", concurrency=1, timeout="60s")
    with Raw(server) as connection:
        connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection._fill()
        time.sleep(0.2)
    assert requests.get(f"{server.url}{lab.url}?x", timeout=20).text == "free"
    assert [record["status"] for record in lab.finished(2)][-1] == "failed"


def test_a_stream_of_events_for_a_browser(lab, nobody):
    lab.deploy("""
      export default () => new Response(new ReadableStream({
        async start(c) { for (let n = 0; n < 3; n++) { c.enqueue(`data: ${n}\\n\\n`); await new Promise((done) => setTimeout(done, 30)); } c.close(); }
      }).pipeThrough(new TextEncoderStream()), { headers: { "content-type": "text/event-stream" } })""")
    answer = nobody.get(lab.url, headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"] == "text/event-stream" and answer.text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_a_stream_calls_the_api_meanwhile(lab, nobody):
    lab.admin.put_collection("c" + lab.name)
    lab.deploy("""
      export default (request, { db }) => new Response(new ReadableStream({
        async pull(c) { if (this.n === 3) return c.close(); this.n = (this.n ?? 0) + 1; const made = await db.collection(NAME).create({ n: this.n }); c.enqueue(new TextEncoder().encode(made.id + "\\n")); }
      }))""".replace("NAME", json.dumps("c" + lab.name)))
    assert sorted(nobody.get(lab.url).text.split()) == sorted(item["id"] for item in lab.admin.every(f"/v1/documents/c{lab.name}"))


# Deploys

def test_a_deploy_changes_the_answer_at_once_and_drops_no_call(lab, server):
    lab.deploy("export default async () => { await new Promise((done) => setTimeout(done, 20)); return 'v0'; }")
    over, wrong = threading.Event(), []

    def call():
        while not over.is_set():
            answer = requests.get(server.url + lab.url, timeout=20)
            if answer.status_code != 200 or not answer.text.startswith("v"):
                wrong.append((answer.status_code, answer.text))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in range(1, 6):
        lab.deploy(f"export default async () => {{ await new Promise((done) => setTimeout(done, 20)); return 'v{version}'; }}")
        assert requests.get(server.url + lab.url, timeout=20).text == f"v{version}"
    over.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    lab.admin.must(204, "DELETE", f"/v1/functions/{lab.name}")
    assert_problem(requests.get(server.url + lab.url, timeout=20), 404, "function_not_found")


def test_the_guide(start, tmp_path):
    said = guides.run_guide("functions-over-http", start(), tmp_path)
    assert '"code"' not in said, said
    assert "Hello, Ada!" in said and '{"you":{"a":1}}' in said and "204\n401\n" in said
    assert '{"id":"m1","amount":42}' in said and "data: 3\n\ndata: 2\n\ndata: 1\n" in said


# Trying out

def test_a_function_is_tried_out_with_samples(lab, nobody, ada):
    lab.admin.put_collection("c" + lab.name)
    made = lab.admin.create("c" + lab.name, title="real")
    lab.names.append(lab.name)
    lab.admin.put_function(
        lab.name, "export default (event, { log }) => { log.info('got', event.type); return { type: event.type, data: event.data ?? null }; }\nexport const fetch = async (request) => request.method + ' ' + new URL(request.url).pathname + ' ' + await request.text();",
        triggers=[{"type": "document", "collection": "c" + lab.name, "events": ["updated"]}, {"type": "http", "path": "/to/{name}", "methods": ["PUT"]}])
    samples = lab.admin.must(200, "GET", f"/v1/functions/{lab.name}/samples")["items"]
    assert [(one["trigger"], one["type"]) for one in samples] == [(0, "document"), (1, "http")]
    assert samples[0]["event"]["data"]["before"] == made and samples[0]["event"]["data"]["after"]["version"] == 2
    assert samples[1]["event"]["method"] == "PUT" and samples[1]["event"]["path"] == "/to/name" and samples[1]["event"]["params"] == {"name": "name"}

    def test(body=None, status=200):
        return lab.admin.must(status, "POST", f"/v1/functions/{lab.name}/test", json=body)

    answer = test()
    assert answer["value"]["type"] == "roost.document.updated" and answer["event"]["subject"] == f"c{lab.name}/{made['id']}"
    assert answer["invocation"]["status"] == "succeeded" and [line["message"] for line in answer["logs"]] == ["got roost.document.updated"]
    assert test({"trigger": 1})["value"] == {"statusCode": 200, "headers": {"content-type": "text/plain; charset=utf-8"}, "body": f"PUT /v1/call/{lab.name}/to/name "}
    assert test({"type": "http", "event": {"method": "POST", "path": "/x", "body": {"a": 1}}})["value"]["body"] == f'POST /v1/call/{lab.name}/x {{"a":1}}'
    assert test({"event": {"type": "mine", "data": 7}})["value"] == {"type": "mine", "data": 7}
    for kind, type in [("before", "roost.document.before-created"), ("file", "roost.file.created"), ("user", "roost.user.created"), ("schedule", "roost.schedule.due"), ("event", "order.paid"), ("document", "roost.document.updated")]:
        assert test({"type": kind})["value"]["type"] == type
    eventually(lambda: len(lab.invocations()) == 10)
    for body, pointer in [({"trigger": 2}, "/trigger"), ({"trigger": -1}, "/trigger"), ({"type": "none"}, "/type"), ({"event": []}, "/event"), ({"more": 1}, "/more")]:
        assert test(body, 422)["errors"][0]["pointer"] == pointer
    for caller, status in [(nobody, 401), (ada, 403)]:
        assert caller.post(f"/v1/functions/{lab.name}/test", json={}).status_code == status
        assert caller.get(f"/v1/functions/{lab.name}/samples").status_code == status
    assert_problem(lab.admin.post("/v1/functions/none/test", json={}), 404, "function_not_found")


def test_a_test_reads_the_path_as_a_call_would(lab):
    lab.deploy("export default async (request, { params }) => ({ params, search: new URL(request.url).search, method: request.method });",
               {"path": "/to/{name}/{rest...}", "methods": ["GET", "POST"]})

    def seen(event=None):
        answer = lab.admin.must(200, "POST", f"/v1/functions/{lab.name}/test", json={} if event is None else {"event": event})
        return json.loads(answer["value"]["body"])

    assert seen() == {"params": {"name": "name", "rest": "rest"}, "search": "", "method": "GET"}
    assert seen({"path": "/to/Ada%20L/a/b?q=1&r=%C3%A4"}) == {"params": {"name": "Ada L", "rest": "a/b"}, "search": "?q=1&r=%C3%A4", "method": "GET"}
    assert seen({"path": "/to/Ada", "body": {"a": 1}, "params": {"name": "Bob"}})["params"] == {"name": "Bob"}
    assert seen({"path": "/to/Ada", "body": {"a": 1}})["method"] == "POST"


def test_errors_that_a_function_prints_name_its_file(lab):
    lab.deploy("export default () => {\n  try { null.x; } catch (error) { console.error(error); console.log(error.stack); }\n  return 'ok';\n};", entry="mine.js")
    logs = lab.admin.must(200, "POST", f"/v1/functions/{lab.name}/test", json={})["logs"]
    assert len(logs) == 2
    for line in logs:
        assert "mine.js:2:" in line["message"] and "data:" not in line["message"] and "eval" not in line["message"], line


def test_a_failing_test_says_why(lab):
    lab.deploy("export default () => { console.error('on my way'); throw new TypeError('broken'); }")
    answer = lab.admin.must(200, "POST", f"/v1/functions/{lab.name}/test", json={})
    assert answer["invocation"]["status"] == "failed" and "broken" in answer["invocation"]["error"] and answer["value"] is None
    assert [(line["level"], line["message"]) for line in answer["logs"]] == [("error", "on my way")]
    lab.deploy("export default () => new Response(new Uint8Array(2 << 20))")
    assert "more than 1048576 bytes" in lab.admin.must(200, "POST", f"/v1/functions/{lab.name}/test", json={})["invocation"]["error"]


def test_the_commands(lab, server, nobody, tmp_path):
    lab.names.append(lab.name)
    (tmp_path / f"{lab.name}.js").write_text("export default async (request, { log }) => { log.info('called'); if (request.method === 'DELETE') throw new Error('no'); return { path: new URL(request.url).pathname, body: await request.text() }; }")

    def roost(*arguments, status=0, input=None):
        run = command("functions", *arguments, "--server", server.url, "--key", lab.admin.token, input=input)
        assert run.returncode == status, run.stdout + run.stderr
        return run

    run = roost("deploy", tmp_path / f"{lab.name}.js", "--http", "--access", "true", "--path", "/to/{name}", "--methods", "get,POST,DELETE")
    assert "calls of GET, POST, DELETE /to/{name}" in run.stdout + run.stderr
    assert nobody.must(200, "GET", f"{lab.url}/to/Ada")["body"] == ""
    run = roost("invoke", lab.name)
    assert json.loads(run.stdout)["statusCode"] == 200 and "called" in run.stderr and "succeeded" in run.stderr
    answer = json.loads(roost("invoke", lab.name, "--event", "-", "--json", input='{"path": "/to/x", "body": "hi"}').stdout)
    assert json.loads(answer["value"]["body"]) == {"path": f"/v1/call/{lab.name}/to/x", "body": "hi"}
    (tmp_path / "event.json").write_text('{"method": "DELETE"}')
    assert "Error: no" in roost("invoke", lab.name, "--event", tmp_path / "event.json", status=1).stderr
    assert json.loads(roost("invoke", lab.name, "--sample", "http", "--json").stdout)["invocation"]["event"]["type"] == "roost.http.request"
    roost("invoke", lab.name, "--sample", "none", status=1)
    roost("invoke", "none", status=1)
    roost("deploy", tmp_path / f"{lab.name}.js", "--access", "true", status=64)
    assert "calls of" in roost("list").stdout


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")
def test_an_expired_token_calls_no_more(start, tmp_path):
    server = start(tmp_path / "data")
    lab, user = Lab(admin_login(server), "f"), register(server)
    lab.deploy(HELLO)
    assert user.get("/v1/call/f").text == "hello"
    assert server.terminate() == 0
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    server = start(tmp_path / "data", prefix=("env",), env={"LD_PRELOAD": str(library), "FAKETIME": "+20m", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
    assert_problem(Caller(server, user.token).get("/v1/call/f"), 401, "token_expired")


# Other runtimes

def test_a_python_function_answers_in_the_form_of_aws(lab, nobody, ada):
    lab.deploy("""
import base64, json

def handler(event, context):
    if event["path"] == "/none":
        return None
    if event["path"] == "/text":
        return "text"
    if event["path"] == "/split":
        return {"statusCode": 200, "headers": {"x": "1\\r\\nset-cookie: a=b"}}
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    return {"statusCode": 201, "headers": {"x-method": event["method"], "content-type": "application/octet-stream"}, "cookies": ["a=1"],
            "body": base64.b64encode(body + json.dumps([event["params"], event["query"], event["auth"] and event["auth"]["type"]]).encode()).decode(), "isBase64Encoded": True}
""", {"path": "/{name}"}, runtime="python")
    answer = ada.post(f"{lab.url}/x?q=1", data=b"\x00\xff")
    assert answer.status_code == 201 and answer.headers["x-method"] == "POST" and answer.headers["set-cookie"] == "a=1"
    assert answer.content == b"\x00\xff" + b'[{"name": "x"}, {"q": "1"}, "user"]'
    assert nobody.get(f"{lab.url}/none").status_code == 204 or nobody.get(f"{lab.url}/none").text == "null"
    assert nobody.get(f"{lab.url}/text").text == "text"
    assert_problem(nobody.get(f"{lab.url}/split"), 502, "function_failed")


def test_callers_who_go_at_once_are_forgotten(lab, server):
    lab.deploy("export default () => new Promise((done) => setTimeout(() => done('done'), 500))", concurrency=1, timeout="5s")
    for _ in range(60):
        with Raw(server) as connection:
            connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    began = time.monotonic()
    assert requests.get(server.url + lab.url, timeout=20).text == "done"
    assert time.monotonic() - began < 4
    assert "work ended without an answer" not in server.log_text()


def test_a_caller_who_goes_before_their_turn_is_forgotten(lab, server):
    lab.deploy("export default () => new Promise((done) => setTimeout(() => done('done'), 1000))", concurrency=1)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(requests.get, server.url + lab.url, timeout=20)
        time.sleep(0.3)
        for _ in range(3):
            with Raw(server) as connection:
                connection.send(f"GET {lab.url} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                time.sleep(0.1)
        assert first.result().text == "done"
    assert requests.get(server.url + lab.url, timeout=20).text == "done"
    assert len(lab.finished(2)) == 2
