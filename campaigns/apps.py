from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They need models, which are there only now.
        from campaigns import crediting, forgetting  # noqa: PLC0415
        from contacts import erasing  # noqa: PLC0415
        from funnel import writing  # noqa: PLC0415

        erasing.ALSO.extend([forgetting.forget_mails, forgetting.forget_submissions])
        writing.ALSO.append(crediting.keep_credits)
