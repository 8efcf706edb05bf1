"""The words in which rules are said. Finnish keeps names uninflected by putting the case on a noun before them."""

from typing import NamedTuple


class Language(NamedTuple):
    events: dict[str, tuple[str, str, str]]  # what happens; one of them; some of them
    other_event: tuple[str, str, str]
    stages: dict[str, str]
    healths: dict[str, str]
    standings: dict[str, str]
    subjects: dict[str, str]  # of conditions
    operators: dict[str, str]
    becomes: dict[str, str]  # outcomes of a rule for anybody ...
    changes: dict[str, tuple[str, str]]  # ... and of one that asks where they stand
    when: str
    once: str
    any_time: str
    then: str
    and_: str
    or_: str
    known: str
    unknown: str
    within: str
    days: str
    at_least_days: str
    at_most_days: str
    silence: str
    usual_interval: str
    recall: str
    no_kept_order: str
    no_health: str
    nothing: str  # where no health stands in a list of places
    named_stage: str
    it_was: str
    truth: dict[bool, str]
    quoted: str
    point: str
    start: str
    by_rule: str

    def event(self, type_: str) -> str:
        return self.events[type_][0] if type_ in self.events else self.other_event[0].format(type_)

    def noun(self, type_: str, *, several: bool) -> str:
        return self.events.get(type_, self.other_event)[1 + several].format(type_)

    def place(self, dimension: str, key: str | None) -> str:
        if key is None:
            return self.nothing
        return {"stage": self.stages, "health": self.healths, "standing": self.standings}[dimension].get(key, key)


ENGLISH = Language(
    events={
        "contact_created": ("a contact is created", "new contact", "new contacts"),
        "attributes_changed": ("details change", "change of details", "changes of details"),
        "owner_changed": ("the owner changes", "change of owner", "changes of owner"),
        "ad_viewed": ("an ad is seen", "ad seen", "ads seen"),
        "ad_clicked": ("an ad is clicked", "click on an ad", "clicks on ads"),
        "social_reacted": ("somebody reacts in social media", "reaction", "reactions"),
        "page_viewed": ("a page is viewed", "page view", "page views"),
        "email_sent": ("a mail is sent", "mail sent", "mails sent"),
        "email_opened": ("a mail is opened", "mail opened", "mails opened"),
        "email_clicked": ("a link in a mail is clicked", "click in a mail", "clicks in mails"),
        "email_bounced": ("a mail bounces", "mail bounced", "mails bounced"),
        "letter_sent": ("a letter is sent", "letter", "letters"),
        "event_attended": ("an event is attended", "event attended", "events attended"),
        "call_held": ("a call is held", "call", "calls"),
        "meeting_held": ("a meeting is held", "meeting", "meetings"),
        "note_added": ("a note is added", "note", "notes"),
        "message_answered": ("a message is answered", "answer", "answers"),
        "answer_waived": ("a message is left without an answer", "message left", "messages left"),
        "content_downloaded": ("content is downloaded", "download", "downloads"),
        "newsletter_subscribed": ("the newsletter is subscribed to", "subscription", "subscriptions"),
        "form_submitted": ("a form is sent", "form sent", "forms sent"),
        "quote_requested": ("a quote is asked for", "request for a quote", "requests for a quote"),
        "message_received": ("somebody writes to us", "message", "messages"),
        "support_requested": ("support is asked for", "request for support", "requests for support"),
        "complaint_made": ("somebody complains", "complaint", "complaints"),
        "consent_given": ("consent is given", "consent", "consents"),
        "consent_withdrawn": ("consent is withdrawn", "withdrawal of consent", "withdrawals of consent"),
        "unsubscribed": ("somebody unsubscribes", "unsubscription", "unsubscriptions"),
        "order_completed": ("an order is completed", "kept order", "kept orders"),
        "order_delivered": ("an order is delivered", "delivery", "deliveries"),
        "order_refunded": ("an order is refunded", "refund", "refunds"),
        "feedback_given": ("feedback is given", "feedback", "feedbacks"),
        "review_posted": ("a review is posted", "review", "reviews"),
        "referral_made": ("somebody is referred to us", "referral", "referrals"),
        "referral_converted": ("somebody referred to us buys", "converted referral", "converted referrals"),
        "stage_set": ("the stage is decided", "decision on the stage", "decisions on the stage"),
        "postponed": ("the contact is put off", "postponement", "postponements"),
        "disqualified": ("the contact is disqualified", "disqualification", "disqualifications"),
        "relationship_ended": ("the relationship is ended", "end of the relationship", "ends of the relationship"),
        "reopened": ("the relationship is reopened", "reopening", "reopenings"),
    },
    other_event=("“{}” happens", "“{}” event", "“{}” events"),
    stages={
        "prospecting": "Prospecting",
        "retargeting": "Retargeting",
        "lead": "Lead",
        "customer": "Customer",
        "loyalty": "Loyalty",
        "advocate": "Advocate",
    },
    healths={"active": "active", "cooling": "cooling", "lapsed": "lapsed"},
    standings={"open": "open", "not_now": "not now", "closed": "closed"},
    subjects={
        "property": "“{name}” of the event",
        "attribute": "the detail “{name}”",
        "count": "the number of {of}{within}",
        "count_days": "the number of days with {of}{within}",
        "sum": "the sum of {of}{within}",
        "kept_orders": "the number of kept orders",
        "days_since": "the time since the last {of}",
        "days_in_stage": "the time in the stage",
        "score": "the score",
        "fit": "the fit",
        "stage": "the stage",
        "health": "health",
        "standing": "standing",
    },
    operators={
        "is": "is",
        "is_not": "is not",
        "in": "is",
        "contains": "contains",
        "at_least": "is at least",
        "at_most": "is at most",
        "less_than": "is less than",
        "more_than": "is more than",
        "exists": "is known",
    },
    becomes={"stage": "the stage becomes ", "health": "health becomes ", "standing": "standing becomes "},
    changes={
        "stage": ("somebody in ", " moves to "),
        "health": ("health goes from ", " to "),
        "standing": ("standing goes from ", " to "),
    },
    when="when ",
    once="once ",
    any_time="the path has begun",
    then=", ",
    and_=" and ",
    or_=" or ",
    known="is known",
    unknown="is not known",
    within=" within {days} days",
    days="{days} days",
    at_least_days="at least {days} days",
    at_most_days="at most {days} days",
    silence="the last kept order is {number} usual intervals ago",
    usual_interval="the usual interval was {}",
    recall="the date that was agreed on comes",
    no_kept_order="no kept order is left",
    no_health="there is no health any more",
    nothing="none",
    named_stage="the one that “{name}” of the event names",
    it_was="it was {}",
    truth={True: "true", False: "false"},
    quoted="“{}”",
    point=".",
    start="The path began with the first event.",
    by_rule="Rule {number}, “{name}”: {sentence}",
)

