/// The Python side of durable steps, for the program that Python workers start with: it uses that program's `request` and `encode`, and works as
/// `StepsBootstrap` does. A step that waits ends the execution by an exception that no `except Exception` catches, once the steps that run at the same time
/// are done.
enum PythonSteps {
  static let source = #"""
    # Durable steps.

    class StepError(Exception):
        """A step failed for the last time: `step` is its name, `cause` what it said."""

        def __init__(self, step, error):
            error = error or {}
            super().__init__(error.get("message") or "The step failed.")
            self.step, self.cause = step, error


    class Suspension(BaseException):
        """Ends an execution that waits; another one goes on."""


    class Steps:
        """`step` in a function's context. In an `async def` handler its methods are awaited, and several may run at the same time."""

        def __init__(self, is_async=False):
            self._is_async, self._counts, self._known, self._is_over = is_async, {}, None, False
            self._running, self.used = 0, False
            # The execution is over, even where the handler has caught what ends it.
            self.suspended = False

        def run(self, name, work, *values, **options):
            """Calls `work` once, and answers what it returned: now, and each time that the function comes by again."""
            if not callable(work):
                raise TypeError('step.run takes a name and a function: step.run("charge", lambda: …)')
            key = self._key(name, "run")
            return self._run_async(key, work, values, options) if self._is_async else self._run(key, work, values, options)

        def sleep(self, *values):
            """step.sleep("2 days"), step.sleep("a name", "2 days"), step.sleep(1500): text, milliseconds or a timedelta."""
            name, time = values if len(values) == 2 else ("sleep", *values)
            return self._pause("sleep", self._key(name, "sleep"), "/sleep", {"for": self._duration(time)})

        def sleep_until(self, *values):
            """A datetime with its zone, RFC 3339 text, or milliseconds since 1970."""
            name, time = values if len(values) == 2 else ("sleep", *values)
            if hasattr(time, "isoformat"):
                if getattr(time, "tzinfo", None) is None:
                    raise ValueError("step.sleep_until needs a moment with its zone: datetime.now(timezone.utc) + …")
                time = time.isoformat()
            return self._pause("sleep", self._key(name, "sleep"), "/sleep", {"until": time})

        def wait_for_event(self, name=None, *, event=None, collection=None, where=None, match=None, timeout=None):
            """The first such event from now on, or None at the timeout."""
            options = {"event": event or name, "collection": collection, "where": where, "match": match, "timeout": self._duration(timeout)}
            options = {name: value for name, value in options.items() if value is not None}
            return self._pause("wait", self._key(name or event, "wait_for_event"), "/wait", {"options": options})

        def send_event(self, name, data=None, *, subject=None):
            """Emits an event, once."""
            key = self._key(name, "run")

            def work():
                # Under a key of its own: an attempt whose end nobody has seen emitted it, or this one does.
                headers = {"content-type": "application/json", "idempotency-key": f"run-{self._id}-{key['n']}-{quoted(name)}"}
                body = {"name": name, "data": data} if subject is None else {"name": name, "data": data, "subject": subject}
                request("POST", "/v1/events", headers, encode(body))

            return self._run_async(key, work, (), {}) if self._is_async else self._run(key, work, (), {})

        sleepUntil, waitForEvent, sendEvent = sleep_until, wait_for_event, send_event

        @staticmethod
        def _duration(time):
            return round(time.total_seconds() * 1000) if hasattr(time, "total_seconds") else time

        def _key(self, name, method):
            if not isinstance(name, str) or not name:
                raise TypeError(f'A step has a name, which is text: step.{method}("name", …)')
            if self.suspended:
                raise Suspension
            n = self._counts.get(name, 0)
            self._counts[name] = n + 1
            self.used = True
            return {"name": name, "n": n}

        # What the run knows of a step; None if it is to be done now.
        def _look(self, key, kind):
            if self._known is None:
                answer = self._say("/begin", {})
                self._id = answer.get("run")
                self._known = {(step["name"], step["n"]): step for step in answer.get("steps", [])}
            step = self._known.get((key["name"], key["n"]))
            # Before its function does anything.
            if step and step["kind"] != kind:
                raise ValueError(
                    f"Step '{key['name']}' was a step.{step['kind']} when this run came by it, and is a step.{kind} now: give the new step another name.")
            return step if step and step["status"] != "retrying" else None

        def _say(self, word, body):
            answer = request("STEP", word, {"content-type": "application/json"}, encode(body)).json()
            if answer.get("over"):
                self._is_over = True
            return answer

        # What a step comes to: (whether it is settled, its result).
        def _settle(self, key, step):
            if not self._is_over and step:
                if step["status"] == "completed":
                    return True, step.get("result")
                if step["status"] == "failed":
                    raise StepError(key["name"], step.get("error"))
            return False, None

        def _failed(self, key, error, final):
            log_line("warn", f"step '{key['name']}' failed: {type(error).__name__}: {error}")
            body = {**key, "name_of_error": type(error).__name__, "message": str(error)[:4096], "final": final}
            return self._say("/failed", body).get("step")

        def _completed(self, key, value):
            try:
                body = {**key} if value is None else {**key, "result": value}
                encode(body)
            except (TypeError, ValueError, RecursionError) as error:
                return self._failed(key, TypeError(f"The step returned something that is not JSON: {error}"), True)
            try:
                return self._say("/completed", body).get("step")
            except RoostError as error:
                # What cannot be kept is the step's failure, and trying again would not mend it.
                if error.code != "payload_too_large":
                    raise
                return self._failed(key, error, True)

        def _run(self, key, work, values, options):
            step = self._look(key, "run")
            if step is None and not self._is_over:
                try:
                    value = work(*values, **options)
                except Exception as error:
                    step = self._failed(key, error, getattr(error, "retry", None) is False)
                else:
                    step = self._completed(key, value)
            isSettled, value = self._settle(key, step)
            return value if isSettled else self._suspend()

        async def _run_async(self, key, work, values, options):
            self._running += 1
            try:
                step = self._look(key, "run")
                if step is None and not self._is_over:
                    try:
                        value = work(*values, **options)
                        if hasattr(value, "__await__"):
                            value = await value
                    except Exception as error:
                        step = self._failed(key, error, getattr(error, "retry", None) is False)
                    else:
                        step = self._completed(key, value)
            finally:
                self._running -= 1
            isSettled, value = self._settle(key, step)
            return value if isSettled else await self._wait()

        def _pause(self, kind, key, word, body):
            return self._pause_async(kind, key, word, body) if self._is_async else self._pause_now(kind, key, word, body)[1]

        def _pause_now(self, kind, key, word, body, raises=True):
            step = self._look(key, kind)
            if step is None and not self._is_over:
                step = self._say(word, {**key, **body}).get("step")
            isSettled, value = self._settle(key, step)
            if not isSettled and raises:
                self._suspend()
            return isSettled, value

        async def _pause_async(self, kind, key, word, body):
            isSettled, value = self._pause_now(kind, key, word, body, raises=False)
            return value if isSettled else await self._wait()

        # Until no other step of the same execution runs, or is about to.
        async def _wait(self):
            import asyncio
            quiet = 0
            while quiet < 20:
                quiet = 0 if self._running else quiet + 1
                await asyncio.sleep(0.005 if self._running else 0)
            self._suspend()

        def _suspend(self):
            self.suspended = True
            raise Suspension

    """#
}
