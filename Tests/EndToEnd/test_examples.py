"""The examples, on real input: they must work as their READMEs say."""
import collections
import json
import re
import shutil
import subprocess
import sys
import threading
import unicodedata

import pytest

from roost_client import Caller, admin_login, assert_problem, register
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, ROOT, environment, eventually

ISO_CODES = {"countries": ("iso_3166-1.json", "3166-1", "alpha_2"), "languages": ("iso_639-3.json", "639-3", "alpha_3")}


def as_admin(*command, **more):
    env = environment(ROOST_ADMIN_EMAIL=ADMIN_EMAIL, ROOST_ADMIN_PASSWORD=ADMIN_PASSWORD)
    return subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, timeout=220, **more)


def entries(collection):
    file, name, key = ISO_CODES[collection]
    with open(f"/usr/share/iso-codes/json/{file}") as list:
        return {entry[key]: entry for entry in json.load(list)[name]}


def letter_of(name):
    found = re.search("[A-Z]", unicodedata.normalize("NFD", name).upper())
    return found.group() if found else "other"


def direct_count(caller, names):
    """Letter -> codes, counted straight from the collections as they are now."""
    counts = collections.defaultdict(set)
    for collection in names:
        for document in caller.every(f"/v1/documents/{collection}", limit=1000):
            counts[collection, letter_of(document["name"])].add(document["id"])
    return counts


def tallies(caller):
    letters = caller.every("/v1/documents/letters", limit=1000)
    for letter in letters:
        assert letter["count"] == len(letter["codes"]) == len(set(letter["codes"]))
    return {(letter["of"], letter["letter"]): set(letter["codes"]) for letter in letters if letter["count"]}


@pytest.fixture(scope="module")
def countries(server):
    """The whole lists, imported and counted."""
    run = as_admin(sys.executable, ROOT / "examples/countries/import.py", "--server", server.url, "--wait", 200)
    assert run.returncode == 0, run.stdout + run.stderr
    return admin_login(server)


@pytest.mark.timeout(400)
def test_every_country_and_language_is_there_and_counted(countries, nobody):
    for collection in ISO_CODES:
        documents = {document.pop("id"): document for document in nobody.every(f"/v1/documents/{collection}", limit=1000)}
        expected = entries(collection)
        assert set(documents) == set(expected)
        for code, entry in expected.items():
            assert {key: documents[code][key] for key in entry} == entry
    assert tallies(nobody) == direct_count(nobody, ISO_CODES)
    assert len(tallies(nobody)["countries", "A"]) == sum(letter_of(entry["name"]) == "A" for entry in entries("countries").values())
    assert countries.every("/v1/functions/count-by-letter/dead-letters") == []


@pytest.mark.timeout(400)
def test_the_counts_stay_right_when_many_change_at_once(countries, nobody):
    server = countries.server

    def change(n):
        caller = Caller(server, countries.token)
        for code in sorted(entries("countries"))[n::6]:
            path = f"/v1/documents/countries/{code}"
            caller.must(200, "PATCH", path, json={"name": f"Zz {code}"})
            caller.must(200, "PATCH", path, json={"name": f"Land of {code}"})
            if n % 2:
                assert caller.delete(path).status_code == 204
            if n % 3 == 0:
                caller.must((200, 201), "PUT", path, json={"name": f"New {code}"})

    threads = [threading.Thread(target=change, args=(n,)) for n in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    eventually(lambda: tallies(nobody) == direct_count(nobody, ISO_CODES), 120, "the counts to agree with a direct count")


def test_importing_again_changes_no_count(countries, nobody):
    run = as_admin(sys.executable, ROOT / "examples/countries/import.py", "--server", countries.server.url, "--limit", 100)
    assert run.returncode == 0, run.stdout + run.stderr
    eventually(lambda: tallies(nobody) == direct_count(nobody, ISO_CODES), 120, "the counts to agree with a direct count")


def test_the_queries_of_the_readme(countries, nobody):
    names = [item["name"] for item in nobody.list("languages", filter='name.startsWith("New ")', sort="name")["items"]]
    expected = sorted(entry["name"] for entry in entries("languages").values() if entry["name"].startswith("New "))
    assert names == expected[:50]


def test_the_wall(server, nobody):
    for _ in range(2):
        run = as_admin("bash", ROOT / "examples/wall/setup.sh", server.url)
        assert run.returncode == 0, run.stdout + run.stderr
    ada, bob = register(server, "ada", name="Ada"), register(server, "bob", name="Bob")
    picture = f"/v1/files/pictures/{ada.id}/a.png"
    ada.must(201, "PUT", picture, data=b"\x89PNG....", headers={"Content-Type": "image/png"})
    post = ada.create("posts", author=ada.id, name="Ada", text="Hello", picture=f"{ada.id}/a.png", alt="Nothing much")
    assert nobody.list("posts", sort="-id", limit=20)["items"] == [post]
    assert nobody.get(picture).content == b"\x89PNG...."
    assert_problem(bob.put(picture, data=b"x", headers={"Content-Type": "image/png"}), 403)
    assert_problem(ada.put(f"/v1/files/pictures/{ada.id}/page.html", data=b"x", headers={"Content-Type": "text/html"}), 415)
    assert_problem(bob.post("/v1/documents/posts", json={"author": ada.id, "name": "Ada", "text": "forged"}), 403)
    assert_problem(nobody.post("/v1/documents/posts", json={"author": ada.id, "name": "Ada", "text": "forged"}), 401)
    assert_problem(ada.post("/v1/documents/posts", json={"author": ada.id, "name": "Ada", "text": "x" * 501}), 403)
    assert_problem(bob.delete(f"/v1/documents/posts/{post['id']}"), 403)
    assert_problem(bob.delete(picture), 403)
    assert ada.delete(f"/v1/documents/posts/{post['id']}").status_code == 204
    assert ada.delete(picture).status_code == 204


def test_setup_sh_says_what_is_wrong(server):
    run = subprocess.run(["bash", str(ROOT / "examples/wall/setup.sh"), server.url], env=environment(ROOST_ADMIN_EMAIL=ADMIN_EMAIL, ROOST_ADMIN_PASSWORD="wrong"), capture_output=True, text=True)
    assert run.returncode != 0 and "invalid_credentials" in run.stdout + run.stderr


@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's chromium")
def test_the_walls_page_shows_the_posts_in_a_browser(server, admin, nobody, tmp_path):
    assert as_admin("bash", ROOT / "examples/wall/setup.sh", server.url).returncode == 0
    ada = register(server, "ada", name="Ada")
    post = ada.create("posts", author=ada.id, name="Ada <i>", text="Seen <script>by</script> a browser")
    page = (ROOT / "examples/wall/index.html").as_uri() + f"?server={server.url}"
    run = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}", "--virtual-time-budget=5000", "--dump-dom", page],
                         capture_output=True, text=True, timeout=120)
    assert f'id="post-{post["id"]}"' in run.stdout, run.stderr[-2000:]
    assert "Seen &lt;script&gt;by&lt;/script&gt; a browser" in run.stdout and "Ada &lt;i&gt;" in run.stdout
