"""`roost rules test`: the rules of a roost.yaml, decided without a server."""
import json
import time

import pytest

from roost_server import command

POSTS = """
collections:
  posts:
    rules: {read: "published || author == auth.id", update: "author == auth.id && incoming.author == author"}
tests:
"""
# One case that holds; parts of it are replaced below.
CASE = {
    "name": "a stranger does not see drafts", "collection": "posts", "operation": "read", "auth": None,
    "document": {"published": False, "author": "u1"}, "expect": "deny",
}


def run(text, *arguments):
    return command("rules", "test", "-", *arguments, input=text)


def results(text):
    result = run(text, "--json")
    assert result.returncode in (0, 1), result.stderr
    return json.loads(result.stdout)


def file_of(*cases, collections=POSTS):
    """JSON is YAML."""
    return collections + "".join(f"  - {json.dumps(case)}\n" for case in cases)


def kind_of(scalar):
    """The CEL type that a rule sees of a scalar in YAML."""
    for kind in ("bool", "int", "double", "string", "null_type"):
        text = f"collections: {{c: {{rules: {{read: type(v) == {kind}}}}}}}\n" \
            f"tests: [{{name: v, collection: c, operation: read, expect: allow, document: {{v: {scalar}}}}}]\n"
        if results(text)["passed"]:
            return kind
    return None


def test_all_as_expected_ends_with_0(tmp_path):
    (tmp_path / "roost.yaml").write_text(file_of(CASE, {**CASE, "name": "the author does", "auth": {"id": "u1"}, "expect": "allow"}))
    result = command("rules", "test", cwd=tmp_path)
    assert result.returncode == 0 and result.stderr == "", result.stderr
    assert result.stdout.splitlines() == ["✓ a stranger does not see drafts", "✓ the author does", "", "2 tests, all as expected."]


def test_a_failure_ends_with_1_and_says_why(tmp_path):
    (tmp_path / "app.yaml").write_text(file_of(CASE, {**CASE, "name": "ben does", "auth": {"id": "ben"}, "expect": "allow"}))
    result = command("rules", "test", "app.yaml", cwd=tmp_path)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith("✓") and lines[1] == "✗ ben does (app.yaml:7)" and lines[-1] == "2 tests: 1 as expected, 1 not."
    why = "\n".join(lines[2:-1])
    for part in ("expected allow", "rules.read: published || author == auth.id", "line 1, column", "published = false"):
        assert part in why, result.stdout
    tests = results(file_of(CASE, {**CASE, "name": "ben does", "auth": {"id": "ben"}, "expect": "allow"}))
    assert (tests["passed"], tests["failed"]) == (1, 1)
    failed = tests["tests"][1]
    assert failed["name"] == "ben does" and failed["line"] == 7 and not failed["passed"] and failed["expected"] == "allow" and not failed["allowed"]
    assert failed["rule"] == "published || author == auth.id" and failed["decidedBy"]["part"] in ("published", "author == auth.id", failed["rule"])


def test_a_strangers_null_is_named():
    failed = results(file_of({**CASE, "expect": "allow"}))["tests"][0]
    assert failed["decidedBy"]["part"] == "author == auth.id" and failed["decidedBy"]["error"] == "null has no field 'id'"


def test_what_should_be_denied_and_is_not_fails_too():
    tests = results(file_of({**CASE, "auth": {"id": "u1"}}))
    assert tests["failed"] == 1 and tests["tests"][0]["allowed"]


def test_an_absent_rule_denies_and_says_so():
    result = run(file_of({**CASE, "operation": "delete", "expect": "allow"}))
    assert result.returncode == 1 and "no rule 'delete'" in result.stdout


def test_a_hidden_field_that_stays_is_not_written():
    text = """
collections:
  staff:
    rules: {read: "true", update: "true"}
    fieldRules: {salary: {read: "false", write: "false"}}
tests:
  - {name: stays, collection: staff, operation: update, document: {n: 1, salary: 5}, incoming: {n: 2, salary: 5}, expect: allow, denied: []}
  - {name: goes up, collection: staff, operation: update, document: {n: 1, salary: 5}, incoming: {n: 2, salary: 6}, expect: deny, denied: [salary]}
  - {name: appears, collection: staff, operation: update, document: {n: 1}, incoming: {n: 2, salary: 6}, expect: deny, denied: [salary]}
  - {name: is hidden, collection: staff, operation: read, document: {n: 1, salary: 5}, expect: allow, hidden: [salary]}
  - {name: wrongly expected, collection: staff, operation: read, document: {n: 1, salary: 5}, expect: allow, hidden: []}
"""
    answer = results(text)
    assert [test["passed"] for test in answer["tests"]] == [True, True, True, True, False], answer
    assert "hidden" in run(text).stdout


