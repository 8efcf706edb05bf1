from django.urls import path

from crm.desk import views

app_name = "desk"
urlpatterns = [
    path("", views.path, name="path"),
    path("contacts", views.contact_list, name="contact-list"),
    path("contacts/<int:contact_id>", views.contact_page, name="contact-page"),
    path("language", views.language, name="language"),
]
