from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from contacts import asking  # noqa: PLC0415  (it needs models, which are there only now)

        asking.register()
