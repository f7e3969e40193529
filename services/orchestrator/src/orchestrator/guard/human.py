"""The right to a person: a clear request for one is met without asking any model (HUMAN-2), in six languages. Who is in
danger is handed over without asking for it.

It is looked for in each clause of a message, however long that is. What tells of a person ("I spoke to an agent", "the
delivery person") or says no to one is none.
"""

import re

from orchestrator.guard.danger import danger_in

_CLAUSE = re.compile(r"[.!?;,:\n]+|\s[-–—]\s")
_SENTENCE = re.compile(r"[.!?;:\n]+")
_WORD = re.compile(r"[\w'’]+")
_FEW_WORDS = 6

_EN = (
    r"(?:(?:a|an|the|some|any|your|one of your|to|another|actual|real|live|human|proper)\s+)*"
    r"(?:humans?(?: being| agent)?|persons?|people|agents?|representatives?|rep|operator|somebody|someone|staff"
    r"|employee|advis[eo]r|manager|management|supervisor|boss|superior|team ?lead(?:er)?|team member|colleague"
    r"|team|support team"
    r"|customer (?:service|support|care)|anyone|anybody)\b(?! (?:else'?s|size|tent|orange|in the (?:picture|photo)))"
)
_EN_SURE = (
    r"(?:(?:a|an|the|another|actual|real|live|human|proper)\s+)*"
    r"(?:humans?|human being|real person|actual person|live person|person|live agent|human agent|representative"
    r"|supervisor)\b(?! (?:to|for|size|tent|in|on|who (?:ordered|paid|signed|delivered)))"
)
_DE = (
    r"(?:(?:einem|einer|einen|eine|ein|nem|ner|nen|dem|der|den|die|das|ihrem|ihren|ihrer|eurem|echten?[rms]?|realen?"
    r"|richtigen?|menschlichen?|wirklichen?|lebenden?|anderen?|zum|zur)\s+)*"
    r"(?:mensch(?:en)?|person|jemand(?:em|en)?|mitarbeiter(?:in|n)?|kundenberater(?:in)?|berater(?:in)?"
    r"|ansprechpartner(?:in)?|kundendienst|kundenservice|support(?:mitarbeiter(?:in)?)?|kolleg(?:e|en|in)"
    r"|vorgesetzten?|manager(?:in)?|agent(?:en|in)?|servicemitarbeiter(?:in)?|team)\b"
)
_DE_SURE = (
    r"(?:(?:einen|eine|ein|nen|ne|echten?|richtigen?|menschlichen?|realen?|bitte|mit)\s+)*"
    r"(?:menschen|mensch|mitarbeiter(?:in)?|ansprechpartner(?:in)?|kundenberater(?:in)?|berater(?:in)?"
    r"|echte person|reale person)\b(?! (?:für|der|die|zum|von|im|in))"
)
_FR = (
    r"(?:(?:un|une|à|au|le|la|votre|vos|des|vrai|vraie|véritable|autre|de|du|l)['’\s]+)*"
    r"(?:humaine?|personne|être humain|agente?|conseill(?:er|ère)|quelqu['’]un|opérat(?:eur|rice)|responsable"
    r"|représentante?|employée?|collègue|service client(?:s|èle)?|support|équipe|interlocuteur)\b(?! d['’]autre)"
)
_FR_SURE = (
    r"(?:(?:un|une|d['’]une?|vrai|vraie|véritable)\s+)*"
    r"(?:humain|être humain|conseill(?:er|ère)|vraie personne|personne réelle|agent humain|opérat(?:eur|rice)"
    r"|interlocuteur humain)\b"
)
_ES = (
    r"(?:(?:un|una|el|la|al|algún|alguna|su|otra|otro|a|ser|verdadero|verdadera)\s+)*"
    r"(?:personas?|humano|humana|alguien|agente|asesora?|operadora?|representante|encargad[oa]|gerente|emplead[oa]"
    r"|responsable|supervisora?|compañer[oa]|servicio al cliente|atención al cliente|equipo|ser humano)\b(?! más)"
)
_ES_SURE = (
    r"(?:(?:a|un|una|algún|verdadero|verdadera)\s+)*"
    r"(?:humano|ser humano|persona (?:real|de verdad|humana)|agente(?: humano)?|asesora?|operadora?|representante)\b"
)
_IT = (
    r"(?:(?:un|una|il|la|l|al|vostro|vostra|altro|altra|vero|vera|essere)['’\s]+)*"
    r"(?:persona|umano|qualcuno|operatore|operatrice|agente|consulente|addett[oa]|responsabile|rappresentante"
    r"|impiegat[oa]|assistenza(?: clienti)?|servizio clienti|collega|team|essere umano)\b(?! altro)"
)
_IT_SURE = (
    r"(?:(?:di|con|un|una|vero|vera)['’\s]+)*"
    r"(?:umano|essere umano|persona (?:vera|reale|umana|in carne)|vera persona|operatore(?: umano)?|operatrice"
    r"|consulente)\b"
)
_NL = (
    r"(?:(?:een|de|het|jullie|uw|echte?|menselijke|levende|andere)\s+)*"
    r"(?:mens|persoon|medewerk(?:er|ster)|iemand|collega|adviseur|klantenservice|agent|manager|leidinggevende"
    r"|vertegenwoordiger|team)\b(?! anders)"
)
_NL_SURE = (
    r"(?:(?:een|echte?|menselijke)\s+)*(?:mens|echt persoon|echte persoon|medewerk(?:er|ster)|menselijke hulp)\b"
    r"(?! (?:van|die|voor|in))"
)

