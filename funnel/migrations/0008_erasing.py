from django.db import migrations

# The serving role may change nothing of a move but that it was superseded. This runs with the rights of the owner, and
# only on people who are hidden for ever.
REDACT = """
CREATE FUNCTION redact_moves(people bigint[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE funnel_transition SET evidence = NULL
     WHERE evidence IS NOT NULL
       AND contact_id IN (SELECT id FROM contacts_contact WHERE id = ANY(people) AND erased_at IS NOT NULL);
$$;
REVOKE EXECUTE ON FUNCTION redact_moves(bigint[]) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("funnel", "0007_pace"), ("contacts", "0010_erasing")]

    operations = [migrations.RunSQL(REDACT, "DROP FUNCTION redact_moves(bigint[])")]
