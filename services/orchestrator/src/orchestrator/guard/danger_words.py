"""The words of danger, by language: in lower case, without accents, as `danger.py` reads a clause."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `supposed`: before the danger in its clause, it is asked about, or what would be, or not so."""

    patterns: Mapping[str, re.Pattern[str]]
    supposed: re.Pattern[str]


def _words(supposed: str, **patterns: str) -> Words:
    return Words({kind: re.compile(one) for kind, one in patterns.items()}, re.compile(supposed))


# ── English ──────────────────────────────────────────────────────────────────────────────────────────────

_BODY = (
    r"(?:hands?|fingers?|fingertips?|thumbs?|palms?|arms?|wrists?|legs?|foot|feet|face|eyes?|eyebrows?|eyelashes|hair"
    r"|skin|neck|chest|belly|stomach|knees?|lips?|mouth|head|body|back)\b"
)
_KIN = (
    r"(?:sons?|daughters?|kids?|child|children|boys?|girls?|baby|toddler|wife|husband|partner|mother|father|mom"
    r"|mum|dad"
    r"|grandma|grandpa|grandmother|grandfather|nan|brother|sister|friend|neighbou?r|nephew|niece|uncle|aunt|cousin"
    r"|colleague|guest|girlfriend|boyfriend)"
)
_ONE = rf"(?:i|im|i'm|we|he|he's|she|she's|they|someone|somebody|(?:(?:my|our|his|her|the|a) )?(?:\w+ )?{_KIN})"
_HARMFUL = (
    r"(?:(?:button|coin)? ?(?:cells?|batter(?:y|ies))|magnets?|fuel|gas|lamp oil|oil lamp|kerosene|paraffin|petrol"
    r"|gasoline"
    r"|spirit|ethanol|alcohol|lighter fluid|fire ?(?:starters?|lighters?)|firelighters?|cubes?|tablets?|pills?"
    r"|detergent"
    r"|bleach|cleaner|soap|silica\w*|gel packs?|glue|paint|chemicals?|coating|waterproofing|wax|repellent|bug spray"
    r"|insect spray|citronella|mushrooms?|plastic|foil|foam|screws?|sealant|adhesive|antifreeze)\b"
)
_ENGLISH = _words(
    r"\b(?:can|could|may|might|would|will|should)\b(?! (?:you|u|someone|somebody|anyone|anybody|i do|we do)\b)"
    r"|^(?:so |but |hi |hello |hey |ok )*(?:do|does|did|is|are|has|have|had|was|were)\b(?! (?:been|not enough|to))"
    r"|\bhow (?:do|does|can|could|to|should|would|likely|dangerous|often|long|many)\b|\b(?:if|unless|in case|whether"
    r"|what happens|what about|avoid|prevent|protect|against|risk of|never|ever|without|so that|for when|know when)\b"
    r"|\bnot\b(?! (?:joking|kidding|sure|only|just))|n't\b(?! (?:joking|kidding|know))"
    r"|\b(?:dont|doesnt|didnt|wont|cant|isnt|wasnt|hasnt|wouldnt)\b(?! (?:know|breathe))",
    self_harm=(
        r"\b(?:kill|killing|hang|hanging|harm|harming|shoot|drown)(?:ing)? my ?self\b"
        r"|\b(?:want|wanna|going|gonna|need|have|urge|about|thinking)(?: \w+){0,2} (?:to )?(?:hurt|cut|cutting"
        r"|hurting) my ?self\b"
        r"|\b(?:end|ending|take|taking) my (?:own )?life\b|\bend(?:ing)? it all\b"
        r"|\b(?:do not|don't|dont|no longer)(?: really)? (?:want to|wanna|wish to) (?:live|be alive|exist)"
        r"(?! (?:here|there|in|at|with|near|together)\b)"
        r"|\b(?:want to|wanna|wish i could|just want to) die\b|\bcommit(?:ting)? suicide\b|\bsuicidal\b"
        r"|\bmy (?:own )?suicide\b|\b(?:no|any|see no) (?:reason|point|sense)(?: \w+)? (?:to|in) (?:live|living"
        r"|go on living)\b"
        r"|\b(?:better off|be) (?:dead|without me)\b|\btired of (?:living|being alive)\b|\bwish i (?:was|were) dead\b"
    ),
    poison=(
        r"\b(?:swallow(?:ed|s|ing)|ingested|inhaled)\b"
        r"(?! (?:\w+ )?(?:orders?|payments?|money|card|coins?|pride|refund|messages?|mail|voucher|code|points)\b)"
        rf"|\b(?:ate|eaten|eating|eats|drank|drunk|drinks|drinking|chewed on|chewed|licked"
        rf"|bit into)(?: \S+){{0,6}} {_HARMFUL}"
        r"|\b(?:been|is|was|got|were|are) poisoned\b|\boverdosed?\b|\btook too many pills\b"
        r"|\b(?:spray|fluid|fuel|gas|liquid|glue|chemicals?|cleaner|powder|resin|sealant|repellent|acid)(?: \w+){0,4}"
        r" (?:in|into)(?: \w+){0,2} (?:eyes?|mouth)\b"
    ),
    gas=(
        r"\bsmell(?:s|ed|ing|y)?(?: \w+){0,3} (?:of |like )?(?:gas|propane|butane)\b"
        r"(?!.*\bwhen(?:ever)? (?:i|we|you|it'?s?) (?:open|connect|attach|screw|unscrew|turn))"
        r"(?! (?:is|was) (?:gone|away))"
        r"|\b(?:gas|propane|butane) (?:smell|odou?r|fumes)\b|(?<!no )\b(?:gas|propane"
        r"|butane)(?: \w+){0,2} leak(?:s|ed|ing|age)?\b"
        r"|\bleak(?:s|ed|ing)? (?:\w+ )?(?:gas|propane|butane|fuel)\b|\bstinks? of (?:gas|propane|butane)\b"
        r"|\b(?:gas|propane|butane) (?:is |keeps |just )?(?:escap(?:es|ing)|pour(?:s|ing) out|com(?:es|ing) out)\b"
        r"|\b(?:stove|canister|cartridge|regulator|burner|gas (?:\w+ )?(?:tank|bottle|lantern|grill|heater"
        r"|cooker))\b(?:'s)?"
        r"(?: \w+){0,4} leak(?:s|ed|ing)?\b|\b(?:canister|cartridge)(?: \w+){0,3} hiss(?:es|ed|ing)?\b"
        r"|\bhissing (?:\w+ ){0,3}(?:canister|cartridge|valve)\b"
        r"|\b(?:carbon monoxide|co) (?:alarm|detector)\b(?: \w+){0,3} (?:went off|goes off|going off|rings|ringing"
        r"|rang"
        r"|beeping|beeps|sounded)\b|\bcarbon monoxide poisoning\b"
    ),
    fire=(
        r"\b(?:caught|catches|catching)(?: on)? fire\b(?! ?(?:pit|wood|steel))"
        r"|\b(?:is|are|was|were|s|'s|went|gone|set|still|now)(?: \w+){0,2} on fire\b|\b(?:my|the"
        r"|our) \w+(?: \w+)? on fire\b"
        r"|\b(?:in|into|up in) flames\b|\bflames?(?: \w+){0,3} (?:everywhere|all over|out of control|spreading"
        r"|shooting|shot|jumped|to the ceiling|out of the (?:side|valve|bottom|hose))\b"
        r"|\bthere(?:'s| is| was|s) (?:a |now a )?(?:big |small |huge )?fire (?:in|at|on) (?:my|the|our)\b"
        r"(?! (?:\w+ )?(?:pit|stove|bowl|place|fireplace))|\bhouse fire\b"
        r"|\b(?:house|home|kitchen|apartment|flat|room|bedroom|garage|tent|porch|balcony|deck|terrace|car|van"
        r"|camper|shed"
        r"|curtains?|sofa|couch|carpet|bed|jacket|sleeve|clothes|hair|roof|everything)(?: is| are|'s| was"
        r"| were)(?: \w+)? burning\b"
        r"|\b(?:exploded|explodes|exploding)\b|\b(?:stove|canister|cartridge|batter(?:y|ies)|power ?bank|lantern"
        r"|lamp|burner"
        r"|cooker|grill|tank|heater)(?: just| has| have| had)* (?:blew up|blown up|burst)\b"
        r"|\b(?:batter(?:y|ies)|power ?bank|lamp|lantern|charger|cooler|headlamp)(?: \w+){0,3} (?:smoking|smokes"
        r"|smoked"
        r"|caught alight)\b|\bsmoke (?:is )?(?:coming|pouring) (?:out of|from) (?:my|the|our) (?!chimney|fire"
        r"|stove|grill)"
    ),
    hurt=(
        rf"\b(?:burn(?:ed|t|s|ing|d)?|scald(?:ed|s)|singed|blistered)(?: \w+){{0,3}}? {_BODY}"
        r"|\b(?:burn(?:ed|t|d)|scald(?:ed)?) (?:me|him|us|them|(?:him|her|my|your)self|(?:our|them)selves"
        rf"|(?:my|our|his|her) (?:\w+ )?{_KIN})\b"
        rf"|\b{_ONE} (?:\w+ ){{0,3}}(?:burned|burnt|scalded|electrocuted)\b(?! (?:\w+|'))"
        rf"|\b{_ONE}\b(?: \w+){{0,3}} (?:got|is|was|were|are|been|badly|seriously|severely) (?:badly |seriously "
        rf"|severely )?"
        r"(?:hurt|injured|wounded|burned|burnt|scalded|electrocuted|unconscious|choking|bleeding)\b"
        r"(?! (?:by|about|that|when) (?:you|your|the (?:tone|words?|answers?|way)))"
        rf"|\b{_ONE} (?:\w+ ){{0,2}}(?:fainted|passed out|lost consciousness|choked|stopped breathing)\b"
        rf"|\b{_ONE} (?:\w+ ){{0,2}}(?:cannot|can't|cant|not|hardly|barely) (?:\w+ )?breath(?:e|ing)\b"
        rf"|\b{_BODY} (?:\w+ ){{0,2}}bleed(?:s|ing)\b|\b(?:bleeding (?:a lot|badly|heavily)|lots of blood"
        rf"|blood everywhere)\b"
        r"|\b(?:second|third|2nd|3rd)[- ]degree burns?\b|\b(?:severe|serious|bad|terrible) (?:burns?|injur(?:y"
        r"|ies))\b"
        r"|\belectric(?:al)? shock\b|\b(?:call(?:ed|ing)?|need|came|send|get)(?: \w+){0,2} ambulance\b"
        r"|\bambulance (?:came|took|is|had)\b|\ballergic (?:reaction|shock)\b|\banaphyla\w+|\bheart attack\b"
        r"|\bseizure\b"
    ),
)

