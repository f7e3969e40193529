"""What the words around a number say it is: the nearest of them counts."""

import re
from enum import StrEnum

from servicekit.privacy.folding import Page


class Label(StrEnum):
    """What a number is called."""

    PHONE = "phone"
    CARD = "card"
    ACCOUNT = "account"
    NATIONAL_ID = "national_id"
    ORDER = "order"
    GOODS = "goods"  # parcels, articles, serial numbers: no person's, and no phone number either


_PHONE = (
    r"phone|telephone|t[eé]l[eé]?(?:f|ph)[oó]|tele(?:foon|fax)|t[eé]l\b|telef|mobile?s?\b|mobilnummer|mobiltel"
    r"|mob\b|cell(?:s|phone|ular|ulare)?\b"
    r"|celular|whats?app|sms\b|text me|call(?:ed|ing|s|back)?\b|reach (?:me|us|him|her)|ring (?:me|us)|dial"
    r"|handy|anruf|anzurufen|ruf|rückruf"
    r"|erreichbar|erreichen|m[oó]vil|portable\b|appel|rappel|joindre|joignable|ll[aá]m[ae]|llámeme"
    r"|contact(?:ar|e[rz]|atemi|o)?\b|chiam"
    r"|richiam|bellen\b|bel (?:me|mij)|terugbel|gsm\b|(?:my|contact|meine|mon|mi|il mio|mijn|our|her"
    r"|his) (?:number|nummer|num[eé]ro|n[uú]mero|numero|nr|no)\b"
    r"|signal\b|telegram|viber|ext\b|hotline|telem[oó]vel|fax\b|phones\b|puhelin|numer telefonu|landline"
    r"|festnetz|fijo\b|fixe\b"
)
_CARD = (
    r"(?:credit|debit|bank|kredit|debet)[ -]?(?:card|kart|kaart)|visa|mastercard|amex|maestro|american express"
    r"|kredit|debitk|ec-?karte|girocard"
    r"|cards?\b|karten?(?:nummer|nr)?\b|carte\b|tarjeta|carta\b|kaart(?:nummer)?\b|cart[aã]o|creditcard"
    r"|kreditkort|kortnummer|karta"
)
_ACCOUNT = r"iban\b|account\b|konto|compte\b|cuenta\b|conto\b|rekening|bank details|bankverbindung|rib\b|bic\b"
_NATIONAL_ID = (
    r"ssn\b|social security|social insurance|sin (?=number|no|is|:)|itin\b|national insurance|nino\b|ni (?:number|no)"
    r"|tax (?:id|file|payer|number|no)|taxpayer|tin\b|tfn\b|steuer-?(?:id|nummer|nr|identifikation)|idnr\b"
    r"|sozialversicherung|(?:sv|rv|rentenversicherungs?)-?n(?:umme)?r"
    r"|personalausweis|ausweis|reisepass|pass(?:nummer|nr|eport|aporto|-nr)|pasaporte|paspoort|passport"
    r"|driv(?:er|ing|ers)(?:'?s)?'? ?licen[cs]e|licen[cs]e (?:number|no|is)|führerschein|permis de conduire"
    r"|permiso de conduc|carn[eé] de conducir|patente\b|rijbewijs"
    r"|identity (?:card|number|document)|id[ -]?(?:card|document|kaart|karte)|national id"
    r"|identification number|carte (?:nationale )?d'identit|cni\b|documento|carta d'identit"
    r"|(?:n[uú]mero de )?s[eé]curit[eé] sociale|s[eé]cu\b|nir\b|seguridad social|dni\b|nie\b|nif\b"
    r"|codice fiscale|c\.?f\.?:|cf:|fiscal code"
    r"|bsn\b|burgerservicenummer|sofinummer|pesel\b|personnummer|personnr|persnr|cpf\b|aadhaar|aadhar|adhaar"
    r"|uidai|pan (?:card|number|no|is)|pan:|cpr\b|ahv\b|avs\b"
    r"|ppsn?\b|nhs (?:number|no)|medicare|rijksregister|henkil[oö]tunnus|hetu\b|f[oø]dselsnummer|svnr\b|curp\b"
    r"|rfc\b|numer dowodu|dow[oó]d"
)
_ORDER = (
    r"order|invoice|purchase|po\b|bestell|auftrag|rechnung|kunden(?:nummer|nr)|commande|facture|pedido|factura"
    r"|ordine|fattura|factuur"
    r"|customer (?:number|no|id)|referen[cz]|ref\b|tickets?\b|case\b|rma\b|transaction|booking|reservation"
    r"|confirmation"
)
_GOODS = (
    r"track|parcel|shipment|sendung|colis|suivi|seguimiento|spedizione|pakket|paket|zending|package|waybill|awb\b"
    r"|skus?\b|ean\b|gtin\b|upc\b|isbn\b|asin\b|barcode|serial|serien|s/n|imei|arti(?:cle|kel)|art\.|item"
    r"|product|produkt|part (?:no|number)|model"
    r"|voucher|coupon|gutschein|gift ?card|promo|batch|lot\b|charge\b|version|build|firmware|error|vat\b"
    r"|ust-?id|hrb\b"
)
_BEFORE = re.compile(
    rf"\b(?:(?P<phone>{_PHONE})|(?P<card>{_CARD})|(?P<account>{_ACCOUNT})|(?P<national_id>{_NATIONAL_ID})"
    rf"|(?P<order>{_ORDER})|(?P<goods>{_GOODS}))"
)
_AFTER = re.compile(
    r"[ ,(-]{0,3}(?:is|ist|est|c'est|es|è|was|that's|das ist)? ?(?:my|our|meine|unsere|mon|mi|il mio"
    r"|mijn)\b[^\d.!?\n]{0,14}?"
    r"(?:(?P<phone>phone|mobile|cell|handy|mobil|tele|tel\b|t[eé]l|m[oó]vil|cellulare|number\b|nummer\b"
    r"|num[eé]ro\b|n[uú]mero\b|numero\b)"
    r"|(?P<card>card|kart|carte|tarjeta|carta|kaart))"
)
_BREAK = re.compile(r"[!?;]|[^\W\d]{4,}\.\s")
_WINDOW = 42


def label_of(page: Page, start: int, end: int) -> Label | None:
    """What the words before `start`, or else those behind `end`, say; None when they say nothing of a number."""
    key = (start, end)
    if key not in page.labels:
        page.labels[key] = _label_of(page.lower, start, end)
    label = page.labels[key]
    return Label(label) if label else None


def _label_of(text: str, start: int, end: int) -> str | None:
    begin = max(0, start - _WINDOW)
    for found in _BREAK.finditer(text, begin, start):
        begin = found.end()
    nearest = None
    for found in _BEFORE.finditer(text, begin, start):
        nearest = found
    if nearest is None:
        nearest = _AFTER.match(text, end, end + _WINDOW)
    return nearest.lastgroup if nearest is not None else None
