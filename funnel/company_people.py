"""Who has a place in a company now and where they stand, in SQL: to be counted, and to be shown on its page."""

from typing import Final

from contacts.models import MembershipRole
from funnel.models import Health, Standing

LARGE: Final = 200  # people: more are not read each time somebody looks at the company
PEOPLE_SHOWN: Final = 30
EVENTS_SHOWN: Final = 30
MOVES_SHOWN: Final = 60
TO_CARE_FOR: Final = 5

# `which` says of which companies or which places, `scope` may leave out people. Most contacts lead themselves: only the
# leader of another is looked up.
PLACES: Final = f"""
    SELECT m.id, m.company_id, m.role, m.title, m.since, m.until, m.by_domain, its.leader_id AS person,
           p.stage_id AS stage, p.health, coalesce(p.standing, {Standing.OPEN.value}) AS standing, p.last_event_at,
           p.entered_at, p.wake_at
      FROM contacts_membership m
      JOIN contacts_contact its ON its.id = m.contact_id
      LEFT JOIN contacts_contact leader ON leader.id = nullif(its.leader_id, its.id)
      LEFT JOIN funnel_position p ON p.contact_id = its.leader_id
     WHERE {{which}} {{scope}} AND CASE WHEN its.leader_id = its.id THEN its.is_listed ELSE leader.is_listed END
       AND (m.since IS NULL OR m.since <= %(today)s) AND (m.until IS NULL OR m.until > %(today)s)
"""  # noqa: S608  (words of ours)
# Of `place`: each person once, by the role said.
PEOPLE: Final = "SELECT DISTINCT ON (company_id, person) * FROM place ORDER BY company_id, person, role = '', id"

_ROLES: Final = ", ".join(f"'{role}'" for role in MembershipRole.values)
# The orders in which they are shown: of the list, of events, of moves, and of whom to care for.
BY_ROLE: Final = f"array_position(ARRAY[{_ROLES}], role::text) NULLS LAST, last_event_at DESC NULLS LAST, id"
LIVELIEST: Final = "last_event_at DESC NULLS LAST, person"
MOVED_LAST: Final = "entered_at DESC NULLS LAST, person"
COOLEST: Final = "health, wake_at, person"
# Where somebody stands as one number, and their health as another: by these a company is found.
STAND: Final = "coalesce(stage, 0) * 4 + coalesce(health, 0)"
HEALTH: Final = "-1 - coalesce(health, 0)"
IS_TO_CARE_FOR: Final = (
    f"standing <> {Standing.CLOSED.value} AND health IN ({Health.COOLING.value}, {Health.LAPSED.value})"
)


def stands_at(*, stage: int | None, health: int | None) -> int:
    """The number of these two together; of none of them, too."""
    return (stage or 0) * 4 + (health or 0)


def stands_of_stage(stage: int | None) -> list[int]:
    """Those of a stage, in whatever health."""
    return [stands_at(stage=stage, health=health) for health in (None, *Health)]


def stands_of_health(health: int | None) -> list[int]:
    """That of a health, at whatever stage."""
    return [-1 - (health or 0)]
