"""Functions that are commands: an event on standard input, the answer on standard output."""
import json

import pytest

import guides
from roost_client import assert_problem
from roost_server import eventually
from test_functions import lab  # noqa: F401


def outcome(lab, source, **more):
    lab.deploy(source, runtime="command", retry={"attempts": 1, "backoff": "20ms"}, **more)
    return lab.finished(lab.create(n=1))[0]


def said(lab, count=1):
    return [line["message"] for line in eventually(lambda: len(lab.logs()) >= count and lab.logs(), what="the log")]


def test_a_shell_script_gets_the_event(lab):
    run = outcome(lab, "#!/bin/sh\necho \"type $ROOST_EVENT_TYPE subject $ROOST_EVENT_SUBJECT attempt $ROOST_ATTEMPT of $ROOST_FUNCTION\" >&2\ncat >&2\necho >&2\necho '{\"ok\": true}'\n")
    assert run["status"] == "succeeded" and run["error"] is None, run
    assert run["cpuMs"] is not None and run["durationMs"] < 5000
    lines = said(lab, 2)
    assert any(line == f"type roost.document.created subject {run['event']['subject']} attempt 1 of {lab.function}" for line in lines), lines
    event = next(json.loads(line) for line in lines if line.startswith("{"))
    assert event["data"]["after"]["n"] == 1 and event["specversion"] == "1.0"
    assert {line["level"] for line in lab.logs()} == {"info"}


@pytest.mark.parametrize("source", [
    "#!/usr/bin/env python3\nimport json, sys\nevent = json.load(sys.stdin)\nprint('n is', event['data']['after']['n'], file=sys.stderr)\n",
    "#!/usr/bin/python3 -I\nimport json\nprint('n is', json.load(open('/dev/stdin'))['data']['after']['n'], file=__import__('sys').stderr)\n",
    "echo n is $(grep -o '\"n\":[0-9]*' | head -1 | cut -d: -f2) >&2\n",
    "#!/usr/bin/env -S perl -w\nmy $text = <STDIN>; $text =~ /\"n\":(\\d+)/; print STDERR \"n is $1\\n\"; print \"x\";\n",
    "#!/bin/bash\nset -euo pipefail\nread -r line || true\npattern='\"n\":([0-9]+)'\n[[ $line =~ $pattern ]] && echo \"n is ${BASH_REMATCH[1]}\" > /dev/stderr\n",
], ids=["env python", "python", "no first line", "perl", "bash"])
def test_any_interpreter_will_do(lab, source):
    run = outcome(lab, source)
    assert run["status"] == "succeeded", run
    assert "n is 1" in said(lab)


def test_the_environment_is_its_own(lab):
    run = outcome(lab, "#!/usr/bin/env python3\nimport os, sys\nprint(os.environ['A'], os.environ['odd-name'], os.getcwd(), os.listdir('.'), sorted(os.environ), file=sys.stderr)",
                  env={"A": "it's \"$(id)\" `x`\\ ü", "odd-name": "kept"})
    assert run["status"] == "succeeded", run
    line = said(lab)[0]
    assert line.startswith("it's \"$(id)\" `x`\\ ü kept /tmp [] ['A', 'HOME', 'LANG',"), line
    assert "ADMIN" not in line


@pytest.mark.parametrize("source, says", [
    ("exit 3", "exit status 3"), ("echo 'it went wrong' >&2; exit 1", "it went wrong"), ("kill -SEGV $$", "signal 11"), ("no-such-program", "not found"),
    ("set -e; false; echo never >&2", "exit status 1"), ("#!/usr/bin/env python3\nraise ValueError('no luck')", "ValueError: no luck"),
])
def test_a_failure_is_told(lab, source, says):
    run = outcome(lab, source)
    assert run["status"] == "failed" and says in run["error"], run
    letter = eventually(lab.dead, what="the dead letter")[0]
    assert says in letter["error"]


@pytest.mark.parametrize("source, says", [
    ("#!/bin/sh\nif true; then\n", "end of file"), ("#!/usr/bin/nothing-here\nx", "nothing-here"), ("#!/usr/bin/env nothing-here\nx", "nothing-here"),
    ("#!/usr/bin/env python3\ndef f(:\n", "SyntaxError"), ("for x in", "Syntax error"), ("#!\nx", "names no interpreter"), ("#!/bin/bash\n((", "unexpected"),
])
def test_what_cannot_run_is_refused(lab, source, says):
    answer = lab.admin.put(f"/v1/functions/{lab.function}", json={"runtime": "command", "source": source})
    assert says in assert_problem(answer, 422, "deploy_refused")["detail"]


def test_each_event_has_a_fresh_process(lab):
    lab.deploy("#!/bin/sh\nls /tmp >&2; echo $$ > /tmp/here; echo end >&2", runtime="command", concurrency=3)
    documents = [lab.create(n=n) for n in range(12)]
    for document in documents:
        assert lab.finished(document)[0]["status"] == "succeeded"
    assert set(said(lab, 12)) == {"end"}


def test_large_events_and_answers(lab):
    lab.deploy("#!/bin/sh\nwc -c >&2; head -c 3000000 /dev/zero | tr '\\0' x", runtime="command", retry={"attempts": 1, "backoff": "20ms"})
    run = lab.finished(lab.create(text="y" * 500_000))[0]
    assert run["status"] == "succeeded", run
    assert int(said(lab)[0]) > 500_000


def test_the_guide_of_languages(start, tmp_path):
    """Its commands, in its order, do what it says."""
    said = guides.run_guide("languages", start(), tmp_path)
    for text in ('{"total":42,"currency":"EUR"}', "info invoice for Ada", "roost.document.created: 7"):
        assert text in said, said
