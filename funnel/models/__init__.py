from .backtests import Backtest, BacktestKind, BacktestPerson, BacktestPiece, BacktestState
from .effects import Effect, EffectState, HoldReason
from .path import RULE_ERASED, RULE_START, Dimension, Health, Position, Standing, Transition
from .rollups import Circle, CircleCount, CompanyBreadth, Pace, PaceCount, StageCount, StageWorth
from .stages import Phase, Playbook, PlaybookDraft, Stage
from .work import Attempt, Heartbeat

__all__ = [
    "RULE_ERASED",
    "RULE_START",
    "Attempt",
    "Backtest",
    "BacktestKind",
    "BacktestPerson",
    "BacktestPiece",
    "BacktestState",
    "Circle",
    "CircleCount",
    "CompanyBreadth",
    "Dimension",
    "Effect",
    "EffectState",
    "Health",
    "Heartbeat",
    "HoldReason",
    "Pace",
    "PaceCount",
    "Phase",
    "Playbook",
    "PlaybookDraft",
    "Position",
    "Stage",
    "StageCount",
    "StageWorth",
    "Standing",
    "Transition",
]