# ── German ───────────────────────────────────────────────────────────────────────────────────────────────

_GERMAN = _words(
    r"\b(?:wenn|falls|kann|konnen|konnte|darf|ob|nicht|kein\w*|nie|niemals|ohne|damit|gegen|was passiert|wurde"
    r"|wie (?:kann|soll))\b",
    self_harm=(
        r"\bmich (?:\w+ ){0,2}(?:umbringen|toten|erhangen|ritzen)\b|\bich bringe? mich (?:\w+ )?um\b"
        r"|\bnicht mehr (?:weiter)?leben\b"
        r"(?<!hier nicht mehr leben)|\bmir (?:\w+ )?das leben (?:zu )?nehmen\b|\bselbstmord\b|\bsuizid\w*"
        r"|\bmir (?:\w+ )?(?:et)?was antun\b"
        r"|\b(?:will|mochte|wurde gern(?:e)?|wollte) (?:\w+ ){0,2}(?:sterben|tot sein)\b"
        r"|\bmein(?:em)? leben (?:ein ende|beenden)\b"
    ),
    poison=(
        r"\b(?:ver|hinunterge|runterge)schluckt\b|\b(?:batterie\w*|knopfzelle\w*|magnete?n?|spiritus|lampenol"
        r"|benzin|gas"
        r"|\w*anzunder\w*|\w*reiniger|spulmittel|tabletten?|kleber|klebstoff|pilze?|silica\w*|brennpaste"
        r"|impragnier\w*|plastik)"
        r"(?: \w+){0,3} (?:gegessen|gefressen|getrunken|geschluckt)\b|\bvergift(?:et|ung)\b"
        r"|\b(?:ins|in die|im) augen?\b.{0,20}\b(?:gespritzt|gespruht|bekommen)\b"
    ),
    gas=(
        r"\b(?:riecht|stinkt|roch)(?: \w+){0,4} nach gas\b|\bnach gas (?:riecht|stinkt)\b|\bgas ?(?:geruch|leck)\b"
        r"|\bgas (?:\w+ ){0,2}"
        r"(?:stromt|tritt|entweicht)\b|\bgas (?:austritt|ausstromt)\b|\b(?:kocher|gaskocher|kartusche|gaskartusche"
        r"|ventil|gasflasche"
        r"|gasschlauch|brenner)(?: \w+){0,3} (?:undicht|zischt|leckt)\b|\bkohlenmonoxid(?:vergiftung)\b|\b(?:co"
        r"|kohlenmonoxid)"
        r"[- ]?(?:melder|warner)(?: \w+){0,3} (?:piept|schlagt|ging|geht|lost)\b"
    ),
    fire=(
        r"\b(?:zelt|haus|kuche|kueche|wohnung|zimmer|auto|wohnmobil|garage|balkon|terrasse|vorhang|sofa|teppich"
        r"|bett|schuppen"
        r"|jacke|haare|alles|es) brennt\b(?! (?:\w+ )?(?:nicht|kaum|schlecht|nie|gut|schon|stunden|mit))"
        r"|\b(?:steht|stand|ging|geht)"
        r"(?: \w+){0,2} in flammen\b|\b(?:in brand|feuer gefangen|flammen uberall|uberall flammen|lichterloh)\b"
        r"|\bexplodiert\b"
        r"|\b(?:zelt|haus|kuche|wohnung|auto|garage)(?: \w+){0,2} (?:ge|abge|ausge)brannt\b"
    ),
    hurt=(
        r"\b(?:mich|mir|sich|uns|ihm|hand|hande|finger|gesicht|arm|arme|bein|fuss|haare"
        r"|augen?)(?: \w+){0,4} (?:verbrannt|verbruht"
        r"|verletzt|versengt)\b|\bverbrennungen\b|\b(?:bewusstlos|ohnmachtig|erstickt)\b|\b(?:atmet"
        r"|atme) (?:\w+ )?nicht\b"
        r"|\bbekomm\w* (?:\w+ )?keine luft\b|\bstromschlag\b|\bblutet (?:stark|sehr)\b|\b(?:notarzt|rettungswagen"
        r"|krankenwagen)\b"
    ),
)

