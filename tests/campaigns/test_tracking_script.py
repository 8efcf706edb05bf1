"""The tracking script as it goes over the line."""

import gzip

from django.test import Client


def test_the_script_is_small_cached_and_open_to_other_sites():
    answer = Client().get("/t.js", headers={"Accept-Encoding": "gzip"})

    assert len(answer.content) < 4096
    assert b"window.polku = polku" in gzip.decompress(answer.content)
    names = ("Content-Type", "Cache-Control", "Cross-Origin-Resource-Policy", "Access-Control-Allow-Origin")
    assert [answer[name] for name in names] == [
        "text/javascript; charset=utf-8", "public, max-age=3600", "cross-origin", "*",
    ]  # fmt: skip
    again = Client().get("/t.js", headers={"Accept-Encoding": "gzip", "If-None-Match": answer["ETag"]})
    assert again.status_code == 304
