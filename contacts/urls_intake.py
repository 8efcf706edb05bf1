"""Where events come in."""

from django.urls import path

from . import segment_views

segment = [
    path("v1/projects/<str:key>/settings", segment_views.segment_settings, name="segment-settings"),
    path("v1/<str:name>", segment_views.segment_call, name="segment-call"),
]
