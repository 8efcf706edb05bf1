"""Who they are: contacts, companies, who works where, by what they are recognised, and who is who."""

from collections.abc import Collection
from datetime import date
from typing import Any, Final, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db import models
from django.db.models import CharField, F, Func, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Now, Trim
from django.utils.translation import gettext_lazy as _

from staff.models import Team
from staff.policy import Principal, rows_visible_to

from .. import sampling
from ..matching import search_parts, search_query


class Mentions(Func):
    """Whether a row's `search` holds all that a tsquery asks for."""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = models.BooleanField()

    def __init__(self, query: str) -> None:
        super().__init__(F("search"), Cast(Value(query), SearchQueryField()))


class Checks(Mentions):
    """The same, asked of rows that come some other way: no index serves it, and the planner takes it for one in two."""

    template = "CASE WHEN %(expressions)s THEN TRUE END"


class ContactQuerySet(models.QuerySet["Contact"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(rows_visible_to(principal))

    def mentioning(self, typed: str) -> Self:
        """Those in whose name, title, companies, addresses or numbers each typed word begins a word."""
        parts = search_parts(typed)
        if not parts:
            return self.none()
        sought, checked = sampling.divided(parts)
        found = self.filter(Mentions(" & ".join(sought)))
        return found.filter(Checks(" & ".join(checked))) if checked else found

    def known(self) -> Self:
        """People, not visitors."""
        return self.filter(is_known=True)

    def leaders(self) -> Self:
        """One row a person: merged contacts are spoken for by their leader."""
        return self.filter(leader_id=F("id"))

    def listed(self) -> Self:
        """The people that lists show: known, not erased, one row each."""
        return self.filter(is_listed=True)

    def led_by(self, leader_ids: Collection[int]) -> Self:
        """These leaders and all their members; said in two parts, for the index of members holds no leaders."""
        return self.filter(Q(pk__in=leader_ids) | Q(leader_id__in=leader_ids) & ~Q(leader_id=F("id")))


class Contact(models.Model):
    """A person, or a visitor we know nothing of yet (`is_known` false: no name, e-mail, phone, user or external id).

    `leader` is the contact itself or, once merged, the oldest contact of the same person.
    `search` and `sort_key` are made from the other fields by `contacts.matching`, never by hand.
    """

    leader = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="members",
        db_default=RawSQL("currval('contacts_contact_id_seq')", ()),
    )
    is_known = models.BooleanField(default=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    emails = ArrayField(models.EmailField(max_length=254), default=list, blank=True)
    phones = ArrayField(models.CharField(max_length=20), default=list, blank=True)  # E.164
    title = models.CharField(_("title"), max_length=120, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="contacts"
    )
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="contacts")
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, db_default=[], blank=True)
    origin_source = models.ForeignKey(
        "contacts.Source", on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    origin_campaign = models.CharField(max_length=80, blank=True, db_collation="C")
    origin_note = models.CharField(max_length=200, blank=True)  # the provenance of a bought or borrowed list
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)  # the ETag of edits
    erased_at = models.DateTimeField(null=True, blank=True)
    sort_key = models.CharField(max_length=220, blank=True, db_collation="C")
    search = SearchVectorField(null=True)
    # One column, for the planner knows how many rows a column holds for, not how many lead themselves.
    is_listed = models.GeneratedField(
        expression=Q(is_known=True, erased_at=None, leader_id=F("id")),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(leader_id__lte=F("id")), name="contact_led_by_the_oldest"),
        ]
        indexes = [
            models.Index(fields=["leader"], condition=~Q(leader_id=F("id")), name="contact_members"),
            models.Index(fields=["sort_key", "id"], condition=Q(is_listed=True), name="contact_by_name"),
            models.Index(fields=["created_at", "id"], condition=Q(is_listed=True), name="contact_by_creation"),
            models.Index(F("phones__0"), "id", condition=Q(is_listed=True) & ~Q(phones=[]), name="contact_by_phone"),
            models.Index(
                fields=["owner", "created_at", "id"],
                condition=Q(is_listed=True, owner__isnull=False),
                name="contact_by_owner",
            ),
            models.Index(
                fields=["team", "created_at", "id"],
                condition=Q(is_listed=True, team__isnull=False),
                name="contact_by_team",
            ),
            models.Index(
                fields=["country", "created_at", "id"],
                condition=Q(is_listed=True) & ~Q(country=""),
                name="contact_by_country",
            ),
            models.Index(
                fields=["origin_campaign", "created_at", "id"],
                condition=Q(is_listed=True) & ~Q(origin_campaign=""),
                name="contact_by_campaign",
            ),
            models.Index(
                fields=["origin_source", "created_at", "id"], condition=Q(is_listed=True), name="contact_by_source"
            ),
            models.Index(fields=["updated_at", "id"], name="contact_by_change"),
            GinIndex(fields=["search"], name="contact_by_word"),
            GinIndex(fields=["tags"], condition=~Q(tags=[]), name="contact_by_tag"),
        ]

    def __str__(self) -> str:
        return self.name or (self.emails[0] if self.emails else f"#{self.pk}")

    @property
    def fit(self) -> str:
        """How well they suit us, from A to F, where somebody has said so."""
        return str(self.custom.get("fit", ""))


