from django.apps import AppConfig

from contacts.checks import EVENT_CHECKS


class FunnelConfig(AppConfig):
    name = "funnel"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They need models, which are there only now.
        from contacts import erasing, replaying  # noqa: PLC0415
        from contacts.importing import preparing  # noqa: PLC0415
        from funnel import bulk, filters, forgetting, holding, parts  # noqa: PLC0415
        from funnel.checks import check_stage_set, stages_in_use  # noqa: PLC0415

        EVENT_CHECKS["stage_set"] = check_stage_set
        preparing.STAGES.append(stages_in_use)
        erasing.ALSO.append(forgetting.forget_path)
        replaying.RELEASES[holding.ENDPOINT] = holding.resume_person
        bulk.register()
        filters.register()
        parts.register()
