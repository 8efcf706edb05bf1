from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "contacts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They need models, which are there only now.
        from contacts import answer_counts, asking, bulk, clocks, erasing, replay_jobs  # noqa: PLC0415
        from contacts.importing import keeping  # noqa: PLC0415
        from staff import hours, services  # noqa: PLC0415

        asking.register()
        bulk.register()
        replay_jobs.register()
        erasing.ALSO.append(keeping.forget_in_files)
        hours.FOLLOWERS.append(clocks.follow_calendars)
        services.FOLLOWERS.append(answer_counts.mark_answers)
