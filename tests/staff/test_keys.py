import json
import zlib
from io import StringIO

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from contacts.models import Source
from staff.keys import _checksum, create_key, find_key, revoke_key
from staff.models import ApiKey, AuditRecord
from staff.policy import ORDINARY_SCOPES, PUBLIC_SCOPES, Principal
from tests.callers import Caller
from tests.factories import make_source

pytestmark = pytest.mark.django_db


def key_of(scopes, *, public=False):
    return create_key(name="Test", source=make_source().key, scopes=scopes, public=public)


def test_a_key_is_found_by_its_secret_alone():
    key, secret = key_of(["events:write"])

    assert find_key(secret) == key
    assert find_key(secret.swapcase()) is find_key(key.prefix) is find_key("") is None


def test_making_and_revoking_a_key_is_on_record_without_its_secret():
    key, secret = key_of(["events:write"])
    revoke_key(key)
    revoke_key(key)

    records = AuditRecord.objects.order_by("id").values_list("action", "object_id", "detail")
    made = {"source": key.source, "scopes": ["events:write"]}
    assert list(records) == [("key_made", key.pk, made), ("key_revoked", key.pk, {})]
    assert secret[20:] not in str(list(records))


def test_what_a_program_does_with_keys_is_on_record_as_its_own():
    first, _secret = key_of(["intake:manage"])
    second, _secret = create_key(
        name="Till", source=first.source, scopes=["events:write"], public=False, by=Principal(key=first)
    )
    revoke_key(second, by=Principal(key=first))

    records = AuditRecord.objects.filter(object_id=second.pk).values_list("action", "api_key").order_by("id")
    assert list(records) == [("key_made", first.pk), ("key_revoked", first.pk)]


def test_scopes_stand_in_one_order_and_once():
    key, _secret = key_of(["figures:read", "events:write", "figures:read"])

    assert key.scopes == ["events:write", "figures:read"]


@pytest.mark.parametrize(
    ("scopes", "public", "code"),
    [([], False, "no_scope"), (["everything"], False, "unknown_scope"), (["events:read"], True, "not_public")],
)
def test_a_key_that_should_not_be_is_not_made(scopes, public, code):
    with pytest.raises(ValidationError) as refusal:
        key_of(scopes, public=public)

    assert refusal.value.code == code
    assert ApiKey.objects.count() == 0


def test_a_mistyped_key_is_known_for_one_without_asking_the_database(django_assert_num_queries):
    _key, secret = key_of(["events:write"])
    mistyped = secret[:20] + ("a" if secret[20] != "a" else "b") + secret[21:]

    with django_assert_num_queries(0):
        assert find_key(mistyped) is None


def test_the_checksum_is_crc32_in_62_signs():
    number = sum(
        62**place * "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".index(sign)
        for place, sign in enumerate(_checksum("sk_x"))
    )

    assert number == zlib.crc32(b"sk_x")


# --- manage.py create_key ---------------------------------------------------------------------------------------------


def run(*arguments):
    out, words = StringIO(), StringIO()
    call_command("create_key", *arguments, stdout=out, stderr=words)
    return out.getvalue(), words.getvalue()


def test_the_command_makes_source_and_key_and_prints_the_secret_once():
    out, words = run("--source", "Web Shop", "--scopes", "events:write, contacts:read", "--name", "Till")
    secret = out.strip()

    source, key = Source.objects.get(), ApiKey.objects.get()
    assert (source.key, source.name, source.trust) == ("web-shop", "Web Shop", "trusted")
    assert (key.name, key.source, key.scopes) == ("Till", "web-shop", ["contacts:read", "events:write"])
    assert words == ("It speaks for web-shop (trusted) and is shown only now. Scopes: contacts:read, events:write.\n")
    assert Caller(key, secret).get("/api/v1/contacts").status_code == 200


def test_the_command_speaks_json_to_programs():
    out, _words = run("--source", "site", "--trust", "public", "--json")
    said = json.loads(out)

    assert said.pop("key").startswith("pk_")
    assert said == {"source": "site", "trust": "public", "scopes": sorted(PUBLIC_SCOPES)}


def test_a_key_gets_what_is_grave_only_when_it_is_named():
    run("--source", "shop")

    assert ApiKey.objects.get().scopes == list(ORDINARY_SCOPES)


def test_a_second_key_speaks_for_the_same_source():
    run("--source", "shop"), run("--source", "shop")

    assert (Source.objects.count(), ApiKey.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--source", "shop", "--scopes", "everything"), "There is no scope everything."),
        (("--source", "shop", "--scopes", ""), "A key needs at least one scope."),
        (("--source", "日本"), "The name of a source needs a letter"),
        (("--source", "known", "--trust", "public"), "The source known is trusted"),
        (("--source", "new", "--trust", "public", "--scopes", "contacts:read"), "is read by anybody"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_nothing_is_made(arguments, words):
    make_source("known")
    with pytest.raises(CommandError, match=words):
        run(*arguments)

    assert (Source.objects.count(), ApiKey.objects.count()) == (1, 0)
