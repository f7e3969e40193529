"""Ten thousand values with right check digits, planted in sentences of six languages."""

from collections import Counter
from random import Random

from servicekit.privacy import Finder, Kind

from .making import Maker, card, email, iban, ip, national_id, phone

MAKERS: dict[Kind, Maker] = {
    Kind.EMAIL: email, Kind.PHONE: phone, Kind.CARD: card, Kind.IBAN: iban, Kind.NATIONAL_ID: national_id, Kind.IP: ip,
}  # fmt: skip
#: What may stand before a value of each kind; with nothing before it, its form has to tell.
WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.EMAIL: ("my e-mail is ", "E-Mail: ", "écrivez à ", "correo ", "scrivete a ", "stuur naar ", ""),
    Kind.PHONE: ("call me on ", "Tel. ", "meine Nummer: ", "mon portable ", "mi móvil es ", "cellulare ", "bel me: "),
    Kind.CARD: ("my card ", "Kreditkarte ", "carte ", "tarjeta ", "carta ", "kaart ", "charged twice: ", ""),
    Kind.IBAN: ("IBAN ", "refund to ", "Konto ", "compte ", "cuenta ", "conto ", "rekening ", ""),
    Kind.NATIONAL_ID: ("my id: ", "Ausweis ", "numéro ", "documento ", "codice ", "nummer ", ""),
    Kind.IP: ("from ", "IP-Adresse ", "depuis ", "desde ", "da ", "vanaf ", ""),
}
FRAMES = (
    "Hello, {} and the price was 129.90 EUR on 2026-03-14.", "I ordered 3 lamps. {}", "{}",
    "Bitte prüfen: {}, danke!", "Bonjour, {} merci",
    "Hola: {}; gracias por los 2 paquetes", "Buongiorno ({}) e grazie", "Hallo, {}. Maat 42 graag.",
    "size 10.5, version 2.4.1\n{}\nthanks", "\"{}\" is what I typed",
)  # fmt: skip
PLANTED = 10_000


def test_planted_values_are_found_and_hardly_anything_else() -> None:
    chance, finder = Random(20260211), Finder.load(words=False)
    kinds = tuple(MAKERS)
    found, findings, right, there = Counter[Kind](), 0, 0, Counter[Kind]()
    missed = []
    for number in range(PLANTED):
        kind = kinds[number % len(kinds)]
        value = MAKERS[kind](chance)
        before, _, after = chance.choice(FRAMES).partition("{}")
        before += chance.choice(WORDS[kind])
        text = f"{before}{value}{after}"
        start, end = len(before) + (len("BSN ") if value.startswith("BSN ") else 0), len(before) + len(value)
        told = finder.find(text)
        there[kind] += 1
        findings += len(told)
        right += sum(one.start < end and start < one.end for one in told)
        if any(one.start <= start and end <= one.end for one in told):
            found[kind] += 1
        else:
            missed.append(f"{kind}: {text}")
    assert found.total() >= 0.995 * PLANTED, "\n".join(missed[:40])
    assert right >= 0.98 * findings
    assert min(found[kind] / there[kind] for kind in kinds) >= 0.99, "\n".join(missed[:40])
