"""How people walk by whose hands they are in, and what source and campaign brought them: kept, and as their moves would
tell it."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Q

from contacts.erasing import erase_contact, finish_erasures
from contacts.models import Contact
from funnel.advancing import advance_everything
from funnel.models import Pace
from funnel.pacing import Overview, Span, Walked, Whose, counted, overview, today_of
from funnel.pictures import Picture
from funnel.rebuilding import check_people, check_rollups, ranges
from funnel.spans import Days
from staff.models import Role, Team
from staff.policy import Principal
from staff.services import drop_team
from tests.factories import make_message, make_team, make_user, record
from tests.funnel.test_figures_of_worlds import Life
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


class Work(Life):
    """A life in which people are also given to owners and teams, and campaigns bring them."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.teams = [make_team() for _ in range(3)]
        self.staff = [make_user(team=team) for team in self.teams[:2]]

    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            others = [self.become_known, self.retract, self.merge, self.cut, self.publish, self.erase]
            self.chance.choice([self.event] * 8 + [self.give] * 5 + others)()
            if self.chance.random() < 0.5:
                advance_everything()
        advance_everything()

    def event(self) -> None:
        campaign = self.chance.choice([None, "fair", "mail"])
        message = make_message(
            self.chance.choice(["page_viewed", "content_downloaded", "disqualified"]),
            self.some_contact(),
            occurred_at=self.some_day(),
            campaign=campaign,
        )
        record(self.chance.choice(self.sources), message)
        super().event()

    def give(self) -> None:
        owner = self.chance.choice([None, *(user.pk for user in self.staff)])
        team = self.chance.choice([None, *Team.objects.values_list("pk", flat=True)])
        message = make_message("owner_changed", self.some_contact(), properties={"owner": owner, "team": team})
        record(self.sources[0], message)

    def merge(self) -> None:
        with suppress(ValidationError):  # one of them has been erased
            super().merge()

    def cut(self) -> None:
        with suppress(ValidationError):
            super().cut()

    def erase(self) -> None:
        there = Contact.objects.leaders().filter(erased_at=None).order_by("pk")
        if there.count() > 4:
            erase_contact(contact=self.chance.choice(there), by=self.by)
            assert finish_erasures() == 0


def spans() -> list[Span]:
    year = Days(today_of(Picture.now()) - 420, today_of(Picture.now()))
    return [Span(kind, year, each=each) for kind in Pace for each in (0, 7) if not each or kind == Pace.MOVED] + [
        Span(Pace.WENT_ON, year, within=30),
        Span(Pace.MOVED, year, visitors=True),
    ]


def everybody_asks(work: Work) -> dict[str, Whose]:
    program, seller = work.by, Principal(user=work.staff[0])
    admin = Principal(user=make_user(role=Role.ADMIN))
    asked = {
        "all": Whose(admin),
        "what a seller sees": Whose(seller),
        "a seller's own": Whose(seller, hands=Q(owner=work.staff[0])),
        "nobody's": Whose(admin, hands=Q(owner=None)),
        "a disabled program": Whose(program),
    }
    asked |= {f"owner {user.pk}": Whose(admin, hands=Q(owner=user)) for user in work.staff}
    asked |= {f"team {team.pk}": Whose(admin, hands=Q(team=team)) for team in Team.objects.all()}
    asked |= {campaign: Whose(admin, campaign=campaign) for campaign in ("fair", "mail", "unheard of")}
    both = [
        (f"{name}, from {source}, by {campaign}", replace(whose, source=source, campaign=campaign))
        for name, whose in asked.items()
        for source in (None, *(source.pk for source in work.sources))
        for campaign in ("", "fair", "mail")
        if not whose.campaign
    ]
    return asked | dict(work.chance.sample(both, 16))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_is_what_a_count_of_their_moves_gives_whoever_is_given_to_whom(seed):
    install()
    work = Work(seed)
    for _ in range(3):
        work.go_on(25)
        assert kept_and_counted(work) == []
    drop_team(team=work.teams[2], by=work.by)
    assert kept_and_counted(work) == []
    work.go_on(15)
    assert kept_and_counted(work) == []
    assert check_rollups() == []
    assert [one for checked in check_people(ranges()) for one in checked.differences] == []


def kept_and_counted(work: Work) -> list[str]:
    """Of whom it is not the same."""
    now = Picture.now()
    return [
        name
        for name, whose in everybody_asks(work).items()
        if told(overview(now, whose, spans())) != told(counted(now, whose, spans()))
    ]


def told(seen: Overview) -> tuple[object, ...]:
    """Asked day by day, moves are told by where they led to."""
    walks = []
    for its in seen.walks:
        counts: Counter[Walked] = Counter()
        for walked, n in its.items():
            counts[walked if walked.day is None else walked._replace(from_stage=0)] += n
        walks.append(counts)
    return dict(seen.places), walks
