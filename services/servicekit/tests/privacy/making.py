"""Values with right check digits in the forms of many countries, made from a seeded source of chance."""

from collections.abc import Callable
from random import Random

from stdnum import luhn, verhoeff
from stdnum.es import dni
from stdnum.fr import nir
from stdnum.iso7064 import mod_11_10
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel

Maker = Callable[[Random], str]

_USERS = (
    "a.keller",
    "m_rossi",
    "jan-willem",
    "zoe+shop",
    "o'neil",
    "info.weber",
    "l33t",
    "r.k.narayan",
    "m%c",
    "sofia1987",
)
_HOSTS = (
    "example.com", "mail.example.co.uk", "post.example.de", "example.museum", "xn--bcher-kva.example",
    "bücher.example",
    "a-b.example.org", "sub.sub.example.net",
)  # fmt: skip
#: How numbers are written, `#` a digit, `+` a digit that is not zero.
_PHONES = (
    "+49 30 +######", "+49 (0)171 +######", "0171 +######", "030/+######", "089 +####-##", "+43 1 +######",
    "+41 79 ### ## ##", "079 +## ## ##",
    "+44 20 7### ####", "07### ######", "(020) 7946 0###", "01632 960###", "+353 87 +## ####", "087 +## ####",
    "+33 6 ## ## ## ##", "06 ## ## ## ##",
    "01.4#.##.##.##", "+34 6## ### ###", "6## ### ###", "91+ ### ###", "+39 3## #######", "3## +######",
    "+39 06 +#######", "+31 6 ########",
    "06-########", "020-+######", "+32 4## ## ## ##", "+48 +## ### ###", "+46 70-### ## ##", "070-### ## ##",
    "+47 4## ## ###", "+45 ## ## ## ##",
    "+358 40 +######", "+351 91+ ### ###", "+55 11 9####-####", "(11) 9####-####", "+1 212 555 0###",
    "(415) 555-0###", "646-555-0###", "1-800-555-0###",
    "+1 (604) 555-0###", "+61 4## ### ###", "04## ### ###", "(02) 9### ####", "+64 21 +## ###", "+91 98### #####",
    "98### #####", "+91-97########",
    "+81 90-+###-####", "090-+###-####", "+86 138 #### ####", "+82 10-+###-####", "+65 9### ####",
    "+971 50 +## ####", "+27 82 +## ####", "+52 55 +### ####",
    "+90 532 +## ## ##", "+420 6## ### ###", "+36 30 +## ####", "+30 69+ ### ####", "+40 7## ### ###",
    "+380 67 +## ## ##", "+7 9## ###-##-##", "00 49 30 +######",
)  # fmt: skip
_IBANS = {
    "DE": "##################", "GB": "NWBK##############", "FR": "##########00000#####1##",
    "ES": "####################", "IT": "X##########000000######",
    "NL": "INGB##########", "AT": "################", "BE": "############", "CH": "#################",
    "IE": "AIBK##############", "PL": "########################",
    "PT": "#####################", "SE": "####################", "DK": "##############", "NO": "###########",
    "FI": "##############",
}  # fmt: skip
_CARDS = {
    "4": 16, "51": 16, "55": 16, "2221": 16, "37": 15, "34": 15, "6011": 16, "65": 16, "3528": 16, "36": 14,
    "62": 16, "5018": 16,
}  # fmt: skip


def _fill(chance: Random, pattern: str) -> str:
    return "".join(
        str(chance.randrange(10)) if char == "#" else str(chance.randrange(1, 10)) if pattern and char == "§" else char
        for char in pattern
    )


def email(chance: Random) -> str:
    """`user@host`, the host not always ASCII."""
    return f"{chance.choice(_USERS)}{chance.randrange(100)}@{chance.choice(_HOSTS)}"


def phone(chance: Random) -> str:
    """A number as it is written in one of 35 countries."""
    pattern = chance.choice(_PHONES)
    return _fill(chance, pattern[0] + pattern[1:].replace("+", "§"))


def card(chance: Random) -> str:
    """A card number, in one of three groupings."""
    start, length = chance.choice(tuple(_CARDS.items()))
    body = _fill(chance, start + "#" * (length - 1 - len(start)))
    number = body + luhn.calc_check_digit(body)
    gap = chance.choice(("", " ", "-"))
    groups = (4, 10, length) if length == 15 else tuple(range(4, length + 4, 4))
    return gap.join(number[begin:end] for begin, end in zip((0, *groups), groups, strict=False))


def iban(chance: Random, country: str = "") -> str:
    """An account number of a country, in groups or not, at times in lower case."""
    country = country or chance.choice(tuple(_IBANS))
    body = _fill(chance, _IBANS[country])
    number = country + f"{98 - int(''.join(str(int(char, 36)) for char in body + country + '00')) % 97:02d}" + body
    style = chance.randrange(4)
    grouped = " ".join(number[place : place + 4] for place in range(0, len(number), 4))
    return (grouped, number, grouped, number.lower())[style]


