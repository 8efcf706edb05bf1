"""A believable world, person by person: the same seed and number give the same person, in whatever process.

Pure: knows neither the database nor the clock. Somebody is met by a channel, may warm up, ask, buy, come back in an
interval of their own, cool, ask for money back, or bring others; the rest of their events is the noise around it.
"""

import random
from bisect import bisect
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from typing import Any, Final, NamedTuple

from crm.world import names

SOURCES: Final = {  # key: (name, kind, trust)
    "website": ("Website", "segment", "public"),
    "shop": ("Web shop", "api", "trusted"),
    "ads": ("Ad platforms", "api", "trusted"),
    "mailer": ("Newsletter", "api", "trusted"),
    "fairs": ("Fairs and lists", "import", "trusted"),
}
CAMPAIGNS: Final = {  # key: (name, channel)
    "spring-back": ("A back that lasts, spring", "owned"),
    "instagram-always": ("Instagram, always on", "paid"),
    "search-brand": ("Search ads", "paid"),
    "fair-tampere": ("Tampere fair", "earned"),
    "winback": ("We miss you", "owned"),
}
CHANNELS: Final = (("website", None), ("ads", "instagram-always"), ("ads", "search-brand"), ("fairs", "fair-tampere"),
                   ("mailer", "spring-back"))  # fmt: skip
CHANNEL_WEIGHTS: Final = (24, 18, 12, 24, 22)
LISTED: Final = frozenset({"fairs", "mailer"})  # whoever comes from there came with a name
# How the events are shared out among a hundred people in turn: few have many. Sums to 100.
SHARES: Final = (0.2,) * 40 + (0.6,) * 30 + (1.6,) * 20 + (4.2,) * 10
YEARS_BACK: Final = 2
LATE: Final = 0.02  # this share of the events is learned hours or days afterwards
DAY: Final = 86400.0


class Happening(NamedTuple):
    """An event of the world: seconds since 1970, and what the log wants to know of it."""

    at: float
    type: str
    source: str
    campaign: str | None = None
    value_minor: int | None = None
    properties: dict[str, Any] = {}
    learned_after: float = 0.5


class Somebody(NamedTuple):
    number: int
    name: str
    email: str
    phone: str
    title: str
    country: str
    company: int | None
    is_known: bool
    origin: str
    campaign: str | None
    has_account: bool
    happenings: list[Happening]


def company_name(seed: int, number: int) -> str:
    chance = random.Random(f"{seed}:company:{number}")  # noqa: S311
    return f"{chance.choice(names.COMPANY)} {chance.choice(names.TRADE)} {chance.choice(names.FORM)}"


def company_domain(seed: int, number: int) -> str:
    stem = company_name(seed, number).rsplit(" ", 1)[0].lower().replace(" ", "-")
    return f"{stem.replace('ä', 'a').replace('ö', 'o')}-{number}.example"


