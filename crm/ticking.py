"""The clock: Celery beat over the static schedule. It only names tasks, so it loads no models and stays small."""

from celery import Celery
from django.conf import settings
from django.utils.log import configure_logging


def main() -> None:
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    app = Celery("polku", fixups=[])  # the fixup of the worker would load every app
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.Beat(loglevel="WARNING", quiet=True).run()


if __name__ == "__main__":
    main()
