from django.apps import AppConfig
from django.core import checks

from crm.checks import durable, served_by_a_lesser_role


class CrmConfig(AppConfig):
    name = "crm"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Only here do the models stand that these need.
        from contacts import erasing  # noqa: PLC0415
        from crm import assigning  # noqa: PLC0415
        from crm.webhooks import delivering, forgetting, making  # noqa: PLC0415
        from funnel import effects, worker  # noqa: PLC0415

        effects.EFFECT_KINDS[assigning.KIND] = assigning.EFFECT_KIND
        effects.EFFECT_KINDS[making.KIND] = making.EFFECT_KIND
        erasing.ALSO.append(assigning.forget_assignments)
        erasing.ALSO.append(forgetting.forget_deliveries)
        worker.SWEEPS.append(delivering.sweep_deliveries)
        checks.register(durable, checks.Tags.database)
        checks.register(served_by_a_lesser_role, checks.Tags.database)
