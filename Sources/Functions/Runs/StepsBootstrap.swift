/// The JavaScript side of durable steps: a part of the program that workers start with. It uses that program's `request` and knows nothing else of
/// the interpreter; whoever runs it says when nothing can happen any more (`isWaiting`), or lets `onStuck` find out.
///
/// A step that the run knows answers at once with what it did then. A new one runs, and its promise settles when the server has its result. A step
/// that waits never settles: the execution ends, and another one comes by it when its time has come.
enum StepsBootstrap {
  static let source = #"""
    // Durable steps.
    class StepError extends Error {
      constructor(step, error) {
        super(error?.message ?? "The step failed.");
        this.name = "StepError";
        this.step = step;
        this.cause = error;
      }
    }

    // Thrown where the handler waits, to end its execution. Quiet: nothing of it can run any more.
    class Suspension {
      constructor(isQuiet) { this.isQuiet = isQuiet; }
    }

    const never = new Promise(() => {});
    // Deno makes its timers when they are first named, which takes milliseconds: not before a function waits.
    const stepLater = (...values) => setTimeout(...values), stepNotLater = (timer) => { if (timer !== undefined) clearTimeout(timer); };
    const STUCK_MS = 1000;

    class Steps {
      used = false;
      active = 0;
      #waits = 0;
      #isOver = false;
      #isEnded = false;
      #counts = new Map();
      #begun;
      #known;
      #id;
      #timer;
      #idle = [];
      #onStuck;

      // `onStuck` is called when steps wait and nothing has happened for a while, although something may still run.
      constructor(onStuck) {
        this.#onStuck = onStuck;
      }

      // Whether the handler can go on only when something comes true that its steps wait for.
      get isWaiting() { return this.#waits > 0 && this.active === 0; }
      get isNested() { return this.#waits > 0 && this.active > 0; }

      // Steps that the handler did not wait for still belong to it.
      settled() { return this.active === 0 ? undefined : new Promise((resolve) => this.#idle.push(resolve)); }

      // What of it still runs has nothing to say any more: it would be taken for a step of the next invocation.
      end() {
        this.#isEnded = true;
        stepNotLater(this.#timer);
      }

      get api() {
        return Object.freeze({
          run: (name, work, ...values) => this.#run(name, work, values),
          sleep: (...values) => values.length < 2 ? this.#sleep("sleep", { for: values[0] ?? null }) : this.#sleep(values[0], { for: values[1] ?? null }),
          sleepUntil: (...values) => values.length < 2 ? this.#sleep("sleep", { until: moment(values[0]) }) : this.#sleep(values[0], { until: moment(values[1]) }),
          sendEvent: (name, data, { subject } = {}) => this.#run(name, (key) => this.#emit(key, { name, data, subject }), undefined),
          waitForEvent: (first, second) => {
            const options = typeof first === "string" ? { event: first, ...second } : { ...first };
            return this.#step("wait", typeof first === "string" ? first : options.event, (key) => this.#ask("/wait", { ...key, options }));
          },
        });
      }

      #sleep(name, time) { return this.#step("sleep", name, (key) => this.#ask("/sleep", { ...key, ...time })); }

      #run(name, work, values) {
        if (typeof work !== "function") return Promise.reject(new TypeError("step.run takes a name and a function: step.run(\"charge\", async () => { … })"));
        return this.#step("run", name, async (key) => {
          let body;
          try {
            body = stringify({ ...key, result: await (values === undefined ? work(key) : work(...values)) });
          } catch (error) {
            return this.#failed(key, error, error?.retry === false);
          }
          try {
            return await this.#ask("/completed", undefined, body);
          } catch (error) {
            // What cannot be kept is the step's failure, and trying again would not mend it.
            if (error instanceof RoostError && error.code === "payload_too_large") return this.#failed(key, error, true);
            throw error;
          }
        });
      }

      // Under a key of its own: an attempt whose end nobody has seen emitted it, or this one does.
      async #emit({ name, n }, event) {
        if (this.#isEnded) return never;
        const headers = { ...JSON_BODY, "idempotency-key": `run-${this.#id}-${n}-${encodeURIComponent(name)}` };
        await request("POST", "/v1/events", { headers, body: stringify(event) });
      }

      #failed(key, error, final) {
        const { name, message } = error instanceof Error ? error : { name: "Error", message: `threw ${show(error)}` };
        log("warn", `step '${key.name}' failed: ${name}: ${message}`);
        return this.#ask("/failed", { ...key, name_of_error: String(name), message: String(message).slice(0, 4096), final });
      }

      // One step: its name counts at once, so that steps that run at the same time have the same numbers each time.
      async #step(kind, name, work) {
        if (typeof name !== "string" || name === "") throw new TypeError(`A step has a name, which is text: step.${kind === "wait" ? "waitForEvent" : kind}("name", …)`);
        const n = this.#counts.get(name) ?? 0;
        this.#counts.set(name, n + 1);
        this.active += 1;
        this.used = true;
        let step;
        try {
          await (this.#begun ??= this.#begin());
          const known = this.#known.get(stringify([name, n]));
          // Before its function does anything.
          if (known && known.kind !== kind) throw new Error(`Step '${name}' was a step.${known.kind} when this run came by it, and is a step.${kind} now: give the new step another name.`);
          if (this.#isOver) step = undefined;
          else if (known && known.status !== "retrying") step = known;
          else step = await work({ name, n });
        } finally {
          this.active -= 1;
          if (this.active === 0) { for (const resolve of this.#idle) resolve(); this.#idle = []; }
        }
        if (step?.status === "completed") return step.result;
        if (step?.status === "failed") throw new StepError(name, step.error);
        this.#waits += 1;
        this.#watch();
        return never;
      }

      async #begin() {
        if (this.#isEnded) return never;
        const { over, run, steps = [] } = jsonOf(await request("STEP", "/begin", { headers: JSON_BODY, body: "{}" }));
        this.#isOver = over === true;
        this.#id = run;
        this.#known = new Map(steps.map((step) => [stringify([step.name, step.n]), step]));
      }

      async #ask(word, value, body = stringify(value)) {
        if (this.#isEnded) return never;
        const { over, step } = jsonOf(await request("STEP", word, { headers: JSON_BODY, body }));
        if (over) this.#isOver = true;
        return step;
      }

      // Something else of the function, such as an interval that nobody ends, keeps the interpreter busy.
      #watch() {
        stepNotLater(this.#timer);
        this.#timer = stepLater(() => { if (this.isWaiting) this.#onStuck(); }, STUCK_MS);
        if (typeof this.#timer === "number") Deno.unrefTimer(this.#timer); else this.#timer.unref?.();
      }
    }

    // For those who wait for an answer: they cannot wait for days.
    const noSteps = Object.freeze(Object.fromEntries(["run", "sleep", "sleepUntil", "sendEvent", "waitForEvent"].map((name) => [
      name, () => Promise.reject(new Error("Steps are durable, and the caller of this invocation waits for its answer: use them in a function that an event runs.")),
    ])));

    const moment = (value) => value instanceof Date ? value.toISOString() : typeof value === "object" && value !== null ? String(value) : value ?? null;

    """#
}
