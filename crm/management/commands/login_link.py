"""Print a link that lets a member of staff in once: for a lost password, or a mail server that is away."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.desk.house.letters import sign_in_url
from staff.links import make_sign_in_link
from staff.models import User
from staff.policy import Principal
from staff.steps import forget_steps


class Command(BaseCommand):
    help = "Print a link that lets EMAIL in once within 30 minutes: manage.py login_link anna@example.com"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument(
            "--forget-second-step", action="store_true", help="also take away app, passkeys and recovery codes"
        )

    @transaction.atomic
    def handle(self, *args: Any, email: str, forget_second_step: bool, **more: Any) -> None:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None or not user.is_active:
            raise CommandError(
                f"Nobody who may sign in has the address {email}. manage.py createsuperuser makes an admin."
            )
        if forget_second_step:
            forget_steps(user=user, by=Principal())
        self.stdout.write(sign_in_url(make_sign_in_link(user=user, by=Principal())))
        self.stderr.write(f"It lets {user.email} in once, within 30 minutes.")
