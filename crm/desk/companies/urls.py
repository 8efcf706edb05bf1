from django.urls import path

from crm.desk.companies import giving, merging, places, ties, views

urlpatterns = [
    path("companies", views.company_list, name="company-list"),
    path("companies/new", views.company_new, name="company-new"),
    path("companies/new/alike", views.company_alike, name="company-alike"),
    path("companies.csv", views.company_export, name="company-export"),
    path("companies/count", giving.company_count, name="company-count"),
    path("companies/give", giving.company_give, name="company-give"),
    path("companies/given/<int:giving_id>/back", giving.company_given_back, name="company-given-back"),
    path("companies/merge", giving.merge_chosen, name="company-merge-chosen"),
    path("companies/twins", merging.twin_list, name="company-twins"),
    path("companies/<int:company_id>/merge", merging.company_merge, name="company-merge"),
    path("companies/<int:company_id>/merge/<int:other_id>", merging.company_merge_with, name="company-merge-with"),
    path("companies/<int:company_id>/merges", merging.company_merges, name="company-merges"),
    path("companies/<int:company_id>/twins/<int:other_id>/<slug:deed>", merging.twin_deed, name="company-twin-deed"),
    path("company-merges/<int:merge_id>/cut", merging.merge_cut, name="company-merge-cut"),
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
