"""Word lists of the demo company's world, per country: legal forms, lines of business, how countries are spelled."""

from __future__ import annotations

from typing import Final

LOCALES: Final[dict[str, str]] = {
    "US": "en_US",
    "CA": "en_CA",
    "GB": "en_GB",
    "DE": "de_DE",
    "AT": "de_AT",
    "CH": "de_CH",
    "FR": "fr_FR",
    "IT": "it_IT",
    "ES": "es_ES",
    "NL": "nl_NL",
}
"""Faker locale of each country; its keys are the ten countries of the demo company's customers."""

COUNTRY_WEIGHTS: Final[dict[str, int]] = {
    "US": 44, "DE": 16, "GB": 12, "CA": 6, "FR": 6, "NL": 5, "AT": 4, "CH": 3, "IT": 2, "ES": 2,
}  # fmt: skip

COUNTRY_SPELLINGS: Final[dict[str, tuple[str, ...]]] = {
    "US": ("United States", "USA", "US", "United States of America"),
    "CA": ("Canada", "CA"),
    "GB": ("United Kingdom", "UK", "Great Britain", "GB"),
    "DE": ("Germany", "Deutschland", "DE"),
    "AT": ("Austria", "Österreich", "AT"),
    "CH": ("Switzerland", "Schweiz", "CH"),
    "FR": ("France", "FR"),
    "IT": ("Italy", "Italia", "IT"),
    "ES": ("Spain", "España", "ES"),
    "NL": ("Netherlands", "The Netherlands", "NL"),
}
"""As people type them into a CRM, the commonest first."""

LEGAL_FORMS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "US": (("Inc.", "Inc", "Incorporated"), ("LLC", "L.L.C."), ("Corp.", "Corporation", "Corp"), ("Co.", "Company")),
    "CA": (("Inc.", "Inc", "Incorporated"), ("Ltd.", "Limited", "Ltd"), ("Corp.", "Corporation")),
    "GB": (("Ltd", "Limited", "Ltd."), ("PLC", "plc"), ("LLP", "L.L.P.")),
    "DE": (("GmbH", "G.m.b.H."), ("GmbH & Co. KG", "GmbH & Co KG"), ("AG", "A.G.")),
    "AT": (("GmbH", "G.m.b.H."), ("AG", "A.G."), ("KG", "K.G.")),
    "CH": (("AG", "A.G."), ("GmbH", "G.m.b.H."), ("SA", "S.A.")),
    "FR": (("SARL", "S.A.R.L."), ("SAS", "S.A.S."), ("SA", "S.A.")),
    "IT": (("S.r.l.", "Srl", "SRL"), ("S.p.A.", "SpA", "SPA")),
    "ES": (("S.L.", "SL"), ("S.A.", "SA")),
    "NL": (("B.V.", "BV"), ("N.V.", "NV")),
}
"""Legal forms with the spellings of each, the registered one first."""

WRITTEN_OUT: Final[dict[str, str]] = {
    "GmbH": "Gesellschaft mbH", "AG": "Aktiengesellschaft", "KG": "Kommanditgesellschaft", "S.p.A.": "Società per azioni",
}  # fmt: skip
"""Legal forms in words: no rule finds these, only likeness does."""

AND_WORDS: Final[dict[str, str]] = {
    "US": "and", "CA": "and", "GB": "and", "DE": "und", "AT": "und", "CH": "und", "FR": "et", "IT": "e", "ES": "y",
    "NL": "en",
}  # fmt: skip

