from django.urls import path

from crm.desk.imports import views

urlpatterns = [
    path("imports", views.import_list, name="import-list"),
    path("imports/<int:import_id>", views.import_page, name="import-page"),
    path("imports/<int:import_id>/choices", views.import_choices, name="import-choices"),
    path("imports/<int:import_id>/rejects.csv", views.import_rejects, name="import-rejects"),
    path("imports/<int:import_id>/undo", views.import_undo, name="import-undo"),
    path("imports/<int:import_id>/<slug:deed>", views.import_deed, name="import-deed"),
]
