"""What the serving role may do to our tables, where it is less than everything."""

RESTRICTED = {
    "staff_auditrecord": "SELECT, INSERT, UPDATE (place, seal)",
    "staff_invitation": "SELECT, INSERT, UPDATE (used_at, withdrawn_at, user_id, team_id)",
    "staff_signinlink": "SELECT, INSERT, UPDATE (used_at, withdrawn_at)",
}
