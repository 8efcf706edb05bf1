from django.urls import path

from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

from . import (
    api,
    company_api,
    company_giving_api,
    company_merge_api,
    import_api,
    list_api,
    network_api,
    task_api,
    twin_api,
)

contacts = endpoint(GET=api.contact_list, POST=api.contact_create)
urlpatterns = [
    path("contacts", contacts),
    path("contacts/batch", endpoint(POST=api.contact_batch)),
    path("contacts/bulk", endpoint(POST=list_api.contact_bulk)),
    path("contacts/export", endpoint(GET=list_api.contact_export)),
    path("imports", endpoint(GET=import_api.import_list, POST=import_api.import_create)),
    path(
        "imports/<row:import_id>",
        endpoint(GET=import_api.import_detail, PATCH=import_api.import_update, DELETE=import_api.import_delete),
    ),
    path("imports/<row:import_id>/check", endpoint(POST=import_api.import_check)),
    path("imports/<row:import_id>/start", endpoint(POST=import_api.import_start)),
    path("imports/<row:import_id>/stop", endpoint(POST=import_api.import_stop)),
    path("imports/<row:import_id>/resume", endpoint(POST=import_api.import_resume)),
    path("imports/<row:import_id>/undo", endpoint(POST=import_api.import_undo)),
    path("imports/<row:import_id>/changed", endpoint(GET=import_api.import_changed)),
    path("imports/<row:import_id>/rejects", endpoint(GET=import_api.import_rejects)),
    path("views", endpoint(GET=list_api.view_list, POST=list_api.view_create)),
    path("views/<row:view_id>", endpoint(PATCH=list_api.view_update, DELETE=list_api.view_delete)),
    path("tags", endpoint(GET=list_api.tag_list)),
    path("jobs/<row:job_id>", endpoint(GET=list_api.job_detail)),
    path("jobs/<row:job_id>/cancel", endpoint(POST=list_api.job_cancel)),
    path("jobs/<row:job_id>/undo", endpoint(POST=list_api.job_undo)),
    path(
        "contacts/<row:contact_id>",
        endpoint(GET=api.contact_detail, PATCH=api.contact_update, DELETE=api.contact_erase),
    ),
    path("companies", endpoint(GET=company_api.company_list, POST=company_api.company_create)),
    path("companies/<row:company_id>", endpoint(GET=company_api.company_detail, PATCH=company_api.company_update)),
    path("companies/<row:company_id>/network", endpoint(GET=network_api.company_network)),
    path(
        "companies/<row:company_id>/proposed",
        endpoint(GET=network_api.proposed_list, POST=network_api.proposed_decide),
    ),
    path("companies/give", endpoint(POST=company_giving_api.company_give)),
    path("companies/given/<row:giving_id>/undo", endpoint(POST=company_giving_api.company_giving_undo)),
    path(
        "company-merges",
        endpoint(GET=company_merge_api.company_merge_list, POST=company_merge_api.company_merge_create),
    ),
    path("company-merges/<row:merge_id>/cut", endpoint(POST=company_merge_api.company_merge_cut)),
    path(
        "company-twins",
        endpoint(GET=company_merge_api.company_twin_list, POST=company_merge_api.company_twin_decide),
    ),
    path("ties", endpoint(GET=network_api.tie_list, POST=network_api.tie_create)),
    path("ties/<row:tie_id>", endpoint(PATCH=network_api.tie_update, DELETE=network_api.tie_delete)),
    path("memberships", endpoint(GET=company_api.membership_list, POST=company_api.membership_create)),
    path(
        "memberships/<row:membership_id>",
        endpoint(PATCH=company_api.membership_update, DELETE=network_api.membership_delete),
    ),
    path("tasks", endpoint(GET=task_api.task_list, POST=task_api.task_create)),
    path("tasks/<row:task_id>", endpoint(GET=task_api.task_detail, PATCH=task_api.task_update)),
    path("tasks/<row:task_id>/done", endpoint(POST=task_api.task_finish, DELETE=task_api.task_resume)),
    path("twins", endpoint(GET=twin_api.twin_list, POST=twin_api.twin_decide)),
    path("custom-fields", endpoint(GET=api.custom_field_list, POST=api.custom_field_create)),
    path("custom-fields/<row:field_id>", endpoint(PATCH=api.custom_field_update, DELETE=api.custom_field_drop)),
]
