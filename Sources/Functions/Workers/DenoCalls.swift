/// The part of `DenoBootstrap` that answers calls over HTTP: a web `Request` in, a web `Response` out, in pieces where it is not whole at once.
enum DenoCalls {
  static let source = #"""
    // Calls over HTTP.
    const exact = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const WHOLE_MAX = 1 << 20, PIECE_MAX = 64 << 10, AHEAD_MAX = 256 << 10, TURNS_MAX = 16;
    let fetcher, streamed;

    const isCall = (event) => event?.type === "roost.http.request" && event.specversion === undefined;

    function fetchOf(module) {
      if (typeof module.fetch === "function") return module.fetch;
      if (typeof module.default === "function") return module.default;
      return typeof module.default?.fetch === "function" ? (...values) => module.default.fetch(...values) : undefined;
    }

    // Headers hold bytes, one a character.
    const byteText = (text) => /^[\x20-\x7e]*$/.test(text) ? text : Array.from(encoder.encode(text), (byte) => String.fromCharCode(byte)).join("");

    function requestOf(event, signal) {
      const headers = new Headers();
      for (const [name, value] of Object.entries(event.headers ?? {})) headers.append(name, byteText(value));
      const body = !event.body || event.method === "GET" || event.method === "HEAD" ? undefined
        : event.isBase64Encoded ? decode64(event.body) : encoder.encode(event.body);
      return new Request(event.url, { method: event.method, headers, body, signal });
    }

    async function invokeCall({ id, event, takesPieces }) {
      lines = bytes = 0;
      const began = clock.now();
      let answer;
      const controller = new AbortController();
      const problem = await watched(async () => {
        const own = { auth: event.auth ?? null, params: event.params ?? {}, path: event.path, id: event.id };
        const returned = await fetcher(requestOf(event, controller.signal), { ...context, attempt: 1, ...own });
        answer = plain(returned) ?? await respond(id, returned instanceof Response ? returned : new Response(returned), takesPieces, controller);
      });
      // Of an answer that broke off something may still run.
      if (problem) return send({ type: "error", id, ...problem, retire: problem.retire || streamed !== undefined });
      if (!streamed) return conclude({ type: "result", id, us: since(began), value: answer });
      const done = new Promise((resolve) => { streamed.finish = resolve; });
      send({ type: "result", id });
      await done;
    }

    // What needs no Response.
    function plain(value) {
      if (value === undefined) return { statusCode: 204 };
      if (typeof value === "string") return { statusCode: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: value };
      if (value instanceof Response || value instanceof ReadableStream || value instanceof Blob || value instanceof FormData || value instanceof URLSearchParams) return undefined;
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return { statusCode: 200, headers: { "content-type": "application/octet-stream" }, body: encode64(bytesOf(value)), isBase64Encoded: true };
      const body = stringify(value);
      if (body === undefined) throw new TypeError("The function returned something that is no answer: expected a Response, a string or JSON.");
      return { statusCode: 200, headers: { "content-type": "application/json" }, body };
    }

    async function respond(id, response, takesPieces, controller) {
      if (response.bodyUsed) throw new TypeError("The body of the response was read already.");
      const head = { statusCode: response.status, headers: {} };
      for (const [name, value] of response.headers) if (name !== "set-cookie") head.headers[name] = value;
      const cookies = response.headers.getSetCookie();
      if (cookies.length > 0) head.cookies = cookies;
      if (!response.body) return head;
      const reader = response.body.getReader();
      const parts = [];
      for (let size = 0; ;) {
        const reading = reader.read();
        const result = takesPieces ? await soon(reading) : await reading;
        if (!result) return sendPieces(id, head, parts, reader, reading, controller);
        if (result.done) return { ...head, ...bodyOf(joined(parts, size)) };
        const part = partOf(result.value);
        parts.push(part);
        size += part.length;
        if (size <= WHOLE_MAX) continue;
        if (!takesPieces) throw new RangeError(`The answer has more than ${WHOLE_MAX} bytes, which is what can be shown at once.`);
        return sendPieces(id, head, parts, reader, reader.read(), controller);
      }
    }

    // What is there without waiting: a body that is whole arrives within a few turns of the queue.
    async function soon(promise) {
      let result, problem;
      promise.then((value) => { result = value; }, (error) => { problem = { error }; });
      for (let turns = 0; turns < TURNS_MAX && !result && !problem; turns++) await undefined;
      if (problem) throw problem.error;
      return result;
    }

    const partOf = (value) => typeof value === "string" ? encoder.encode(value) : bytesOf(value);

    function joined(parts, size) {
      if (parts.length === 1) return parts[0];
      const whole = new Uint8Array(size);
      let at = 0;
      for (const part of parts) { whole.set(part, at); at += part.length; }
      return whole;
    }

    function bodyOf(data) {
      try { return { body: exact.decode(data) }; } catch { return { body: encode64(data), isBase64Encoded: true }; }
    }

    // In pieces, at most AHEAD_MAX bytes ahead of what the server has taken.
    async function sendPieces(id, head, parts, reader, reading, controller) {
      streamed = { id, reader, controller, ahead: 0, isCancelled: false };
      send({ type: "head", id, answer: head });
      if (!pumping) pump();
      for (const part of parts) await sendPart(part);
      while (!streamed.isCancelled) {
        const { value, done } = await reading;
        if (done) break;
        await sendPart(partOf(value));
        reading = reader.read();
      }
    }

    async function sendPart(part) {
      for (let at = 0; at < part.length && !streamed.isCancelled; at += PIECE_MAX) {
        while (streamed.ahead >= AHEAD_MAX && !streamed.isCancelled) await new Promise((resolve) => { streamed.wake = resolve; });
        if (streamed.isCancelled) return;
        const piece = part.subarray(at, at + PIECE_MAX);
        streamed.ahead += piece.length;
        send({ type: "piece", id: streamed.id, body64: encode64(piece) });
      }
    }

    // What the server says about it.
    function heed(frame) {
      if (!streamed || frame.id !== streamed.id) return;
      if (frame.type === "more") streamed.ahead -= frame.bytes;
      if (frame.type === "cancel") {
        streamed.isCancelled = true;
        streamed.controller.abort(new DOMException("The caller has gone.", "AbortError"));
        streamed.reader.cancel("The caller has gone.").catch(() => {});
      }
      if (frame.type === "done") {
        const { finish } = streamed;
        streamed = undefined;
        return finish?.();
      }
      streamed.wake?.();
    }
    """#
}
