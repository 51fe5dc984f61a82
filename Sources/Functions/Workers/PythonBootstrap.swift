/// The program that every Python worker starts with: the counterpart of `DenoBootstrap`, with the same messages.
///
/// It takes the protocol's socket for itself, compiles the user's module from memory and runs its `handler`, one event at a time. Reads block, and
/// there is no event loop unless a handler is async: a warm call costs the interpreter some 40 µs.
enum PythonBootstrap {
  /// What the interpreter gets as `-c`: runs the program, which comes as the last argument, under a name that tracebacks can be cleaned of.
  static let command = #"import sys;exec(compile(sys.argv.pop(),"<roost>","exec"))"#

  static let source = wire + "\n\n" + PythonClient.source + "\n\n" + running

  /// The conversation with the server, and what a function prints.
  private static let wire = #"""
    import sys, os, io, json, signal, faulthandler, _thread, binascii, types
    from time import monotonic

    FRAME_MAX = 8 << 20
    TEXT_MAX = (16 << 10) - 4

    # The protocol's socket arrives as 0 and 1. It is moved away, so that nothing a function reads or prints, and no child of it, gets at it:
    # standard input is empty, and what is written to 1 past Python goes where standard error goes.
    wire = os.dup(0)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)

    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    decode = json.JSONDecoder().scan_once
    sending = _thread.RLock()
    calling = _thread.RLock()


    # Frames: four bytes of length, most significant first, then as many bytes of JSON.

    def send(frame):
        send_text(encode(frame))


    def send_text(text):
        data = text.encode("utf-8", "replace")
        if len(data) > FRAME_MAX:
            raise ValueError(f"A message to the server has at most {FRAME_MAX} bytes, this one {len(data)}.")
        data = len(data).to_bytes(4, "big") + data
        with sending:
            sent = os.write(wire, data)
            while sent < len(data):
                data = data[sent:]
                sent = os.write(wire, data)


    received = b""
    # Runs that the server has sent ahead.
    later = []


    def receive():
        global received
        data = received or read_some()
        while len(data) < 4:
            data += read_some()
        end = int.from_bytes(data[:4], "big") + 4
        if len(data) < end:
            parts, count = [data], len(data)
            while count < end:
                parts.append(read_some())
                count += len(parts[-1])
            data = b"".join(parts)
        received = data[end:]
        return decode(data[4:end].decode(), 0)[0]


    def read_some():
        data = os.read(wire, 1 << 18)
        if not data:
            os._exit(0)  # the server is gone
        return data


    # Output. Everything printed becomes log lines of the invocation, within its limits; what is printed while none runs is nobody's.

    class Output:
        lines = bytes = 0
        lines_max, bytes_max = 1000, 256 << 10
        isOpen = False

        @classmethod
        def isFull(cls):
            return not cls.isOpen or cls.lines > cls.lines_max or cls.bytes > cls.bytes_max


    def log_line(level, text):
        # One line past a limit is sent, so that the server sees that there was more.
        with sending:
            if Output.isFull():
                return
            if len(text) > TEXT_MAX:
                text = text[:TEXT_MAX] + "…"
            Output.lines += 1
            Output.bytes += len(text)
            send({"type": "log", "level": level, "message": text})


    class LogStream(io.RawIOBase):
        """What stands behind sys.stdout and sys.stderr: cuts into lines."""

        def __init__(self, level):
            self.level, self.partial = level, b""

        def writable(self):
            return True

        def write(self, data):
            data = bytes(data)
            # In pieces, so that a flood ends early.
            for start in range(0, len(data), 1 << 16):
                if Output.isFull():
                    self.partial = b""
                    break
                *lines, self.partial = (self.partial + data[start:start + (1 << 16)]).split(b"\n")
                for line in lines:
                    log_line(self.level, line.decode("utf-8", "replace"))
                while len(self.partial) > TEXT_MAX:
                    line, self.partial = self.partial[:TEXT_MAX], self.partial[TEXT_MAX:]
                    log_line(self.level, line.decode("utf-8", "replace"))
            return len(data)

        def finish(self):
            line, self.partial = self.partial, b""
            if line:
                log_line(self.level, line.decode("utf-8", "replace"))


    streams = [LogStream("info"), LogStream("error")]
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__ = [
        io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", line_buffering=True) for stream in streams]
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


    def finish_output():
        for text, stream in zip((sys.__stdout__, sys.__stderr__), streams):
            text.flush()
            stream.finish()


    class Log:
        """log.debug, .info, .warning (.warn), .error, .exception: like print, or with % and values."""

        def _printer(level):
            def printer(self, *values):
                if len(values) > 1 and isinstance(values[0], str) and "%" in values[0]:
                    try:
                        return log_line(level, values[0] % values[1:])
                    except (TypeError, ValueError, KeyError):
                        pass
                log_line(level, " ".join(map(str, values)))
            return printer

        debug, info, warn, error = _printer("debug"), _printer("info"), _printer("warn"), _printer("error")
        warning, critical = warn, error

        def exception(self, *values):
            self.error(*values)
            if sys.exc_info()[1] is not None:
                log_line("error", "\n".join(described(sys.exc_info()[1])))


    log = Log()


    def adopt_logging():
        """The standard logging module's records become log lines of their own level."""
        import logging

        class LogHandler(logging.Handler):
            def emit(self, record):
                try:
                    level = record.levelno
                    log_line("error" if level >= 40 else "warn" if level >= 30 else "info" if level >= 20 else "debug", self.format(record))
                except Exception:
                    self.handleError(record)

        root = logging.getLogger()
        if any(type(handler).__name__ == "LogHandler" for handler in root.handlers):
            return
        handler = LogHandler()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        original = logging.basicConfig

        # A root logger with a handler ignores basicConfig, which would make `basicConfig(level=…)` do nothing.
        def basicConfig(**options):
            if options.get("level") is not None:
                root.setLevel(options["level"])
            if options.get("format"):
                handler.setFormatter(logging.Formatter(options["format"], options.get("datefmt"), options.get("style", "%")))
            if any(options.get(name) for name in ("filename", "stream", "handlers", "force")):
                original(**options)

        logging.basicConfig = basicConfig
        logging.captureWarnings(True)
    """#

  /// What a handler gets, how it is loaded and run, and how its failures are told.
  private static let running = #"""
    class Context:
        """What a handler works with: db, users, files, events, api, log, env, attempt, step."""

        def __init__(self, attempt):
            self.db, self.users, self.files, self.events, self.api, self.log, self.env = db, users, files, events, api, log, roost.env
            self.attempt, self.step = attempt, steps


    db, users, files, events = Database(), Users(), Files(), Events()
    roost = types.ModuleType("roost", "The project that this function belongs to.")
    roost.db, roost.users, roost.files, roost.events, roost.api, roost.log, roost.env = db, users, files, events, api, log, {}
    roost.RoostError, roost.Context = RoostError, Context
    RoostError.__module__ = Context.__module__ = "roost"
    sys.modules["roost"] = roost


    \#(PythonSteps.source)
    # Running the function.

    HERE = Context.__init__.__code__.co_filename


    def described(error):
        """What an exception says of itself, and where it came from: without our own frames."""
        import traceback

        if error.__traceback__ is not None:
            trace = traceback.TracebackException(type(error), error, error.__traceback__, limit=-50)
        else:
            trace = traceback.TracebackException(type(error), error, None)
        seen, todo = set(), [trace]
        while todo:
            one = todo.pop()
            if one is None or id(one) in seen:
                continue
            seen.add(id(one))
            one.stack[:] = [frame for frame in one.stack if frame.filename != HERE and not frame.filename.startswith("<frozen")]
            todo += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or [])]
        said = "".join(trace.format_exception_only()).rstrip()
        if isinstance(error, SyntaxError):
            said = f"{type(error).__name__}: {error}\n{said}"
        whole = "".join(trace.format()).rstrip()
        place = whole[:-len(said)].rstrip() if whole.endswith(said) else "" if isinstance(error, SyntaxError) else whole
        place = "" if place == "Traceback (most recent call last):" else place
        # The end of a long trace is the place where it happened.
        return said[:3 << 10], place if len(place) <= 4 << 10 else "…\n" + place[-4 << 10:]


    def problem_of(error):
        if isinstance(error, SystemExit):
            return {"name": "SystemExit", "message": f"SystemExit: the function called sys.exit({'' if error.code is None else repr(error.code)[:200]}).", "stack": ""}
        try:
            message, stack = described(error)
        except BaseException:
            try:
                message, stack = f"{type(error).__name__}: {error}"[:3 << 10], ""
            except BaseException:
                message, stack = type(error).__name__, ""
        if isinstance(error, MemoryError):
            message += ": the function needs more than its memory"
        problem = {"name": type(error).__name__, "message": message, "stack": stack}
        if isinstance(error, RoostError):
            problem["status"], problem["code"] = error.status, error.code
        if isinstance(error, StepError):
            problem["final"] = True
        return problem


    class Refused(Exception):
        pass


    handler, takes_context, loop, steps = None, True, None, None


    def load_file(folder, entry):
        """The archive's own modules come first, then its packages."""
        import importlib.util
        file = folder + "/" + entry
        sys.path[:0] = list(dict.fromkeys([file.rpartition("/")[0], folder, folder + "/.python_packages"]))
        name = file.rpartition("/")[2].rpartition(".")[0]
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None:
            raise Refused("The entry '" + entry + "' is no Python file.")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


    def load(frame):
        global handler, takes_context
        name, source, folder = frame["name"], frame.get("source", ""), frame.get("folder")
        Output.lines_max, Output.bytes_max = frame["limits"]["lines"], frame["limits"]["bytes"]
        Output.lines = Output.bytes = 0
        Output.isOpen = True
        os.environ.update(frame["env"])
        roost.env = types.MappingProxyType(dict(frame["env"]))
        try:
            if folder or "logging" in source or "logging" in sys.modules:
                adopt_logging()
            if folder:
                module = load_file(folder, frame["entry"])
            else:
                file = frame.get("file") or name + ".py"
                import linecache
                linecache.cache[file] = (len(source), None, source.splitlines(True), file)
                module = types.ModuleType(name)
                module.__file__ = file
                sys.modules[name] = module
                exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
            handler = getattr(module, "handler", None)
            if not callable(handler):
                raise Refused("The module has no function of the name `handler`: def handler(event, context): …")
            code = getattr(handler, "__code__", None)
            takes_context = code is None or code.co_argcount != 1 or bool(code.co_flags & 4)
            finish_output()
            answer = {"type": "loaded"}
        except Refused as refusal:
            answer = {"type": "refused", "message": str(refusal), "stack": ""}
        except BaseException as error:
            problem = problem_of(error)
            answer = {"type": "refused", "message": problem["message"], "stack": problem["stack"]}
        conclude(encode(answer))


    def run(event, attempt):
        value = handler(event, Context(attempt)) if takes_context else handler(event)
        return settle(value) if hasattr(value, "__await__") else value


    def settle(awaitable):
        """Runs an async handler to its end. The loop stays, for clients that a module keeps; tasks that nobody waits for end, as in asyncio.run."""
        global loop
        import asyncio

        async def main():
            return await awaitable

        if loop is None or loop.is_closed():
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
        try:
            return loop.run_until_complete(main())
        finally:
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            if left:
                loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


    def text_of(value):
        try:
            return encode(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise Refused(f"The function returned something that is not JSON: {error or type(error).__name__}") from None


    def invoke(frame):
        Output.lines = Output.bytes = 0
        Output.isOpen = True
        number = frame["id"]
        began = monotonic()
        global steps
        steps = Steps(bool(getattr(getattr(handler, "__code__", None), "co_flags", 0) & 0x80))
        try:
            value = run(frame["event"], frame["attempt"])
            if steps.suspended:
                raise Suspension
            # What cannot be sent as JSON is the function's failure, if anybody asks for it.
            text = '{"type":"result","id":%d,"us":%d' % (number, (monotonic() - began) * 1e6)
            text += "}" if value is None or not (frame.get("wantsValue") or steps.used) else ',"value":%s}' % text_of(value)
            if len(text) > FRAME_MAX or len(text) > FRAME_MAX // 4 and len(text.encode("utf-8", "replace")) > FRAME_MAX:
                raise Refused(f"The function returned a value of more than {FRAME_MAX >> 20} MB.")
        except Suspension:
            text = '{"type":"suspended","id":%d}' % number
        except Refused as refusal:
            text = encode({"type": "error", "id": number, "name": "TypeError", "message": str(refusal), "stack": ""})
        except BaseException as error:
            text = encode({"type": "error", "id": number, **problem_of(error)})
        try:
            finish_output()
        except Exception:
            pass
        conclude(text)


    def conclude(text):
        # Not while a thread of the function waits for an answer: the call still belongs to it. And nothing of it comes after its end.
        with calling, sending:
            Output.isOpen = False
            send_text(text)


    def fork_in_child():
        # A child has none of its parent's conversation.
        global wire
        os.dup2(0, wire)
        Output.isOpen = False
        sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(number, "w", closefd=False), line_buffering=True, errors="backslashreplace") for number in (1, 2))


    def warm():
        """While nothing is asked: what most functions import."""
        import select
        for name in ("traceback", "linecache", "logging", "datetime", "urllib.parse"):
            if select.select([wire], [], [], 0)[0]:
                return
            __import__(name)


    def serve():
        os.register_at_fork(after_in_child=fork_in_child)
        # What comes at the deadline: says where the function was.
        faulthandler.register(signal.SIGTERM, file=2, all_threads=False, chain=True)
        pid = os.getpid()
        send({"type": "ready", "runtime": "python " + sys.version.split()[0]})
        warm()
        while True:
            frame = later.pop(0) if later else receive()
            if frame["type"] == "load":
                load(frame)
            elif frame["type"] == "invoke":
                invoke(frame)
            if os.getpid() != pid:
                os._exit(0)  # a child that came back out of its function


    try:
        serve()
    except BaseException as error:
        os.write(2, "\n".join(described(error)).encode("utf-8", "replace"))
        os._exit(1)
    """#
}
