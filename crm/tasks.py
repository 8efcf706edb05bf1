"""Celery tasks of the wiring: one line each."""

from celery import shared_task

from crm.webhooks import delivering
from staff import sealing


@shared_task
def deliver_webhooks() -> None:
    delivering.deliver_webhooks()


@shared_task
def seal_audit() -> None:
    sealing.seal_audit()
