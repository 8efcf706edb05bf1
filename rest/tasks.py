from celery import shared_task

from rest import idempotency


@shared_task
def forget_old_answers() -> None:
    idempotency.forget_old_answers()
