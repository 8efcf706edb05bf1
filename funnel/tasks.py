from celery import shared_task
from celery.signals import worker_process_init, worker_ready

from funnel import advancing, backtesting, company_counts, effects, worker

worker_process_init.connect(worker.start)
worker_ready.connect(worker.start_beside_pool)


@shared_task
def advance_pending() -> None:
    advancing.work_off_pending()


@shared_task
def advance_due() -> None:
    advancing.work_off_due()


@shared_task
def run_due_effects() -> None:
    effects.work_off_effects()


@shared_task
def work_off_backtests() -> None:
    backtesting.work_off_backtests()


@shared_task
def work_off_company_marks() -> None:
    company_counts.work_off_company_marks()
