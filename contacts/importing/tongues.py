"""What the heads of well-known exports are called in other languages than English, as far as we know them. Pure."""

from collections.abc import Mapping
from typing import Final


def _called(**said: str) -> dict[str, str]:
    """By each of its other names, parted by bars, the head in English."""
    return {name: head.replace("_", " ") for head, names in said.items() for name in names.split(" | ")}


# German, Spanish, Finnish, French, Dutch and Swedish: HubSpot asks in which language an export is to be.
HUBSPOT_HEADS: Final[Mapping[str, str]] = {
    **_called(
        record_id=(
            "record id - contact | datensatz-id | id de registro | id. de registro | tietueen tunnus | tietueen id | "
            "tietue-id | id de fiche d'informations | identifiant de fiche d'informations | record-id | post-id"
        ),
        first_name="vorname | nombre | etunimi | prénom | voornaam | förnamn",
        last_name="nachname | apellido | apellidos | sukunimi | nom | nom de famille | achternaam | efternamn",
        email=(
            "e-mail | e-mail-adresse | correo | correo electrónico | sähköposti | sähköpostiosoite | adresse e-mail | "
            "e-mailadres | e-post | e-postadress"
        ),
        additional_email_addresses="zusätzliche e-mail-adressen | adresses e-mail supplémentaires",
        phone_number=("telefonnummer | número de teléfono | puhelinnumero | numéro de téléphone | telefoonnummer"),
        mobile_phone_number=(
            "mobiltelefonnummer | número de teléfono móvil | matkapuhelinnumero | numéro de téléphone mobile | "
            "mobiel telefoonnummer"
        ),
        company_name=(
            "unternehmensname | name des unternehmens | nombre de la empresa | yrityksen nimi | nom de l'entreprise | "
            "bedrijfsnaam | företagsnamn"
        ),
        associated_company="zugeordnetes unternehmen | empresa asociada | entreprise associée",
        job_title=(
            "jobbezeichnung | position | cargo | tehtävänimike | työnimike | intitulé du poste | functietitel | "
            "jobbtitel"
        ),
        preferred_language="bevorzugte sprache | idioma preferido | ensisijainen kieli | langue préférée",
        contact_owner=(
            "zuständiger mitarbeiter | kontakt-inhaber | kontaktinhaber | propietario del contacto | "
            "yhteystiedon omistaja | yhteyshenkilön omistaja | kontaktin omistaja | propriétaire du contact | "
            "eigenaar van contact | contacteigenaar | kontaktägare"
        ),
        lifecycle_stage=(
            "lifecycle-phase | etapa del ciclo de vida | elinkaaren vaihe | phase du cycle de vie | levenscyclusfase | "
            "livscykelfas | livscykelstadium"
        ),
        lead_status="lead-status | leadstatus | estado del lead | liidin tila | statut du lead",
        create_date=(
            "erstellungsdatum | erstelldatum | fecha de creación | luontipäivä | luomispäivä | date de création | "
            "aanmaakdatum | skapad datum | skapandedatum"
        ),
        unsubscribed_from_all_email="von allen e-mails abgemeldet | désabonné de tous les e-mails",
        company_owner="zuständiger mitarbeiter für unternehmen | propietario de la empresa | yrityksen omistaja",
        deal_name="deal-name | nombre del negocio | nom de la transaction",
        deal_stage="deal-phase | etapa del negocio | phase de la transaction",
    ),
    **dict.fromkeys(("land/region", "país/región", "maa/alue", "pays/région", "land/regio"), "country/region"),
}
# German, Finnish, French and Swedish.
SALESFORCE_HEADS: Final[Mapping[str, str]] = {
    **_called(
        contact_id="kontakt-id | id du contact | yhteyshenkilön tunnus",
        lead_id="lead-id | id de la piste | liidin tunnus",
        first_name="vorname | etunimi | prénom | förnamn",
        last_name="nachname | sukunimi | nom | nom de famille | efternamn",
        email="e-mail | sähköposti | adresse e-mail | e-post",
        phone="telefon | puhelin | téléphone",
        mobile="mobil | mobiltelefon | matkapuhelin | mobile",
        account_name="accountname | account-name | tilin nimi | nom du compte | kontonamn",
        account_owner="accountinhaber | account-inhaber | tilin omistaja | propriétaire du compte | kontoägare",
        contact_owner="kontaktinhaber | kontakt-inhaber | yhteyshenkilön omistaja | propriétaire du contact",
        lead_owner="lead-inhaber | leadinhaber | liidin omistaja | propriétaire de la piste | leadägare",
        lead_status="lead-status | leadstatus | liidin tila | statut de la piste",
        lead_source="lead-quelle | leadquelle | liidin lähde | origine de la piste | leadkälla",
        created_date="erstelldatum | erstellungsdatum | luontipäivä | luontipäivämäärä | date de création",
        title="titel | titteli | titre",
        description="beschreibung | kuvaus | beskrivning",
        mailing_country="postanschrift (land) | postitusmaa | pays (adresse postale)",
    ),
    "unternehmen/account": "company / account",
    "firma/account": "company / account",
    "yritys / tili": "company / account",
    "société / compte": "company / account",
}
# A head of Pipedrive has parts: "Person - E-Mail-Adresse - Büro". German, Spanish, Finnish and French.
PIPEDRIVE_PARTS: Final[Mapping[str, str]] = _called(
    person="persona | personne | henkilö",
    name="nombre | nimi | nom",
    first_name="vorname | nombre de pila | etunimi | prénom",
    last_name="nachname | apellido | apellidos | sukunimi | nom de famille",
    email="e-mail | e-mail-adresse | correo electrónico | sähköposti | sähköpostiosoite | adresse e-mail",
    phone="telefon | teléfono | puhelin | téléphone",
    work="büro | arbeit | trabajo | työ | travail | bureau",
    home="privat | casa | particular | koti | domicile | privé",
    mobile="mobil | móvil | matkapuhelin | portable",
    other="sonstige | sonstiger | sonstiges | otro | muu | autre",
    organization="organisation | organización | organisaatio",
    owner="besitzer | propietario | omistaja | propriétaire",
    label="etiqueta | tunniste | étiquette",
    labels="etiquetas | tunnisteet | étiquettes",
    notes="notizen | notas | muistiinpanot",
)
