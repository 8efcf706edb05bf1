from django.urls import path

from crm.desk import views
from crm.desk.path.views import path as path_page
from crm.desk.path.views import path_changes, path_narrow, path_table, path_targets
from crm.desk.people.views import contact_list
from crm.desk.palette.views import find, keys
from crm.desk.person import urls as person
from crm.desk.undoing import undo

app_name = "desk"
urlpatterns = [
    path("", path_page, name="path"),
    path("path/changes", path_changes, name="path-changes"),
    path("path/narrow", path_narrow, name="path-narrow"),
    path("path/targets", path_targets, name="path-targets"),
    path("path/<slug:name>.csv", path_table, name="path-table"),
    path("contacts", contact_list, name="contact-list"),
    *person.urlpatterns,
    path("find", find, name="find"),
    path("keys", keys, name="keys"),
    path("language", views.language, name="language"),
    path("theme", views.theme, name="theme"),
    path("undo", undo, name="undo"),
]
