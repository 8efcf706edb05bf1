"""The audit trail as a page: who did what, when, and what was before."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from crm.desk.doors import for_staff
from crm.desk.house.rooms import shown
from rest.pages import page as page_of
from rest.problems import Problem
from staff.models import AuditRecord, User
from staff.policy import Principal

# What the deeds that staff do most are called; others show the name they are recorded under.
NAMES: Final = {
    "signed_in": _("Signed in"),
    "role_guarded": _("Made a role need a second step"),
    "role_unguarded": _("Let a role sign in without a second step"),
    "sign_in_failed": _("Could not sign in"),
    "user_invited": _("Invited somebody"),
    "user_joined": _("Joined"),
    "user_changed": _("Changed a member of staff"),
    "invitation_withdrawn": _("Took back an invitation"),
    "sign_in_link_made": _("Made a sign-in link"),
    "password_link_made": _("Made a link to a new password"),
    "password_changed": _("Changed the password"),
    "sessions_ended": _("Ended sessions"),
    "second_step_removed": _("Took away a second step"),
    "totp_activated": _("Switched the second step on"),
    "totp_deactivated": _("Switched the second step off"),
    "webauthn_added": _("Added a passkey"),
    "webauthn_removed": _("Removed a passkey"),
    "recovery_codes_generated": _("Made recovery codes"),
    "team_added": _("Added a team"),
    "team_renamed": _("Renamed a team"),
    "team_dropped": _("Dropped a team"),
    "key_made": _("Made a key"),
    "key_rotated": _("Gave a program another key"),
    "source_added": _("Added a source"),
    "type_named": _("Named a type of events"),
    "quarantine_mended": _("Mended and replayed a message from quarantine"),
    "webhook_tested": _("Sent a webhook to try it"),
    "key_revoked": _("Revoked a key"),
    "refused": _("Was refused"),
    "contacts_exported": _("Took people out as a file"),
    "contacts_merged": _("Joined two people"),
    "merge_cut": _("Parted two people"),
    "contact_erased": _("Erased a person for ever"),
    "identity_linked": _("Linked an identity"),
    "identity_unlinked": _("Took back an identity"),
    "event_retracted": _("Retracted an event"),
    "undone": _("Undid a deed"),
    "claim_confirmed": _("Confirmed a claim"),
    "claim_refused": _("Refused a claim"),
    "quarantine_replayed": _("Replayed a message from quarantine"),
    "import_uploaded": _("Uploaded a file"),
    "import_started": _("Started an import"),
    "import_stopped": _("Stopped an import"),
    "import_undone": _("Undid an import"),
    "import_dropped": _("Dropped a file"),
    "job_started": _("Started a job"),
    "job_stopped": _("Stopped a job"),
    "job_undone": _("Undid a job"),
    "view_shared": _("Shared a view"),
    "view_deleted": _("Deleted a view"),
    "task_added": _("Added a task"),
    "task_changed": _("Changed a task"),
    "task_done": _("Finished a task"),
    "task_reopened": _("Took a task up again"),
    "task_dropped": _("Dropped a task"),
    "mail_written": _("Wrote a letter"),
    "answer_given_to": _("Gave an answer to somebody"),
    "answer_waived": _("Said that no answer is needed"),
    "assignment_undone": _("Took a lead back from somebody"),
    "assignment_rule_set": _("Set who gets new leads"),
    "assignment_rule_dropped": _("Dropped a rule of who gets new leads"),
    "work_week_set": _("Set working hours and goals"),
    "work_week_dropped": _("Dropped the working hours of a team"),
    "mail_sent_again": _("Had a letter sent again"),
    "said_two": _("Said that two people are two"),
    "unsaid_two": _("Said that two people may be one after all"),
    "field_declared": _("Declared a field"),
    "field_changed": _("Changed a field"),
    "field_dropped": _("Dropped a field"),
    "sending_paused": _("Paused what goes out"),
    "sending_resumed": _("Took up sending again"),
    "waiting_dropped": _("Dropped what waited to go out"),
    "mail_tried": _("Tried whether mail goes out"),
    "mail_taken_back": _("Took back a letter"),
    "company_created": _("Added a company"),
    "company_changed": _("Changed a company"),
    "membership_created": _("Gave somebody a place in a company"),
    "membership_changed": _("Changed somebody's place in a company"),
    "membership_dropped": _("Took back somebody's place in a company"),
    "not_there_said": _("Said that somebody does not work at a company"),
    "not_there_unsaid": _("Took back that somebody does not work at a company"),
    "tie_added": _("Added a tie of a company"),
    "tie_ended": _("Ended a tie of a company"),
    "tie_resumed": _("Took up a tie of a company again"),
    "tie_dropped": _("Took back a tie of a company"),
    "campaign_added": _("Added a campaign"),
    "campaign_changed": _("Changed a campaign"),
    "form_made": _("Made a form"),
    "form_changed": _("Changed a form"),
    "form_opened": _("Opened a form"),
    "form_closed": _("Closed a form"),
    "form_put_away": _("Put away a form"),
    "form_file_given": _("Gave a form a file"),
    "form_file_taken_back": _("Took the file of a form away"),
    "site_added": _("Added a website"),
    "campaign_archived": _("Put a campaign away"),
    "campaign_restored": _("Took a campaign out again"),
    "cost_added": _("Wrote down a cost"),
    "cost_withdrawn": _("Took back a cost"),
    "costs_read": _("Read costs from a file"),
    "link_made": _("Made a link"),
    "targets_set": _("Set targets"),
    "stage_added": _("Added a stage"),
    "stage_changed": _("Changed a stage"),
    "webhook_added": _("Added a webhook"),
    "webhook_changed": _("Changed a webhook"),
    "webhook_replayed": _("Sent a webhook again"),
    "webhook_secret_rotated": _("Gave a webhook another secret"),
    "playbook_published": _("Published a playbook"),
    "backtest_started": _("Began a backtest"),
    "backtest_stopped": _("Stopped a backtest"),
    "proof_started": _("Began a proof of the playbook"),
}


# What was done to; kinds that are not here are shown as they are kept.
KINDS: Final = {
    "user": _("colleague"),
    "contact": _("person"),
    "company": _("company"),
    "team": _("team"),
    "role": _("role"),
    "key": _("key"),
    "invitation": _("invitation"),
    "import": _("import"),
    "form": _("form"),
    "campaign": _("campaign"),
    "job": _("job"),
    "event": _("fact"),
    "mail": _("letter"),
    "task": _("task"),
    "view": _("saved view"),
    "stage": _("stage"),
    "playbook": _("playbook"),
    "target": _("target"),
    "webhook": _("webhook"),
}


@require_GET
@for_staff("audit:read")
def trail(request: HttpRequest, principal: Principal) -> HttpResponse:
    """The newest first; narrowed by who did it, or by what was done."""
    records = AuditRecord.objects.select_related("user", "api_key")
    who, action = request.GET.get("who", ""), request.GET.get("action", "")
    if who.isascii() and who.isdigit() and len(who) <= 18:
        records = records.filter(user=int(who))
    if action in NAMES:
        records = records.filter(action=action)
    try:
        found = page_of(request, records, orderings={"id": ("id",)}, default="-id")
    except Problem:  # an address somebody wrote by hand
        raise Http404 from None
    context = {
        "records": [_line(record) for record in found.rows],
        "pages": found,
        "who": who,
        "action": action,
        "staff": User.objects.order_by("name"),
        "actions": sorted(NAMES.items(), key=lambda one: str(one[1])),
    }
    return shown(request, principal, "trail.html", context)


def _line(record: AuditRecord) -> dict[str, Any]:
    detail = dict(record.detail)
    before, after = detail.pop("before", None), detail.pop("after", None)
    changes = []
    if isinstance(before, dict) and isinstance(after, dict):
        changes = [{"name": name, "before": _said(before[name]), "after": _said(after.get(name))} for name in before]
    elif before is not None or after is not None:
        changes = [{"name": "", "before": _said(before), "after": _said(after)}]
    return {
        "record": record,
        "name": NAMES.get(record.action, record.action.replace("_", " ")),
        "who": record.user or record.api_key or "",
        "changes": changes,
        "detail": {name: _said(value) for name, value in detail.items()},
        "kind": KINDS.get(record.object_kind, record.object_kind.replace("_", " ")),
    }


def _said(value: Any) -> str:
    """A value of a record as people write it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(one)}" for name, one in value.items())
    return str(value)