_ENGLISH: Final = (
    "Manufacturing", "Industries", "Engineering", "Logistics", "Systems", "Technologies", "Foods", "Packaging",
    "Construction", "Medical Supplies", "Automation", "Plumbing Supply", "Electronics", "Energy", "Marine Services",
    "Machine Works", "Textiles", "Chemicals", "Aerospace", "Building Products", "International", "Services",
    "Fasteners", "Tooling", "Furniture", "Brewing", "Laboratories", "Outfitters", "Printing", "Dental",
)  # fmt: skip
_GERMAN: Final = (
    "Maschinenbau", "Werkzeugbau", "Elektrotechnik", "Logistik", "Fördertechnik", "Anlagenbau", "Großhandel",
    "Kältetechnik", "Möbelwerke", "Präzisionstechnik", "Bauträger", "Spedition", "Druckerei", "Metallbau",
    "Gebäudetechnik", "Landtechnik", "Medizintechnik", "Oberflächentechnik", "Brauerei", "Verpackungen",
    "Umwelttechnik", "Stahlhandel", "Feinmechanik", "Kunststoffwerk", "Wärmetechnik",
)  # fmt: skip
_FRENCH: Final = (
    "Mécanique", "Électricité", "Bâtiment", "Logistique", "Menuiserie", "Métallerie", "Industries", "Emballages",
    "Énergie", "Outillage", "Plomberie", "Matériaux", "Distribution", "Chaudronnerie", "Technologies",
)  # fmt: skip
_ITALIAN: Final = (
    "Meccanica", "Costruzioni", "Impianti", "Logistica", "Elettronica", "Arredamenti", "Utensili", "Imballaggi",
    "Metalli", "Automazione", "Forniture", "Tessuti", "Energia",
)  # fmt: skip
_SPANISH: Final = (
    "Maquinaria", "Construcciones", "Instalaciones", "Logística", "Electrónica", "Suministros", "Metálicas",
    "Envases", "Ingeniería", "Herramientas", "Energía", "Muebles",
)  # fmt: skip
_DUTCH: Final = (
    "Machinebouw", "Techniek", "Logistiek", "Bouw", "Installaties", "Groothandel", "Metaal", "Verpakkingen",
    "Elektrotechniek", "Gereedschap", "Transport", "Zuivel",
)  # fmt: skip

BUSINESSES: Final[dict[str, tuple[str, ...]]] = {
    "US": _ENGLISH, "CA": _ENGLISH, "GB": _ENGLISH, "DE": _GERMAN, "AT": _GERMAN, "CH": _GERMAN, "FR": _FRENCH,
    "IT": _ITALIAN, "ES": _SPANISH, "NL": _DUTCH,
}  # fmt: skip

ABBREVIATIONS: Final[dict[str, str]] = {
    "Manufacturing": "Mfg", "Industries": "Ind.", "Engineering": "Eng.", "Technologies": "Tech", "Systems": "Sys.",
    "International": "Intl", "Services": "Svcs", "Construction": "Constr.", "Laboratories": "Labs",
    "Electronics": "Elec.", "Maschinenbau": "Masch.-Bau", "Großhandel": "Großh.", "Elektrotechnik": "E-Technik",
    "Medizintechnik": "Medtech", "Distribution": "Distr.", "Costruzioni": "Costr.", "Construcciones": "Constr.",
    "Building Products": "Bldg Products", "Medical Supplies": "Med. Supplies", "Logistik": "Log.",
}  # fmt: skip

INDUSTRIES: Final = (
    "Manufacturing", "Machinery", "Construction", "Electronics", "Food & Beverage", "Healthcare", "Transportation",
    "Chemicals", "Energy", "Engineering", "Retail", "Utilities",
)  # fmt: skip
"""Salesforce's standard values of Account.Industry."""

BRANCH_WORDS: Final[dict[str, str]] = {
    "US": "Branch", "CA": "Branch", "GB": "Branch", "DE": "Niederlassung", "AT": "Niederlassung",
    "CH": "Niederlassung", "FR": "Agence", "IT": "Filiale", "ES": "Sucursal", "NL": "Vestiging",
}  # fmt: skip

TITLES: Final = (
    "Purchasing Manager", "Head of Procurement", "Buyer", "Managing Director", "CEO", "CFO", "Plant Manager",
    "Operations Manager", "Maintenance Lead", "Accounts Payable", "Warehouse Manager", "Quality Engineer",
)  # fmt: skip

TOP_LEVEL_DOMAINS: Final[dict[str, str]] = {
    "US": "com", "CA": "ca", "GB": "co.uk", "DE": "de", "AT": "at", "CH": "ch", "FR": "fr", "IT": "it", "ES": "es",
    "NL": "nl",
}  # fmt: skip

CALLING_CODES: Final[dict[str, str]] = {
    "US": "1", "CA": "1", "GB": "44", "DE": "49", "AT": "43", "CH": "41", "FR": "33", "IT": "39", "ES": "34", "NL": "31",
}  # fmt: skip
