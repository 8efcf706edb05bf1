"""Links that tell which campaign somebody came by, and how often they were opened."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .plan import Campaign


class Link(models.Model):
    """An address of a member of staff's choosing behind a short one of ours; the UTM fields are added on the way."""

    token = models.CharField(max_length=22, unique=True, db_collation="C")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="links")
    url = models.URLField(_("address"), max_length=1000)
    source = models.CharField(_("source"), max_length=80)
    medium = models.CharField(_("medium"), max_length=80)
    term = models.CharField(_("term"), max_length=80, blank=True)
    content = models.CharField(_("content"), max_length=80, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "url", "source", "medium", "term", "content"], name="one_link_of_a_kind"
            ),
            models.CheckConstraint(condition=Q(url__regex=r"^https?://"), name="link_leads_to_the_web"),
        ]

    def __str__(self) -> str:
        return self.token


class LinkDay(models.Model):
    """How often a link was opened on a day of the organisation: by people, and by what is surely none."""

    pk = models.CompositePrimaryKey("link", "day")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    clicks = models.BigIntegerField(default=0)
    left_out = models.BigIntegerField(default=0)
