"""Nothing leaves for a private address, however it is spelled."""

import ipaddress
import socket
import threading
import time

import pytest
from django.core.exceptions import ValidationError

from crm.webhooks import egress
from tests.webhooks.receiver import receiving

PRIVATE_HOSTS = [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "localhost", "localhost.", "0.0.0.0", "0",  # noqa: S104
    "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "[fe80::1]", "[fc00::1]", "[fd12:3456::1]", "[ff02::1]", "[2001:db8::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
@pytest.mark.parametrize("port", ["", ":443", ":{open}"])
def test_a_private_address_is_refused_before_a_connection(host, port):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        reply = egress.post(f"https://{host}{port.format(open=listener.getsockname()[1])}/", b"{}", {})

        assert reply.status is None
        assert reply.error in {
            "The host has a private address; only public ones are sent to.",
            "The name of the host is not known.",
        }
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::5db8:d70e", True),
        ("::ffff:10.1.2.3", False),
        ("2002:a00:1::", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),  # a tunnel (Teredo)
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),  # a translator of somebody's own network
        ("fec0::1", False),
    ],
)
def test_an_ipv4_address_inside_an_ipv6_one_counts(address, public):
    assert egress.is_public(ipaddress.ip_address(address)) == public


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://", "https:///path", "//example.com", "example.com",
        "https://user:secret@example.com/", "https://user@example.com", "https://example.com:0/",
        "https://exa mple.com",
        "https://example.com:99999/", "https://[::1/", "https://example.com\\@127.0.0.1/",
        "https://example.com/\r\nX: y", "https://example.com/\x7f", "https://example.com/\ud800",
        "javascript:alert(1)", "file:///etc/passwd",
        "https://10.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://169.254.169.254/latest", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://localhost/", "https://polku.localhost:8443/",
    ],
)  # fmt: skip
def test_what_is_no_public_https_address_cannot_be_written_down(url):
    with pytest.raises(ValidationError):
        egress.check_url(url)


def test_a_public_number_and_a_name_can_be_written_down_and_a_private_one_that_the_operator_named(settings):
    settings.WEBHOOK_ALLOW = ["10.0.0.1", "localhost:8443"]

    for url in ("https://1.1.1.1/", "https://hooks.example.com/", "http://10.0.0.1/", "https://localhost:8443/x"):
        egress.check_url(url)


def test_an_answer_is_waited_for_as_long_as_is_promised(settings, monkeypatch):
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(egress, "CONNECT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_ponder, args=(listener,), daemon=True).start()

        reply = egress.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})

    assert reply == egress.Reply(200)


def _ponder(listener):
    peer, _ = listener.accept()
    peer.recv(65536)
    time.sleep(0.6)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    peer.close()


def test_a_host_the_operator_named_may_be_private(settings):
    with receiving() as receiver:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2]]

        assert egress.post(receiver.url, b"{}", {"Content-Type": "application/json"}) == egress.Reply(204)
        assert receiver.got[0][1] == b"{}"


def test_letters_of_any_language_in_an_address_are_sent_as_the_web_writes_them(settings):
    with receiving() as receiver:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2]]

        assert egress.post(f"{receiver.url}/välitys?nimi=ä%20b", b"{}", {}) == egress.Reply(204)
        assert receiver.paths == ["/hook/v%C3%A4litys?nimi=%C3%A4%20b"]


def test_an_answer_that_is_no_http_is_a_try_that_can_be_written_down(settings):
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_babble, args=(listener,), daemon=True).start()

        reply = egress.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})

    assert reply == egress.Reply(None, "The answer is no HTTP. öbabble")


def _babble(listener):
    peer, _ = listener.accept()
    peer.recv(65536)
    peer.sendall(b"\x00\x1b\xf6babble\r\n\r\n")
    peer.close()


def test_a_redirect_is_not_followed(settings):
    with receiving() as receiver, receiving() as elsewhere:
        settings.WEBHOOK_ALLOW = [receiver.url.split("/")[2], elsewhere.url.split("/")[2]]
        receiver.statuses, receiver.headers = [302], {"Location": elsewhere.url}

        assert egress.post(receiver.url, b"{}", {}).status == 302
        assert elsewhere.got == []


def test_a_receiver_that_drips_is_cut_off(settings, monkeypatch):
    settings.WEBHOOK_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(egress, "TOTAL_S", 0.4)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_drip, args=(listener,), daemon=True).start()
        begun = time.monotonic()

        reply = egress.post(f"http://127.0.0.1:{listener.getsockname()[1]}/", b"{}", {})

    assert reply == egress.Reply(None, "No answer in time.")
    assert time.monotonic() - begun < 5


def _drip(listener):
    peer, _ = listener.accept()
    try:
        peer.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            peer.sendall(b"X-Slow: 1\r\n")
            time.sleep(0.05)
    except OSError:
        peer.close()
