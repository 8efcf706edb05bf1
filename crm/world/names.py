"""Names for people who do not exist. None of them is anybody's; all addresses end in a reserved domain."""


def listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FIRST = listed(
    "Aada Aino Aleksi Alisa Anna Antti Anu Arto Eero Eeva Eija Elias Elina Emilia Emma Eveliina Hanna Hannu Heidi "
    "Heikki Helena Henri Iida Iiro Ilkka Inka Jaakko Jani Janne Jari Jenni Joel Johanna Joona Jukka Jussi Kaisa "
    "Kalle Kari Katri Kirsi Lasse Laura Lauri Leena Liisa Lotta Marja Marko Matti Merja Mika Mikko Milla Minna "
    "Nea Niina Noora Oili Olli Oona Otto Outi Paavo Pekka Petra Petri Pia Pirjo Päivi Raija Reetta Riikka Risto "
    "Ronja Saara Sami Sanna Santeri Sari Satu Seppo Silja Sini Sofia Susanna Tapio Teemu Tero Tiina Timo Tommi "
    "Topi Tuomas Tuula Ulla Valtteri Venla Vesa Viivi Ville Virpi Åsa Axel Björn Ebba Elsa Erik Freja Hugo Ingrid "
    "Lars Linnea Maja Nils Saga Sven Astrid Clara David Daniel Ella Eva Felix Hannah Jonas Julia Leo Lukas Marie "
    "Max Mia Nora Paul Sarah Simon Sophie Thomas Agnieszka Jan Kasia Marta Piotr Anaïs Chloé Éloïse François José "
    "María Inês João"
)

LAST = listed(
    "Aalto Ahola Ahonen Alanen Anttila Eerola Hakala Halonen Harju Heikkilä Heino Heinonen Helminen Hietala "
    "Hiltunen Hirvonen Huttunen Hyvönen Hämäläinen Häkkinen Jokela Jokinen Järvinen Kallio Karjalainen Karppinen "
    "Kemppainen Ketola Kinnunen Kivelä Koivisto Kokko Korhonen Koskela Koskinen Kukkonen Kurki Kuusela Laaksonen "
    "Laakso Laine Laitinen Lappalainen Lassila Lehtinen Lehto Lehtonen Leino Leppänen Lindholm Lindqvist "
    "Lindström Luoma Makkonen Manninen Mattila Miettinen Moilanen Mustonen Mäkelä Mäkinen Mäntylä Niemelä Niemi "
    "Nieminen Nurmi Nyman Oksanen Ojala Paananen Pakarinen Partanen Pelkonen Peltola Peltonen Pesonen Pietilä "
    "Pitkänen Rajala Rantala Rantanen Rautio Rinne Ruotsalainen Räsänen Saarinen Salmi Salo Salonen Savolainen "
    "Seppälä Seppänen Sillanpää Sipilä Sundberg Suominen Takala Tamminen Toivonen Tolonen Tuominen Turunen "
    "Uusitalo Vainio Vanhala Vartiainen Virtanen Vuorinen Väisänen Väänänen Ylitalo Åkerlund Öhman Andersson Berg "
    "Dahl Hansen Holm Jensen Johansson Larsen Nilsson Olsen Svensson Bauer Becker Fischer Hoffmann Keller Krüger "
    "Müller Schmidt Schneider Wagner Weber Dubois Garcia Lefèvre Martin Moreau Rossi Silva Kowalska Nowak "
    "Wiśniewska"
)

COMPANY = listed(
    "Aurora Havu Honka Ilves Jää Kaarna Kaiku Kanerva Karhu Kelo Kide Kivi Kontio Kuura Lumi Marja Meri Metso "
    "Naava Nurmi Otava Pilvi Pohja Puro Raita Ranta Routa Ruska Saari Sammal Savu Sora Suvanto Taiga Tammi Terva "
    "Tuuli Tyrsky Utu Vaara Valo Varpu Vesi Viima"
)

TRADE = listed(
    "Data Design Energia Foods Group Hoiva Kiinteistöt Koulutus Logistiikka Media Partners Rakennus Ravinto Sport "
    "Systems Tekniikka"
)

FORM = listed("Oy Oy Oy Ky AB GmbH Oyj")
TITLES = (
    "HR manager",
    "CEO",
    "Office manager",
    "Buyer",
    "Team lead",
    "Owner",
    "Marketing manager",
    "CFO",
    "Project manager",
    "",
)
COUNTRIES = ("FI", "FI", "FI", "FI", "FI", "FI", "SE", "SE", "NO", "DK", "DE", "EE", "PL", "FR")
PAGES = ("/", "/pricing", "/training", "/guides", "/about", "/cases/nordlogi", "/team-day", "/book")
GUIDES = ("Ten minutes a day", "A back that lasts", "Team day planner")
PRODUCTS = ("Training, 10 times", "Team day", "Workshop", "Online course", "Yearly plan")
