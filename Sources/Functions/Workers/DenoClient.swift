/// The part of `DenoBootstrap` that functions work with: the project's API, called over the worker's socket.
enum DenoClient {
  static let source = #"""
    // The project's API, called over the same socket.
    class RoostError extends Error {
      constructor(status, problem) {
        super(problem?.detail ?? problem?.title ?? `The server answered ${status}.`);
        this.name = "RoostError";
        this.status = status;
        this.code = problem?.code;
        this.details = problem?.errors ?? [];
      }
    }

    let sequence = 0, pumping = false;
    const waiting = new Map(), queued = [];
    // Runs that the server has sent ahead.
    const later = [];
    let settled = [];

    function call(method, target, headers, body) {
      if (typeof target !== "string" || !target.startsWith("/")) throw new TypeError("A path of the API starts with '/'.");
      return new Promise((resolve, reject) => {
        queued.push({ method, target, headers, body, resolve, reject });
        sendQueued();
      });
    }

    function sendQueued() {
      while (queued.length > 0 && waiting.size < CALLS_MAX) {
        const { method, target, headers, body, resolve, reject } = queued.shift();
        const n = ++sequence;
        const frame = { type: "call", n, method, target, headers };
        if (typeof body === "string") frame.body = body;
        else if (body) frame.body64 = encode64(body);
        try {
          send(frame);
          waiting.set(n, { resolve, reject });
        } catch (error) {
          reject(error);
        }
      }
      if (waiting.size > 0 && !pumping) pump();
      if (waiting.size === 0 && queued.length === 0) { for (const done of settled) done(); settled = []; }
    }

    async function pump() {
      pumping = true;
      while (waiting.size > 0 || streamed) {
        const frame = await next();
        if (frame.type === "invoke") { later.push(frame); continue; }
        if (frame.type !== "answer") { heed(frame); continue; }
        const call = waiting.get(frame.n);
        if (!call) continue;
        waiting.delete(frame.n);
        call.resolve(frame);
        if (queued.length > 0) sendQueued();
      }
      pumping = false;
      sendQueued();
    }

    // Calls that the function did not wait for still belong to it.
    const allAnswered = () => new Promise((resolve) => settled.push(resolve));