# ── French ───────────────────────────────────────────────────────────────────────────────────────────────

_FRENCH = _words(
    r"\b(?:si|peut|peuvent|pourrait|risque|risquent|jamais|ne|pas|sans|contre|est-ce que|comment|que faire quand"
    r"|eviter)\b|\bs'il\b|\bn'",
    self_harm=(
        r"\b(?:veux|vais|voudrais|envie de|pense a|pensees|songe a) (?:\w+ )?(?:me (?:tuer|suicider|pendre)|mourir"
        r"|mettre fin a mes jours)\b"
        r"|\bme suicider\b|\bsuicid(?:e|aire)s?\b|\bplus (?:envie de )?vivre\b(?! (?:ici|avec|a|dans)\b)"
        r"|\bmettre fin a (?:mes jours|ma vie)\b|\ben finir avec (?:la|ma) vie\b|\bme faire du mal\b"
    ),
    poison=(
        r"\b(?:a|ai|ont|avoir|vient d'|d') ?(?:\w+ )?aval(?:e|er)\b(?! (?:ma|la|mon|notre) (?:carte|commande"
        r"|argent))|\bingere\b"
        r"|\b(?:bu|mange)\b.{0,30}[ '](?:piles?|aimants?|essence|alcool a bruler|petrole|allume-feux?|pastilles?"
        r"|produit|detergent"
        r"|colle|champignons?|silice|comprimes?|plastique|carburant)\b|\b(?:empoisonn|intoxiqu)ee?s?\b"
        r"|\bdans (?:les|l') ?(?:yeux|oeil)\b"
    ),
    gas=(
        r"\b(?:sent|pue)(?: \w+){0,3} le gaz\b|\bodeurs? de gaz\b|\bfuites? de gaz\b|\bgaz (?:\w+ )?(?:fuit"
        r"|s'echappe|sort)\b"
        r"|\b(?:rechaud|cartouche|valve|robinet|tuyau|bruleur|bouteille de gaz)(?: \w+){0,4} (?:fuit|siffle)\b"
        r"|\b(?:detecteur|alarme)(?: de| a)? (?:co|monoxyde de carbone)(?: \w+){0,2} sonne\b"
        r"|\bintoxication au monoxyde\b"
    ),
    fire=(
        r"\b(?:a|ont|avait|vient de|est en train de) (?:\w+ )?(?:pris|prendre) feu\b|\b(?:est|sont|etait|maison"
        r"|tente|cuisine) en feu\b"
        r"|\ben flammes\b|\bflammes partout\b|\b(?:a|ont|vient d') ?explos(?:e|er)\b|\bincendie (?:dans|chez"
        r"|a cause)\b"
        r"|\b(?:tente|maison|cuisine|appartement|voiture|garage|rideaux?|canape|tout) (?:brule|a brule)\b"
    ),
    hurt=(
        r"\b(?:me suis|s'est|nous sommes|se sont) (?:\w+ )?(?:brule|blesse|ebouillante|electrocute)e?s?\b"
        r"|\bbrulee?s?(?: \w+){0,2} (?:la|le|les|aux?|a la) (?:main|mains|doigts?|visage|bras|jambes?|pieds?"
        r"|cheveux|yeux|figure)\b"
        r"|\bbrulures?\b|\binconscient|\bevanoui|\brespire (?:plus|pas|mal)\b|\bsaigne (?:beaucoup|fort"
        r"|abondamment)\b|\bs'etouffe\b"
        r"|\belectrocute|\b(?:choc|decharge) electrique\b|\b(?:ambulance|samu|pompiers)\b"
    ),
)

