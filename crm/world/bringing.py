"""A list of a fair that the marketer of the demo company brought in: visitors to a stand, with two slips of the pen."""

import csv
import io
import random
from datetime import datetime, time, timedelta
from typing import Final

from django.utils import timezone

from contacts.importing.preparing import bring_file, choose
from contacts.importing.steering import start_import_of
from contacts.importing.working import work_off_imports
from contacts.models import Contact, Import
from crm.world import names
from crm.world.people import plain
from crm.world.working import Staff
from staff.policy import Principal

VISITORS, KNOWN, DAYS_AGO = 27, 5, 9
HEAD: Final = ("Name", "Email", "Phone", "Company", "Title", "At our stand", "Slip")
FIELDS: Final = ["name", "email", "phone", "company", "title", "event_moment", "event_id"]
SLIPS: Final = {11: "no address given", 19: "riikka.salmi(at)kelo.example"}


def bring_the_fair(staff: Staff, *, seed: int) -> None:
    """Through the same doors as on the desk: upload, choose, start, and the work of a worker."""
    by = Principal(user=staff.marketer)
    run = bring_file(by=by, name="fair-tampere.csv", pieces=[_file(seed).encode()])
    event = {"type": "event_attended", "currency": ""}
    choose(by=by, run=run, said={"columns": FIELDS, "event": event, "tag": "fair", "source": "fair"})
    start_import_of(by=by, run=run)
    began = timezone.now()
    work_off_imports()
    evening = timezone.make_aware(datetime.combine(timezone.localdate() - timedelta(days=DAYS_AGO), time(19)))
    Contact.objects.filter(origin_source=run.source, created_at__gte=began).update(created_at=evening)
    when = {"uploaded_at": evening, "started_at": evening, "finished_at": evening + timedelta(minutes=1)}
    Import.objects.filter(pk=run.pk).update(**when)


def _file(seed: int) -> str:
    luck = random.Random(seed)  # noqa: S311  (only how the demo looks)
    day = timezone.localdate() - timedelta(days=DAYS_AGO)
    at = timezone.make_aware(datetime.combine(day, time(9, 40)))
    known = Contact.objects.listed().exclude(emails=[]).exclude(name="").order_by("pk")[40 : 40 + KNOWN]
    rows = [[one.name, one.emails[0], "", "", ""] for one in known]
    rows += [_visitor(luck, number) for number in range(VISITORS - KNOWN - 1)]
    luck.shuffle(rows)
    rows.insert(20, _once_more())
    file = io.StringIO()
    write = csv.writer(file).writerow
    write(HEAD)
    for number, row in enumerate(rows, 1):
        at += timedelta(minutes=luck.randint(2, 19))
        row[1] = SLIPS.get(number, row[1])
        write([*row, at.isoformat(" ", "minutes"), f"T-{number:03}"])
    return file.getvalue()


def _once_more() -> list[str]:
    """Somebody we know, by the number, who wrote another address and half a name on the list."""
    known = Contact.objects.listed().exclude(phones=[]).exclude(name="").order_by("-pk").first()
    assert known
    last = known.name.split()[-1]
    return [f"{known.name[0]}. {last}", f"{plain(last)}@home.example", known.phones[0], "", ""]


def _visitor(luck: random.Random, number: int) -> list[str]:
    first, last = luck.choice(names.FIRST), luck.choice(names.LAST)
    firm, trade = luck.choice(names.COMPANY), luck.choice(names.TRADE)
    phone = f"+358 50 {luck.randint(200, 999)} {number:04}" if luck.random() < 0.6 else ""
    email = f"{plain(first)}.{plain(last)}@{plain(firm)}-{plain(trade)}.example"
    return [f"{first} {last}", email, phone, f"{firm} {trade} Oy", luck.choice(names.TITLES)]