def _day(chance: Random) -> tuple[int, int, int]:
    return chance.randrange(50, 100), chance.randrange(1, 13), chance.randrange(1, 29)


def _ssn(chance: Random) -> str:
    return f"{chance.randrange(1, 666):03d}-{chance.randrange(1, 100):02d}-{chance.randrange(1, 10000):04d}"


def _nino(chance: Random) -> str:
    digits = f"{chance.randrange(10**6):06d}"
    gap = chance.choice(("", " "))
    return gap.join(
        (chance.choice(("AB", "CE", "JK", "SR", "PX")), digits[:2], digits[2:4], digits[4:], chance.choice("ABCD"))
    )


def _steuer_id(chance: Random) -> str:
    digits = chance.sample(range(10), 10)
    if digits[0] == 0:
        digits.reverse()
    digits[9] = digits[2]
    body = "".join(map(str, digits))
    number = body + mod_11_10.calc_check_digit(body)
    return chance.choice((number, f"{number[:2]} {number[2:5]} {number[5:8]} {number[8:]}"))


def _nir(chance: Random) -> str:
    year, month, _ = _day(chance)
    birth = f"{chance.choice('12')}{year}{month:02d}"
    number = f"{birth}{chance.randrange(10, 90)}{chance.randrange(1, 990):03d}{chance.randrange(1, 999):03d}"
    number += nir.calc_check_digits(number)
    return chance.choice(
        (number, f"{number[0]} {number[1:3]} {number[3:5]} {number[5:7]} {number[7:10]} {number[10:13]} {number[13:]}")
    )


def _dni(chance: Random) -> str:
    number = f"{chance.randrange(10**7, 10**8)}"
    return number + chance.choice(("", "-")) + dni.calc_check_digit(number)


def _nie(chance: Random) -> str:
    body = f"{chance.randrange(10**7):07d}"
    first = chance.randrange(3)
    return "XYZ"[first] + chance.choice(("", "-")) + body + dni.calc_check_digit(str(first) + body)


def _codice(chance: Random) -> str:
    year, _, day = _day(chance)
    body = f"{chance.choice(('RSSMRA', 'BNCLRA', 'VRDGPP'))}{year}{chance.choice('ABCDEHLMPRST')}{day:02d}H"
    body += str(chance.randrange(100, 999))
    return body + codicefiscale.calc_check_digit(body)


def _pesel(chance: Random) -> str:
    year, month, day = _day(chance)
    body = f"{year}{month:02d}{day:02d}{chance.randrange(10000):04d}"
    return body + pesel.calc_check_digit(body)


def _personnummer(chance: Random) -> str:
    year, month, day = _day(chance)
    body = f"{year}{month:02d}{day:02d}{chance.randrange(1000):03d}"
    return chance.choice(("", "19")) + body[:6] + "-" + body[6:] + luhn.calc_check_digit(body)


def _cpf(chance: Random) -> str:
    number = f"{chance.randrange(10**11):011d}"
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def _aadhaar(chance: Random) -> str:
    body = str(chance.randrange(2 * 10**10, 10**11))
    number = body + verhoeff.calc_check_digit(body)
    return f"{number[:4]} {number[4:8]} {number[8:]}"


def _pan(chance: Random) -> str:
    letters = chance.choice(("ABC", "QRT", "ZXK"))
    return f"{letters}P{chance.choice('ABC')}{chance.randrange(1000, 9999)}{chance.choice('XYZ')}"


def _fodselsnummer(chance: Random) -> str:
    while True:
        year, month, day = _day(chance)
        number = f"{day:02d}{month:02d}{year}{chance.randrange(500):03d}{chance.randrange(100):02d}"
        if fodselsnummer.is_valid(number):
            return number


def _bsn(chance: Random) -> str:
    while True:
        number = str(chance.randrange(10**8, 10**9))
        if bsn.is_valid(number):
            return f"BSN {number}"


IDS: dict[str, Maker] = {
    "US": _ssn, "GB": _nino, "DE": _steuer_id, "FR": _nir, "ES": _dni, "NIE": _nie, "IT": _codice, "PL": _pesel,
    "SE": _personnummer, "BR": _cpf, "IN": _aadhaar, "PAN": _pan, "NO": _fodselsnummer,
}  # fmt: skip


def national_id(chance: Random) -> str:
    """An id of one of twelve countries."""
    return chance.choice(tuple(IDS.values()))(chance)


def ip(chance: Random) -> str:
    """An IPv4 address three times in four, else an IPv6 one."""
    if chance.randrange(4):
        return ".".join(str(chance.randrange(10, 256)) for _ in range(4))
    groups = [f"{chance.randrange(1, 65536):x}" for _ in range(8)]
    return ":".join(groups) if chance.randrange(2) else ":".join(groups[:3]) + "::" + ":".join(groups[5:])
