"""Functions in Python: what they get, what they say, how they fail."""
import json
import re

import pytest

from roost_client import assert_problem
from roost_server import eventually
from test_functions import lab  # noqa: F401

pytestmark = pytest.mark.usefixtures("admin")


@pytest.fixture
def python(lab):
    """Deploys Python: OUT stands for the name of a collection."""
    deploy = lab.deploy

    def deploy_python(source, *events, **more):
        return deploy(re.sub(r"\n {8}", "\n", source).strip() + "\n", *events, runtime="python", **more)

    lab.deploy = deploy_python
    return lab


def outcome(python, source, **more):
    python.deploy(source, retry={"attempts": 1, "backoff": "20ms"}, **more)
    return python.finished(python.create(n=1))[0]


def messages(python, wanted):
    def found():
        lines = python.logs()
        return all(any(message in line["message"] and line["level"] == level for line in lines) for level, message in wanted) and lines

    return eventually(found, what=str(wanted))


def test_a_python_function_gets_the_event_and_works_with_documents(python):
    run = outcome(python, """
        from roost import RoostError

        def handler(event, context):
            out = context.db.collection(OUT)
            made = out.create({"id": "made", "n": 1})
            steps = [made["version"] == 1, out.get("made")["n"], out.get("nothing")]
            steps.append(out.patch("made", {"n": 2}, if_version=1)["version"])
            steps.append(out.put("made", {"n": 3}, if_version=2)["n"])
            for act in (lambda: out.put("made", {}, if_version=1), lambda: out.create({"id": "made"}), lambda: context.db.collection("nowhere").get("x")):
                try:
                    act()
                except RoostError as error:
                    steps.append([error.status, error.code])
            for n in range(3):
                out.create({"id": f"n{n}", "n": n})
            page = out.list("n < 3 && id != 'made'", sort="-n", limit=2)
            steps.append([item["id"] for item in page["items"]])
            steps.append([item["id"] for item in out.list("n < 3 && id != 'made'", sort="-n", limit=2, cursor=page["nextCursor"])["items"]])
            steps += [out.delete("n0"), out.delete("n0"), context.attempt]
            answer = context.api("get", "/v1/documents/" + OUT + "/made")
            steps.append([answer.status, answer.ok, answer.json()["n"]])
            out.create({"id": "steps", "steps": steps, "event": event})
        """)
    assert run["status"] == "succeeded", run
    stored = python.admin.read(python.target, "steps")
    assert stored["steps"] == [
        True, 1, None, 2, 3, [412, "precondition_failed"], [409, "already_exists"], [404, "collection_not_found"],
        ["n2", "n1"], ["n0"], True, False, 1, [200, True, 3]]
    assert stored["event"]["specversion"] == "1.0" and stored["event"]["type"] == "roost.document.created" and stored["event"]["data"]["after"]["n"] == 1


def test_async_handlers_and_files_and_the_environment(python):
    python.admin.must((200, 201), "PUT", "/v1/buckets/pybucket", json={})
    run = outcome(python, """
        import asyncio, os
        from roost import db, env, files, log

        async def handler(event):
            bucket = files.bucket("pybucket")
            bucket.put("a b/c.bin", bytes(range(256)))
            bucket.put("t.txt", "grün")
            await asyncio.gather(asyncio.sleep(0.01), asyncio.sleep(0.01))
            data = bucket.get("a b/c.bin")
            db.collection(OUT).create({"id": "r", "r": [data.bytes == bytes(range(256)), bucket.get("t.txt").text(), bucket.get("no"), env["A"], os.environ["A"], bucket.delete("t.txt")]})
        """, env={"A": "ü"})
    assert run["status"] == "succeeded", run
    assert python.admin.read(python.target, "r")["r"] == [True, "grün", None, "ü", "ü", True]


