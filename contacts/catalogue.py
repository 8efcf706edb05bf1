"""The event types and sources every installation starts with (docs/design.md, section on event types)."""

from django.utils.translation import gettext_noop

from .models import EventType, Source, SourceKind, Trust

STAFF_SOURCE = "staff"
LETTERS_SOURCE = "our-letters"  # what the reader of a letter does by the link in it
# Nobody outside speaks for these; their names are told in the reader's language.
OWN_SOURCES = {STAFF_SOURCE: gettext_noop("Staff"), LETTERS_SOURCE: gettext_noop("Link in our letter")}

# key: (rank among events of one moment, English, Finnish)
EVENT_TYPES: dict[str, tuple[int, str, str]] = {
    "contact_created": (0, "Contact created", "Kontakti luotu"),
    "attributes_changed": (0, "Details changed", "Tiedot muuttuivat"),
    "owner_changed": (0, "Owner changed", "Vastuuhenkilö vaihtui"),
    "ad_viewed": (1, "Ad seen", "Mainos nähty"),
    "ad_clicked": (1, "Ad clicked", "Mainosta klikattu"),
    "social_reacted": (1, "Reaction on social media", "Reaktio somessa"),
    "page_viewed": (1, "Page viewed", "Sivu katsottu"),
    "email_sent": (1, "E-mail sent", "Sähköposti lähetetty"),
    "email_opened": (1, "E-mail opened", "Sähköposti avattu"),
    "email_clicked": (1, "Link in e-mail clicked", "Sähköpostin linkkiä klikattu"),
    "email_bounced": (1, "E-mail bounced", "Sähköposti palautui"),
    "letter_sent": (1, "Letter sent", "Kirje lähetetty"),
    "event_attended": (1, "Attended an event", "Osallistui tapahtumaan"),
    "call_held": (1, "Call", "Puhelu"),
    "call_tried": (1, "Call without answer", "Soitto ilman vastausta"),
    "meeting_held": (1, "Meeting", "Tapaaminen"),
    "note_added": (1, "Note", "Muistiinpano"),
    "message_answered": (1, "Message answered", "Viestiin vastattu"),
    "answer_waived": (1, "No answer needed", "Ei vaadi vastausta"),
    "content_downloaded": (2, "Content downloaded", "Sisältö ladattu"),
    "newsletter_subscribed": (2, "Newsletter subscribed", "Uutiskirje tilattu"),
    "form_submitted": (2, "Form submitted", "Lomake lähetetty"),
    "quote_requested": (2, "Quote requested", "Tarjous pyydetty"),
    "message_received": (2, "Message received", "Viesti saapui"),
    "support_requested": (2, "Support requested", "Tukea pyydetty"),
    "complaint_made": (2, "Complaint", "Reklamaatio"),
    "consent_given": (2, "Consent given", "Suostumus annettu"),
    "consent_withdrawn": (2, "Consent withdrawn", "Suostumus peruttu"),
    "unsubscribed": (2, "Unsubscribed", "Tilaus peruttu"),
    "order_completed": (3, "Order", "Tilaus"),
    "order_delivered": (3, "Order delivered", "Tilaus toimitettu"),
    "order_refunded": (4, "Refund", "Hyvitys"),
    "feedback_given": (5, "Feedback", "Palaute"),
    "review_posted": (5, "Review posted", "Arvostelu julkaistu"),
    "referral_made": (5, "Referral", "Suositus"),
    "referral_converted": (5, "Referral became a customer", "Suositeltu osti"),
    "stage_set": (6, "Stage set by hand", "Vaihe asetettu käsin"),
    "postponed": (6, "Not now", "Ei nyt"),
    "disqualified": (6, "Disqualified", "Hylätty"),
    "relationship_ended": (6, "Relationship ended", "Suhde päättyi"),
    "reopened": (6, "Reopened", "Avattu uudelleen"),
}


def install_catalogue() -> None:
    """Add the built-in event types and our own sources where they are missing; renamed labels stay as they are."""
    there = set(EventType.objects.filter(key__in=EVENT_TYPES).values_list("key", flat=True))
    EventType.objects.bulk_create(
        [
            EventType(key=key, rank=rank, label_en=english, label_fi=finnish, is_named=True)
            for key, (rank, english, finnish) in EVENT_TYPES.items()
            if key not in there  # an insert that meets a row still uses up a number, and these are few
        ],
        ignore_conflicts=True,
    )
    for key, name in OWN_SOURCES.items():
        own = {"name": name, "kind": SourceKind.STAFF, "trust": Trust.TRUSTED}
        Source.objects.get_or_create(key=key, defaults=own)
