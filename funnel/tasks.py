from celery import shared_task

from funnel import advancing, effects


@shared_task
def advance_pending() -> None:
    advancing.work_off_pending()


@shared_task
def advance_due() -> None:
    advancing.work_off_due()


@shared_task
def run_due_effects() -> None:
    effects.work_off_effects()
