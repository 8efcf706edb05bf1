"""How the figures of the path look to programs."""

from datetime import datetime

import msgspec


class PlaybookInForce(msgspec.Struct):
    """The version in force, and those that not everybody had been folded with yet."""

    version: int
    being_applied: list[int]


class PhaseCount(msgspec.Struct):
    """`living`: those on the living path; `closed`: those whose standing is closed."""

    phase: str
    living: int
    closed: int


class StageCount(msgspec.Struct):
    stage: str
    phase: str
    living: int
    closed: int


class HealthCount(msgspec.Struct):
    health: str | None
    living: int
    closed: int


class StandingCount(msgspec.Struct):
    standing: str
    count: int


class Crowd(msgspec.Struct):
    """How many there are, and where they stand."""

    living: int
    closed: int
    phases: list[PhaseCount]
    stages: list[StageCount]
    health: list[HealthCount]
    standing: list[StandingCount]


class SourceCrowd(msgspec.Struct):
    source: str
    people: Crowd
    visitors: Crowd


class Figures(msgspec.Struct, kw_only=True):
    """As of when, as known when: figures of these two never change, unless they are live."""

    as_of: datetime
    known_on: datetime
    settled_at: datetime
    live: bool
    playbook: PlaybookInForce


class SummaryShape(Figures, kw_only=True):
    people: Crowd
    visitors: Crowd
    sources: list[SourceCrowd] | msgspec.UnsetType = msgspec.UNSET


class Rate(msgspec.Struct):
    entered: int
    converted: int
    rate: float | None


class SourceRates(msgspec.Struct):
    source: str
    people: Rate
    visitors: Rate


class Conversion(msgspec.Struct):
    """Of those who entered, how many reached this stage or one after it."""

    goal: str
    people: Rate
    visitors: Rate
    sources: list[SourceRates] | msgspec.UnsetType = msgspec.UNSET


class ConversionsShape(Figures, kw_only=True):
    stage: str
    entered_from: datetime | None
    entered_to: datetime | None
    window_days: int | None
    complete: bool | None
    results: list[Conversion]


class StayLengths(msgspec.Struct):
    """Days, for the stays that ended; and how many go on."""

    ended: int
    median: float | None
    p75: float | None
    p90: float | None
    running: int


class SourceStays(msgspec.Struct):
    source: str
    people: StayLengths
    visitors: StayLengths


class TimeInStage(msgspec.Struct):
    stage: str
    phase: str
    people: StayLengths
    visitors: StayLengths
    sources: list[SourceStays] | msgspec.UnsetType = msgspec.UNSET


class TimeInStageShape(Figures, kw_only=True):
    ended_from: datetime | None
    ended_to: datetime | None
    results: list[TimeInStage]


# The path
