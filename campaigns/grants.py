"""What the serving role may do to our tables, where it is less than everything."""

RESTRICTED = {
    "campaigns_cost": "SELECT, INSERT, UPDATE (withdrawn_at, withdrawn_by_id)",
    "campaigns_wording": "SELECT, INSERT",
}