def test_a_part_of_the_tests():
    cases = file_of(CASE, {**CASE, "name": "Another one"})
    assert "1 test, all" in run(cases, "--filter", "another").stdout
    assert "2 tests, all" in run(cases, "--filter", "POSTS").stdout
    nothing = run(cases, "--filter", "zebra")
    assert nothing.returncode == 64 and "zebra" in nothing.stderr


# The file, what the error says, and its line.
WRONG = [
    ("", "empty", None),
    ("hello", "expected an object", 1),
    ("collections: [a]\n", "'collections' is a list", 1),
    ("colections: {}\n", "colections", 1),
    ("collections:\n  posts: {rules: {raed: 'true'}}\n", "raed", 2),
    ("collections:\n  posts:\n    rules:\n      read: 'autor =='\n", "collection 'posts': rules.read", 4),
    ("collections:\n  posts:\n    rules:\n      read: auth.idd == author\n", "idd", 4),
    ("collections:\n  posts:\n    rules:\n      read: 7\n", "expected an expression", 4),
    ("collections:\n  'no good': {}\n", "no good", 2),
    ("collections:\n  posts: {}\n  posts: {}\n", "twice", 3),
    ("a: 1\n b: 2\n", "", 2),
    ("a: 'x\n", "", None),
    ("\tx: 1\n", "", 1),
    ("a: *b\n", "alias", 1),
    ("a: !!binary x\n", "tag", 1),
    ("x: {<<: {a: 1}}\n", "merge", 1),
    ("a: 1\n---\nb: 1\n", "another document", 2),
    ("a: 007\n", "zero", 1),
    ("a: 0x1F\n", "decimal", 1),
    ("a: .nan\n", "NaN", 1),
    ("a: 1e999\n", "too large", 1),
    ("? [a, b]\n: 1\n", "key", 1),
    (POSTS.replace("tests:\n", ""), "no tests", None),
    (POSTS + "  - 5\n", "test 1", 6),
    (POSTS + "  - {collection: posts}\n", "lacks 'name'", 6),
    (file_of({**CASE, "expekt": "deny"}), "expekt", 6),
    (file_of(CASE, {**CASE, "name": "second", "collection": "pots"}), "test 'second': there is no collection 'pots'", 7),
    (file_of({**CASE, "operation": "raed"}), "'operation' is 'raed'", 6),
    (file_of({**CASE, "expect": "maybe"}), "one of allow, deny", 6),
    (file_of({**CASE, "expect": None}), "lacks 'expect'", 6),
    (file_of({**CASE, "auth": "u1"}), "auth", 6),
    (file_of({**CASE, "auth": {"id": "u1", "role": "x"}}), "role", 6),
    (file_of({**CASE, "auth": {"id": 5}}), "'id' is a number", 6),
    (file_of({**CASE, "auth": {"id": "a", "roles": "editor"}}), "list of texts", 6),
    (file_of({**CASE, "auth": {"id": "a", "emailVerified": "yes"}}), "true or false", 6),
    (file_of({**CASE, "document": [1]}), "'document' is a list", 6),
    (file_of({**CASE, "document": None}), "lacks 'document'", 6),
    (file_of({**CASE, "incoming": {}}), "incoming", 6),
    (file_of({**CASE, "operation": "update"}), "lacks 'incoming'", 6),
    (file_of({**CASE, "operation": "create", "incoming": {}}), "document", 6),
    (file_of({**CASE, "denied": ["a"]}), "denied", 6),
    (file_of({**CASE, "hidden": "email"}), "hidden", 6),
    (file_of({**CASE, "documents": {"posts": {"a": 5}}}), "'a'", 6),
    (file_of({**CASE, "documents": {"teams": {"a": {}}}}), "teams", 6),
    (file_of({**CASE, "request": {"tme": 1}}), "tme", 6),
    (file_of(CASE, CASE), "line 6", 7),
]


