"""Durable steps beside what else functions have: versions with weights, and secrets that nobody is shown."""
import json

import pytest

from roost_server import command, eventually
from test_functions_steps import lab  # noqa: F401

SECRET = "tok-4711-do-not-show"
NUMBER = "90210777123"

SOURCES = {
    "javascript": """export default async (event, { env, log, step, db }) => {
  const token = await step.run("token", () => ({ token: env.TOKEN, ["at " + env.TOKEN]: [env.TOKEN + "!"], number: Number(env.NUMBER), plain: "seen" }));
  log.info("begin VERSION", token.token);
  await step.sleep("pause", "1s");
  const second = await step.run("second", () => token.token === env.TOKEN && token.number === Number(env.NUMBER) ? "exact" : "changed");
  log.info("end VERSION", env.TOKEN, second);
  await db.collection(OUT).create({ second, by: "VERSION" });
  return { token: token.token, second };
};""",
    "python": """def handler(event, context):
    env, step = __import__("os").environ, context.step
    token = step.run("token", lambda: {"token": env["TOKEN"], "at " + env["TOKEN"]: [env["TOKEN"] + "!"], "number": int(env["NUMBER"]), "plain": "seen"})
    print("begin VERSION", token["token"])
    step.sleep("pause", "1s")
    second = step.run("second", lambda: "exact" if token["token"] == env["TOKEN"] and token["number"] == int(env["NUMBER"]) else "changed")
    print("end VERSION", env["TOKEN"], second)
    context.db.collection(OUT).create({"second": second, "by": "VERSION"})
    return {"token": token["token"], "second": second}
""",
}


@pytest.mark.parametrize("language", list(SOURCES))
def test_secrets_are_hidden_in_what_is_shown_and_exact_for_the_function_in_both_versions(lab, language):  # noqa: F811
    path = f"/v1/functions/{lab.function}"
    for name, value in {"TOKEN": SECRET, "NUMBER": NUMBER}.items():
        lab.admin.must((200, 201), "PUT", f"{path}/secrets/{name}", json={"value": value})
    deploy = lambda version: lab.deploy(SOURCES[language].replace("VERSION", version), runtime=language, retry={"attempts": 1}, concurrency=8)
    deploy("one")
    deploy("two")
    lab.admin.must(200, "PUT", f"{path}/aliases/live", json={"versions": {"1": 0.5, "2": 0.5}})
    for n in range(16):
        lab.create(n=n)
    results = eventually(lambda: len(found := lab.results()) >= 16 and found, 60, "sixteen results")
    assert len(results) == 16 and {result["second"] for result in results} == {"exact"}, "the function has its own values back"
    assert {result["by"] for result in results} == {"one", "two"}, "both versions served"
    runs = eventually(lambda: len(found := lab.runs(status="completed")) == 16 and found, 30, "sixteen runs")
    assert {json.dumps(run["result"], sort_keys=True) for run in runs} == {'{"second": "exact", "token": "***"}'}
    for run in runs:
        told = lab.run(run["id"])
        steps = {step["name"]: step for step in told["steps"]}
        assert steps["token"]["result"] == {"token": "***", "at ***": ["***!"], "number": "***", "plain": "seen"}, steps
        assert steps["second"]["result"] == "exact" and all(step["attempts"] == 1 for name, step in steps.items() if name != "pause"), "each once"
    lines = eventually(lambda: len(found := lab.admin.every(f"{path}/logs")) >= 48 and found, what="the lines")
    ends = [line["message"] for line in lines if line["message"].startswith("end")]
    assert len(ends) == 16 and set(ends) == {"end one *** exact", "end two *** exact"}
    remote = {"ROOST_SERVER": lab.admin.server.url, "ROOST_KEY": lab.admin.token}
    shown = [command("functions", "runs", *more, "--json", env=remote) for more in ([lab.function], [lab.function, runs[0]["id"]])]
    everything = json.dumps([lab.runs(), lines, lab.invocations(), lab.run(runs[0]["id"])]) + "".join(one.stdout for one in shown)
    assert all(one.returncode == 0 for one in shown), [one.stderr for one in shown]
    assert SECRET not in everything and NUMBER not in everything
