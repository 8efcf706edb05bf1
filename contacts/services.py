"""The one door for people and companies: whoever creates or changes them, does it here."""

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext as _

from contacts.models import Source, SourceKind, Trust


def ensure_source(*, name: str, trust: Trust, kind: SourceKind = SourceKind.API) -> Source:
    """The source called `name`, made when it is missing; its key is the name in plain letters."""
    key = slugify(name)[:40].strip("-")
    if not key:
        raise ValidationError(_("The name of a source needs a letter from a to z or a digit."), code="source_name")
    source, _made = Source.objects.get_or_create(key=key, defaults={"name": name, "kind": kind, "trust": trust})
    return source