FINNISH = Language(
    events={
        "contact_created": ("kontakti luodaan", "uusi kontakti", "uusi kontakti"),
        "attributes_changed": ("tiedot muuttuvat", "tietojen muutos", "tietojen muutos"),
        "owner_changed": ("omistaja vaihtuu", "omistajan vaihdos", "omistajan vaihdos"),
        "ad_viewed": ("mainos nähdään", "mainoksen näkeminen", "mainoksen näkeminen"),
        "ad_clicked": ("mainosta klikataan", "mainoksen klikkaus", "mainoksen klikkaus"),
        "social_reacted": ("joku reagoi sosiaalisessa mediassa", "reaktio", "reaktio"),
        "page_viewed": ("sivua katsotaan", "sivun katselu", "sivun katselu"),
        "email_sent": ("sähköposti lähetetään", "lähetetty sähköposti", "lähetetty sähköposti"),
        "email_opened": ("sähköposti avataan", "avattu sähköposti", "avattu sähköposti"),
        "email_clicked": ("sähköpostin linkkiä klikataan", "klikkaus sähköpostissa", "klikkaus sähköpostissa"),
        "email_bounced": ("sähköposti palautuu", "palautunut sähköposti", "palautunut sähköposti"),
        "letter_sent": ("kirje lähetetään", "kirje", "kirje"),
        "event_attended": ("tilaisuuteen osallistutaan", "osallistuminen", "osallistuminen"),
        "call_held": ("puhelu käydään", "puhelu", "puhelu"),
        "meeting_held": ("tapaaminen pidetään", "tapaaminen", "tapaaminen"),
        "note_added": ("muistiinpano lisätään", "muistiinpano", "muistiinpano"),
        "message_answered": ("viestiin vastataan", "vastaus", "vastaus"),
        "answer_waived": ("viesti jätetään vastaamatta", "vastaamatta jätetty viesti", "vastaamatta jätetty viesti"),
        "content_downloaded": ("sisältöä ladataan", "lataus", "lataus"),
        "newsletter_subscribed": ("uutiskirje tilataan", "uutiskirjeen tilaus", "uutiskirjeen tilaus"),
        "form_submitted": ("lomake lähetetään", "lomake", "lomake"),
        "quote_requested": ("tarjousta pyydetään", "tarjouspyyntö", "tarjouspyyntö"),
        "message_received": ("joku kirjoittaa meille", "viesti", "viesti"),
        "support_requested": ("tukea pyydetään", "tukipyyntö", "tukipyyntö"),
        "complaint_made": ("joku valittaa", "valitus", "valitus"),
        "consent_given": ("suostumus annetaan", "suostumus", "suostumus"),
        "consent_withdrawn": ("suostumus perutaan", "suostumuksen peruutus", "suostumuksen peruutus"),
        "unsubscribed": ("uutiskirje perutaan", "uutiskirjeen peruutus", "uutiskirjeen peruutus"),
        "order_completed": ("tilaus toteutuu", "voimassa oleva tilaus", "voimassa oleva tilaus"),
        "order_delivered": ("tilaus toimitetaan", "toimitus", "toimitus"),
        "order_refunded": ("tilaus hyvitetään", "hyvitys", "hyvitys"),
        "feedback_given": ("palautetta annetaan", "palaute", "palaute"),
        "review_posted": ("arvostelu julkaistaan", "arvostelu", "arvostelu"),
        "referral_made": ("joku suositellaan meille", "suosittelu", "suosittelu"),
        "referral_converted": ("meille suositeltu ostaa", "ostanut suositeltu", "ostanut suositeltu"),
        "stage_set": ("vaihe päätetään", "päätös vaiheesta", "päätös vaiheesta"),
        "postponed": ("yhteydenpitoa lykätään", "lykkäys", "lykkäys"),
        "disqualified": ("kontakti hylätään", "hylkäys", "hylkäys"),
        "relationship_ended": ("suhde päätetään", "suhteen päättyminen", "suhteen päättyminen"),
        "reopened": ("suhde avataan uudelleen", "uudelleenavaus", "uudelleenavaus"),
    },
    other_event=("sattuu ”{}”", "”{}”", "”{}”"),
    stages={
        "prospecting": "Prospektointi",
        "retargeting": "Uudelleenkohdistus",
        "lead": "Liidi",
        "customer": "Asiakas",
        "loyalty": "Kanta-asiakas",
        "advocate": "Suosittelija",
    },
    healths={"active": "aktiivinen", "cooling": "viilenevä", "lapsed": "entinen asiakas"},
    standings={"open": "avoin", "not_now": "ei nyt", "closed": "päätetty"},
    subjects={
        "property": "tapahtuman ”{name}”",
        "attribute": "tieto ”{name}”",
        "count": "tapahtumien ({of}) määrä{within}",
        "count_days": "tapahtumapäivien ({of}) määrä{within}",
        "sum": "tapahtumien ({of}) summa{within}",
        "kept_orders": "voimassa olevien tilausten määrä",
        "days_since": "aika viimeisestä tapahtumasta ({of})",
        "days_in_stage": "aika vaiheessa",
        "score": "pistemäärä",
        "fit": "sopivuus",
        "stage": "vaihe",
        "health": "tila",
        "standing": "suhteen tila",
    },
    operators={
        "is": "on",
        "is_not": "ei ole",
        "in": "on",
        "contains": "sisältää",
        "at_least": "on vähintään",
        "at_most": "on enintään",
        "less_than": "on alle",
        "more_than": "on yli",
        "exists": "on tiedossa",
    },
    becomes={"stage": "vaiheeksi tulee ", "health": "tilaksi tulee ", "standing": "suhteen tilaksi tulee "},
    changes={
        "stage": ("vaihe ", " vaihtuu vaiheeseen "),
        "health": ("tila ", " vaihtuu tilaan "),
        "standing": ("suhteen tila ", " vaihtuu tilaan "),
    },
    when="kun ",
    once="kun ",
    any_time="polku on alkanut",
    then=", ",
    and_=" ja ",
    or_=" tai ",
    known="on tiedossa",
    unknown="ei ole tiedossa",
    within=" {days} päivässä",
    days="{days} päivää",
    at_least_days="vähintään {days} päivää",
    at_most_days="enintään {days} päivää",
    silence="viimeisestä voimassa olevasta tilauksesta on {number} tavallista tilausväliä",
    usual_interval="tavallinen tilausväli oli {}",
    recall="sovittu päivä tulee",
    no_kept_order="yhtään voimassa olevaa tilausta ei ole jäljellä",
    no_health="tilaa ei enää ole",
    nothing="ei mikään",
    named_stage="se, jonka tapahtuman ”{name}” nimeää",
    it_was="oli {}",
    truth={True: "tosi", False: "epätosi"},
    quoted="”{}”",
    point=",",
    start="Polku alkoi ensimmäisestä tapahtumasta.",
    by_rule="Sääntö {number}, ”{name}”: {sentence}",
)

LANGUAGES = {"en": ENGLISH, "fi": FINNISH}