@pytest.mark.parametrize("text, says, line", WRONG)
def test_an_invalid_file_is_64_and_names_the_line(text, says, line):
    result = run(text)
    assert result.returncode == 64 and result.stdout == "", result.stdout
    assert says in result.stderr, result.stderr
    if line:
        assert result.stderr.startswith(f"roost: standard input:{line}: "), result.stderr


def test_a_file_that_is_not_there_is_64(tmp_path):
    result = command("rules", "test", cwd=tmp_path)
    assert result.returncode == 64 and "roost.yaml" in result.stderr
    assert command("rules", "test", "a", "b", cwd=tmp_path).returncode == 64
    assert command("rules", "test", tmp_path).returncode == 64


@pytest.mark.parametrize("scalar, kind", [
    ("true", "bool"), ("False", "bool"), ("null", "null_type"), ("~", "null_type"), ("7", "int"), ("-7", "int"), ("+7", "int"), ("0", "int"),
    ("9223372036854775807", "int"), ("9223372036854775808", "double"), ("1.5", "double"), (".5", "double"), ("1e3", "double"),
    ("yes", "string"), ("no", "string"), ("NO", "string"), ("on", "string"), ("off", "string"), ("y", "string"), ("2026-11-21", "string"),
    ("2026-11-21T10:00:00Z", "string"), ("12:30:45", "string"), ("1_000", "string"), ("1.2.3", "string"), ("'7'", "string"), ('"true"', "string"),
    ("!!str 7", "string"), ("0x", "string"), ("1e", "string"), ("-", "string"),
])
def test_only_what_yaml_1_2_calls_a_number_is_one(scalar, kind):
    assert kind_of(scalar) == kind


def bomb(width, depth):
    return "".join(f"k{n}: &k{n} [{','.join([f'*k{n - 1}'] * width) if n else 'x'}]\n" for n in range(depth))


HOSTILE = {
    "aliases of aliases": bomb(9, 12), "few aliases of aliases": bomb(2, 9),
    "keys of aliases": "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{? *a{n - 1} : 1, ? [*a{n - 1}, *a{n - 1}] : 2}}\n" for n in range(1, 30)),
    "few keys of aliases": "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{? [*a{n - 1}, *a{n - 1}] : 2}}\n" for n in range(1, 9)),
    "an alias of itself": "a: &a [*a]\n",
    "deep lists": "[" * 500_000, "deep objects": "{a: " * 200_000, "deep blocks": "- " * 500_000, "deep keys": "? " * 300_000,
    "deep lines": "".join(" " * n + "a:\n" for n in range(1400)), "deep, closed": "[" * 900 + "]" * 900,
    "many values": "a: [" + "1," * 300_000 + "1]\n", "many keys": "".join(f"a{n}: 1\n" for n in range(90_000)), "many documents": "---\n" * 200_000,
    "a control character": "a: \x01\n", "too large": "a" * (1 << 20) + "\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_soon(text):
    began = time.monotonic()
    result = run(text)
    assert result.returncode == 64 and result.stderr.startswith("roost: "), result.stderr[-500:]
    assert time.monotonic() - began < 15


def test_text_that_is_not_utf_8_is_refused(tmp_path):
    (tmp_path / "roost.yaml").write_bytes(b"a: \xff\n")
    result = command("rules", "test", cwd=tmp_path)
    assert result.returncode == 64 and "UTF-8" in result.stderr


def test_a_name_cannot_move_the_cursor():
    result = run(file_of({**CASE, "name": "evil \x1b[2J name", "expect": "allow"}))
    assert result.returncode == 1 and "\x1b" not in result.stdout


def test_texts_written_once_with_an_anchor():
    text = """
collections:
  a: {rules: {read: &mine "owner == auth.id", delete: *mine}}
tests:
""" + "".join(f"  - {{name: n{n}, collection: a, operation: delete, auth: {{id: &id{n} u{n}}}, document: {{owner: *id{n}}}, expect: allow}}\n" for n in range(40))
    assert results(text)["passed"] == 40


def test_a_new_app_passes_its_own_tests(tmp_path):
    assert command("init", "app", cwd=tmp_path).returncode == 0
    result = command("rules", "test", "--json", cwd=tmp_path / "app")
    assert result.returncode == 0 and json.loads(result.stdout)["passed"] >= 6, result.stdout + result.stderr


def test_the_help_has_an_example():
    for arguments in (["rules", "--help"], ["rules", "test", "--help"]):
        assert command(*arguments).returncode == 0
    assert "roost rules test" in command("rules", "test", "--help").stdout