class Tag(models.Model):
    """A tag somebody gave at least once, so that the next one finds it while typing."""

    name = models.CharField(max_length=40, primary_key=True, db_collation="C")

    def __str__(self) -> str:
        return self.name


class FieldKind(models.TextChoices):
    TEXT = "text", _("text")
    NUMBER = "number", _("number")
    YES_NO = "yes_no", _("yes or no")
    DATE = "date", _("date")
    CHOICE = "choice", _("choice")


class CustomField(models.Model):
    """A declared field of contacts or companies beyond the built-in ones; values live in their `custom`."""

    of = models.CharField(max_length=8, choices=[("contact", _("contact")), ("company", _("company"))])
    key = models.CharField(max_length=40, db_collation="C")
    label = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=FieldKind, default=FieldKind.TEXT)
    choices = ArrayField(models.CharField(max_length=80), default=list, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["of", "key"], name="one_custom_field_per_key"),
            models.CheckConstraint(condition=Q(kind__in=FieldKind.values), name="custom_field_kind_known"),
            models.CheckConstraint(condition=Q(of__in=["contact", "company"]), name="custom_field_of_known"),
            models.CheckConstraint(condition=Q(key__regex=r"^[a-z][a-z0-9_]*$"), name="custom_field_key_plain"),
        ]

    def __str__(self) -> str:
        return self.label


_FORMS: Final = "oy oyj ab ltd limited inc llc gmbh ag as a s aps bv nv sa sarl srl spa plc co corp ky tmi ry"
COMPANY_FORMS: Final = frozenset(_FORMS.split())


def _replaced(text: Any, pattern: str) -> Func:
    return Func(text, Value(pattern), Value(" "), Value("g"), function="regexp_replace", output_field=CharField())


def core_of_name() -> Trim:
    """The name of a company without its form (Oy, Ltd ...) and its punctuation, by which an index finds it."""
    bare = _replaced(F("sort_key"), rf"\m({'|'.join(_FORMS.split())})\M")
    return Trim(_replaced(bare, "[[:punct:][:space:]]+"))


class CompanyQuerySet(models.QuerySet["Company"]):
    def visible_to(self, principal: Principal) -> Self:
        """Not those that turned out to be another."""
        return self.filter(rows_visible_to(principal), merged_into=None)

    def mentioning(self, typed: str) -> Self:
        query = search_query(typed)
        return self.filter(Mentions(query)) if query else self.none()


class Joining(models.TextChoices):
    """What an address at one of its domains does for somebody who has no place in the company yet."""

    NOTHING = "nothing", _("Nothing")
    PROPOSE = "propose", _("Propose the person")
    JOIN = "join", _("Give the person a place")


NEVER: Final = date(1900, 1, 1)  # a day before everything that is recorded


class Company(models.Model):
    """An organisation people work for. Its domains find it for new contacts.

    `people` and `heard_on` are counted after whatever changes them (`CompanyMark`), for lists to sort by.
    """

    name = models.CharField(_("name"), max_length=200)
    domains = ArrayField(models.CharField(max_length=253), default=list, blank=True)
    joining = models.CharField(max_length=8, choices=Joining, default=Joining.PROPOSE, db_default=Joining.PROPOSE)
    country = models.CharField(_("country"), max_length=2, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="companies"
    )
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="companies")
    custom = models.JSONField(default=dict, blank=True)
    external_id = models.CharField(max_length=254, null=True, blank=True, unique=True, db_collation="C")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now())
    version = models.PositiveIntegerField(default=1)
    sort_key = models.CharField(max_length=220, blank=True, db_collation="C")
    search = SearchVectorField(null=True)
    people = models.IntegerField(default=0, db_default=0, editable=False)
    heard_on = models.DateField(default=NEVER, db_default=NEVER, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+", db_index=False
    )

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.CheckConstraint(condition=Q(joining__in=Joining.values), name="company_joining_known"),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="company_by_creation"),
            models.Index(fields=["owner", "sort_key", "id"], name="company_by_owner"),
            GinIndex(fields=["domains"], condition=Q(joining=Joining.JOIN), name="company_that_joins"),
            models.Index(fields=["sort_key", "id"], name="company_by_name"),
            models.Index(fields=["updated_at", "id"], name="company_by_change"),
            models.Index(fields=["people", "id"], name="company_by_people"),
            models.Index(fields=["heard_on", "id"], name="company_by_hearing"),
            GinIndex(fields=["domains"], name="company_by_domain"),
            GinIndex(fields=["search"], name="company_by_word"),
            models.Index(core_of_name(), "id", condition=Q(merged_into=None), name="company_by_core"),
        ]

    def __str__(self) -> str:
        return self.name


