from celery import shared_task

from contacts import jobs


@shared_task
def work_off_jobs() -> None:
    jobs.work_off_jobs()
