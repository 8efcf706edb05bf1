from django.apps import AppConfig

from contacts.checks import EVENT_CHECKS


class FunnelConfig(AppConfig):
    name = "funnel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from funnel import bulk, filters, parts  # noqa: PLC0415  (they need models, which are there only now)
        from funnel.checks import check_stage_set  # noqa: PLC0415

        EVENT_CHECKS["stage_set"] = check_stage_set
        bulk.register()
        filters.register()
        parts.register()
