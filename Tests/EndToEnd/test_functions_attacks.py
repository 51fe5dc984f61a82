"""What a hostile reader tried against functions: nobody in who does not belong, nothing told that is hidden."""
import base64
import io
import json
import time
import zipfile

import pytest

from roost_client import Caller, Raw, assert_problem, on, raw
from roost_server import eventually


@pytest.fixture
def name(admin, own_name):
    name = own_name
    admin.put_collection(name)
    yield name
    admin.delete(f"/v1/functions/{name}")
    admin.delete(f"/v1/collections/{name}")


def http(access="true", **more):
    return [{"type": "http", **({"access": access} if access else {}), **more}]


def answering(value):
    """A Python function that answers this."""
    return f"import json\n\ndef handler(event, context):\n    return json.loads({json.dumps(value)!r})\n"


def get(server, target, host="localhost", token=None):
    """As it stands, without a client that makes the address tidy."""
    sign_in = f"Authorization: Bearer {token}\r\n" if token else ""
    return raw(server, f"GET {target} HTTP/1.1\r\nHost: {host}\r\n{sign_in}Connection: close\r\n\r\n".encode())


# Who may call

def test_a_version_is_called_by_those_whom_its_own_rule_admits(admin, ada, nobody, name):
    admin.put_function(name, "export default () => 'open'", triggers=http("true"))
    admin.must(200, "PUT", f"/v1/functions/{name}?traffic=0", json={"source": "export default () => 'closed'", "triggers": http("false")})
    admin.must(201, "PUT", f"/v1/functions/{name}/aliases/next", json={"version": 2})
    for version in ("next", "2"):
        assert_problem(nobody.get(f"/v1/call/{name}@{version}"), 401, "unauthenticated")
        assert_problem(ada.get(f"/v1/call/{name}@{version}"), 403, "forbidden")
        assert admin.get(f"/v1/call/{name}@{version}").text == "closed"
    assert [nobody.get(f"/v1/call/{name}{version}").text for version in ("", "@1", "@live")] == ["open"] * 3
    admin.must(200, "PUT", f"/v1/functions/{name}/aliases/live", json={"versions": {"1": 0.5, "2": 0.5}})
    answers = {(answer.status_code, answer.text if answer.ok else None) for answer in (nobody.get(f"/v1/call/{name}") for _ in range(40))}
    assert answers == {(200, "open"), (401, None)}


def test_a_version_without_an_http_trigger_is_called_by_nobody(admin, nobody, name):
    admin.put_function(name, "export default () => 'open'", triggers=http("true"))
    admin.must(200, "PUT", f"/v1/functions/{name}?traffic=0", json={"source": "export default () => 'inside'", "triggers": on(name)})
    admin.must(201, "PUT", f"/v1/functions/{name}/aliases/next", json={"version": 2})
    for caller in (nobody, admin):
        assert_problem(caller.get(f"/v1/call/{name}@next"), 404, "function_not_found")


def test_who_sends_a_body_slowly_is_asked_about_the_version_that_answers(admin, server, name):
    admin.put_function(name, "export default () => 'open'", triggers=http("true"))
    with Raw(server) as connection:
        connection.send(f"POST /v1/call/{name} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab".encode())
        # Its answer comes from the same loop, after the head above was taken.
        assert Caller(server).get(f"/v1/call/{name}").text == "open"
        admin.put_function(name, "export default () => 'closed'", triggers=http("false"))
        connection.send(b"cd")
        status, _, body = connection.answer()
    assert status == 401 and b"closed" not in body, body


PATH = "export default (request, { params }) => ({ path: new URL(request.url).pathname, params })"


@pytest.mark.parametrize("path", [
    "/ME/../OTHER", "/ME/%2e%2e/OTHER", "/ME/.%2E/OTHER", "/ME/x/../../OTHER", "/ME/..", "/./OTHER", "/ME/x\\..\\..\\OTHER", "/ME/..\\..\\OTHER", "/ME#/../OTHER"])
