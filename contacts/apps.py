from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contacts import asking, jobs  # noqa: PLC0415  (they need models, which are there only now)

        asking.register()
        jobs.register()
