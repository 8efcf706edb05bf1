"""Celery tasks of campaigns: one line each."""

from celery import shared_task

from campaigns import mailing


@shared_task
def send_mails() -> None:
    mailing.send_mails()
