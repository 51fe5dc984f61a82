"""A registry of npm packages on 127.0.0.1, as small as one can be: documents of packages, and tarballs that are made here. It can lie, break and keep silent."""
import base64
import hashlib
import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler

from remote_endpoint import LocalServer
from test_functions_archives import tar_of


class Registry(LocalServer):
    def __init__(self):
        self.packages, self.tarballs, self.requests = {}, {}, []
        self.tokens = set()
        # What to answer a path with instead: a status, "silence", or "endless".
        self.instead = {}
        self.ended = threading.Event()
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry.requests.append(self.path)
                registry.tokens.add(self.headers.get("Authorization"))
                instead = registry.instead.get(self.path, registry.instead.get("*"))
                if instead == "silence":
                    registry.ended.wait(300)
                    self.close_connection = True
                    return
                if instead == "endless":
                    self.send_response(200)
                    self.send_header("Content-Length", str(1 << 40))
                    self.end_headers()
                    while not registry.ended.is_set():
                        self.wfile.write(bytes(1 << 20))
                status, type, body = (instead, "text/plain", b"the registry is broken") if instead else registry.find(urllib.parse.unquote(self.path))
                self.send_response(status)
                self.send_header("Content-Type", type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.listen(Handler)
        self.url = f"http://127.0.0.1:{self.port}/"
        self.serve()

    def find(self, path):
        name = path.lstrip("/")
        if name in self.packages:
            return 200, "application/json", json.dumps(self.packages[name]).encode()
        if name in self.tarballs:
            return 200, "application/octet-stream", self.tarballs[name]
        return 404, "application/json", b'{"error": "Not found"}'

    def publish(self, name, version, source="module.exports = {};", dependencies=None, scripts=None, files=None, integrity=None, **more):
        """The newest version that was published is the latest. Its files are below package/, as `npm pack` puts them, unless a name says otherwise."""
        description = {"name": name, "version": version, "main": "index.js", "dependencies": dependencies or {}, **({"scripts": scripts} if scripts else {}), **more}
        packed = tar_of({"package/package.json": json.dumps(description), "package/index.js": source, **(files or {})})
        path = f"{name}/-/{name.split('/')[-1]}-{version}.tgz"
        self.tarballs[path] = packed
        document = self.packages.setdefault(name, {"name": name, "versions": {}, "dist-tags": {}, "time": {}})
        document["versions"][version] = {
            **description, **({"hasInstallScript": True} if scripts else {}),
            "dist": {
                "tarball": self.url + path, "shasum": hashlib.sha1(packed).hexdigest(),
                "integrity": integrity or "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()}}
        document["dist-tags"]["latest"] = version
        document["time"][version] = "2024-01-01T00:00:00.000Z"

    def close(self):
        self.ended.set()
        super().close()
