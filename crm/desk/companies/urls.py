from django.urls import path

from crm.desk.companies import places, ties, views

urlpatterns = [
    path("companies", views.company_list, name="company-list"),
    path("companies/new", views.company_new, name="company-new"),
    path("companies/new/alike", views.company_alike, name="company-alike"),
    path("companies.csv", views.company_export, name="company-export"),
    path("companies/find", views.company_find, name="company-find"),
    path("companies/<int:company_id>", views.company_page, name="company-page"),
    path("companies/<int:company_id>/edit", views.company_edit, name="company-edit"),
    path("companies/<int:company_id>/tasks", views.company_tasks, name="company-tasks"),
    path("companies/<int:company_id>/people/new", places.place_new, name="place-new"),
    path("companies/<int:company_id>/proposed/<slug:deed>", places.proposed_deed, name="company-proposed"),
    path("companies/<int:company_id>/ties/new", ties.tie_new, name="tie-new"),
    path("memberships/<int:membership_id>", places.place_change, name="place-change"),
    path("memberships/<int:membership_id>/<slug:deed>", places.place_deed, name="place-deed"),
    path("ties/<int:tie_id>/<slug:deed>", ties.tie_deed, name="tie-deed"),
]
