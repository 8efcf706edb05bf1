from django.urls import path

from crm.webhooks import api
from rest.endpoints import endpoint

urlpatterns = [
    path("webhooks", endpoint(GET=api.endpoint_list, POST=api.endpoint_add)),
    path("webhooks/<int:endpoint_id>", endpoint(GET=api.endpoint_detail, PATCH=api.endpoint_change)),
    path("webhooks/<int:endpoint_id>/rotate", endpoint(POST=api.endpoint_rotate)),
    path("webhooks/<int:endpoint_id>/retire", endpoint(POST=api.endpoint_retire)),
    path("webhooks/<int:endpoint_id>/test", endpoint(POST=api.endpoint_test)),
    path("webhooks/deliveries", endpoint(GET=api.delivery_list)),
    path("webhooks/deliveries/<int:delivery_id>/replay", endpoint(POST=api.delivery_replay)),
]
