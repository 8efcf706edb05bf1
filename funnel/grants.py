"""What the serving role may do to our tables, where it is less than everything."""

RESTRICTED = {
    "funnel_stage": 'SELECT, INSERT, UPDATE ("order", label_en, label_fi, archived_at)',
    "funnel_playbook": "SELECT, INSERT, UPDATE (marked_at, applied_at)",
    "funnel_circle": "SELECT, INSERT, UPDATE (owner_id, team_id)",
    "funnel_transition": "SELECT, INSERT, UPDATE (superseded_at)",
}
