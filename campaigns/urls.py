from django.urls import path

from campaigns import api, mail_api
from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

urlpatterns = [
    path("campaigns", endpoint(GET=api.campaign_list, POST=api.campaign_add)),
    path("campaigns/<str:key>", endpoint(GET=api.campaign_detail, PATCH=api.campaign_change)),
    path("contacts/<row:contact_id>/mails", endpoint(GET=mail_api.mail_list, POST=mail_api.mail_write)),
    path("mails/<row:mail_id>/take-back", endpoint(POST=mail_api.mail_cancel)),
    path("mails/<row:mail_id>/send-again", endpoint(POST=mail_api.mail_again)),
    path("targets/<str:month>", endpoint(GET=api.target_list, PATCH=api.target_change)),
]
