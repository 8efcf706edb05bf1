"""Whether mail goes out: what is set up, what waits, pausing, and a letter to try it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from crm.desk.doors import for_staff
from crm.desk.house.rooms import shown
from crm.desk.house.trying import try_mail
from crm.sending import take_up_sending, waiting
from staff.policy import Principal
from staff.sending import held, pause_sending


@require_POST
@for_staff("staff:manage")
def sending(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Pause it, or take it up again with or without what waits."""
    match request.POST.get("deed"):
        case "pause":
            pause_sending(by=principal)
        case "resume":
            take_up_sending(by=principal)
        case "drop":
            take_up_sending(by=principal, drop=True)
    return redirect("desk:mail")


@for_staff("staff:manage")
def mail(request: HttpRequest, principal: Principal) -> HttpResponse:
    tried = try_mail(by=principal) if request.method == "POST" else None
    return shown(request, principal, "mail.html", _setup() | {"tried": tried, "held": held(), "waiting": waiting()})


def _setup() -> dict[str, Any]:
    """What the settings say, without the password."""
    is_ssl, is_tls = getattr(settings, "EMAIL_USE_SSL", False), getattr(settings, "EMAIL_USE_TLS", False)
    return {
        "goes_out": settings.MAIL_GOES_OUT,
        "server": f"{getattr(settings, 'EMAIL_HOST', '')}:{getattr(settings, 'EMAIL_PORT', None) or ''}".strip(":"),
        "locked": "SSL" if is_ssl else "STARTTLS" if is_tls else "",
        "login": getattr(settings, "EMAIL_HOST_USER", "") or "",
        "sender": settings.DEFAULT_FROM_EMAIL,
    }
