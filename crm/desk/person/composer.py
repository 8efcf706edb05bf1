"""The composer of a person's page: one place for every deed, with the form of the one that is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from contacts.models import Contact
from crm.desk.person.deeds import DEEDS, Deed, Done, open_to
from crm.desk.person.forms import DeedForm
from funnel.models import Position, Stage
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Composer:
    """What may be done now, and the deed that is open; nothing when one may only look."""

    deeds: Sequence[Deed]
    deed: Deed | None
    form: DeedForm | None

    @property
    def notice(self) -> str:
        """What one should know before one begins."""
        if self.deed is None or self.deed.key != "write":
            return ""
        if settings.MAIL_GOES_OUT:
            return _("At its foot stands a link by which they can end our letters.")
        words = _("No mail server is set up: letters are kept as files in %(folder)s. An admin sets EMAIL_URL.")
        return words % {"folder": getattr(settings, "EMAIL_FILE_PATH", None) or "mail"}

    @property
    def tabs(self) -> list[Deed]:
        return [deed for deed in self.deeds if deed.is_common]

    @property
    def more(self) -> list[Deed]:
        return [deed for deed in self.deeds if not deed.is_common]

    def carry_out(self, by: Principal, contact: Contact) -> Done | None:
        """Do it; nothing when the form says why not."""
        deed, form = self.deed, self.form
        if deed is None or form is None or not form.is_valid():
            return None
        try:
            with transaction.atomic():
                return deed.do(by, contact, form)
        except ValidationError as error:
            _tell(form, error)
            return None


def position_of(contact: Contact) -> Position:
    """Where somebody stands; nowhere before the first fold."""
    return Position.objects.filter(contact=contact).first() or Position(contact=contact)


def composer_for(
    by: Principal, contact: Contact, position: Position, key: str = "", said: Mapping[str, Any] | None = None
) -> Composer:
    """The composer open at a deed; without one, at the note."""
    user = by.user
    if user is None or not by.may("events:write") or contact.erased_at:
        return Composer([], None, None)
    deed = DEEDS[key or "note"]
    form = deed.form(said, contact=contact, user=user, initial=_initial(deed, position))
    return Composer(open_to(by, contact, position), deed, form)


def _initial(deed: Deed, position: Position) -> dict[str, Any]:
    if deed.key != "move" or position.stage_id is None:
        return {}
    here = Stage.objects.filter(pk=position.stage_id).first()
    return {"stage": here.key, "seen": here.key} if here else {}


def _tell(form: DeedForm, error: ValidationError) -> None:
    """What a service refused, at the field it speaks of where the form has it."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, errors)
