"""What stands in the logs: ids and the kind of an error, never what people wrote."""

import json
import logging
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from contacts.models import Identity
from crm.logs import logging_config
from tests.factories import make_contact

SECRET = "zqsecret@example.com"


def lines_of(error: BaseException | None, message: str, *arguments: Any, as_json: bool) -> str:
    """What the formatter of our settings makes of a record."""
    config = logging_config(level="INFO", as_json=as_json)["formatters"]["line"]
    formatter = config.pop("()")(**config)
    exc_info = (type(error), error, error.__traceback__) if error else None
    return str(
        formatter.format(logging.LogRecord("django.request", logging.ERROR, "", 0, message, arguments, exc_info))
    )


@pytest.fixture
def refused(db: None) -> IntegrityError:
    """Behind it stands the driver's own error; both name the address."""
    make_contact(email=SECRET)
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        Identity.objects.create(contact=make_contact(), kind="email", value=SECRET)
    assert SECRET in str(refusal.value)
    return refusal.value


@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_of_the_database_tells_its_kind_and_no_values(refused, as_json):
    said = lines_of(refused, "Internal Server Error: %s", "/api/v1/contacts", as_json=as_json)

    assert SECRET not in said
    assert 'violates unique constraint "one_live_owner_per_identity"' in said.replace('\\"', '"')
    assert said.count("Traceback (most recent call last)") == 2
    assert "test_logs.py" in said


@pytest.mark.django_db
@pytest.mark.parametrize("statement", [f"SELECT '{SECRET}'::int", f'SELECT nothing AS "{SECRET}"'])
def test_a_value_that_cannot_be_read_is_not_told_either(statement):
    with pytest.raises(DatabaseError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert SECRET in str(refusal.value)

    assert SECRET not in lines_of(refusal.value, "the sweep failed", as_json=False)


def test_an_error_that_others_put_into_words_loses_its_particulars():
    text = f"""Task failed: IntegrityError('duplicate key\\nDETAIL:  Key ({SECRET}) exists.\\n')
Traceback (most recent call last):
  File "one.py", line 1
IntegrityError: duplicate key
DETAIL:  Key (value)=({SECRET}
of two lines) exists."""

    said = json.loads(lines_of(None, text, as_json=True))["event"]

    assert SECRET not in said
    assert "IntegrityError: duplicate key" in said
    assert 'File "one.py"' in said


def test_other_errors_say_what_they_said():
    try:
        raise ValueError("a rule that cannot be computed")
    except ValueError as error:
        said = lines_of(error, "the fold could not take contact %s", 17, as_json=False)

    assert "ValueError: a rule that cannot be computed" in said
    assert "the fold could not take contact 17" in said
