from django.urls import path

from rest import views

app_name = "rest"

urlpatterns = [
    path("schema", views.schema_document, name="schema"),
    path("docs", views.reference_page, name="reference"),
    path("problems/<slug:kind>", views.problem_page, name="problem"),
]
