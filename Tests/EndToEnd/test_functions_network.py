"""Functions with `network`: where they get, where they do not, and what they cannot do to the server on the way."""
import http.server
import re
import socket
import ssl
import subprocess
import threading

import pytest

from roost_client import assert_problem
from roost_server import eventually, running

# Not 127.0.0.1: clients do not ask the proxy for that.
HOST = "127.0.0.2"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """May call the address where the servers of these tests are, and no other private one."""
    with running(tmp_path_factory.mktemp("network"), arguments=["--allow-private-addresses", f"{HOST}/32"]) as server:
        yield server


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        data = b"x" * int(self.path[6:]) if self.path.startswith("/size/") else f"{self.command} {self.path} {body.decode()}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Pages(http.server.ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


@pytest.fixture(scope="module")
def pages():
    with Pages((HOST, 0), Page) as server:
        server.seen = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def secure_pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test",
         "-addext", f"subjectAltName=IP:{HOST}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with Pages((HOST, 0), Page) as server:
        server.seen = []
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.certificate = (folder / "cert.pem").read_text()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def lab(admin, own_name):
    name = own_name
    admin.put_collection(name)
    yield Lab(admin, name)
    admin.delete(f"/v1/functions/{name}")


class Lab:
    def __init__(self, admin, name):
        self.admin, self.name = admin, name

    def run(self, source, network, runtime="python", seconds=60, **more):
        """Deploys a function and hands it one document; answers its invocation."""
        source = re.sub(r"\n {8}", "\n", source).strip() + "\n"
        manifest = {"retry": {"attempts": 1, "backoff": "20ms"}, "timeout": "30s", "memory": "256MB", **more}
        if network is not None:
            manifest["network"] = network
        self.admin.put_function(self.name, source, triggers=[{"collection": self.name, "events": ["created"]}], runtime=runtime, **manifest)
        before = len(self.invocations())
        self.admin.create(self.name, n=1)
        return eventually(lambda: len(self.invocations()) > before and self.invocations(), seconds, "an invocation")[0]

    def invocations(self):
        return self.admin.every(f"/v1/functions/{self.name}/invocations")

    def messages(self, wanted):
        def found():
            lines = [line["message"] for line in self.admin.every(f"/v1/functions/{self.name}/logs")]
            return lines if any(wanted in line for line in lines) else seen.extend(lines[len(seen):])

        seen = []
        try:
            return eventually(found, 10)
        except AssertionError:
            raise AssertionError(f"no log line with {wanted!r} in {seen}") from None


# Opens a tunnel by hand, past whatever a client thinks of proxies.
TUNNEL = """
        import json, os, socket, threading, time, urllib.request, urllib.error
        def connect(place, opening=b""):
            tunnel = socket.create_connection(("127.0.0.1", 9002), 20)
            tunnel.sendall(f"CONNECT {place} HTTP/1.1\\r\\nHost: {place}\\r\\n\\r\\n".encode() + opening)
            head = b""
            while not head.endswith(b"\\r\\n\\r\\n"):
                more = tunnel.recv(1)
                if not more: break
                head += more
            return int(head.split(b" ")[1]), tunnel
"""


# Who gets through

def test_python_gets_through_over_http(lab, pages):
    port = pages.server_address[1]
    run = lab.run(f"""
        import urllib.request
        def handler(event, context):
            print(urllib.request.urlopen("http://{HOST}:{port}/hello?a=1").read().decode())
            print(urllib.request.urlopen("http://{HOST}:{port}/post", data=b"body").read().decode())
        """, [f"{HOST}:{port}"])
    assert run["status"] == "succeeded", run
    lines = lab.messages("POST /post body")
    assert "GET /hello?a=1 " in lines
    assert any(line.startswith("network: 2 connections") for line in lines)
    assert pages.seen[-1][2]["Host"] == f"{HOST}:{port}"
    assert not any(name.lower().startswith("proxy") for name in pages.seen[-1][2])


