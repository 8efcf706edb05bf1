from django.urls import include, path

from campaigns import public
from campaigns.views import tracking_script
from contacts import urls_intake
from crm import health
from crm.desk.house import urls as house
from crm.desk.today import urls as today
from crm.desk.today.calendar_views import calendar

urlpatterns = [
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("accounts/", include("crm.accounts")),
    path("api/", include("rest.urls")),
    path("api/v1/", include("contacts.urls")),
    path("api/v1/", include(urls_intake.api)),
    path("v1/", include(urls_intake.segment)),
    path("f/", include("campaigns.public_urls")),
    path("t.js", tracking_script, name="tracking-script"),
    path("api/v1/", include("funnel.urls")),
    path("api/v1/", include("campaigns.urls")),
    path("api/v1/", include("crm.webhooks.urls")),
    path("api/v1/", include(house.programs)),
    path("api/v1/", include(today.programs)),
    path("calendar/<str:token>.ics", calendar, name="calendar"),
    path("l/<str:token>", public.link, name="link"),
    path("u/<str:token>", public.leave, name="leave"),
    path("", include("crm.desk.urls")),
]

handler400 = "crm.errors.bad_request"
handler403 = "crm.errors.forbidden"
handler404 = "crm.errors.not_found"
handler500 = "crm.errors.failed"
