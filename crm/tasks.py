"""Celery tasks of the wiring: one line each."""

from celery import shared_task

from crm import door, morning, notice_mail
from crm.webhooks import delivering
from staff import sealing


@shared_task
def deliver_webhooks() -> None:
    delivering.deliver_webhooks()


@shared_task
def seal_audit() -> None:
    sealing.seal_audit()


@shared_task
def send_morning_mails() -> None:
    morning.send_morning_mails()


@shared_task
def send_notice_mails() -> None:
    notice_mail.send_notice_mails()


@shared_task
def forget_old_counts() -> None:
    door.forget_old_counts()
