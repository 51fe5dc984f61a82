"""What a document's kinds of write, read and collection cost, each beside the plain one in turns on one server: 64 connections, CPU of the
server for one request, all its threads."""
import time

from bench_http import message
from bench_server import TEXT, fresh_server, middle, say, wrk

JSON = '{ ["Content-Type"] = "application/json" }'
POST = f"""local body = string.format('{{"room":"r%d","n":%d,"author":"a%d","title":"Created %d by the load","text":"%s","expiresAt":"2099-01-01T00:00:00Z"}}', math.random(0, 99), 2000000 + n, math.random(0, 999), n, text)
  """
CREATE = POST + f'return wrk.format("POST", "/v1/documents/" .. collection, {JSON}, body)'
# The same key never comes twice.
IDEMPOTENT = POST + """return wrk.format("POST", "/v1/documents/" .. collection, { ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token,
  ["Idempotency-Key"] = "k" .. math.random(0, 1e15) .. "-" .. n }, body)"""
ADMINS = POST + f"""return wrk.format("POST", "/v1/documents/" .. collection, {{ ["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. token }}, body)"""
MINIMAL = POST + """return wrk.format("POST", "/v1/documents/" .. collection, { ["Content-Type"] = "application/json", ["Prefer"] = "return=minimal" }, body)"""


def patch(body, kind="application/json"):
    return f'return wrk.format("PATCH", "/v1/documents/" .. collection .. "/d" .. math.random(0, 9999), {{ ["Content-Type"] = "{kind}" }}, {body})'


def listing(query):
    return f'return wrk.format("GET", "/v1/documents/" .. collection .. "?{query}")'


ROOM = 'filter=room%20%3D%3D%20%22r" .. math.random(0, 99) .. "%22&sort=-n&limit=20'
WRITES = [
    ("create", CREATE, "plain"), ("create, admin", ADMINS, "plain"), ("create, admin, with Idempotency-Key", IDEMPOTENT, "plain"),
    ("create, Prefer: return=minimal", MINIMAL, "plain"), ("create, with a schema", CREATE, "checked"),
    ("create, with a history", CREATE, "versions"), ("create, with a ttl", CREATE, "expiring"), ("create, with a text index", CREATE, "texts"),
    ("merge patch", patch("""'{"n":' .. math.random(0, 1e6) .. '}'"""), "plain"), ("$inc", patch("""'{"$inc":{"n":1}}'"""), "plain"),
    ("JSON Patch", patch("""'[{"op":"replace","path":"/n","value":' .. math.random(0, 1e6) .. '}]'""", "application/json-patch+json"), "plain"),
]
READS = [
    ("page of 20", listing(ROOM), "plain"), ("page of 20, count=true", listing(ROOM + "&count=true"), "plain"),
    ("page of 20, expand", listing(ROOM + "&expand=author"), "checked"), ("search, page of 20", listing('search=number%20" .. math.random(1, 9999) .. "&limit=20'), "texts"),
    ("search by prefix, page of 20", listing('search=numb*%20" .. math.random(1, 9999) .. "&limit=20'), "texts"),
    ("aggregate of one room (1 % of the documents)",
     f"""return wrk.format("POST", "/v1/query/" .. collection, {JSON}, '{{"filter":"room == params.room","params":{{"room":"r' .. math.random(0, 99) .. '"}},"aggregate":{{"count":true,"sum":["n"]}}}}')""",
     "plain"),
]
SCHEMA = {"type": "object", "required": ["room", "n"], "properties": {
    "room": {"type": "string"}, "n": {"type": "integer", "minimum": 0}, "author": {"type": "string", "x-collection": "authors"}, "title": {"type": "string", "maxLength": 100}}}
COLLECTIONS = {
    "plain": {}, "checked": {"schema": SCHEMA}, "versions": {"history": True}, "expiring": {"ttl": {"field": "expiresAt"}},
    "texts": {"indexes": [{"fields": ["room", "-n"]}, {"fields": ["title", "text"], "type": "text"}]},
}
ONCE = {
    "count of all": lambda documents: ("GET", "/v1/documents/plain?limit=1&count=true", None),
    "groups of 100 rooms with sums": lambda documents: ("POST", "/v1/query/plain", {"groupBy": ["room"], "aggregate": {"count": True, "sum": ["n"]}, "limit": 100}),
    "distinct authors": lambda documents: ("POST", "/v1/query/plain", {"distinct": "author", "limit": 1000}),
}


def table(options, server, title, work):
    print(f"\n### {title}\n\n| what | requests/s | p50 ms | p99 ms | CPU µs | of the first |\n|---|---:|---:|---:|---:|---:|")
    loads = {name: [] for name, _, _ in work}
    variables = {"text": TEXT, "token": server.token}
    for _ in range(options.rounds):
        for name, script, collection in work:
            loads[name].append(wrk(server, script, 64, max(1, options.seconds // 2), variables={**variables, "collection": collection}))
    first = middle(loads[work[0][0]], "processor")
    for name, found in loads.items():
        print(f"| {name} | {middle(found, 'rate'):,.0f} | {middle(found, 'p50'):.2f} | {middle(found, 'p99'):.2f} | {middle(found, 'processor'):.0f} "
              f"| {middle(found, 'processor') / first:.2f} |", flush=True)


def run(options):
    with fresh_server(options, "--no-access-log") as server:
        public = {"rules": {"read": "true", "create": "true", "update": "true"}}
        server.must("PUT", "/v1/collections/authors", public)
        server.fill("authors", 1000, lambda n: {"name": f"Author {n}"})
        for name, more in COLLECTIONS.items():
            server.must("PUT", f"/v1/collections/{name}", {**public, "indexes": [{"fields": ["room", "-n"]}], **more})
            rate = server.fill(name, options.documents, lambda n: {**message(n), "author": f"d{n % 1000}"})
            say(f"loaded {options.documents:,} documents into {name}, {rate:,.0f}/s")
        table(options, server, f"Reads, {options.documents:,} documents", READS)
        print("\n| once, over all documents | ms |\n|---|---:|")
        for name, request in ONCE.items():
            times = []
            for _ in range(max(3, options.rounds)):
                began = time.monotonic()
                server.must(*request(options.documents))
                times.append((time.monotonic() - began) * 1000)
            print(f"| {name} | {min(times):.0f} |", flush=True)
        table(options, server, "Writes", WRITES)
