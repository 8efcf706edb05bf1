"""What the serving role may do to our tables, where it is less than everything."""

RESTRICTED = {
    "staff_auditrecord": "SELECT, INSERT",
}