def test_javascript_gets_through_over_http(lab, pages):
    port = pages.server_address[1]
    run = lab.run(f"""
        export default async function () {{
          console.log(await (await fetch("http://{HOST}:{port}/js")).text());
          console.log(await (await fetch("http://{HOST}:{port}/jspost", {{ method: "POST", body: "text" }})).text());
        }}
        """, [f"{HOST}:{port}"], runtime="javascript")
    assert run["status"] == "succeeded", run
    assert "GET /js " in lab.messages("POST /jspost text")


def test_a_command_gets_through_over_http(lab, pages):
    port = pages.server_address[1]
    run = lab.run(f"""
        #!/bin/sh
        curl -sS http://{HOST}:{port}/curl >&2
        """, [f"{HOST}:{port}"], runtime="command")
    assert run["status"] == "succeeded", run
    lab.messages("GET /curl ")


def test_a_refused_host_is_told_to_its_author(lab, pages):
    port = pages.server_address[1]
    run = lab.run(f"""
        import urllib.request
        def handler(event, context):
            urllib.request.urlopen("http://{HOST}:{port}/hello").read()
        """, ["api.example.com", f"{HOST}:1"])
    assert run["status"] == "failed" and "403" in run["error"]
    lab.messages(f'The function may not connect to {HOST}:{port}: its manifest would need "network": ["{HOST}:{port}", …].')


def test_without_network_there_is_no_proxy(lab):
    run = lab.run(TUNNEL + """
        def handler(event, context):
            assert "HTTP_PROXY" not in os.environ and "https_proxy" not in os.environ
            connect("example.com:443")
        """, None)
    assert run["status"] == "failed" and "ConnectionRefusedError" in run["error"]


@pytest.mark.parametrize("runtime", ["python", "javascript"])
def test_tls_goes_through_a_tunnel(lab, secure_pages, runtime):
    """Deno trusts no certificate of ours: its handshake fails, through a tunnel."""
    port = secure_pages.server_address[1]
    if runtime == "python":
        run = lab.run(f"""
        import ssl, urllib.request
        def handler(event, context):
            trust = ssl.create_default_context(cadata={secure_pages.certificate!r})
            print(urllib.request.urlopen("https://{HOST}:{port}/tls", context=trust).read().decode())
        """, [f"{HOST}:{port}"])
        assert run["status"] == "succeeded", run
        lab.messages("GET /tls ")
    else:
        run = lab.run(f"""export default async () => {{ await fetch("https://{HOST}:{port}/tls") }}""", [f"{HOST}:{port}"], runtime=runtime)
        assert run["status"] == "failed" and "fetch failed" in run["error"], run
        lab.messages("network: 1 connections")


# Who does not

def test_forbidden_addresses_are_refused_whatever_the_manifest_says(lab, server):
    places = [
        f"127.0.0.1:{server.port}", f"localhost:{server.port}", "169.254.169.254:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "0.0.0.0:80", "10.0.0.1:80",
        "2130706433:80", "0x7f.1:80", "example.com:25"]
    run = lab.run(TUNNEL + f"""
        def handler(event, context):
            for place in {places!r}:
                status, tunnel = connect(place)
                assert status == 403, (place, status, tunnel.recv(1000))
        """, True)
    assert run["status"] == "succeeded", run


def test_a_name_is_refused_before_it_is_looked_up(lab, server):
    run = lab.run(TUNNEL + """
        def handler(event, context):
            began = time.monotonic()
            for place in ["evil.example.org:443", "example.com.:443", "notexample.com:443", "a.example.com:22"]:
                assert connect(place)[0] == 403, place
            assert connect("a.b c:443")[0] == 400
            assert time.monotonic() - began < 4
        """, ["*.example.com"])
    assert run["status"] == "succeeded", run


@pytest.mark.parametrize("network", ["yes", 1, {}, ["*"], ["http://a.com"], ["a.com:0"], [7], ["a.com"] * 101])
def test_a_bad_list_is_refused(admin, network):
    manifest = {"source": "export default () => {}", "triggers": [], "network": network}
    assert_problem(admin.put("/v1/functions/badlist", json=manifest), 422, "validation_failed")


# What they do to the server on the way

