from .costs import Cost, CostFile
from .credits import CampaignDay, Credit, Kind, Way
from .forms import Deed, Form, FormDay, Handout, Site, Submission, Wording
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
    "Deed",
    "Form",
    "FormDay",
    "Handout",
    "Kind",
    "Link",
    "LinkDay",
    "Mail",
    "MailQuerySet",
    "MailState",
    "Question",
    "Site",
    "Submission",
    "Target",
    "Way",
    "Wording",
]
