"""What came of a campaign in a span of days, made of its credits and its cost: sums and quotients, nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from campaigns.models import Campaign, Kind, Question
from campaigns.results import Line
from campaigns.spreading import each
from funnel.models import Phase, Stage
from funnel.pictures import Path


class Won(NamedTuple):
    """Who came over a step: people, and visitors beside them."""

    people: int = 0
    visitors: int = 0

    @property
    def all(self) -> int:
        return self.people + self.visitors


NOBODY: Final = Won()


@dataclass(frozen=True, slots=True)
class Gates:
    """The stage that each question is about: coming to it, or beyond it, from before it is what the question asks for.

    Reaching strangers is about the first stage of friends where there are several, else about the beginning of the
    path; making friends about the last stage of friends; making customers about the first stage of customers.
    """

    path: Path
    ranks: Mapping[int, int] = field(init=False, repr=False, compare=False)
    by_id: Mapping[int, Stage] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ranks", {stage: rank for rank, stage in enumerate(self.path.order, start=1)})
        object.__setattr__(self, "by_id", {stage.pk: stage for stage in self.path.stages})

    def rank(self, stage: int) -> int:
        """0 for nowhere and for stages that are not on the path any more."""
        return self.ranks.get(stage, 0)

    def of(self, question: str) -> Stage:
        stages = self.path.stages
        friends = [stage for stage in stages if stage.phase == Phase.FRIEND]
        match question:
            case Question.REACH:
                return friends[0] if len(friends) > 1 else stages[0]
            case Question.BEFRIEND:
                return friends[-1] if friends else stages[0]
            case _:
                return next((stage for stage in stages if stage.phase == Phase.CUSTOMER), stages[-1])

    def steps(self, question: str) -> list[Stage]:
        """The stages a question leads to."""
        stages, ranks = self.path.stages, [self.rank(self.of(one).pk) for one in Question.values]
        match question:
            case Question.REACH:
                return list(stages[max(ranks[0] - 1, 0) : ranks[1] - 1]) or [self.of(question)]
            case Question.BEFRIEND:
                return list(stages[ranks[1] - 1 : ranks[2] - 1]) or [self.of(question)]
            case _:
                return list(stages[ranks[2] - 1 :])

    def gate(self, campaign: Campaign) -> Stage:
        """What a campaign works for: its own step, or that of its question."""
        return self.by_id.get(campaign.stage_id or 0) or self.of(campaign.question)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is credited to one campaign, and what it cost in its own currency."""

    gates: Gates
    currency: str
    spent: int
    touched: Won = NOBODY
    moves: Mapping[tuple[int, int, bool], int] = field(default_factory=dict)
    orders: int = 0
    refunds: int = 0
    revenue: Mapping[str, int] = field(default_factory=dict)  # by currency, less what was given back

    def over(self, stage: Stage) -> Won:
        found, ranks = [0, 0], self.gates.ranks
        rank = ranks.get(stage.pk, 0)
        for (from_, to, is_visitor), n in self.moves.items():
            if ranks.get(from_, 0) < rank <= ranks.get(to, 0):
                found[is_visitor] += n
        return Won(*found)

    def onward(self) -> list[tuple[Stage, Won]]:
        """Who came to each stage or beyond it from before it, in the order of the path."""
        return [(stage, self.over(stage)) for stage in self.gates.path.stages]

    @property
    def met(self) -> int:
        return self.over(self.gates.of(Question.REACH)).all

    @property
    def leads(self) -> int:
        return self.over(self.gates.of(Question.BEFRIEND)).people

    @property
    def customers(self) -> int:
        return self.over(self.gates.of(Question.KEEP)).people

    @property
    def cost_per_lead(self) -> int | None:
        return each(self.spent, self.leads)

    @property
    def cost_per_customer(self) -> int | None:
        return each(self.spent, self.customers)

    @property
    def income(self) -> int:
        """In the currency of the campaign."""
        return self.revenue.get(self.currency, 0)

    @property
    def roi(self) -> float | None:
        """What came back beyond the cost, for each unit of cost; nothing spent has none."""
        return (self.income - self.spent) / self.spent if self.spent else None


_TOUCHED, _MOVED, _ORDERED, _REFUNDED = map(int, (Kind.TOUCHED, Kind.MOVED, Kind.ORDERED, Kind.REFUNDED))


def outcome_of(gates: Gates, lines: Iterable[Line], *, currency: str, spent: int) -> Outcome:
    """Made for each campaign, and for each day of one: with plain dicts, and nothing made twice."""
    touched, counts = [0, 0], {_ORDERED: 0, _REFUNDED: 0}
    moves: dict[tuple[int, int, bool], int] = {}
    revenue: dict[str, int] = {}
    for line in lines:
        kind = line.kind
        if kind == _MOVED:
            move = line.from_stage, line.to_stage, line.is_visitor
            moves[move] = moves.get(move, 0) + line.n
        elif kind == _TOUCHED:
            touched[line.is_visitor] += line.n
        else:
            counts[kind] = counts.get(kind, 0) + line.n
            if line.value:
                revenue[line.currency] = revenue.get(line.currency, 0) + line.value
    return Outcome(gates, currency, spent, Won(*touched), moves, counts[_ORDERED], counts[_REFUNDED], revenue)


def outcomes(
    gates: Gates, campaigns: Iterable[Campaign], lines: Sequence[Line], spent: Mapping[tuple[int, int], int], place: int
) -> dict[str, Outcome]:
    """By the key of each campaign: what came of it in the span with this number."""
    of_key: dict[str, list[Line]] = {}
    for line in lines:
        if line.place == place:
            of_key.setdefault(line.key, []).append(line)
    return {
        one.key: outcome_of(gates, of_key.get(one.key, []), currency=one.currency, spent=spent.get((place, one.pk), 0))
        for one in campaigns
    }
