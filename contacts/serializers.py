"""What programs say about people and companies, turned into ours or refused with a pointer to each mistake."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import empty

from rest.bodies import refuse_unknown_fields
from rest.problems import FieldError, Problem
from staff.models import Team, User

from .attributes import normal_attribute
from .matching import normal_domain
from .models import Company, Contact, CustomField, FieldKind, Joining, MembershipRole
from .projecting import fits
from .services import NewContact

MOST_DOMAINS: Final = 50


class Body(serializers.Serializer[Any]):
    """A body of which every field is known: one that is not is refused, one we decide ourselves is forbidden."""

    decided_by_us: frozenset[str] = frozenset()

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, Mapping):
            ours = sorted(self.decided_by_us & data.keys())
            if ours:
                errors = [FieldError(f"/{name}", "field-not-writable", "") for name in ours]
                raise Problem("field-not-writable", errors=errors)
        refuse_unknown_fields(data, set(self.fields))
        return super().run_validation(data)


@extend_schema_field(OpenApiTypes.STR)
class Detail(serializers.Field[Any, Any, Any, Any]):
    """A detail of a person, read by the rules that hold for it everywhere."""

    def __init__(self, words: Any, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, help_text=words, **options)
        self.words = words

    def to_internal_value(self, data: Any) -> Any:
        try:
            return normal_attribute(str(self.field_name), data) or None
        except ValueError:
            raise serializers.ValidationError(self.words, code="invalid") from None


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Details(Detail):
    """Several of a kind, the main one first."""


@extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
class Custom(serializers.Field[Any, Any, Any, Any]):
    """Values of declared fields; null takes one away."""

    def __init__(self, of: str) -> None:
        super().__init__(required=False, help_text=_("Values of the custom fields that are declared."))
        self.of = of

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError(_("It is an object."), code="invalid")
        declared = {field.key: field for field in CustomField.objects.filter(of=self.of)}
        errors = {}
        for key, value in data.items():
            if key not in declared:
                errors[key] = serializers.ValidationError(_("No such field is declared."), code="unknown-field").detail
            elif value is not None and not fits(declared[key], value):
                errors[key] = serializers.ValidationError(_meaning(declared[key]), code="invalid").detail
        if errors:
            raise serializers.ValidationError(errors)
        return dict(data)


def _meaning(field: CustomField) -> Any:
    words = {
        FieldKind.TEXT: _("It is a text."),
        FieldKind.NUMBER: _("It is a number."),
        FieldKind.YES_NO: _("It is true or false."),
        FieldKind.DATE: _("It is a date such as 2026-03-01."),
    }
    choices = _("It is one of: %(choices)s.") % {"choices": ", ".join(field.choices)}
    return words.get(FieldKind(field.kind), choices)


class RowId(serializers.IntegerField):
    """A row of ours, by its id."""

    def __init__(self, exists: Callable[[int], bool], words: Any, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, help_text=words, **options)
        self.exists = exists

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        found = super().to_internal_value(data)
        if not self.exists(found):
            raise serializers.ValidationError(_("There is no such row."), code="does_not_exist")
        return found


def _owner(pk: int) -> bool:
    return User.objects.filter(pk=pk, is_active=True).exists()


def _team(pk: int) -> bool:
    return Team.objects.filter(pk=pk).exists()


class ContactBody(Body):
    """The details of a person. Null takes one away."""

    decided_by_us = frozenset(
        {
            *("id", "is_known", "source", "created_at", "updated_at", "version", "merged_ids", "companies"),
            *("external_ids", "user_ids", "position", "stage", "health", "standing", "score", "leader"),
        }
    )

    name = Detail(_("A name of at most 200 characters."))
    email = Detail(_("An e-mail address; it becomes the main one."))
    emails = Details(_("All e-mail addresses, the main one first, at most 20."))
    phone = Detail(_("A phone number with its country code, such as +358401234567; it becomes the main one."))
    phones = Details(_("All phone numbers, the main one first, at most 20."))
    title = Detail(_("What they do, in at most 120 characters."))
    country = Detail(_("A country: FI, Finland, Suomi."))
    language = Detail(_("A language such as fi or pt-BR."))
    time_zone = Detail(_("A time zone such as Europe/Helsinki."))
    company = Detail(_("The name of a company; they get a place in it."))
    fit = Detail(_("How well they fit us, a letter from A to F."))
    tags = Details(_("All tags, each of at most 40 characters, at most 50."))
    owner = RowId(_owner, _("Who is responsible: the id of a member of staff."), required=False, allow_null=True)
    team = RowId(_team, _("The id of a team."), required=False, allow_null=True)
    custom = Custom("contact")

    def attributes(self) -> dict[str, Any]:
        """The details as an event says them: flat."""
        said = {name: value for name, value in self.validated_data.items() if name not in _NOT_DETAILS}
        return {**said, **self.validated_data.get("custom", {})}


_NOT_DETAILS: Final = frozenset({"custom", "external_id", "user_id", "campaign"})


class NewContactBody(ContactBody):
    """A person to be created; what other systems call them is said now or by events."""

    external_id = serializers.CharField(required=False, max_length=254, help_text=_("Your own id of this person."))
    user_id = serializers.CharField(required=False, max_length=254, help_text=_("Their user id with you."))
    campaign = serializers.CharField(required=False, max_length=80, help_text=_("What campaign brought them."))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.get(name) for name in _NAMING):
            raise serializers.ValidationError(
                _("Somebody needs a name, an e-mail address, a phone number or an id."), code="missing-identity"
            )
        return attrs

    def new(self) -> NewContact:
        said = self.validated_data
        return NewContact(
            attributes={name: value for name, value in self.attributes().items() if value is not None},
            external_id=said.get("external_id"),
            user_id=said.get("user_id"),
            campaign=said.get("campaign"),
        )


_NAMING: Final = ("name", "email", "emails", "phone", "phones", "external_id", "user_id")


class CompanyBody(Body):
    """A company."""

    decided_by_us = frozenset({"id", "created_at", "updated_at", "version"})

    name = serializers.CharField(max_length=200)
    domains = serializers.ListField(
        child=serializers.CharField(max_length=253), max_length=MOST_DOMAINS, required=False
    )
    joining = serializers.ChoiceField(choices=Joining.choices, required=False)
    country = Detail(_("A country: FI, Finland, Suomi."))
    external_id = serializers.CharField(max_length=254, required=False, allow_null=True)
    owner = RowId(_owner, _("Who is responsible: the id of a member of staff."), required=False, allow_null=True)
    team = RowId(_team, _("The id of a team."), required=False, allow_null=True)
    custom = Custom("company")

    def validate_domains(self, domains: list[str]) -> list[str]:
        found = [normal_domain(domain) for domain in domains]
        wrong = [str(at) for at, domain in enumerate(found) if domain is None]
        if wrong:
            raise serializers.ValidationError(dict.fromkeys(wrong, _("It is no domain such as example.com.")))
        return list(dict.fromkeys(domain for domain in found if domain))

    def columns(self, custom: Mapping[str, Any]) -> dict[str, Any]:
        """What was said, by column; `custom` is what the company has so far."""
        said = dict(self.validated_data)
        for name in ("owner", "team"):
            if name in said:
                said[f"{name}_id"] = said.pop(name)
        if "country" in said:
            said["country"] = said["country"] or ""
        if "custom" in said:
            said["custom"] = {key: value for key, value in {**custom, **said["custom"]}.items() if value is not None}
        return said


class MembershipBody(Body):
    """Somebody's place in a company."""

    decided_by_us = frozenset({"id"})

    role = serializers.ChoiceField(choices=MembershipRole.choices, required=False, allow_blank=True)
    title = serializers.CharField(max_length=120, required=False, allow_blank=True)
    since = serializers.DateField(required=False, allow_null=True)
    until = serializers.DateField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("since") and attrs.get("until") and attrs["until"] < attrs["since"]:
            raise serializers.ValidationError({"until": _("It ends before it begins.")}, code="ends_before_start")
        return attrs


