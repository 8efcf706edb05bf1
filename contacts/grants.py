"""What the serving role may do to our tables, where it is less than everything."""

RESTRICTED = {
    "contacts_contact": "SELECT, INSERT, UPDATE",
    "contacts_event": "SELECT, INSERT, UPDATE (retracted_at)",
    "contacts_source": "SELECT, INSERT, UPDATE (name)",
    "contacts_eventtype": "SELECT, INSERT, UPDATE (rank, label_en, label_fi, is_named, alias_of_id)",
    "contacts_merge": "SELECT, INSERT, UPDATE (cut_at, cut_by_id)",
}
