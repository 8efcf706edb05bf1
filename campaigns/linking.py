"""Links with UTM fields behind short ones: made by staff, opened by anybody, counted by the day."""

import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign, Link
from campaigns.robots import is_robot
from staff import audit
from staff.policy import Principal


@dataclass(frozen=True, slots=True)
class Visit:
    """What a request for a link tells of whoever sent it."""

    method: str
    agent: str
    purpose: str  # of Sec-Purpose, Purpose, X-Purpose or X-Moz

    @property
    def is_by_somebody(self) -> bool:
        """No more than a good guess: who hides that they are a machine is counted."""
        fetched_ahead = "prefetch" in self.purpose.lower() or "preview" in self.purpose.lower()
        return self.method == "GET" and not fetched_ahead and not is_robot(self.agent)


@transaction.atomic
def make_link(
    *, campaign: Campaign, by: Principal, url: str, source: str, medium: str, term: str = "", content: str = ""
) -> Link:
    """A short link to `url` with the campaign's UTM fields; the same again is the link there is."""
    said = {name: text.strip() for name, text in _named(url, source, medium, term, content).items()}
    link = Link(campaign=campaign, token=secrets.token_urlsafe(6), by=by.user, **said)
    _check_address(link.url)
    link.clean_fields(exclude={"by"})
    known = Link.objects.filter(campaign=campaign, **said).first()
    if known:
        return known
    link.save()
    audit.record(by=by, action="link_made", kind="campaign", row=campaign.pk, link=link.pk)
    return link


def _named(url: str, source: str, medium: str, term: str, content: str) -> dict[str, str]:
    return {"url": url, "source": source, "medium": medium, "term": term, "content": content}


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_web = False
    if not is_web:
        raise ValidationError({"url": _("An address of the web, such as https://example.com/offer.")}, code="not_web")


def long_address(link: Link) -> str:
    """Where it leads: the address with the UTM fields of the link in place of those it had."""
    return tagged(link.url, link.source, link.medium, link.campaign.key, link.term, link.content)


@lru_cache(maxsize=2000)
def tagged(url: str, source: str, medium: str, campaign: str, term: str, content: str) -> str:
    """The same of what is known of a link. Pure."""
    fields = {
        "utm_source": source, "utm_medium": medium, "utm_campaign": campaign, "utm_term": term, "utm_content": content,
    }  # fmt: skip
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in fields]
    query = urlencode([*kept, *((name, value) for name, value in fields.items() if value)])
    return urlunsplit(parts._replace(query=query))


_COUNT: Final = """
    INSERT INTO campaigns_linkday AS now (link_id, day, clicks, left_out) VALUES (%(link)s, %(day)s, %(n)s, %(other)s)
    ON CONFLICT (link_id, day) DO UPDATE SET clicks = now.clicks + excluded.clicks,
                                             left_out = now.left_out + excluded.left_out
"""


def open_link(*, token: str, visit: Visit) -> str | None:
    """Where the link leads, its opening counted; nothing where there is no such link."""
    link = Link.objects.select_related("campaign").filter(token=token).first()
    if link is None:
        return None
    today = timezone.localtime(timezone.now(), timezone.get_default_timezone()).date()
    somebody = int(visit.is_by_somebody)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"link": link.pk, "day": today, "n": somebody, "other": 1 - somebody})
    return long_address(link)
