"""The demo company: a small sports trainer with people all along its path, a staff, and a key of each kind."""

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from crm.world.asking import ask_on_the_web
from crm.world.bringing import bring_the_fair
from crm.world.campaigning import plan_campaigns
from crm.world.correcting import publish_second_version, take_orders_back
from crm.world.dating import date_deeds
from crm.world.drafting import draft_playbook
from crm.world.firms import know_companies
from crm.world.following import take_up_newcomers
from crm.world.learning import learn_in_time
from crm.world.letters import correspond
from crm.world.living import live_on
from crm.world.loading import fold_people, lay_ground, load_people
from crm.world.people import World
from crm.world.wires import send_oddly
from crm.world.working import Staff, go_to_work
from funnel.advancing import advance_everything
from funnel.company_counts import work_off_company_marks
from staff.inviting import invite
from staff.keys import create_key
from staff.models import Role, Team, User
from staff.policy import ORDINARY_SCOPES, PUBLIC_SCOPES, Principal

SEED, CONTACTS, EVENTS = 6, 2400, 30_000
LEAK = (54, 2)  # days ago: so long the form of the website was broken, and the path shows it
ADMIN = "jukka@valmennus.example"
COLLEAGUES: Final = {  # e-mail: (name, role, team)
    "laura@valmennus.example": ("Laura Peltola", Role.MANAGER, "Sales south"),
    "mikko@valmennus.example": ("Mikko Heino", Role.SALES, "Sales south"),
    "elina@valmennus.example": ("Elina Salo", Role.SALES, "Sales north"),
    "sanna@valmennus.example": ("Sanna Rautio", Role.MARKETER, "Marketing"),
    "pekka@valmennus.example": ("Pekka Lindholm", Role.READ_ONLY, "Office"),
}


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """What a newcomer needs to begin. Passwords and secrets are made here and shown once."""

    email: str
    password: str
    write_key: str
    api_key: str
    colleagues: dict[str, str]  # e-mail: role; all with the same password

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def make_demo(contacts: int = CONTACTS, events: int = EVENTS) -> FirstLogin:
    """Fill an empty database; whoever works there owns the contacts in turn, and works with them."""
    password, began = secrets.token_urlsafe(12), datetime.now(UTC)
    staff = _hire(password)
    publish_second_version(staff)
    today = began.replace(hour=0, minute=0, second=0, microsecond=0)
    world = World(SEED, contacts, events, today, leak=LEAK)
    ground = lay_ground(world, owners=[one.pk for one in (staff.admin, *staff.sales)])
    load_people(world, ground, 0, world.contacts)
    fold_people(world.contacts)
    live_on(world, ground)
    advance_everything()
    go_to_work(staff, seed=SEED)
    know_companies(staff, seed=SEED)
    correspond(staff)
    plan_campaigns(staff, seed=SEED)
    ask_on_the_web(staff, seed=SEED)
    bring_the_fair(staff, seed=SEED)
    advance_everything()
    take_up_newcomers(staff, seed=SEED)
    take_orders_back(staff)
    send_oddly()
    advance_everything()
    learn_in_time(began)
    work_off_company_marks()
    draft_playbook(Principal(user=staff.marketer))
    admin = Principal(user=staff.admin)
    _key, write_key = create_key(name="Website", source="website", scopes=PUBLIC_SCOPES, public=True, by=admin)
    _key, api_key = create_key(name="Web shop", source="shop", scopes=ORDINARY_SCOPES, public=False, by=admin)
    date_deeds(began)
    roles = {email: str(role) for email, (_name, role, _team) in COLLEAGUES.items()}
    return FirstLogin(ADMIN, password, write_key, api_key, roles)


def _hire(password: str) -> Staff:
    """One of each role, each in a team but the admin, and one who is asked in and has not come yet."""
    admin = User.objects.create_superuser(ADMIN, password, name="Jukka Mäkelä")
    names = dict.fromkeys(team for _name, _role, team in COLLEAGUES.values())
    teams = {name: Team.objects.create(name=name) for name in names}
    made = [
        User.objects.create_user(email, password, name=name, role=role, team=teams[team])
        for email, (name, role, team) in COLLEAGUES.items()
    ]
    invite(
        by=Principal(user=admin),
        email="iida@valmennus.example",
        role=Role.SALES,
        team=teams["Sales north"],
        name="Iida Kallio",
    )
    manager, first, second, marketer, _reader = made
    return Staff(admin=admin, manager=manager, sales=[first, second], marketer=marketer)
