"""Erase a person for ever."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from contacts.erasing import erase_contact
from contacts.models import Contact, Erasure
from staff.policy import Principal


class Command(BaseCommand):
    help = "Erase a person, with all contacts merged into them, for ever: manage.py erase_contact 17 --yes"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", type=int, help="the number of the contact")
        parser.add_argument("--yes", action="store_true", help="do it: nothing brings them back")

    def handle(self, *args: Any, contact: int, yes: bool, **more: Any) -> None:
        found = Contact.objects.filter(members=contact, erased_at=None).first()
        if found is None:
            raise CommandError(_("There is no such contact."))
        if not yes:
            raise CommandError(_("This erases contact %(number)s for ever. Say --yes to do it.") % {"number": found.pk})
        try:
            erasure = erase_contact(contact=found, by=Principal())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if Erasure.objects.unfinished().filter(pk=erasure.pk).exists():
            self.stdout.write(_("Contact %(number)s is hidden; the workers forget the rest.") % {"number": found.pk})
        else:
            self.stdout.write(_("Contact %(number)s is erased.") % {"number": found.pk})
