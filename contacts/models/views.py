"""Lists that people keep: a filter, an order and columns under a name."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from staff.models import Team
from staff.policy import Principal


class Shared(models.TextChoices):
    NOBODY = "nobody", _("only me")
    TEAM = "team", _("my team")
    EVERYBODY = "everybody", _("everybody")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, principal: Principal) -> Self:
        """One's own and those shared with one; a program sees those shared with everybody."""
        user = principal.user
        if user is None:
            return self.filter(shared=Shared.EVERYBODY)
        whose = Q(owner=user) | Q(shared=Shared.EVERYBODY)
        if user.team_id is not None:
            whose |= Q(shared=Shared.TEAM, team=user.team_id)
        return self.filter(whose)

    def editable_by(self, principal: Principal) -> Self:
        """One's own; for a program those it may see of whoever made its key."""
        if principal.user:
            return self.filter(owner=principal.user)
        return self.visible_to(principal).filter(owner=principal.key.created_by_id) if principal.key else self.none()


class SavedView(models.Model):
    """A list of people under a name. `filter` is a document of contacts.filtering; empty parts ask for nothing."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(_("name"), max_length=60)
    shared = models.CharField(_("seen by"), max_length=10, choices=Shared, default=Shared.NOBODY)
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    filter = models.JSONField(null=True, blank=True)
    words = models.CharField(max_length=200, blank=True)
    ordering = models.CharField(max_length=40, blank=True)
    columns = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    is_default = models.BooleanField(_("opens first"), default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(shared__in=Shared.values), name="view_shared_known"),
            models.CheckConstraint(condition=~Q(shared=Shared.TEAM) | Q(team__isnull=False), name="view_of_a_team"),
            models.CheckConstraint(condition=~Q(name=""), name="view_has_a_name"),
            models.UniqueConstraint("owner", Lower("name"), name="one_view_per_name"),
            models.UniqueConstraint(fields=["owner"], condition=Q(is_default=True), name="one_view_opens_first"),
        ]

    def __str__(self) -> str:
        return self.name