    const encode64 = (data) => data.toBase64 ? data.toBase64() : btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(""));
    const decode64 = (text) => Uint8Array.fromBase64 ? Uint8Array.fromBase64(text) : Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const textOf = (answer) => answer.body ?? (answer.body64 === undefined ? "" : decoder.decode(decode64(answer.body64)));
    const jsonOf = (answer) => {
      if (answer.json !== undefined) return answer.json;
      const text = textOf(answer);
      try { return text === "" ? undefined : parse(text); } catch { return undefined; }
    };
    const bytesOf = (data) => {
      if (data instanceof Uint8Array) return data;
      if (data instanceof ArrayBuffer) return new Uint8Array(data);
      if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      throw new TypeError("Expected a string, an ArrayBuffer or a Uint8Array.");
    };

    async function request(method, target, { headers = {}, body, missing = false } = {}) {
      const answer = await call(method, target, headers, body);
      if (missing && answer.status === 404) {
        const problem = jsonOf(answer);
        if (!problem?.code || problem.code === "not_found") return null;
        throw new RoostError(answer.status, problem);
      }
      if (answer.status >= 400) throw new RoostError(answer.status, jsonOf(answer));
      return answer;
    }

    const JSON_BODY = { "content-type": "application/json" };
    const matching = (headers, ifVersion) => ifVersion === undefined ? headers : { ...headers, "if-match": `"${ifVersion}"` };
    const querying = (values) => {
      const parts = [];
      for (const [name, value] of Object.entries(values)) {
        if (value !== undefined && value !== null) parts.push(`${name}=${encodeURIComponent(Array.isArray(value) ? value.join(",") : String(value))}`);
      }
      return parts.length > 0 ? "?" + parts.join("&") : "";
    };

    const db = {
      collection(name) {
        const base = `/v1/documents/${encodeURIComponent(name)}`;
        const at = (id) => `${base}/${encodeURIComponent(id)}`;
        return {
          get: async (id) => { const answer = await request("GET", at(id), { missing: true }); return answer && jsonOf(answer); },
          list: async ({ filter, sort, limit, cursor, params } = {}) => jsonOf(
            params === undefined
              ? await request("GET", base + querying({ filter, sort, limit, cursor }))
              : await request("POST", `/v1/query/${encodeURIComponent(name)}`, { headers: JSON_BODY, body: stringify({ filter, sort, limit, cursor, params }) })),
          create: async (data) => jsonOf(await request("POST", base, { headers: JSON_BODY, body: stringify(data) })),
          put: async (id, data, { ifVersion } = {}) => jsonOf(await request("PUT", at(id), { headers: matching(JSON_BODY, ifVersion), body: stringify(data) })),
          patch: async (id, data, { ifVersion } = {}) => jsonOf(await request("PATCH", at(id), {
            headers: matching({ "content-type": "application/merge-patch+json" }, ifVersion), body: stringify(data) })),
          delete: async (id, { ifVersion } = {}) => (await request("DELETE", at(id), { headers: matching({}, ifVersion), missing: true })) !== null,
        };
      },
    };

    const files = {
      bucket(name) {
        const base = `/v1/files/${encodeURIComponent(name)}`;
        const at = (path) => `${base}/${String(path).split("/").map(encodeURIComponent).join("/")}`;
        return {
          async get(path) {
            const answer = await request("GET", at(path), { missing: true });
            if (!answer) return null;
            const data = answer.body64 === undefined ? encoder.encode(answer.json === undefined ? answer.body ?? "" : stringify(answer.json)) : decode64(answer.body64);
            return { bytes: data, contentType: answer.headers["content-type"], etag: answer.headers["etag"], text: () => decoder.decode(data), json: () => parse(decoder.decode(data)) };
          },
          put: async (path, data, { contentType } = {}) => jsonOf(await request("PUT", at(path), {
            headers: { "content-type": contentType ?? (typeof data === "string" ? "text/plain; charset=utf-8" : "application/octet-stream") },
            body: typeof data === "string" ? data : bytesOf(data) })),
          delete: async (path) => (await request("DELETE", at(path), { missing: true })) !== null,
          list: async ({ prefix, delimiter, limit, cursor } = {}) => jsonOf(await request("GET", base + querying({ prefix, delimiter, limit, cursor }))),
        };
      },
    };

    const users = {
      get: async (id) => { const answer = await request("GET", userAt(id), { missing: true }); return answer && jsonOf(answer); },
      list: async ({ filter, sort, limit, cursor } = {}) => jsonOf(await request("GET", "/v1/users" + querying({ filter, sort, limit, cursor }))),
      create: async (data) => jsonOf(await request("POST", "/v1/users", { headers: JSON_BODY, body: stringify(data) })),
      patch: async (id, data) => jsonOf(await request("PATCH", userAt(id), { headers: JSON_BODY, body: stringify(data) })),
      delete: async (id) => (await request("DELETE", userAt(id), { missing: true })) !== null,
    };
    const userAt = (id) => "/v1/users/" + encodeURIComponent(id);

    const events = {
      emit: async (name, data, { subject } = {}) => jsonOf(await request("POST", "/v1/events", { headers: JSON_BODY, body: stringify({ name, data, subject }) })),
    };

    async function api(method, path, { headers = {}, body } = {}) {
      const isText = typeof body === "string";
      const isData = body instanceof ArrayBuffer || ArrayBuffer.isView(body);
      const answer = body === undefined || isText || isData
        ? await call(String(method).toUpperCase(), path, headers, isData ? bytesOf(body) : body)
        : await call(String(method).toUpperCase(), path, { ...JSON_BODY, ...headers }, stringify(body));
      return { status: answer.status, ok: answer.status < 400, headers: answer.headers, json: () => jsonOf(answer), text: () => answer.json === undefined ? textOf(answer) : stringify(answer.json) };
    }
    """#
}
