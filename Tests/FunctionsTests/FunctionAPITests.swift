import Core
import JSON
import TestKit
import Testing

@testable import Functions

@Suite("What a function can ask of its project", .serialized)
struct FunctionAPITests {
  @Test("Documents: each operation is the REST call that it stands for")
  func documents() async throws {
    let api = RecordingAPI()
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        """
        export default async (event, { db }) => {
          const posts = db.collection("posts");
          await posts.get("a");
          await posts.create({ t: 1 });
          await posts.put("a", { t: 2 }, { ifVersion: 3 });
          await posts.patch("a", { t: null });
          await posts.patch("a", {}, { ifVersion: 4 });
          await posts.delete("a");
          await posts.delete("b/c", { ifVersion: 5 });
          await posts.list();
          await posts.list({ filter: "n >= 1 && t == 'ü'", sort: "-n", limit: 2, cursor: "c" });
          await posts.list({ filter: "n == params.n", params: { n: 1 } });
        };
        """)
      #expect(run.status == .succeeded, "\(run.error ?? "")")
      #expect(
        api.calls.map { "\($0.method) \($0.target)" } == [
          "GET /v1/documents/posts/a", "POST /v1/documents/posts", "PUT /v1/documents/posts/a", "PATCH /v1/documents/posts/a", "PATCH /v1/documents/posts/a",
          "DELETE /v1/documents/posts/a", "DELETE /v1/documents/posts/b%2Fc", "GET /v1/documents/posts",
          "GET /v1/documents/posts?filter=n%20%3E%3D%201%20%26%26%20t%20%3D%3D%20'%C3%BC'&sort=-n&limit=2&cursor=c", "POST /v1/query/posts",
        ])
      #expect(api.calls.map(\.body) == ["", #"{"t":1}"#, #"{"t":2}"#, #"{"t":null}"#, "{}", "", "", "", "", #"{"filter":"n == params.n","params":{"n":1}}"#])
      #expect(api.calls.map { $0.headers["if-match"] } == [nil, nil, "\"3\"", nil, "\"4\"", nil, "\"5\"", nil, nil, nil])
      #expect(api.calls[3].headers["content-type"] == "application/merge-patch+json" && api.calls[1].headers["content-type"] == "application/json")
    }
  }

  @Test("Answers come back as values; what is not there is null; refusals are errors with status, code and details")
  func answers() async throws {
    let api = RecordingAPI { call in
      switch (call.method, call.target) {
      case ("GET", "/v1/documents/posts/a"): RecordingAPI.json(200, #"{"id":"a","n":1}"#)
      case ("GET", "/v1/documents/posts/none"): RecordingAPI.json(404, #"{"code":"not_found","detail":"No."}"#)
      case ("GET", "/v1/documents/nowhere/x"): RecordingAPI.json(404, #"{"code":"collection_not_found","detail":"There is no collection."}"#)
      case ("PUT", _): RecordingAPI.json(412, #"{"code":"precondition_failed","detail":"It has changed.","errors":[{"pointer":"/n","detail":"x"}]}"#)
      case ("DELETE", "/v1/documents/posts/a"): LocalAnswer(status: 204, headers: [], body: [])
      default: RecordingAPI.json(404, #"{"code":"not_found","detail":"No."}"#)
      }
    }
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        """
        export default async (event, { db, log }) => {
          const posts = db.collection("posts");
          log.info((await posts.get("a")).n, await posts.get("none"), await posts.delete("a"), await posts.delete("none"));
          try { await posts.put("a", {}); } catch (error) { log.info(error instanceof Error, error.name, error.status, error.code, error.message, error.details[0].pointer); }
          await db.collection("nowhere").get("x");
        };
        """)
      #expect(run.status == .failed && run.error?.contains("There is no collection.") == true)
      #expect(lab.backend.state.messages == ["1 null true false", "true RoostError 412 precondition_failed It has changed. /n"])
    }
  }

  @Test("Files and any other call, with text and bytes both ways")
  func filesAndCalls() async throws {
    let bytes: [UInt8] = [0, 255, 254, 10, 128]
    let api = RecordingAPI { call in
      switch call.method {
      case "GET" where call.target.hasSuffix("a%20b.bin"): LocalAnswer(status: 200, headers: [("Content-Type", "image/png"), ("ETag", "\"x\"")], body: bytes)
      case "PUT" where call.target.hasSuffix("raw"):
        LocalAnswer(status: 200, headers: [("content-type", "text/plain")], body: call.body == bytes ? Array("same".utf8) : call.body)
      case "PUT": RecordingAPI.json(201, #"{"path":"x"}"#)
      default: RecordingAPI.json(200, #"{"items":[]}"#)
      }
    }
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        """
        export default async (event, { files, api, log }) => {
          const media = files.bucket("media");
          const file = await media.get("x/a b.bin");
          log.info([...file.bytes].join(","), file.contentType, file.etag);
          log.info((await media.put("t.txt", "text", { contentType: "text/markdown" })).path);
          log.info((await media.list({ prefix: "x/" })).items.length, await media.delete("t.txt"));
          log.info((await api("PUT", "/v1/raw", { body: file.bytes })).text());
          const answer = await api("post", "/v1/any", { headers: { "X-A": "b" }, body: { a: 1 } });
          log.info(answer.status, answer.ok, answer.json().items.length);
        };
        """)
      #expect(run.status == .succeeded, "\(run.error ?? "")")
      #expect(lab.backend.state.messages == ["0,255,254,10,128 image/png \"x\"", "x", "0 true", "same", "200 true 0"])
      #expect(api.calls.map { "\($0.method) \($0.target)" }.first == "GET /v1/files/media/x/a%20b.bin")
      #expect(api.calls.last?.headers["x-a"] == "b" && api.calls.last?.body == #"{"a":1}"#)
    }
  }

  @Test("Many calls at once, also ones that nobody waits for, are all made before the invocation is over")
  func manyCalls() async throws {
    let api = RecordingAPI()
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        """
        export default async (event, { db }) => {
          const out = db.collection("out");
          await Promise.all(Array.from({ length: 200 }, (_, n) => out.put("a" + n, { n })));
          for (let n = 0; n < 100; n++) out.put("b" + n, { n });
        };
        """)
      #expect(run.status == .succeeded, "\(run.error ?? "")")
      #expect(Set(api.calls.map(\.target)).count == 300)
    }
  }

  @Test("Chains of calls beside one another, and timers meanwhile, all go on")
  func chainsAndTimers() async throws {
    let api = RecordingAPI()
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        """
        export default async (event, { db, log }) => {
          const out = db.collection("out");
          const chain = async (name, length) => { for (let n = 0; n < length; n++) await out.get(name + n); };
          await Promise.all([chain("a", 3), chain("b", 30), chain("c", 1)]);
          let ticks = 0;
          const timer = setInterval(() => { ticks += 1; }, 1);
          await Promise.all([chain("d", 20), new Promise((resolve) => setTimeout(resolve, 20))]);
          clearInterval(timer);
          log.info(ticks > 0);
        };
        """)
      #expect(run.status == .succeeded, "\(run.error ?? "")")
      #expect(Set(api.calls.map(\.target)).count == 54 && lab.backend.state.messages == ["true"])
    }
  }

  @Test("A worker that asks and never listens is ended before its answers pile up")
  func neverReads() async throws {
    let large = [UInt8](repeating: 120, count: 7 << 20)
    let api = RecordingAPI { _ in LocalAnswer(status: 200, headers: [], body: large) }
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        #"""
        import fs from "node:fs";
        export default () => {
          for (let n = 0; n < 30; n++) {
            const text = `{"type":"call","n":${n},"method":"GET","target":"/v1/x","headers":{}}`;
            fs.writeSync(1, new Uint8Array([0, 0, 0, text.length, ...new TextEncoder().encode(text)]));
          }
          while (true) {}
        };
        """#, timeout: "20s")
      #expect(run.status == .crashed && run.error?.contains("does not read") == true, "\(run.status) \(run.error ?? "")")
    }
  }

  @Test("A call with more than a frame holds is refused to the function, and an answer too")
  func largeCalls() async throws {
    let api = RecordingAPI { call in
      call.method == "GET" ? LocalAnswer(status: 200, headers: [], body: [UInt8](repeating: 120, count: 9 << 20)) : RecordingAPI.json(200, "{}")
    }
    try await FunctionsLab.run(api: api) { lab in
      let run = try await lab.outcome(
        """
        export default async (event, { api, log }) => {
          try { await api("PUT", "/v1/x", { body: "x".repeat(9_000_000) }); } catch (error) { log.info(error.name); }
          log.info((await api("GET", "/v1/x")).status);
          log.info((await api("PUT", "/v1/x", { body: "x".repeat(5_000_000) })).status);
        };
        """, memory: "256MB")
      #expect(run.status == .succeeded, "\(run.error ?? "")")
      #expect(lab.backend.state.messages == ["RangeError", "413", "200"])
    }
  }
}