def test_everything_printed_becomes_log_lines(python):
    run = outcome(python, """
        import logging, subprocess, sys, threading, warnings

        logging.basicConfig(level=logging.DEBUG)

        def handler(event, context):
            print("one", 2, end="")
            print(" three\\nsecond ünï🐔")
            sys.stderr.write("to stderr")
            logging.getLogger("mine").debug("detail %d", 5)
            logging.warning("watch out")
            warnings.warn("deprecated thing")
            context.log.error("bad", {"a": 1})
            context.log.info("%s of %s", 1, 2)
            thread = threading.Thread(target=print, args=("in a thread",))
            thread.start()
            thread.join()
        """)
    assert run["status"] == "succeeded", run
    lines = messages(python, [
        ("info", "one 2 three"), ("info", "second ünï🐔"), ("error", "to stderr"), ("debug", "detail 5"), ("warn", "watch out"), ("warn", "deprecated thing"),
        ("error", "bad {'a': 1}"), ("info", "1 of 2"), ("info", "in a thread")])
    assert all(line["invocation"] == run["id"] for line in lines)


def test_an_exception_is_told_with_its_lines(python):
    run = outcome(python, """
        def deeper(value):
            raise ValueError("no luck with " + value)

        def handler(event, context):
            try:
                deeper("Tom")
            except ValueError as error:
                raise KeyError("outer") from error
        """)
    assert run["status"] == "failed"
    name = python.function
    assert run["error"].startswith("KeyError: 'outer'\n"), run["error"]
    for part in (f'File "{name}.py", line 2, in deeper', 'raise ValueError("no luck with " + value)', "ValueError: no luck with Tom", f'File "{name}.py", line 8, in handler'):
        assert part in run["error"], run["error"]
    assert "<roost>" not in run["error"] and "<string>" not in run["error"]


@pytest.mark.parametrize("body, statuses, says", [
    ("import sys; sys.exit(3)", ("failed",), "sys.exit(3)"),
    ("import os; os._exit(3)", ("crashed",), "exit code 3"),
    ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", ("crashed", "succeeded"), None),
    ("import ctypes; ctypes.string_at(0)", ("crashed",), "signal 11"),
    ("handler(event)", ("failed",), "RecursionError"),
    ("raise BaseException('base')", ("failed",), "BaseException: base"),
    ("raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()", ("failed",), "Odd"),
    ("raise Exception('x' * 5_000_000)", ("failed",), "Exception: xxx"),
    ("raise ExceptionGroup('several', [ValueError('a'), TypeError('b')])", ("failed",), "several"),
    ("while True: pass", ("timeout",), "1500 ms"),
    ("import time; time.sleep(60)", ("timeout",), "1500 ms"),
    ("a = bytearray(10 ** 10)", ("memory_limit",), "memory"),
    ("a = [bytearray(10 ** 6) for n in range(10 ** 6)]", ("memory_limit",), "memory"),
    ("global json, print\n    import builtins, sys; builtins.len = None; sys.stdout = None; sys.stderr = None; del sys.modules['json']; raise ValueError('spoilt')", ("failed", "crashed"), None),
    ("import threading; threading.Thread(target=lambda: [print('x') for _ in iter(int, 1)]).start()", ("succeeded",), None),
    ("import atexit, os; os.close(3); os.close(4); os.close(5)", ("succeeded", "crashed"), None),
], ids=lambda value: str(value)[:40] if isinstance(value, str) else "")
def test_whatever_python_does_has_a_record(python, server, body, statuses, says):
    memory = server.memory()
    run = outcome(python, f"def handler(event):\n    {body}", timeout="1500ms", memory="128MB")
    assert run["status"] in statuses, run
    if says:
        assert says in run["error"], run
    assert len(run["error"] or "") < 10_000
    assert server.memory() - memory < 50 << 20
    # The next event of the same function finds a working worker.
    assert outcome(python, "def handler(event): pass")["status"] == "succeeded"