_ASKS = re.compile(
    "|".join(f"(?:{one})" for one in (
        # English
        rf"\b(?:talk|speak|chat)(?: \w+)? (?:to|with) {_EN}",
        rf"\b(?:connect|transfer|put|pass|hand|forward)(?: (?:me|us|this|it|through|over|on))+ (?:to|with) {_EN}",
        rf"\b(?:switch|escalate)(?: me| us| this| it)?(?: over)? to {_EN}",
        rf"\b(?:want|need|get|give|would like|d like|prefer|bring|fetch)(?: me| us| in| to have)* {_EN_SURE}",
        rf"\b(?:have|let) {_EN} (?:call|contact|ring|write|help|answer|take over)\b",
        r"\b(?:can|could|would|will)(?: please)? (?:somebody|someone|anybody|anyone|a (?:person|human|colleague"
        r"|manager))(?: please)?"
        r" (?:ring|call|phone)(?: me| us)(?: back)?\b(?! (?:when|before|if|once|on|as soon|to (?:arrange|deliver)))",
        # German
        rf"\bmit {_DE}(?: \w+){{0,4}} (?:sprechen|reden|chatten|verbinden|verbunden|unterhalten|telefonieren"
        r"|schreiben)\b",
        rf"\b(?:verbinde|verbinden|verbindet|verbind)(?: sie)?(?: mich| uns)?(?: bitte)?(?: \w+)? mit {_DE}",
        rf"\b(?:leite|leiten|stelle|stellen|gib|geben|gebt)(?: sie)?(?: mich| das| mir)?(?: bitte)?(?: an| zu)? {_DE}"
        r"(?: bitte)? (?:weiter|durch)\b",
        rf"\b(?:will|möchte|moechte|brauche|brauch|wünsche|wünsch|hätte gern|hätte gerne|geben sie mir|gib mir"
        rf"|gebt mir"
        rf"|holen sie(?: mir)?|hol mir|bitte) {_DE_SURE}",
        # French
        rf"\b(?:parler|discuter|échanger|communiquer|parle)(?: \w+)? (?:à|avec|a) {_FR}",
        rf"\b(?:passez|mettez|transférez|connectez|redirigez|passe|transfère|mets)[- ]moi(?: \w+){{0,3}}? {_FR}",
        rf"\bmettre en (?:relation|contact) avec {_FR}",
        rf"\b(?:veux|voudrais|souhaite|préfère|préférerais|aimerais|donnez[- ]moi|besoin)(?: avoir| d['’]avoir)?"
        rf"(?: d['’])? ?{_FR_SURE}",
        # Spanish
        rf"\b(?:hablar|chatear|comunicarme|conversar|hablo|hable)(?: \w+)? con {_ES}",
        rf"\b(?:pás[ae]me|pas[ae]me|p[óo]ngame|comun[íi]queme|comun[íi]came|con[ée]cteme|con[ée]ctame"
        rf"|transfi[ée]r[ae]me"
        rf"|der[íi]veme)(?: \w+)? (?:a|con) {_ES}",
        rf"\b(?:quiero|necesito|prefiero|deme|dame|quisiera|quer[íi]a) {_ES_SURE}",
        # Italian
        rf"\b(?:parlare|chattare|comunicare|parlo)(?: \w+)? con {_IT}",
        rf"\b(?:passami|mi passi|mi passate|passatemi|collegami|mi colleghi|trasferiscimi|mi trasferisca"
        rf"|mettetemi in contatto con|mi metta in contatto con|mettimi in contatto con)(?: (?:a|con|al))? {_IT}",
        rf"\b(?:voglio|vorrei|preferisco|mi serve|datemi|dammi|bisogno)(?: avere)? {_IT_SURE}",
        # Dutch
        rf"\b(?:praten|spreken|chatten|bellen) met {_NL}",
        rf"\bmet {_NL}(?: \w+){{0,3}} (?:praten|spreken|chatten|doorverbinden|doorverbonden)\b",
        rf"(?<!niet ){_NL} (?:kunnen )?spreken\b",
        rf"\bverbind (?:me|mij)(?: \w+)? door(?: met| naar)? {_NL}",
        rf"\b(?:wil|wens|geef me|geef mij|graag|heb)(?: graag)? {_NL_SURE}",
    )),
    re.IGNORECASE,
)  # fmt: skip
#: A message that is nothing but the word for a person.
_ALONE = re.compile(
    r"(?:a |an |un |una |une |ein |einen |een |real |live |please |bitte |por favor |per favore )*"
    r"(?:human|agent|representative|operator|person|real person|human being|supervisor"
    r"|mensch|echter mensch|echten menschen|mitarbeiter|berater|kundenberater"
    r"|humain|conseiller|conseillère|opérateur|vraie personne|être humain"
    r"|humano|agente|asesor|operador|persona|persona real|representante"
    r"|umano|operatore|persona vera|persona reale|consulente"
    r"|mens|echt mens|medewerker|echte persoon)"
    r"(?: please| bitte| svp| s['’]il vous pla[iî]t| s['’]il te pla[iî]t| por favor| per favore| grazie| alstublieft"
    r"| graag| aub)*",
    re.IGNORECASE,
)
#: Before the wish, in its clause: it is a no, or somebody tells what was.
_NOT = re.compile(
    r"\b(?:(?:don['’]?t|do not|didn['’]?t|did not|doesn['’]?t|does not|never|no) (?:\w+ )?"
    r"(?:want|need|like|have|had|wish)"
    r"|do (?:i|we) (?:really )?(?:have|need)|rather not|no need|without|instead of|not want|nicht"
    r"|kein(?:e|en|em)?|ohne|statt|nie"
    r"|ne (?:\w+ )?(?:veux|voudrais|souhaite|peux)? ?pas|pas besoin|pas envie|sans|plutôt que|jamais"
    r"|no (?:quiero|necesito|hace falta|deseo|me gusta)|sin|en vez de|nunca"
    r"|non (?:voglio|ho bisogno|serve|desidero|mi serve|vorrei)|senza|invece di|mai"
    r"|niet|geen|zonder|in plaats van|nooit"
    r"|had to|used to|was able to|could finally|he|she|they|who|musste|mussten|konnte|durfte|pu|pude|tuve que"
    r"|ho potuto"
    r"|mocht|moest|kon)\b[^?]*$",
    re.IGNORECASE,
)
#: Behind it, the no of German and Dutch: "mit einem Menschen sprechen will ich nicht", "… muss ich nicht".
_NOT_BEHIND = re.compile(
    r"^(?:\s\w+){0,3}\s(?:nicht|niet|kein\w*)\b|^\s(?:yesterday|gestern|hier\b|ayer|ieri|gisteren)", re.IGNORECASE
)


def needs_human(text: str) -> bool:
    """Whether a message goes to a person before any model reads it: it asks for one, or tells of a danger."""
    return asks_for_human(text) or danger_in(text) is not None


def asks_for_human(text: str) -> bool:
    """Whether a message plainly asks for a person, anywhere in it. Doubtful ones are left to the Brain."""
    for clause in _CLAUSE.split(text):
        if any(_is_wish(clause, found) for found in _ASKS.finditer(clause)):
            return True
    whole = _words(text)
    if len(whole.split()) <= _FEW_WORDS and _ALONE.fullmatch(whole):
        return True
    # Inside of a longer message the word alone says too little: "A human, please." does.
    sentences = map(_words, _SENTENCE.split(text))
    return any(" " in one and _ALONE.fullmatch(one) is not None for one in sentences)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text))


def _is_wish(clause: str, found: re.Match[str]) -> bool:
    # The no stands before the wish, in it, or half before it: "I don't" "want a person".
    negated = _NOT.search(clause[: found.start()] + found[0].rsplit(" ", 1)[0] + " ")
    return negated is None and _NOT_BEHIND.search(clause[found.end() :]) is None