class CompanyMark(models.Model):
    """Count the people of this company anew. Only ever inserted; whoever counts deletes the marks it took."""

    company = models.ForeignKey(
        Company, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["company"], name="company_marked")]


class NameMark(models.Model):
    """Have this contact found by the names of their companies anew. Only ever inserted; whoever does it deletes the
    marks it took."""

    contact = models.ForeignKey(
        Contact, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )


class MembershipRole(models.TextChoices):
    DECISION_MAKER = "decision_maker", _("decision maker")
    INFLUENCER = "influencer", _("influencer")
    USER = "user", _("user")
    GATEKEEPER = "gatekeeper", _("gatekeeper")
    OPPONENT = "opponent", _("opponent")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def current(self) -> Self:
        return self.filter(until=None)

    def on(self, day: date) -> Self:
        """Those that hold on this day: begun, and not over. On the day it ends a place is over."""
        return self.filter(Q(since=None) | Q(since__lte=day), Q(until=None) | Q(until__gt=day))


class Membership(models.Model):
    """Somebody's place in a company, for as long as it lasts. One person may have several."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="memberships")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=MembershipRole, blank=True)
    title = models.CharField(max_length=120, blank=True)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    by_domain = models.BooleanField(default=False, db_default=False)  # an address gave it, nobody did

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "company"], condition=Q(until=None), name="one_current_membership_per_company"
            ),
            models.CheckConstraint(
                condition=Q(role="") | Q(role__in=MembershipRole.values), name="membership_role_known"
            ),
            models.CheckConstraint(
                condition=Q(since=None) | Q(until=None) | Q(until__gte=F("since")), name="membership_ends_after_start"
            ),
        ]


class IdentityKind(models.TextChoices):
    EMAIL = "email", _("e-mail")
    USER_ID = "user_id", _("user id")
    ANONYMOUS_ID = "anonymous_id", _("anonymous id")
    EXTERNAL = "external", _("external id")


class IdentityQuerySet(models.QuerySet["Identity"]):
    def live(self) -> Self:
        return self.filter(unlinked_at=None)


class Identity(models.Model):
    """A value by which a contact is recognised, for as long as the link holds. A phone number is not one."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, db_constraint=False, related_name="identities")
    kind = models.CharField(max_length=12, choices=IdentityKind)
    namespace = models.CharField(max_length=40, blank=True, db_collation="C")  # the source's key; empty for e-mail
    value = models.CharField(max_length=254, db_collation="C")
    linked_at = models.DateTimeField(db_default=Now())
    unlinked_at = models.DateTimeField(null=True, blank=True)

    objects = IdentityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "namespace", "value"],
                condition=Q(unlinked_at=None),
                name="one_live_owner_per_identity",
            ),
            models.CheckConstraint(condition=Q(kind__in=IdentityKind.values), name="identity_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=IdentityKind.EMAIL, namespace="") | ~Q(kind=IdentityKind.EMAIL) & ~Q(namespace=""),
                name="identity_namespace_fits_kind",
            ),
        ]


class MergeQuerySet(models.QuerySet["Merge"]):
    def live(self) -> Self:
        return self.filter(cut_at=None)


class Merge(models.Model):
    """We learned that two contacts are one person. Cutting the link gives both back exactly.

    Live merges never form a ring: joining two that are already one is refused.
    """

    older = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    newer = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())
    cut_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    cut_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    source = models.ForeignKey("contacts.Source", on_delete=models.PROTECT, null=True, related_name="+")
    fields = models.JSONField(default=dict, blank=True)  # the values chosen for the one person

    objects = MergeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(older_id__lt=F("newer_id")), name="merge_names_older_first"),
            models.CheckConstraint(condition=Q(cut_at=None) | Q(cut_at__gt=F("recorded_at")), name="merge_cut_later"),
            models.UniqueConstraint(
                fields=["older", "newer"], condition=Q(cut_at=None), name="one_live_merge_per_pair"
            ),
        ]
