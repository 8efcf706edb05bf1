from django.urls import path

from crm.desk.people import bulk, merging, newcomers, saving, tags, taking, twinning, views

urlpatterns = [
    path("contacts", views.contact_list, name="contact-list"),
    path("contacts/count", views.contact_count, name="contact-count"),
    path("contacts/new", newcomers.contact_new, name="contact-new"),
    path("contacts/new/alike", newcomers.contact_alike, name="contact-alike"),
    path("contacts/export", taking.contact_export, name="contact-export"),
    path("contacts/twins", twinning.twin_list, name="twins"),
    path("contacts/<int:contact_id>/twins/<int:other_id>/<slug:deed>", twinning.twin_deed, name="twin-deed"),
    path("contacts/merge", merging.merge_chosen, name="merge-chosen"),
    path("contacts/<int:contact_id>/merge", merging.contact_merge, name="contact-merge"),
    path("contacts/<int:contact_id>/merge/<int:other_id>", merging.contact_merge_with, name="contact-merge-with"),
    path("contacts/<int:contact_id>/merges", merging.contact_merges, name="contact-merges"),
    path("merges/<int:merge_id>/cut", merging.merge_cut, name="merge-cut"),
    path("contacts/bulk/<slug:deed>", bulk.bulk_deed, name="bulk-deed"),
    path("contacts/bulk/<slug:deed>/preview", bulk.bulk_preview, name="bulk-preview"),
    path("jobs/<int:job_id>", bulk.job_page, name="job"),
    path("jobs/<int:job_id>/stop", bulk.job_stop, name="job-stop"),
    path("jobs/<int:job_id>/undo", bulk.job_undo, name="job-undo"),
    path("contacts/tags", tags.tag_list, name="tag-list"),
    path("contacts/tags/rename", tags.tag_rename, name="tag-rename"),
    path("contacts/tags/delete", tags.tag_delete, name="tag-delete"),
    path("contacts/views/counts", saving.view_counts, name="view-counts"),
    path("contacts/views/new", saving.view_new, name="view-new"),
    path("contacts/views/<int:view_id>", saving.view_change, name="view-change"),
    path("contacts/views/<int:view_id>/open", saving.view_open, name="view-open"),
    path("contacts/everyone", saving.everyone, name="contact-everyone"),
    path("contacts/views/<int:view_id>/save", saving.view_save, name="view-save"),
]
