"""The command line, on a running server and straight on a data folder."""
import json
import re
import stat

import pytest

from roost_client import PASSWORD, Caller, admin_login, on, register
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, command, eventually

COMMANDS = ["serve", "init", "admins", "admins create", "admins list", "users", "users list", "functions", "functions list", "functions deploy", "functions logs", "rules", "rules test", "doctor"]


@pytest.fixture
def home(tmp_path):
    """An environment whose credentials are in a folder of this test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    return {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / ".config")}


def items(result):
    """What `--json` prints of a list: the list, or a page of it."""
    assert result.returncode == 0, result.stdout + result.stderr
    answer = json.loads(result.stdout)
    return answer["items"] if isinstance(answer, dict) else answer


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_helps_with_an_example(name):
    result = command(*name.split(), "--help")
    assert result.returncode == 0 and "USAGE" in result.stdout.upper()
    if " " in name or name in ("serve", "init", "doctor"):
        assert "example" in result.stdout.lower() and f"roost {name}" in result.stdout


def test_version_and_help():
    assert re.search(r"\d+\.\d+\.\d+", command("--version").stdout)
    help = command("--help")
    assert help.returncode == 0 and all(name in help.stdout for name in ("serve", "users", "functions", "doctor"))


@pytest.mark.parametrize("arguments", [["nonsense"], ["users", "nonsense"], ["users", "list", "--nonsense"], ["serve", "--listen", "nonsense"], ["serve", "--listen", "127.0.0.1:99999"], ["functions"] + ["deploy"] + ["--bad"]])
def test_wrong_use_is_64(arguments, tmp_path):
    result = command(*arguments, cwd=tmp_path)
    assert result.returncode == 64 and result.stderr.strip(), result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


# Users

def test_users_list_with_a_server_and_its_key(server, ada, bob, admin, home):
    result = command("users", "list", "--server", server.url, "--key", admin.token, "--json", env=home)
    assert {ada.email, bob.email} <= {user["email"] for user in items(result)}
    text = command("users", "list", "--server", server.url, "--key", admin.token, env=home)
    assert text.returncode == 0 and ada.email in text.stdout and bob.email in text.stdout
    assert "argon2" not in result.stdout + text.stdout


def test_users_list_with_an_api_key(server, ada, admin, home):
    key = admin.must(201, "POST", "/v1/keys", json={"name": "for the command line"})["key"]
    assert key.startswith("rk_")
    result = command("users", "list", "--server", server.url, "--key", key, "--json", env=home)
    assert ada.email in {user["email"] for user in items(result)}


def test_users_list_shows_all_of_many(start, home):
    server = start()
    admin = admin_login(server)
    for n in range(60):
        admin.must(201, "POST", "/v1/users", json={"email": f"many{n:02}@example.org", "password": PASSWORD})
    listed = items(command("users", "list", "--server", server.url, "--key", admin.token, "--json", env=home))
    assert len({user["email"] for user in listed}) == 60, "not only the first page"
    assert server.terminate() == 0
    assert len(items(command("users", "list", "--data", server.data, "--json", env=home))) == 60


def test_users_list_on_the_folder_with_and_without_a_server(start, home):
    server = start()
    user = register(server, "local", name="Lo Cal")
    for state in ("running", "stopped"):
        listed = items(command("users", "list", "--data", server.data, "--json", env=home))
        assert [entry["email"] for entry in listed] == [user.email], state
        assert user.email in command("users", "list", "--data", server.data, env=home).stdout
        if state == "running":
            assert Caller(server).get("/readyz").status_code == 200
            assert server.terminate() == 0


@pytest.mark.parametrize("arguments, says", [
    (["--server", "http://127.0.0.1:9", "--key", "rk_x"], "127.0.0.1:9"), (["--server", "URL", "--key", "rk_nonsense"], None), (["--server", "URL"], None), (["--server", "nonsense"], None),
    (["--data", "/nowhere/at/all"], "/nowhere/at/all"),
])
def test_a_failure_is_1_and_says_why(server, home, arguments, says):
    result = command("users", "list", *[argument.replace("URL", server.url) for argument in arguments], env=home)
    assert result.returncode in (1, 64) and result.stderr.strip() and result.stdout.strip() == "", result.stdout + result.stderr
    assert "Fatal error" not in result.stderr and ".swift" not in result.stderr
    if says:
        assert says in result.stderr


def test_listing_a_folder_does_not_make_one(tmp_path, home):
    assert command("users", "list", "--data", tmp_path / "new", env=home).returncode == 1
    assert command("doctor", "--data", tmp_path / "new", env=home).returncode in (0, 1)
    assert not (tmp_path / "new").exists()


# Admins

def test_the_first_admin_is_made_on_the_folder(start, tmp_path, home):
    data = tmp_path / "data"
    made = command("admins", "create", "first@example.org", "--data", data, input="a password for the first\n" * 2, env=home)
    assert made.returncode == 0, made.stdout + made.stderr
    assert [admin["email"] for admin in items(command("admins", "list", "--data", data, "--json", env=home))] == ["first@example.org"]
    again = command("admins", "create", "first@example.org", "--data", data, input="another password\n" * 2, env=home)
    assert again.returncode == 1 and again.stderr.strip()
    weak = command("admins", "create", "second@example.org", "--data", data, input="short\n" * 2, env=home)
    assert weak.returncode == 1 and "8" in weak.stderr
    server = start(data, env={})
    assert admin_login(server, "first@example.org", "a password for the first").get("/v1/collections").status_code == 200
    assert "a password for the first" not in made.stdout + made.stderr + server.log_text()


def test_a_server_without_an_admin_says_how_to_make_one(start):
    server = start(env={})
    eventually(lambda: b"admins create" in server.stdout or b"setup" in server.stdout, 5, "the hint")


# Signing in

def test_login_keeps_the_credentials_for_the_other_commands(server, ada, home, tmp_path):
    signed_in = command("login", "--server", server.url, "--email", ADMIN_EMAIL, input=ADMIN_PASSWORD + "\n", env=home)
    assert signed_in.returncode == 0, signed_in.stdout + signed_in.stderr
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert files and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert not any(ADMIN_PASSWORD in path.read_text() for path in files)
    assert ada.email in {user["email"] for user in items(command("users", "list", "--json", env=home))}
    wrong = command("login", "--server", server.url, "--email", ADMIN_EMAIL, input="wrong password\n", env=home)
    assert wrong.returncode == 1 and wrong.stderr.strip()


# Functions

def test_init_makes_an_app_that_can_be_deployed(start, admin, tmp_path, home):
    made = command("init", "app", cwd=tmp_path, env=home)
    assert made.returncode == 0, made.stdout + made.stderr
    app = tmp_path / "app"
    assert (app / "roost.yaml").exists() and list((app / "functions").iterdir())
    before = {path: path.read_bytes() for path in app.rglob("*") if path.is_file()}
    again = command("init", "app", cwd=tmp_path, env=home)
    assert again.returncode == 1 or {path: path.read_bytes() for path in before} == before, "nothing is overwritten"


SOURCE = 'export default async (event, { db }) => {\n  console.log("heard of", event.subject);\n  await db.collection("heard").put(event.data.after.id, {});\n};\n'


def test_functions_deploy_list_and_logs(start, tmp_path, home):
    server = start()
    admin = admin_login(server)
    admin.put_collection("orders")
    admin.put_collection("heard")
    (tmp_path / "on-order.js").write_text(SOURCE)
    remote = ["--server", server.url, "--key", admin.token]
    deployed = command("functions", "deploy", "on-order", "--source", tmp_path / "on-order.js", "--on", "orders:created", *remote, env=home)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert [function["name"] for function in items(command("functions", "list", *remote, "--json", env=home))] == ["on-order"]
    order = admin.create("orders", total=1)
    eventually(lambda: [item["id"] for item in admin.list("heard")["items"]] == [order["id"]], what="the function's document")
    logs = eventually(lambda: items(command("functions", "logs", "on-order", *remote, "--json", env=home)), what="the log lines")
    assert any(order["id"] in line["message"] for line in logs)
    assert order["id"] in command("functions", "logs", "on-order", *remote, env=home).stdout

    (tmp_path / "on-order.js").write_text("export default async (event {")
    refused = command("functions", "deploy", "on-order", "--source", tmp_path / "on-order.js", "--on", "orders:created", *remote, env=home)
    assert refused.returncode == 1 and refused.stderr.strip()
    assert admin.must(200, "GET", "/v1/functions/on-order")["version"] == 1
    # A file of JavaScript has no types; errors call it by its name.
    assert admin.must(200, "GET", "/v1/functions/on-order")["entry"] == "on-order.js" and "on-order.js:1:" in refused.stderr

    def found(*words):
        return items(command("functions", *words, *remote, "--json", env=home))

    assert [run["status"] for run in found("invocations", "on-order", "--status", "succeeded", "--subject", f"orders/{order['id']}")] == ["succeeded"]
    assert found("invocations", "on-order", "--status", "failed,timeout") == [] == found("invocations", "on-order", "--search", "nothing")
    assert found("invocations", "on-order", "--to", "2020-01-01T00:00:00Z") == [] == found("invocations", "on-order", "--function-version", "7")
    assert "like that" in command("functions", "invocations", "on-order", "--status", "failed", *remote, env=home).stderr
    assert found("logs", "on-order", "--search", order["id"]) and found("logs", "on-order", "--level", "error") == []
    assert command("functions", "invocations", "on-order", "--status", "wrong", *remote, env=home).returncode == 1
    used = found("usage", "--function", "on-order")
    assert [(one["function"], one["invocations"]["total"]) for one in used] == [("on-order", 1)]
    shown = command("functions", "usage", "--by", "day", *remote, env=home).stdout
    assert "GB-SECONDS" in shown and " 0.0" in shown
    assert "Nothing ran" in command("functions", "usage", "--from", "2020-01-01", "--to", "2020-01-02", *remote, env=home).stderr
    missing = command("functions", "logs", "nowhere", *remote, env=home)
    assert missing.returncode == 1 and "nowhere" in missing.stderr


def test_a_deploy_keeps_what_no_flag_names(start, tmp_path, home):
    server = start()
    admin = admin_login(server)
    admin.put_collection("orders")
    remote = ["--server", server.url, "--key", admin.token]

    def deploy(*words, code=0):
        done = command("functions", "deploy", *words, *remote, env=home)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr

    def shown(name):
        return admin.must(200, "GET", f"/v1/functions/{name}")

    keep = tmp_path / "keep.js"
    keep.write_text("export default () => 1;\n")
    assert "nothing says what makes it run" in deploy(keep, "--timeout", "3s", code=64)
    deploy(keep, "--http", "--access", "true", "--path", "/x", "--env", "A=b", "--timeout", "3s", "--attempts", "2", "--on", "orders:created")
    first = shown("keep")
    deploy(keep, "--env", "C=d", "--memory", "64MB")
    deploy(keep, "--http", "--methods", "get", "--backoff", "2s")
    now = shown("keep")
    assert now["env"] == {"A": "b", "C": "d"} and now["memory"] == 64 << 20 and now["timeout"] == first["timeout"] == "3s"
    assert now["retry"] == {"attempts": 2, "backoff": "2s"} and now["triggers"][0] == first["triggers"][0]
    assert [(one["access"], one["path"], one["methods"]) for one in now["triggers"][1:]] == [("true", "/x", ["GET"])]
    deploy(keep, "--on", "orders:deleted")
    assert [one["type"] for one in shown("keep")["triggers"]] == ["document", "http"] and shown("keep")["triggers"][0]["events"] == ["deleted"]

    # A folder: what has a description is deployed, what it imports is not.
    folder = tmp_path / "functions"
    folder.mkdir()
    for name in ("one.js", "two.py", "util.js"):
        (folder / name).write_text("def handler(event, context): return undefined_name\n" if name.endswith("py") else "export default () => 1;\n")
    assert "one.json" in deploy(folder, code=64)
    for name in ("one.json", "two.json"):
        (folder / name).write_text('{"triggers": [{"type": "http", "access": "true", "path": "/to/{name}"}]}')
    deploy(folder)
    assert {one["name"] for one in admin.must(200, "GET", "/v1/functions")["items"]} == {"keep", "one", "two"}
    assert shown("two")["entry"] == "two.py"
    assert "two.py" in json.loads(command("functions", "invoke", "two", "--json", *remote, env=home).stdout)["invocation"]["error"]


# Doctor

def test_doctor_checks_the_machine_and_the_folder(start, home):
    server = start()
    register(server)
    assert server.terminate() == 0
    result = command("doctor", "--data", server.data, env=home)
    assert result.returncode == 0, result.stdout + result.stderr
    for topic in ("sqlite", "deno", "sandbox"):
        assert topic in result.stdout.lower(), result.stdout
    answer = json.loads(command("doctor", "--data", server.data, "--json", env=home).stdout)
    assert answer


def test_doctor_finds_a_damaged_database(start, home):
    server = start()
    admin = admin_login(server)
    admin.put_collection("things")
    for n in range(300):
        admin.create("things", n=n, text="x" * 300)
    assert server.terminate() == 0
    database = max((path for path in server.data.rglob("*") if path.is_file() and path.read_bytes()[:6] == b"SQLite"), key=lambda path: path.stat().st_size)
    content = bytearray(database.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle:middle + 8192] = b"\xa5" * 8192
    database.write_bytes(content)
    result = command("doctor", "--data", server.data, env=home)
    assert result.returncode == 1 and (result.stdout + result.stderr).strip()


def test_doctor_says_what_to_mend(tmp_path, start, home):
    server = start()
    assert server.terminate() == 0
    result = command("doctor", "--data", server.data, env={**home, "PATH": "/usr/bin:/bin"})
    assert "deno" in (result.stdout + result.stderr).lower()
