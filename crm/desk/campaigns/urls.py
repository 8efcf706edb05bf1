from django.urls import path

from crm.desk.campaigns import compared, files, views
from crm.desk.strategy import views as strategy
from crm.desk.strategy import year

urlpatterns = [
    path("strategy", strategy.strategy_page, name="strategy"),
    path("strategy/calendar", year.strategy_calendar, name="strategy-calendar"),
    path("strategy/money", year.strategy_money, name="strategy-money"),
    path("strategy/<slug:name>.csv", strategy.strategy_table, name="strategy-table"),
    path("campaigns", views.campaign_list, name="campaign-list"),
    path("campaigns.csv", compared.campaign_file, name="campaign-file"),
    path("campaigns/compared", compared.campaign_compared, name="campaign-compared"),
    path("campaigns/new", views.campaign_new, name="campaign-new"),
    path("campaigns/costs", files.cost_file_new, name="cost-file-new"),
    path("campaigns/costs/<int:file_id>", files.cost_file, name="cost-file"),
    path("campaigns/<int:campaign_id>", views.campaign_page, name="campaign"),
    path("campaigns/<int:campaign_id>/<slug:name>.csv", views.campaign_table, name="campaign-table"),
    path("campaigns/<int:campaign_id>/people", views.campaign_people, name="campaign-people"),
    path("campaigns/<int:campaign_id>/edit", views.campaign_edit, name="campaign-edit"),
    path("campaigns/<int:campaign_id>/archive", views.campaign_archive, name="campaign-archive"),
    path("campaigns/<int:campaign_id>/costs/new", views.cost_new, name="cost-new"),
    path("campaigns/<int:campaign_id>/links/new", views.link_new, name="link-new"),
    path("links/<int:link_id>/qr.svg", views.link_code, name="link-code"),
    path("costs/<int:cost_id>/withdraw", views.cost_withdraw, name="cost-withdraw"),
]