def test_a_hundred_connections_at_once(lab, pages):
    port = pages.server_address[1]
    run = lab.run(TUNNEL + f"""
        def handler(event, context):
            done = []
            def one(n):
                status, tunnel = connect("{HOST}:{port}")
                tunnel.sendall(f"GET /many{{n}} HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n".encode())
                text = b""
                while more := tunnel.recv(65536): text += more
                if f"/many{{n}} ".encode() in text: done.append(n)
                tunnel.close()
            for part in range(2):
                threads = [threading.Thread(target=one, args=(part * 50 + n,)) for n in range(50)]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
            assert len(done) == 100, done
        """, [f"{HOST}:{port}"])
    assert run["status"] == "succeeded", run


def test_more_than_there_may_be_wait_their_turn(lab, pages):
    port = pages.server_address[1]
    run = lab.run(TUNNEL + f"""
        def handler(event, context):
            held = [connect("{HOST}:{port}")[1] for n in range(64)]
            late = socket.create_connection(("127.0.0.1", 9002), 5)
            late.sendall(b"CONNECT {HOST}:{port} HTTP/1.1\\r\\n\\r\\n")
            late.settimeout(0.5)
            try:
                late.recv(1)
                raise AssertionError("it did not wait")
            except TimeoutError: pass
            held[0].close()
            late.settimeout(10)
            assert late.recv(100).startswith(b"HTTP/1.1 200")
        """, [f"{HOST}:{port}"])
    assert run["status"] == "succeeded", run


def test_a_slow_reader_gets_everything_and_the_server_keeps_little(lab, server, pages):
    port = pages.server_address[1]
    before = server.memory()
    run = lab.run(TUNNEL + f"""
        def handler(event, context):
            status, tunnel = connect("{HOST}:{port}", b"GET /size/30000000 HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
            time.sleep(1)
            count = 0
            while more := tunnel.recv(1 << 20): count += len(more)
            assert 30000000 < count < 30001000, count
        """, [f"{HOST}:{port}"])
    assert run["status"] == "succeeded", run
    assert server.memory() - before < 16 << 20


def test_one_half_may_close_first(lab):
    with socket.create_server((HOST, 0)) as listener:
        def serve():
            connection = listener.accept()[0]
            with connection:
                heard = b""
                while more := connection.recv(65536):
                    heard += more
                connection.sendall(b"heard %d" % len(heard))

        threading.Thread(target=serve, daemon=True).start()
        run = lab.run(TUNNEL + f"""
        def handler(event, context):
            status, tunnel = connect("{HOST}:{listener.getsockname()[1]}")
            tunnel.sendall(b"x" * 1000000)
            tunnel.shutdown(socket.SHUT_WR)
            text = b""
            while more := tunnel.recv(100): text += more
            assert text == b"heard 1000000", text
        """, [f"{HOST}:{listener.getsockname()[1]}"])
    assert run["status"] == "succeeded", run


@pytest.mark.parametrize("ending", ["return", "time.sleep(60)", "os._exit(3)"])
def test_connections_end_with_the_run(lab, ending):
    ended = threading.Event()
    with socket.create_server((HOST, 0)) as listener:
        def serve():
            connection = listener.accept()[0]
            with connection:
                connection.settimeout(20)
                try:
                    while connection.recv(65536):
                        pass
                    ended.set()
                except ConnectionError:
                    ended.set()
                except TimeoutError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        run = lab.run(TUNNEL + f"""
        kept = []
        def handler(event, context):
            kept.append(connect("{HOST}:{listener.getsockname()[1]}", b"hello"))
            {ending}
        """, [f"{HOST}:{listener.getsockname()[1]}"], timeout="3s")
        assert run["status"] == {"return": "succeeded", "time.sleep(60)": "timeout", "os._exit(3)": "crashed"}[ending], run
        assert ended.wait(15)


def test_a_closed_port_and_an_unknown_name_are_told(lab):
    run = lab.run(TUNNEL + f"""
        def handler(event, context):
            assert connect("{HOST}:1")[0] == 502
            assert connect("no-such-name.invalid:443")[0] in (502, 504)
        """, True)
    assert run["status"] == "succeeded", run
    lab.messages(f"{HOST}:1 cannot be reached: Connection refused.")
