"""Celery tasks of the wiring: one line each."""

from celery import shared_task

from crm.webhooks import delivering


@shared_task
def deliver_webhooks() -> None:
    delivering.deliver_webhooks()