# ── Spanish ──────────────────────────────────────────────────────────────────────────────────────────────

_SPANISH = _words(
    r"\b(?:si|puede|pueden|podria|no|sin|nunca|contra|riesgo|como (?:puedo|evitar)|que hago cuando|evitar"
    r"|es normal)\b",
    self_harm=(
        r"\b(?:quiero|voy a|pienso en|pienso|ganas de|quisiera) (?:\w+ )?(?:matarme|suicidarme|morir(?:me)?"
        r"|quitarme la vida|hacerme dano)\b"
        r"|\bsuicidarme\b|\bsuicidi\w+|\bsuicida\b|\bquitarme la vida\b|\bno quiero (?:seguir )?(?:vivir"
        r"|viviendo)\b(?! (?:aqui|en|con|alli)\b)"
        r"|\b(?:acabar|terminar) con mi vida\b"
    ),
    poison=(
        r"\b(?:se|me) (?:ha |han |acaba de )?(?:trago|trague|tragado|tragaron)\b(?! (?:mi|la|el) (?:tarjeta|pedido"
        r"|dinero))|\btragarse\b"
        r"|\bingeri(?:do|o)\b|\b(?:bebio|bebido|comio|comido)(?: \S+){0,3} (?:pilas?|baterias?|iman(?:es)?"
        r"|gasolina|alcohol|queroseno"
        r"|pastillas?|detergente|lejia|pegamento|setas?|silice|plastico|combustible|producto)\b|\b(?:envenenad"
        r"|intoxicad)[oa]s?\b"
    ),
    gas=(
        r"\b(?:huele|olia|apesta)(?: \w+){0,3} a gas\b|\bolor a gas\b|\b(?:fuga|escape) de gas\b|\b(?:pierde|sale"
        r"|escapa) (?:el )?gas\b"
        r"|\bgas (?:\w+ )?(?:se escapa|se sale|saliendo)\b|\b(?:hornillo|cartucho|valvula|manguera|quemador"
        r"|bombona)(?: \w+){0,3}"
        r" (?:pierde|fuga|silba)\b|\b(?:alarma|detector) de (?:co|monoxido)(?: de carbono)?(?: \w+){0,2} (?:suena"
        r"|salto|pita)\b"
    ),
    fire=(
        r"\b(?:en|entre) llamas\b|\bllamas por todas partes\b|\b(?:se )?(?:me )?(?:ha |han |esta "
        r"|acaba de )?(?:prendio|prendido|prendiendo|prender)"
        r" fuego\b|\bse (?:me |nos )?(?:ha )?(?:incendio|incendiado)\b|\b(?:esta|estan) ardiendo\b|\bincendio en\b"
        r"|\bhay fuego en\b"
        r"|\b(?:exploto|explotado|estallo|estallado)\b|\b(?:tienda|casa|cocina|coche|garaje|cortina"
        r"|sofa) (?:se )?(?:me )?(?:esta )?quem(?:a|o|ando)\b"
    ),
    hurt=(
        r"\b(?:quem(?:o|e|ado|amos))(?: \w+){0,2} (?:la|el|las|los|una) (?:manos?|dedos?|cara|brazos?|piernas?"
        r"|pies?|pie|pelo|ojos?)\b"
        r"|\bme (?:he )?quem(?:e|ado)\b|\bquemaduras?\b|\binconsciente\b|\bdesmayad|\bno (?:puede "
        r"|puedo )?respira\w*|\bsangra(?:ndo)? mucho\b"
        r"|\b(?:se esta ahogando|se ahoga|atragantad[oa]|atraganto)\b|\bdescarga electrica\b|\belectrocut"
        r"|\bambulancia\b|\bbomberos\b"
    ),
)

