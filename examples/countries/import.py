#!/usr/bin/env python3
"""Imports Debian's lists of countries and languages (package iso-codes) into Roost and deploys the function that counts them.

    ROOST_ADMIN_EMAIL=… ROOST_ADMIN_PASSWORD=… python3 import.py [--server http://127.0.0.1:8090] [--limit 500]

Only Python's standard library. It may run again at any time: what is there already is replaced by the same.
"""
import argparse
import http.client
import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
ISO_CODES = Path("/usr/share/iso-codes/json")
# Collection: file, the list's name in it, the field that is the id.
LISTS = {"countries": ("iso_3166-1.json", "3166-1", "alpha_2"), "languages": ("iso_639-3.json", "639-3", "alpha_3")}
BATCH = 250  # documents in one request, all or none

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("--server", default=os.environ.get("ROOST_SERVER", "http://127.0.0.1:8090"))
parser.add_argument("--lists", type=Path, default=ISO_CODES, help=f"the folder of the JSON files (default: {ISO_CODES})")
parser.add_argument("--limit", type=int, help="at most so many of each list")
parser.add_argument("--wait", type=float, default=0, metavar="SECONDS", help="wait until the letters are counted, then print them")
options = parser.parse_args()
address = urlsplit(options.server)
connection = (http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection)(address.hostname, address.port, timeout=60)
token = None


def call(method, path, body=None):
    """One request of the REST API; an error ends the import with the server's own words."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, json.dumps(body).encode() if body is not None else None, headers)
    response = connection.getresponse()
    answer = json.loads(response.read() or b"null")
    if response.status >= 400:
        sys.exit(f"{method} {path}: {response.status} {answer['code']}: {answer.get('detail')}")
    return answer


def entries(collection):
    """The documents of one list, their code as the id."""
    file, name, key = LISTS[collection]
    path = options.lists / file
    if not path.exists():
        sys.exit(f"{path} is missing: apt-get install iso-codes")
    return [{"id": entry[key], **entry} for entry in json.loads(path.read_text())[name]][:options.limit]


def counted():
    """How many of each collection the letters hold."""
    letters = call("GET", "/v1/documents/letters?limit=1000")["items"]
    return letters, {name: sum(letter["count"] for letter in letters if letter["of"] == name) for name in LISTS}


try:
    email, password = os.environ["ROOST_ADMIN_EMAIL"], os.environ["ROOST_ADMIN_PASSWORD"]
except KeyError as missing:
    sys.exit(f"Set {missing} to an admin's: ROOST_ADMIN_EMAIL and ROOST_ADMIN_PASSWORD")
token = call("POST", "/v1/admin/login", {"email": email, "password": password})["token"]

# The function first, so that it hears of the first document.
for collection in LISTS:
    call("PUT", f"/v1/collections/{collection}", {"rules": {"read": "true"}, "indexes": [{"fields": ["name"]}]})
call("PUT", "/v1/collections/letters", {"rules": {"read": "true"}, "indexes": [{"fields": ["of", "letter"]}]})
call("PUT", "/v1/functions/count-by-letter", {
    "runtime": "javascript",
    "source": (HERE / "functions/count-by-letter.js").read_text(),
    "triggers": [{"type": "document", "events": ["created", "updated", "deleted"], "collection": collection} for collection in LISTS],
    "timeout": "30s", "retry": {"attempts": 10, "backoff": "200ms"}, "concurrency": 4,
})

sizes = {}
for collection in LISTS:
    documents = entries(collection)
    sizes[collection] = len(documents)
    for start in range(0, len(documents), BATCH):
        call("POST", "/v1/batch", {"writes": [
            {"op": "put", "collection": collection, "id": document["id"], "data": document} for document in documents[start:start + BATCH]]})
    print(f"{len(documents)} {collection}", flush=True)

deadline = time.monotonic() + options.wait
while options.wait:
    letters, counts = counted()
    if counts == sizes:
        for name in LISTS:
            print(f"{name}: " + "  ".join(f"{letter['letter']} {letter['count']}" for letter in sorted(letters, key=lambda letter: letter["letter"]) if letter["of"] == name))
        break
    if time.monotonic() > deadline:
        sys.exit(f"Counted so far: {counts} of {sizes}")
    time.sleep(0.2)
