from django.urls import path

from crm.desk.forms import views

urlpatterns = [
    path("forms", views.form_list, name="forms"),
    path("forms/new", views.form_new, name="form-new"),
    path("forms/preview", views.form_preview, name="form-preview"),
    path("forms/sites", views.site_list, name="sites"),
    path("forms/sites/<int:site_id>/close", views.site_close, name="site-close"),
    path("forms/<int:form_id>", views.form_page, name="form-page"),
    path("forms/<int:form_id>/sent.csv", views.form_sent, name="form-sent"),
    path("forms/<int:form_id>/edit", views.form_edit, name="form-edit"),
    path("forms/<int:form_id>/<slug:deed>", views.form_deed, name="form-deed"),
]
