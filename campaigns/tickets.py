"""What a form's page carries so that a robot is told from a person: when it was opened, signed, and a name for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from secrets import token_urlsafe
from typing import Final

from django.core import signing

# A person reads before they write; a page left open over night is asked to be sent once more, with all that is in it.
LEAST_S: Final = 2
MOST_S: Final = 24 * 3600


class Age(Enum):
    RIGHT = "right"
    YOUNG = "young"
    OLD = "old"
    NOT_OURS = "not ours"


@dataclass(frozen=True, slots=True)
class Ticket:
    """`nonce` names the page: sent twice with the same answers it counts once."""

    nonce: str
    age: Age


def new_ticket(form_token: str, opened_at: datetime) -> str:
    return _SIGNER.sign(f"{form_token}.{token_urlsafe(12)}.{int(opened_at.timestamp())}")


def read_ticket(form_token: str, text: str, now: datetime) -> Ticket:
    try:
        token, nonce, opened_at = _SIGNER.unsign(text).split(".")
    except (signing.BadSignature, ValueError):
        return _NOT_OURS
    return Ticket(nonce, _age(now.timestamp() - int(opened_at))) if token == form_token else _NOT_OURS


def _age(seconds: float) -> Age:
    if seconds < LEAST_S:
        return Age.YOUNG
    return Age.RIGHT if seconds <= MOST_S else Age.OLD


_SIGNER: Final = signing.Signer(salt="polku.form")
_NOT_OURS: Final = Ticket("", Age.NOT_OURS)
