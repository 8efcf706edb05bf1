from django.urls import path

from campaigns import api
from rest.endpoints import endpoint

urlpatterns = [
    path("campaigns", endpoint(GET=api.campaign_list, POST=api.campaign_add)),
    path("campaigns/<str:key>", endpoint(GET=api.campaign_detail, PATCH=api.campaign_change)),
    path("targets/<str:month>", endpoint(GET=api.target_list, PATCH=api.target_change)),
]
