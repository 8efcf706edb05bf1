"""The demo company: a small sports trainer with people all along its path, a staff, and a key of each kind."""

import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from crm.world.living import live_on
from crm.world.loading import fold_people, lay_ground, load_people
from crm.world.people import World
from funnel.advancing import advance_everything
from staff.keys import create_key
from staff.models import Role, Team, User
from staff.policy import ORDINARY_SCOPES, PUBLIC_SCOPES

SEED, CONTACTS, EVENTS = 6, 2400, 30_000
ADMIN = "jukka@valmennus.example"
COLLEAGUES = (
    ("laura@valmennus.example", "Laura Peltola", Role.SALES),
    ("mikko@valmennus.example", "Mikko Heino", Role.SALES),
    ("sanna@valmennus.example", "Sanna Rautio", Role.MARKETER),
)


@dataclass(frozen=True, slots=True)
class FirstLogin:
    """What a newcomer needs to begin. Passwords and secrets are made here and shown once."""

    email: str
    password: str
    write_key: str
    api_key: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def make_demo() -> FirstLogin:
    """Fill an empty database; whoever works there owns the contacts in turn."""
    password = secrets.token_urlsafe(12)
    team = Team.objects.create(name="Valmennus")
    admin = User.objects.create_superuser(ADMIN, password, name="Jukka Mäkelä", team=team)
    staff = [User.objects.create_user(email, name=name, role=role, team=team) for email, name, role in COLLEAGUES]
    world = World(SEED, CONTACTS, EVENTS, datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
    ground = lay_ground(world, owners=[admin.pk, staff[0].pk, staff[1].pk])
    load_people(world, ground, 0, world.contacts)
    fold_people(world.contacts)
    live_on(world, ground)
    advance_everything()
    _key, write_key = create_key(name="Website", source="website", scopes=PUBLIC_SCOPES, public=True, by=admin)
    _key, api_key = create_key(name="Web shop", source="shop", scopes=ORDINARY_SCOPES, public=False, by=admin)
    return FirstLogin(ADMIN, password, write_key, api_key)
