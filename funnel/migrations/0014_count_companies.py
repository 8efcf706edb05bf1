"""How many people each company has and when one was heard of last, counted once for those that are there already."""

from django.conf import settings
from django.db import migrations

COUNT = f"""
    UPDATE contacts_company c SET people = found.people, heard_on = found.heard_on
      FROM (SELECT m.company_id, count(DISTINCT p.id) FILTER (WHERE at.standing IS DISTINCT FROM 3) AS people,
                   coalesce((max(at.last_event_at) AT TIME ZONE '{settings.TIME_ZONE}')::date, '1900-01-01') AS heard_on
              FROM contacts_membership m
              JOIN contacts_contact its ON its.id = m.contact_id
              JOIN contacts_contact p ON p.id = its.leader_id AND p.is_listed
              LEFT JOIN funnel_position at ON at.contact_id = p.id
             WHERE (m.since IS NULL OR m.since <= CURRENT_DATE) AND (m.until IS NULL OR m.until > CURRENT_DATE)
             GROUP BY 1) AS found
     WHERE c.id = found.company_id
"""  # noqa: S608  (a zone of the settings, which were checked)


class Migration(migrations.Migration):
    dependencies = [
        ("contacts", "0017_company_counts"),
        ("funnel", "0013_moves_by_index_alone"),
    ]

    operations = [migrations.RunSQL(COUNT, migrations.RunSQL.noop)]