def test_the_rule_and_the_function_read_the_same_path(admin, server, ada, bob, name, path):
    admin.put_function(name, PATH, triggers=http("auth != null && params.owner == auth.id", path="/{owner}/{rest...}"))
    status, _, body = get(server, f"/v1/call/{name}" + path.replace("ME", ada.id).replace("OTHER", bob.id), token=ada.token)
    assert status == 400, (status, body)
    assert ada.get(f"/v1/call/{name}/{ada.id}/a/b").json() == {"path": f"/v1/call/{name}/{ada.id}/a/b", "params": {"owner": ada.id, "rest": "a/b"}}


@pytest.mark.parametrize("host", ["x/v1/call/NAME/OTHER?", "x/v1/call/NAME/OTHER#", "user@x", "x\\v1\\call\\NAME\\OTHER?"])
def test_the_host_is_no_path(admin, server, ada, bob, name, host):
    admin.put_function(name, PATH, triggers=http("auth != null && params.owner == auth.id", path="/{owner}/{rest...}"))
    status, _, body = get(server, f"/v1/call/{name}/{ada.id}", host.replace("NAME", name).replace("OTHER", bob.id), ada.token)
    assert status == 400, (status, body)


# What functions answer

@pytest.mark.parametrize("headers", [
    {"multiValueHeaders": {"content-type": ["application/json", "text/html"]}}, {"headers": {"content-type": "application/json;,text/html"}},
    {"headers": {"content-type": "application/json", "Content-Type": "text/html"}}, {"headers": {"content-type": "application/json, text/html"}},
    {"headers": {"content-type": "text/html"}}, {"headers": {"content-type": "image/svg+xml"}}, {"headers": {"content-type": ""}}])
def test_a_page_that_says_it_were_json_is_shut_in(admin, nobody, name, headers):
    admin.put_function(name, answering({"statusCode": 200, "body": "<script>alert(origin)</script>", **headers}), triggers=http(), runtime="python")
    answer = nobody.get(f"/v1/call/{name}")
    assert answer.headers["content-security-policy"].startswith("sandbox ") and "allow-same-origin" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("answer, status", [
    ({"statusCode": 200, "headers": {"x-a": "a\r\nX-Evil: 1"}}, 502), ({"statusCode": 200, "headers": {"x-a: b\r\nX-Evil": "1"}}, 502),
    ({"statusCode": 200, "cookies": ["a=b\r\nX-Evil: 1"]}, 502), ({"statusCode": 101, "headers": {"upgrade": "x", "connection": "upgrade"}}, 502),
    ({"statusCode": 200, "headers": {"Content-Length ": "1"}}, 502), ({"statusCode": 204}, 204), ({"statusCode": 304}, 304), ({"statusCode": 205}, 205),
    ({"statusCode": 200, "headers": {"content-length": "3", "transfer-encoding": "chunked", "connection": "x-content-type-options"}}, 200)])