class NewMembershipBody(MembershipBody):
    contact = RowId(lambda pk: Contact.objects.filter(pk=pk, erased_at=None).exists(), _("The id of a contact."))
    company = RowId(lambda pk: Company.objects.filter(pk=pk).exists(), _("The id of a company."))


class CustomFieldBody(Body):
    """A field of contacts or companies beyond the built-in ones."""

    decided_by_us = frozenset({"id"})

    of = serializers.ChoiceField(choices=[("contact", _("contact")), ("company", _("company"))])
    key = serializers.RegexField(
        r"^[a-z][a-z0-9_]*\Z", max_length=40, help_text=_("Small letters, digits, underscores.")
    )
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=FieldKind.choices, default=FieldKind.TEXT)
    choices = serializers.ListField(child=serializers.CharField(max_length=80), max_length=200, required=False)


class CustomFieldChanges(Body):
    """What may change of a declared field: its key and kind never do."""

    decided_by_us = frozenset({"id", "of", "key", "kind"})

    label = serializers.CharField(max_length=80, required=False)  # type: ignore[assignment]
    choices = serializers.ListField(child=serializers.CharField(max_length=80), max_length=200, required=False)


class BatchBody(Body):
    """Up to 1000 people, each taken by itself."""

    contacts = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=1000)
    on_existing = serializers.ChoiceField(choices=["refuse", "update"], default="refuse")
