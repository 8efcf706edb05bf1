from django.urls import path

from campaigns import api, figure_api, form_api, mail_api, year_api
from rest import paths  # noqa: F401  (the converter `row`)
from rest.endpoints import endpoint

urlpatterns = [
    path("campaigns", endpoint(GET=api.campaign_list, POST=api.campaign_add)),
    path("campaigns/cost-files", endpoint(POST=figure_api.cost_file)),
    path("campaigns/<str:key>", endpoint(GET=api.campaign_detail, PATCH=api.campaign_change)),
    path("campaigns/<str:key>/costs", endpoint(GET=figure_api.cost_list, POST=figure_api.cost_add)),
    path("campaigns/<str:key>/links", endpoint(GET=figure_api.link_list, POST=figure_api.link_add)),
    path("campaigns/<str:key>/results", endpoint(GET=figure_api.campaign_results)),
    path("costs/<row:cost_id>/withdraw", endpoint(POST=figure_api.cost_withdraw)),
    path("forms", endpoint(GET=form_api.form_list, POST=form_api.form_add)),
    path("forms/<row:form_id>", endpoint(GET=form_api.form_detail, PATCH=form_api.form_change)),
    path("forms/<row:form_id>/days", endpoint(GET=form_api.form_days)),
    path("forms/<row:form_id>/sent", endpoint(GET=form_api.form_sent)),
    path("sites", endpoint(GET=form_api.site_list, POST=form_api.site_add)),
    path("sites/<row:site_id>/close", endpoint(POST=form_api.site_end)),
    path("strategy", endpoint(GET=figure_api.strategy_read)),
    path("strategy/months", endpoint(GET=year_api.strategy_months)),
    path("contacts/<row:contact_id>/mails", endpoint(GET=mail_api.mail_list, POST=mail_api.mail_write)),
    path("mails/<row:mail_id>/take-back", endpoint(POST=mail_api.mail_cancel)),
    path("mails/<row:mail_id>/send-again", endpoint(POST=mail_api.mail_again)),
    path("targets/<str:month>", endpoint(GET=api.target_list, PATCH=api.target_change)),
]