def test_a_timeout_says_where_it_was(python):
    outcome(python, "def inner():\n    while True: pass\n\ndef handler(event):\n    inner()", timeout="500ms")
    messages(python, [("error", f'File "{python.function}.py", line 2 in inner')])


@pytest.mark.parametrize("source, says", [
    ("def handler(event, context):\n    a = = 3", ["SyntaxError", "line 2", "a = = 3"]),
    ("def other(event): pass", ["handler"]),
    ("handler = 3", ["handler"]),
    ("import nothing_like_this\ndef handler(event): pass", ["ModuleNotFoundError", "nothing_like_this", "line 1"]),
    ("raise RuntimeError('at the top')", ["RuntimeError: at the top", "line 1"]),
    ("def handler(event):\n\tif 1:\n        pass", ["TabError"]),
    ("import sys\nsys.exit('no')", ["sys.exit"]),
    ("import os\nos._exit(4)", ["exit code 4"]),
    ("export default () => {}", ["SyntaxError"]),
    ("def handler(event): pass\n\0", ["null bytes"]),
])
def test_what_does_not_load_is_refused(python, source, says):
    answer = python.admin.put(f"/v1/functions/{python.function}", json={"runtime": "python", "source": source})
    problem = assert_problem(answer, 422, "deploy_refused")
    for part in says:
        assert part in problem["detail"], problem["detail"]
    assert "<roost>" not in problem["detail"]


def test_a_module_keeps_its_state_and_functions_share_none(python):
    run = outcome(python, """
        import dataclasses
        from roost import db

        @dataclasses.dataclass
        class Counter:
            n: int = 0

        counter = Counter()

        def handler(event):
            counter.n += 1
            db.collection(OUT).create({"n": counter.n})
        """, concurrency=1)
    assert run["status"] == "succeeded", run
    for _ in range(4):
        python.create()
    eventually(lambda: sorted(item["n"] for item in python.results()) == [1, 2, 3, 4, 5], what="five in a row")


def test_readiness_names_the_runtimes(python, server):
    outcome(python, "def handler(event): pass")
    health = python.admin.get("/readyz").json()
    assert re.match(r"python 3\.", health["runtimes"]["python"]["version"]) and health["runtimes"]["python"]["sandbox"] in ("full", "reduced"), json.dumps(health)


def test_python_works_with_users_and_events(python):
    python.admin.put_function(f"h{python.function}", f"export default (event, {{ db }}) => db.collection({json.dumps(python.target)}).put('heard', {{ event }});",
                              triggers=[{"type": "event", "name": f"made.{python.function}"}])
    email = f"{python.function}@example.org"
    run = outcome(python, """
        from roost import RoostError, db, events, users

        def handler(event, context):
            made = users.create({"email": EMAIL, "password": "correct horse battery", "name": "Ada"})
            steps = [made["email"], users.get(made["id"])["name"], context.users.patch(made["id"], {"name": "Countess"})["name"]]
            steps.append([user["email"] for user in users.list('email == "' + EMAIL + '"', limit=5)["items"]])
            steps += [users.delete(made["id"]), users.delete(made["id"]), users.get(made["id"])]
            try:
                users.create({"email": 5})
            except RoostError as error:
                steps.append([error.status, error.code])
            assert context.events is events and events.emit(NAME, {"a": 1}, subject="ada")["id"]
            db.collection(OUT).put("done", {"steps": steps})
    """.replace("EMAIL", json.dumps(email)).replace("NAME", json.dumps(f"made.{python.function}")))
    assert run["status"] == "succeeded", run
    done = next(item for item in python.results() if item["id"] == "done")
    assert done["steps"] == [email, "Ada", "Countess", [email], True, False, None, [422, "validation_failed"]]
    heard = eventually(lambda: next((item for item in python.results() if item["id"] == "heard"), None), 30, "the event")["event"]
    assert heard["data"] == {"a": 1} and heard["subject"] == "ada"
    python.admin.delete(f"/v1/functions/h{python.function}")
