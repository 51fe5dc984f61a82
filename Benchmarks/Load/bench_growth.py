"""How the cost of a get, of an indexed page of 20 and of a create grows from 10,000 to 1,000,000 documents, in turns on one server."""
from bench_server import TEXT, fresh_server, middle, say, verdict, wrk
from bench_http import message

WORK = {
    "get by id": 'return wrk.format("GET", "/v1/documents/" .. collection .. "/d" .. math.random(0, documents - 1))',
    "page of 20": 'return wrk.format("GET", "/v1/documents/" .. collection .. "?filter=room%20%3D%3D%20%22r" .. math.random(0, 99) .. "%22&sort=-n&limit=20")',
    "create": """local body = string.format('{"room":"r%d","n":%d,"author":"writer","title":"Created","text":"%s"}', math.random(0, 99), 2000000 + n, text)
      return wrk.format("POST", "/v1/documents/" .. collection, { ["Content-Type"] = "application/json" }, body)""",
}


def run(options):
    sizes = {"small": 10_000, "medium": 100_000, "large": options.documents * 10}
    with fresh_server(options, "--no-access-log") as server:
        for collection, documents in sizes.items():
            server.must("PUT", f"/v1/collections/{collection}", {"rules": {"read": "true", "create": "true"}, "indexes": [{"fields": ["room", "-n"]}]})
            rate = server.fill(collection, documents, message)
            say(f"loaded {documents:,} documents, {rate:,.0f}/s")
        print("\n### Growth, 64 connections: CPU of the server for one request, all its threads\n")
        print("| what | " + " | ".join(f"{size:,}" for size in sizes.values()) + " | largest / smallest | target |\n|---|" + "---:|" * len(sizes) + "---:|---|")
        for name, script in WORK.items():
            # Creates make the collections larger: they come last, and short.
            seconds = 1 if name == "create" else options.seconds
            loads = {collection: [] for collection in sizes}
            for _ in range(max(3, options.rounds)):
                for collection, documents in sizes.items():
                    loads[collection].append(
                        wrk(server, script, 64, seconds, variables={"collection": collection, "documents": documents, "text": TEXT}))
            costs = [middle(loads[collection], "processor") for collection in sizes]
            rates = [middle(loads[collection], "rate") for collection in sizes]
            cells = " | ".join(f"{cost:.0f} µs ({rate:,.0f}/s)" for cost, rate in zip(costs, rates))
            print(f"| {name} | {cells} | {costs[-1] / costs[0]:.2f} | ≤ 1.5: {verdict(costs[-1] / costs[0], 1.5, more=False)} |", flush=True)