def test_no_answer_becomes_two(admin, server, name, answer, status):
    body = "HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 4\r\n\r\nEVIL"
    admin.put_function(name, answering({"body": body, **answer}), triggers=http(), runtime="python")
    with Raw(server) as connection:
        connection.send(f"GET /v1/call/{name} HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        first, second = connection.answer(), connection.answer()
    assert first[0] == status and "x-evil" not in first[1]
    assert second[0] == 200 and json.loads(second[2]) == {"status": "ok"}


# Secrets

def test_a_deploy_that_is_refused_replaces_no_signing_secret(admin, name):
    secret = lambda letter: "whsec_" + base64.b64encode(letter * 32).decode()
    manifest = {"runtime": "remote", "url": "https://example.org/hook", "triggers": on(name)}
    admin.must(201, "PUT", f"/v1/functions/{name}", json={**manifest, "secret": secret(b"a")})
    before = admin.every(f"/v1/functions/{name}/secrets")
    time.sleep(0.005)
    refused = admin.put(f"/v1/functions/{name}", json={**manifest, "secret": secret(b"b")}, headers={"If-Match": '"77"'})
    assert_problem(refused, 412, "precondition_failed")
    assert admin.every(f"/v1/functions/{name}/secrets") == before


KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASC\nBKYwggSiAgEAAoIBAQC7\n-----END PRIVATE KEY-----\n"
TOKEN = "tok-9f8e7d6c5b"


@pytest.mark.parametrize("runtime, source", {
    "javascript": "export default (e, { env, log }) => { console.log(env.KEY); log.info(env.TOKEN + '\\u0301'); log.warn(JSON.stringify(env)); console.log(env.TOKEN + '\\r\\n'); }",
    "python": "import json, os\ndef handler(event, context):\n    print(os.environ['KEY'])\n    print(os.environ['TOKEN'] + '\\u0301')\n    print(json.dumps(dict(os.environ)))\n    print(os.environ['TOKEN'], end='\\r\\n')\n",
    "command": "#!/usr/bin/env python3\nimport json, os, sys\nsys.stdin.read()\nfor line in (os.environ['KEY'], os.environ['TOKEN'] + '\\u0301', json.dumps(dict(os.environ))):\n    print(line, file=sys.stderr)\n",
}.items())
def test_what_is_printed_hides_secrets_however_they_are_cut(admin, name, runtime, source):
    for secret, value in (("KEY", KEY), ("TOKEN", TOKEN)):
        admin.must(201, "PUT", f"/v1/functions/{name}/secrets/{secret}", json={"value": value})
    admin.put_function(name, source, triggers=on(name), runtime=runtime)
    admin.create(name, n=1)
    run = eventually(lambda: admin.every(f"/v1/functions/{name}/invocations"))[0]
    assert run["status"] == "succeeded", run
    lines = eventually(lambda: admin.every(f"/v1/functions/{name}/logs"))
    text = json.dumps(lines, ensure_ascii=False)
    assert "***" in text
    for piece in (TOKEN, *KEY.split()):
        assert len(piece) < 12 or piece not in text, text


# Before triggers

def test_a_guard_is_not_asked_for_by_chance(admin, name):
    """While two versions share the traffic, the one whose triggers count looks at every write: nobody tries again until the lax one is asked."""
    admin.put_function(name, "export default () => {}", triggers=on(name))
    guard = {"source": "export default () => ({ refuse: 'no' })", "triggers": [{"type": "before", "collection": name}]}
    admin.must(200, "PUT", f"/v1/functions/{name}?traffic=0", json=guard)
    admin.must(200, "PUT", f"/v1/functions/{name}/aliases/live", json={"versions": {"1": 0.4, "2": 0.6}})
    assert {admin.post(f"/v1/documents/{name}", json={"n": n}).status_code for n in range(20)} == {422}


# Archives

def deploy_folder(admin, name, runtime, entry, **files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    form = {"manifest": (None, json.dumps({"runtime": runtime, "entry": entry}), "application/json"), "archive": ("a.zip", packed.getvalue(), "application/zip")}
    return admin.put(f"/v1/functions/{name}", files=form)


UTF_7 = "+" + base64.b64encode("\n--index-url http://127.0.0.1:9/".encode("utf-16-be")).decode().rstrip("=") + "-"


@pytest.mark.parametrize("text", [
    "# a \\\n--index-url http://127.0.0.1:9/\nnot-there", "not-there \\\n  # a \\\n--index-url http://127.0.0.1:9/", "# a\r--index-url http://127.0.0.1:9/\nnot-there",
    "# a\x0b--index-url http://127.0.0.1:9/\nnot-there", "# a\x1c--index-url http://127.0.0.1:9/\nnot-there", "# a\u2028--index-url http://127.0.0.1:9/\nnot-there",
    f"# coding: utf-7\nnot-there=={UTF_7.replace('/', '-')}", "${HOME}/x.whl", "${TMPDIR}x.whl"])
def test_pip_gets_no_options_that_the_check_did_not_see(admin, name, text):
    answer = deploy_folder(admin, name, "python", "main.py", **{"main.py": "def handler(e, c): pass", "requirements.txt": text})
    assert_problem(answer, 422, "deploy_refused", says="not taken")


@pytest.mark.parametrize("file", ["deno.json", "deno.jsonc"])
def test_packages_run_no_scripts_when_they_are_installed(admin, name, file):
    files = {"main.js": "export default () => {};", "package.json": '{"dependencies": {"x": "1"}}', file: '{"allowScripts": true}'}
    assert_problem(deploy_folder(admin, name, "javascript", "main.js", **files), 422, "deploy_refused", says="allowScripts")
