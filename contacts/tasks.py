from celery import shared_task

from contacts import jobs, watching


@shared_task
def work_off_jobs() -> None:
    jobs.work_off_jobs()


@shared_task
def watch_answers() -> None:
    watching.watch_answers()


@shared_task
def remind_of_tasks() -> None:
    watching.remind_of_tasks()
