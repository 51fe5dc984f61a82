"""Each test module has one running server; tests that kill or configure theirs start their own."""
import shutil

import pytest

from roost_client import Caller, admin_login, register
from roost_server import BINARY, Server, running


def pytest_report_header():
    return f"roost: {BINARY}"


def pytest_sessionstart(session):
    if not BINARY.exists() and not session.config.option.collectonly:
        pytest.exit(f"there is no {BINARY}: build first, or set ROOST_BINARY", returncode=3)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("roost")) as server:
        yield server


@pytest.fixture
def start(tmp_path):
    """Starts servers of a test's own; those that still run at its end are killed."""
    servers = []

    def start(data=None, **more):
        server = Server(data or tmp_path / "data", **more)
        servers.append(server)
        return server.start()

    yield start
    for server in servers:
        if server.is_running:
            server.kill()
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="module")
def admin(server):
    return admin_login(server)


@pytest.fixture
def own_name(request):
    """A name that no other test of this server has."""
    return f"t{abs(hash(request.node.nodeid)) % 10**9}"


@pytest.fixture
def place(admin, own_name):
    """A name of this test's own: the collections in<name> and out<name> are there, and the function f<name> is gone afterwards."""
    name = own_name
    everybody = {action: "true" for action in ("read", "create", "update", "delete")}
    admin.put_collection(f"in{name}", rules=everybody)
    admin.put_collection(f"out{name}", rules=everybody)
    yield name
    admin.delete(f"/v1/functions/f{name}")


@pytest.fixture(scope="module")
def ada(server):
    return register(server, "ada")


@pytest.fixture(scope="module")
def bob(server):
    return register(server, "bob")


@pytest.fixture(scope="module")
def nobody(server):
    return Caller(server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of its server's log."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server")
    if report.failed and isinstance(server, Server):
        report.sections.append(("the server's log", server.log_tail()))
    return report
