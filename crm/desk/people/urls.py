from django.urls import path

from crm.desk.people import saving, views

urlpatterns = [
    path("contacts", views.contact_list, name="contact-list"),
    path("contacts/count", views.contact_count, name="contact-count"),
    path("contacts/views/new", saving.view_new, name="view-new"),
    path("contacts/views/<int:view_id>", saving.view_change, name="view-change"),
    path("contacts/views/<int:view_id>/save", saving.view_save, name="view-save"),
]