class World:
    """`contacts` people with `events` events between them, all before `anchor`."""

    def __init__(
        self, seed: int, contacts: int, events: int, anchor: datetime, *, leak: tuple[int, int] | None = None
    ) -> None:
        self.seed, self.contacts, self.events = seed, contacts, events
        self.companies = max(1, contacts // 12)
        self.end = anchor.astimezone(UTC).timestamp()
        # between so many days before the end, nobody but those met at fairs found a form to ask with
        self.leak = (self.end - leak[0] * DAY, self.end - leak[1] * DAY) if leak else (self.end, self.end)
        shares = [SHARES[(place * 37) % 100] for place in range(100)]
        self.summed = [0.0, *accumulate(shares)]
        self.whole = self._shares_before(contacts)

    def people(self, first: int, last: int) -> Iterator[Somebody]:
        """Those with the numbers first <= n < last."""
        return (self.somebody(number) for number in range(first, last))

    def share(self, number: int) -> int:
        """How many events this person has; over all numbers they add up to `events` exactly."""
        return self._shared_before(number + 1) - self._shared_before(number)

    def somebody(self, number: int) -> Somebody:
        chance = random.Random(self.seed << 32 ^ number)  # noqa: S311
        origin, campaign = chance.choices(CHANNELS, cum_weights=_CHANNEL_SUMS)[0]
        story = _Story(chance, self.share(number), self.end, origin, campaign, self.leak)
        happenings = story.told()
        is_known = story.is_known
        first, last = chance.choice(names.FIRST), chance.choice(names.LAST)
        company = chance.randrange(self.companies) if is_known and chance.random() < 0.6 else None
        domain = "mail.example" if company is None else company_domain(self.seed, company)
        return Somebody(
            number=number,
            name=f"{first} {last}" if is_known else "",
            email=f"{plain(first)}.{plain(last)}.{number}@{domain}" if is_known else "",
            phone=f"+358457{number % 10_000_000:07d}" if is_known and chance.random() < 0.5 else "",
            title=chance.choice(names.TITLES) if company is not None else "",
            country=chance.choice(names.COUNTRIES) if is_known else "",
            company=company,
            is_known=is_known,
            origin=origin,
            campaign=campaign,
            has_account=story.has_bought,
            happenings=happenings,
        )

    def _shared_before(self, number: int) -> int:
        return round(self.events * self._shares_before(number) / self.whole)

    def _shares_before(self, number: int) -> float:
        hundreds, rest = divmod(number, 100)
        return hundreds * 100 + self.summed[rest]


class _Story:
    """What happens to one person, in the order of its time; cut short when the events run out."""

    def __init__(
        self,
        chance: random.Random,
        most: int,
        end: float,
        origin: str,
        campaign: str | None,
        leak: tuple[float, float],
    ) -> None:
        self.leak = leak
        self.chance, self.most, self.end, self.origin, self.campaign = chance, most, end, origin, campaign
        self.now = end - YEARS_BACK * 365 * DAY * chance.random() ** 1.4
        self.begun = self.now
        self.happenings: list[Happening] = []
        self.has_bought = False
        self.is_known = False
        self.order = 0

    def told(self) -> list[Happening]:
        self._meet()
        if self.chance.random() < (0.9 if self.most > 20 else 0.5):
            self._warm_up()
            if self.chance.random() < (0.8 if self.most > 20 else 0.55) and not self._finds_no_form():
                self._ask()
                if self.chance.random() < (0.75 if self.most > 20 else 0.45):
                    self._buy()
                else:
                    self._turn_away()
        story = [one for one in self._introduced() if one.at < self.end][: self.most]
        self.has_bought = any(one.type == "order_completed" for one in story)
        self.is_known = any(one.type in _GIVING_DETAILS for one in story)
        return story + [self._noise() for _ in range(self.most - len(story))]

    def _finds_no_form(self) -> bool:
        return self.origin != "fairs" and self.leak[0] <= self.now < self.leak[1]

    def _introduced(self) -> Iterator[Happening]:
        """With the first thing that takes a name comes the name."""
        is_nameless = self.origin not in LISTED
        for one in self.happenings:
            if is_nameless and one.type in _TAKING_A_NAME:
                is_nameless = False
                yield one._replace(type="attributes_changed", value_minor=None, properties={})
            yield one

    def _say(
        self, type_: str, source: str, *, campaign: str | None = None, value: int | None = None, **properties: Any
    ) -> None:
        self.happenings.append(
            Happening(self.now, type_, source, campaign or self.campaign, value, properties, self._learned_after())
        )

    def _later(self, days: float) -> None:
        self.now += self.chance.expovariate(1 / days) * DAY + 60

    def _learned_after(self) -> float:
        return self.chance.uniform(1, 10) * DAY if self.chance.random() < LATE else 0.5

    def _meet(self) -> None:
        match self.origin:
            case "ads":
                self._say("ad_viewed", "ads")
            case "fairs" | "mailer":
                self._say("contact_created", self.origin)
            case _:
                self._say("page_viewed", "website", path="/")
        self._later(4)

    def _warm_up(self) -> None:
        if self.origin == "ads" or self.chance.random() < 0.4:
            self._say("ad_clicked", "ads")
        for _ in range(self.chance.randint(2, 4)):
            self._later(1.5)
            self._say("page_viewed", "website", path=self.chance.choice(names.PAGES))
        self._later(12)

    def _ask(self) -> None:
        asked = self.chance.choices(
            ("form_submitted", "content_downloaded", "newsletter_subscribed", "quote_requested", "message_received"),
            (30, 35, 20, 10, 5),
        )[0]
        is_guide = asked == "content_downloaded"
        details: dict[str, Any] = {"kind": "guide", "title": self.chance.choice(names.GUIDES)} if is_guide else {}
        self._say(asked, "website", **details)
        self._later(20)

    def _buy(self) -> None:
        interval = self.chance.lognormvariate(4.0, 0.7)  # days; each has an own rhythm
        self._order()
        while self.chance.random() < 0.62 and self.now < self.end:
            self._later(interval)
            self._order()
            if self.chance.random() < 0.05:
                self._later(5)
                self._say("feedback_given", "shop", score=self.chance.choice((3, 6, 8, 9, 9, 10)))
            if self.chance.random() < 0.04:
                self._later(5)
                self._say(self.chance.choice(("referral_made", "review_posted")), "shop")

    def _order(self) -> None:
        self.order += 1
        value = round(self.chance.lognormvariate(4.6, 0.8) * 100)
        number = f"{self.chance.getrandbits(40):010x}"
        product = self.chance.choice(names.PRODUCTS)
        self._say("order_completed", "shop", value=value, order_id=number, product=product)
        if self.chance.random() < 0.05:
            self._later(6)
            self._say("order_refunded", "shop", value=value, order_id=number)

    def _turn_away(self) -> None:
        drawn = self.chance.random()
        if drawn < 0.10:
            until = datetime.fromtimestamp(self.now + 60 * DAY, UTC).date()
            self._say("postponed", "shop", until=until.isoformat())
        elif drawn < 0.22:
            self._say("disqualified", "shop", reason=self.chance.choice(("no budget", "no need", "went elsewhere")))

    def _noise(self) -> Happening:
        drawn = self.chance.random
        at = self.begun + (self.end - self.begun) * drawn() * 0.999
        type_, source = _NOISE[min(bisect(_NOISE_SUMS, drawn()), len(_NOISE) - 1)]
        properties = _PATHS[int(drawn() * len(_PATHS))] if type_ == "page_viewed" else _NOTHING
        return Happening(at, type_, source, None, None, properties, 0.5 if drawn() > LATE else 3 * DAY * drawn())


_GIVING_DETAILS: Final = frozenset({"contact_created", "attributes_changed"})
_TAKING_A_NAME: Final = frozenset(
    ("form_submitted", "content_downloaded", "newsletter_subscribed", "quote_requested", "message_received",
     "order_completed")
)  # fmt: skip
_CHANNEL_SUMS = list(accumulate(CHANNEL_WEIGHTS))
_NOISE = (("ad_viewed", "ads"), ("email_sent", "mailer"), ("email_opened", "mailer"), ("page_viewed", "website"))
_NOISE_SUMS = list(accumulate((0.38, 0.26, 0.16, 0.20)))
_NOTHING: Final[dict[str, Any]] = {}
_PATHS: Final = [{"path": path} for path in names.PAGES]
_PLAIN = str.maketrans("äöåÄÖÅéèêëïíñõóúçłśżź'", "aoaaoaeeeeiinoouclszz-")


def plain(name: str) -> str:
    return name.lower().translate(_PLAIN).encode("ascii", "ignore").decode()
