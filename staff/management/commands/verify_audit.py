"""Say whether the audit trail is as it was written."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from staff.models import AuditRecord
from staff.sealing import broken_seals, seal_audit


class Command(BaseCommand):
    help = "Walk the chain of the audit trail; fails where a sealed record was changed, taken out or slipped in."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = list(broken_seals())
        if broken:
            raise CommandError("\n".join(broken))
        while seal_audit():
            pass
        last = AuditRecord.objects.filter(place__isnull=False).order_by("-place").first()
        if last is None:
            self.stdout.write("The trail is empty.")
            return
        self.stdout.write(
            f"{last.place} records, all as they were sealed. The last seal: {bytes(last.seal or b'').hex()}"
        )
