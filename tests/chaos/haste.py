"""What in the product is only patience, made short, so that a run need not wait for it."""

from django.apps import AppConfig


class HasteConfig(AppConfig):
    name = "tests.chaos.haste"
    label = "chaos_haste"

    def ready(self) -> None:
        from crm.webhooks import delivering

        delivering.LEASE_S = 8  # type: ignore[misc]  # of a delivery whose sender was killed; the receiver is quick