# ── Italian ──────────────────────────────────────────────────────────────────────────────────────────────

_ITALIAN = _words(
    r"\b(?:se|puo|possono|potrebbe|non|senza|mai|contro|rischio|come (?:posso|evitare)|evitare|e normale)\b",
    self_harm=(
        r"\b(?:uccidermi|ammazzarmi|suicidarmi)\b|\bsuicid(?:io|a)\b|\btogliermi la vita\b|\bvoglio morire\b"
        r"|\bfarla finita\b"
        r"|\bnon (?:voglio|ho (?:piu )?voglia di) (?:piu )?vivere\b(?! (?:qui|in|con)\b)|\bfarmi del male\b"
    ),
    poison=(
        r"\b(?:ingoiat|inghiottit|ingerit)[oaie]\b|\b(?:bevuto|mangiato)(?: \S+){0,3} (?:pil[ae]|batteri[ae]"
        r"|magnet[ei]|benzina|alcol|cherosene"
        r"|accendifuoco|pastigli[ae]|detersivo|candeggina|colla|funghi|silice|plastica|combustibile)\b"
        r"|\b(?:avvelenat|intossicat)[oaie]\b"
    ),
    gas=(
        r"\b(?:odore|puzza|odora|sa|puzzo|sento)(?: \w+){0,3} (?:di |il )gas\b|\b(?:fuga|perdita) di gas\b"
        r"|\b(?:perde|esce)(?: del| il)? gas\b"
        r"|\b(?:fornello|fornellino|cartuccia|bombola|valvola|tubo|bruciatore)(?: \w+){0,3} (?:perde|sibila"
        r"|fischia)\b"
        r"|\b(?:allarme|rilevatore) (?:del |di )?(?:co|monossido)(?: di carbonio)?(?: \w+){0,2} (?:suona|scattato)\b"
    ),
    fire=(
        r"\b(?:ha|hanno|aveva|sta|stanno) (?:\w+ )?(?:preso|prendendo) fuoco\b|\bandat[oaie] a fuoco\b"
        r"|\bva a fuoco\b|\bin fiamme\b"
        r"|\bfiamme (?:ovunque|dappertutto)\b|\b(?:casa|tenda|cucina|auto|garage|divano"
        r"|tutto) (?:sta )?brucia(?:ndo)?\b|\bc'e un incendio\b"
        r"|\b(?:e|sono) (?:\w+ )?(?:esplos|scoppiat)[oaie]\b"
    ),
    hurt=(
        r"\bustion(?:at|e|i)\w*|\b(?:si e|mi sono|si sono) (?:\w+ )?(?:bruciat|ferit|scottat)[oaie]\b"
        r"|\bbruciat[oaie](?: \w+){0,2} (?:la|il|le|i|una)"
        r" (?:man[oi]|dit[oa]|viso|faccia|bracci[oa]|gamb[ae]|pied[ei]|capelli|occhi)\b|\bnon respira\b"
        r"|\b(?:incosciente|privo di sensi|svenut[oa])\b"
        r"|\bsanguina (?:molto|tanto)\b|\b(?:sta soffocando|soffoca)\b|\b(?:dato la scossa|scossa elettrica)\b"
        r"|\bfolgorat|\bambulanza\b"
    ),
)

