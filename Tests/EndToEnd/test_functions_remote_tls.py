"""Remote functions by HTTPS: whose certificates are trusted, and what is said of those that are not."""
import json
import time

import pytest

from certificates import Authority
from remote_endpoint import Endpoint, RawEndpoint
from roost_client import admin_login
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, command, eventually, running
from test_functions_remote import Lab, lab  # noqa: F401

FIRST = {"ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD}
PRIVATE = ["--allow-private-addresses"]
HERE = ["DNS:localhost", "IP:127.0.0.1"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(tmp_path_factory, authority):
    with running(tmp_path_factory.mktemp("tls"), arguments=PRIVATE, env={**FIRST, "SSL_CERT_FILE": str(authority.file)}) as server:
        yield server


def by_name(endpoint):
    return endpoint.url.replace("127.0.0.1", "localhost")


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_a_certificate_of_the_operators_authority_is_trusted(lab, authority, address):
    with Endpoint(certificate=authority.certificate([f"{'IP' if address[0] == '1' else 'DNS'}:{address}"])) as endpoint:
        lab.deploy(endpoint.url.replace("127.0.0.1", address))
        made = [lab.create(n=number) for number in range(3)]
        assert {item["status"] for item in lab.finished(3)} == {"succeeded"}
        assert sorted(request.json["subject"] for request in endpoint.requests) == sorted(f"{lab.collection}/{one['id']}" for one in made)
        assert {request.headers["host"] for request in endpoint.requests} == {f"{address}:{endpoint.port}"}


def bad(kind, authority, folder):
    if kind == "self-signed":
        return authority.self_signed(HERE), "not trusted"
    if kind == "another authority":
        return Authority(folder / "other", "authority").certificate(HERE), "not trusted"
    if kind == "another name":
        return authority.certificate(["DNS:elsewhere.example", "IP:127.0.0.9"]), "for other names"
    if kind == "expired":
        return authority.certificate(HERE, "20200101000000Z", "20210203000000Z"), "has expired, on 2021-02-03"
    return authority.certificate(HERE, "20990101000000Z", "20991231000000Z"), "not valid before 2099-01-01"


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("kind", ["self-signed", "another authority", "another name", "expired", "not yet valid"])
def test_a_bad_certificate_is_refused_with_its_reason(lab, authority, tmp_path, kind, address):
    certificate, says = bad(kind, authority, tmp_path)
    with Endpoint(certificate=certificate) as endpoint:
        lab.deploy(endpoint.url.replace("127.0.0.1", address), timeout="20s")
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] == "failed" and says in item["error"] and f"https://{address}:{endpoint.port}" in item["error"], item
        assert item["durationMs"] < 5000
        assert not endpoint.requests, "nothing was sent"
        assert len(eventually(lab.dead, what="the dead letter")) == 1


def test_a_server_that_does_not_speak_tls_is_named(lab):
    with RawEndpoint(lambda client: client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")) as plain:
        lab.deploy(plain.url.replace("http:", "https:"))
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] == "failed" and "does not speak TLS" in item["error"], item


def test_a_server_that_keeps_silent_in_the_handshake_is_left_at_the_deadline(lab):
    with RawEndpoint(lambda client: time.sleep(30)) as silent:
        lab.deploy(silent.url.replace("http:", "https:"), timeout="1s")
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] in ("failed", "timed_out", "timeout") and item["durationMs"] < 6000, item


def test_https_is_not_spoken_to_an_http_address(lab, authority):
    with Endpoint(certificate=authority.certificate(HERE)) as endpoint:
        lab.deploy(endpoint.url.replace("https:", "http:"))
        lab.create(n=1)
        assert lab.finished()[0]["status"] == "failed" and not endpoint.requests


def test_events_wait_until_the_certificate_is_mended(lab, authority):
    """A failure as any other: repeats, in the order of the document, and nothing is lost."""
    expired = Endpoint(certificate=authority.certificate(HERE, "20200101000000Z", "20210203000000Z"))
    lab.deploy(expired.url, retry={"attempts": 50, "backoff": "100ms"})
    document = lab.create(n=0)
    for number in range(1, 4):
        lab.admin.must(200, "PUT", f"/v1/documents/{lab.collection}/{document['id']}", json={"n": number})
    eventually(lambda: len(lab.invocations()) >= 2, what="repeats")
    port = expired.port
    expired.close()
    assert not expired.requests
    with Endpoint(certificate=authority.certificate(HERE)) as mended:
        assert mended.port != port
        lab.deploy(mended.url, retry={"attempts": 50, "backoff": "100ms"})
        eventually(lambda: len(mended.requests) == 4, what="four events")
        assert [request.json["data"]["after"]["n"] for request in mended.requests] == [0, 1, 2, 3]
        assert int(mended.requests[0].headers["roost-attempt"]) > 1 and not lab.dead()


def test_without_the_operators_word_nobody_new_is_trusted_and_a_folder_counts_as_well(start, tmp_path, authority):
    system = {**FIRST, "SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}
    folder = authority.rehashed(tmp_path / "authorities")
    empty = tmp_path / "empty"
    empty.mkdir()
    with Endpoint(certificate=authority.certificate(HERE)) as endpoint:
        for number, (environment, status) in enumerate([
            (system, "failed"), ({**system, "SSL_CERT_DIR": str(folder)}, "succeeded"), ({**system, "SSL_CERT_DIR": f"{empty}:{folder}"}, "succeeded"),
            ({**system, "SSL_CERT_DIR": str(empty)}, "failed"), ({**system, "SSL_CERT_FILE": str(authority.file), "SSL_CERT_DIR": str(empty)}, "succeeded"),
        ]):
            server = start(tmp_path / f"data{number}", env=environment, arguments=PRIVATE)
            admin = admin_login(server)
            admin.put_collection("posts")
            lab = Lab(admin, "posts")
            lab.deploy(endpoint.url)
            lab.create(n=1)
            assert lab.finished()[0]["status"] == status, environment
            assert "HTTPS of remote functions" not in server.log_text()
            server.terminate()


def test_what_names_no_certificates_is_said_at_the_start_and_trusts_nobody(start, tmp_path, authority):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    environment = {**FIRST, "SSL_CERT_FILE": str(broken), "SSL_CERT_DIR": str(tmp_path / "nowhere")}
    server = start(env=environment, arguments=PRIVATE)
    assert "SSL_CERT_FILE" in server.log_text() and "SSL_CERT_DIR" in server.log_text() and "broken.pem" in server.log_text()
    admin = admin_login(server)
    admin.put_collection("posts")
    lab = Lab(admin, "posts")
    with Endpoint(certificate=authority.certificate(HERE)) as endpoint:
        lab.deploy(endpoint.url)
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] == "failed" and "not trusted" in item["error"]


def test_doctor_says_whom_the_server_trusts(tmp_path, authority):
    def doctor(**variables):
        answer = command("doctor", "--data", tmp_path / "new", "--listen", "127.0.0.1:0", "--json", env={"SSL_CERT_DIR": "", **variables})
        return next(check for check in json.loads(answer.stdout)["checks"] if check["check"] == "authorities")

    assert doctor(SSL_CERT_FILE=str(authority.file))["status"] == "ok" and str(authority.file) in doctor(SSL_CERT_FILE=str(authority.file))["finding"]
    found = doctor(SSL_CERT_FILE="/nonexistent/ca.pem")
    assert found["status"] == "warn" and "/nonexistent/ca.pem" in found["finding"] and "ca-certificates" in found["mend"]
