from django.apps import AppConfig
from django.core import checks

from crm.checks import durable, served_by_a_lesser_role


class CrmConfig(AppConfig):
    name = "crm"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        checks.register(durable, checks.Tags.database)
        checks.register(served_by_a_lesser_role, checks.Tags.database)
