from django.urls import path

from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

from . import api, company_api

urlpatterns = [
    path("contacts", endpoint(GET=api.contact_list, POST=api.contact_create)),
    path("contacts/batch", endpoint(POST=api.contact_batch)),
    path("contacts/<row:contact_id>", endpoint(GET=api.contact_detail, PATCH=api.contact_update)),
    path("companies", endpoint(GET=company_api.company_list, POST=company_api.company_create)),
    path("companies/<row:company_id>", endpoint(GET=company_api.company_detail, PATCH=company_api.company_update)),
    path("memberships", endpoint(GET=company_api.membership_list, POST=company_api.membership_create)),
    path("memberships/<row:membership_id>", endpoint(PATCH=company_api.membership_update)),
    path("custom-fields", endpoint(GET=api.custom_field_list, POST=api.custom_field_create)),
]
