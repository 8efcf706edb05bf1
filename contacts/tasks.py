from celery import shared_task

from contacts import answer_counts, company_marks, jobs, naming_anew, watching
from contacts.importing import keeping, working


@shared_task
def work_off_jobs() -> None:
    jobs.work_off_jobs()


@shared_task(time_limit=7200, soft_time_limit=7100)
def work_off_imports() -> None:
    working.work_off_imports()


@shared_task
def throw_away_old() -> None:
    keeping.throw_away_old()


@shared_task
def watch_answers() -> None:
    watching.watch_answers()


@shared_task
def remind_of_tasks() -> None:
    watching.remind_of_tasks()


@shared_task
def mark_places_of_today() -> None:
    company_marks.mark_places_of_today()


@shared_task
def work_off_name_marks() -> None:
    naming_anew.work_off_name_marks()


@shared_task
def count_answers() -> None:
    answer_counts.count_answers()
