from .costs import Cost, CostFile
from .credits import CampaignDay, Credit, Kind, Way
from .links import Link, LinkDay
from .mails import Mail, MailQuerySet, MailState
from .plan import MOST_PEOPLE, Campaign, Channel, Question, Target

__all__ = [
    "MOST_PEOPLE",
    "Campaign",
    "CampaignDay",
    "Channel",
    "Cost",
    "CostFile",
    "Credit",
    "Kind",
    "Link",
    "LinkDay",
    "Mail",
    "MailQuerySet",
    "MailState",
    "Question",
    "Target",
    "Way",
]
