"""What people outside open: under /f/, without signing in."""

from django.urls import path

from campaigns import views

urlpatterns = [
    path("s/<str:token>", views.form_thanks, name="form-thanks"),
    path("s/<str:token>/framed", views.form_thanks, {"is_framed": True}, name="form-thanks-framed"),
    path("s/<str:token>/confirm", views.form_confirm, name="form-confirm"),
    path("s/<str:token>/file", views.form_file, name="form-file"),
    path("<str:token>", views.form_page, name="form-page"),
    path("<str:token>/framed", views.form_page, {"is_framed": True}, name="form-framed"),
]