# ── Dutch ────────────────────────────────────────────────────────────────────────────────────────────────

_DUTCH = _words(
    r"\b(?:als|kan|kunnen|zou|niet|geen|nooit|zonder|tegen|of|hoe (?:kan|moet)|voorkomen|is het normaal)\b",
    self_harm=(
        r"\bzelfmoord\w*|\bmezelf (?:\w+ ){0,2}(?:doden|vermoorden|ophangen|pijn doen|van kant maken)\b"
        r"|\bmezelf iets aan\w*"
        r"|\bniet meer (?:\w+ )?leven\b(?<!hier niet meer leven)|\bwil(?: \w+){0,2} (?:dood|sterven)\b(?! ?e)"
        r"|\beinde (?:\w+ )?aan mijn leven\b|\bmijn leven beeindigen\b"
    ),
    poison=(
        r"\b(?:in|door)geslikt\b(?<!mijn bestelling ingeslikt)|\b(?:batterij\w*|knoopcel\w*|magneet|magneten"
        r"|spiritus|benzine|lampolie|gas"
        r"|aanmaakblok\w*|tablet\w*|pillen|schoonmaakmiddel|afwasmiddel|lijm|paddenstoel\w*|silica\w*"
        r"|plastic)(?: \w+){0,3}"
        r" (?:gegeten|opgegeten|gedronken|opgedronken)\b|\bvergiftig(?:d|ing)\b"
    ),
    gas=(
        r"\b(?:ruikt|stinkt|rook|ruik)(?: \w+){0,4} (?:naar )?gas\b|\bnaar gas (?:ruikt|stinkt)\b|\bgas ?(?:lucht"
        r"|geur|lek|lekkage)\b"
        r"|\bgas (?:\w+ )?(?:lekt|ontsnapt)\b|\blekt (?:\w+ )?gas\b|\b(?:gasstel|brander|cartouche|gasfles"
        r"|gasslang|ventiel|kooktoestel)"
        r"(?: \w+){0,3} (?:lekt|sist)\b|\b(?:koolmonoxide|co)[- ]?(?:melder|alarm)(?: \w+){0,3} (?:gaat|ging"
        r"|piept)\b|\bkoolmonoxidevergiftiging\b"
    ),
    fire=(
        r"\b(?:staat|stond|staan|vliegt|vloog|vlogen|gevlogen|gaat|ging)(?: \w+){0,2} in (?:brand|de fik|de fik"
        r"|fik)\b|\bin brand gevlogen\b"
        r"|\bvlam gevat\b|\b(?:overal vlammen|vlammen overal|in vlammen)\b|\bbrand in (?:de|het|mijn|onze|ons)\b"
        r"|\b(?:ontploft|geexplodeerd"
        r"|ontplofte|explodeerde)\b"
    ),
    hurt=(
        r"\b(?:me|mij|mezelf|zich|hand|handen|vingers?|gezicht|arm|been|voet|haar|haren|ogen?)(?: \w+){0,4}"
        r" (?:verbrand|gebrand|verwond)\b|\bbrandwond\w*|\b(?:bewusteloos|flauwgevallen)\b|\bademt (?:\w+ )?niet\b"
        r"|\bkrijg\w* geen lucht\b"
        r"|\bstikt\b|\bbloedt (?:hevig|erg|heel)\b|\b(?:stroomstoot|elektrische schok)\b|\bgeelektrocuteerd\b"
        r"|\b(?:ambulance|brandweer)\b"
    ),
)

LANGUAGES = (_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _ITALIAN, _DUTCH)
#: What burns well, or only in a manner of speaking.
HARMLESS = re.compile(
    r"\b(?:deals?|sales?|prices?|offers?|prizes?|outfit|style|you guys|service|inbox|costs?|seams?|zip(?:per)?"
    r"|feathers|filling"
    r"|wood(?! ?stove)|logs?|kindling|tinder|charcoal|coals?|twigs?|briquettes?|hazards?|holz|kohle|bois|lena"
    r"|carbon vegetal|legna|hout"
    r"|colou?rs?|dye)\b"
)
#: Before a wish to die: it is told as what was nearly an accident, or denied.
NEVER = re.compile(
    r"\b(?:nearly|almost|never|not going to|wouldn't|not gonna|fast|beinahe|presque|casi|quasi|bijna)\b[^?]*$"
)
