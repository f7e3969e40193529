"""The words that announce a name, in six languages."""

import re

INTRODUCED = re.compile(
    r"\b(?:my (?:full |first |last |sur|real |user)?name(?: is|'s| =|:)|name'?s|the name(?: is|'s)|name (?:is"
    r"|on (?:it|the (?:card|order|account|parcel|package)) is)|i am called|i'm called|im called|call me"
    r"|under the name(?: of)?"
    r"|in the name of|on behalf of|account holder is|cardholder(?: name)? is|(?:recipient"
    r"|addressee) is|registered to|signed (?:for )?by|addressed to|belongs to|made out to"
    r"|mein(?: voller)? name (?:ist|lautet)|ich hei(?:ß|ss)e|auf den namen|name lautet|unter dem namen|namens"
    r"|me llamo|mi nombre es|mi nombre completo es|a nombre de|se llama|soy la señora|titular es"
    r"|je m'appelle|mon nom est|mon nom c'est|au nom de|moi c'est|s'appelle"
    r"|mi chiamo|il mio nome è|a nome di|a nome|si chiama|intestat[oa] a"
    r"|mijn naam is|(?:mijn )?naam is|ik heet|op naam van|op de naam|heet)[ :]{1,2}(?:is |: )?"
)
MAYBE = re.compile(
    r"\b(?:i am|i'm|im|this is|it's|its|it is|here is|hier ist|hier spricht|ich bin|ich bin's|je suis|c'est"
    r"|soy|habla|sono|parla|ik ben|hier is|met|hi it's|who is|wer ist|qui est|quién es|chi è|wie is|customer"
    r"|client|kunde|buyer|cliente|klant|ask for|asked for|contact|accountant|speak(?:ing)? (?:to|with)"
    r"|spoke (?:to|with)|talk(?:ed"
    r"|ing)? (?:to|with)|told by"
    r"|(?:my|meine?|mi|mon|ma|mia|mio|mijn)(?: lieber?| late| ex)? (?:husband|wife|son|daughter|mother|father"
    r"|mom|mum|dad|brother|sister|boyfriend|girlfriend|partner|friend|neighbou?r|colleague|boss|assistant"
    r"|flatmate|roommate|mann|frau|sohn|tochter|mutter|vater|bruder|schwester|freund|freundin|nachbar"
    r"|nachbarin|kollege|kollegin"
    r"|marido|mujer|hijo|hija|madre|padre|hermano|hermana|novio|novia|vecino|vecina|amigo|amiga|mari|femme"
    r"|fils|fille|mère|père|frère|sœur|soeur|voisin|voisine|ami|amie|collègue|marito|moglie|figlio|figlia"
    r"|sorella|fratello|vicino|vicina|amico|amica|vrouw|man|zoon|dochter|moeder|vader|broer|zus|buurman"
    r"|buurvrouw|vriend|vriendin))[ ,:]{1,2}"
)
FIELD = re.compile(
    r"(?:^|[\n,;|(] ?|- |\* )(?:(?:full|first|last|billing|shipping|contact|customer|account|card ?holder"
    r"|recipient|buyer)?[ -]?name|surname|(?:ship|bill|deliver|sold) to|recipient|customer|cardholder|attn\.?"
    r"|attention|contact(?: person)?|c/o|buyer|passenger|purchaser"
    r"|kunde|kundin|vorname|nachname|familienname|empf[äa]nger(?:in)?|ansprechpartner(?:in)?|besteller"
    r"|karteninhaber|z\.? ?hd\.?|nom(?: complet| de famille)?|prénom|destinataire|client|titulaire"
    r"|à l'attention de"
    r"|nombre(?: completo| y apellidos)?|apellidos?|destinatario|titular|a la atención de|nome(?: e cognome"
    r"| completo)?|cognome|destinataria|intestatario|cliente|alla c\.a\.|naam|voornaam|achternaam|klant"
    r"|ontvanger|t\.a\.v\.?|from|von|de|van|signed)"
    r"(?: ?[:=] ?| ?- )"
)
GREETING = re.compile(
    r"(?:^|[\n.!?,;>] ?)(?:hi+|hiya|hello|hey+|dear|good (?:morning|afternoon|evening)|greetings|thanks"
    r"|thank you|many thanks|cheers|sorry|hallo|hi there|liebe[rs]?|guten (?:tag|morgen|abend)|moin|servus"
    r"|grüezi|danke|vielen dank|sehr geehrte[rs]?"
    r"|bonjour|bonsoir|salut|coucou|ch[eè]re?|merci(?: beaucoup)?|hola|buenos días|buenas(?: tardes| noches)?"
    r"|querid[oa]|estimad[oa]|gracias|ciao|buongiorno|buonasera|salve|gentile|car[oa]|gentilissim[oa]"
    r"|grazie(?: mille)?|egregio"
    r"|hoi|dag|beste|geachte|lieve|goede(?:morgen|middag|navond)|bedankt|dank je(?: wel)?|dankjewel|bye|ok"
    r"|okay|yes|no|well)[ ,]{1,2}"
)
LETTER_GREETING = re.compile(
    r"(?:hi+|hello|hey+|dear|hallo|liebe|geehrt|cher|chère|hola|querid|estimad|ciao|gentile|car[oa]|hoi|beste"
    r"|geachte|lieve|bonjour|buongiorno)"
)
CLOSING = re.compile(
    r"(?:^|[\n.!?,;] ?)(?:(?:with )?(?:(?:kind|best|warm|warmest|kindest|many)(?:est)? )?(?:regards|wishes)"
    r"|(?:yours )?(?:sincerely|faithfully|truly)|yours|respectfully|cheers|thanks(?: again| a lot| so much"
    r"| in advance| a million)?|thank you(?: very much| so much| in advance)?|thx|ta|best|love|take care"
    r"|many thanks|kr|br"
    r"|mfg|lg|vg|mit (?:freundlichen|besten|vielen|herzlichen) grü(?:ß|ss)en|(?:viele|liebe|beste|freundliche"
    r"|schöne|herzliche) grü(?:ß|ss)e(?: aus \w+)?|gruß|gruss|hochachtungsvoll|danke(?: im voraus)?"
    r"|vielen dank(?: im voraus)?"
    r"|(?:bien )?cordialement|bien à vous|sincères salutations|salutations(?: distinguées)?|merci(?: d'avance"
    r"| beaucoup)?|amicalement|bises|belle journée|bonne journée|(?:un )?(?:cordial )?saludos?(?: cordiales)?"
    r"|atentamente|gracias(?: de antemano)?|un abrazo"
    r"|(?:cordiali|distinti) saluti|saluti|grazie(?: mille)?|un saluto|met (?:vriendelijke"
    r"|hartelijke) groet(?:en)?|(?:vriendelijke |hartelijke )?groet(?:en|jes)?|mvg|bedankt|alvast bedankt"
    r"|signed|sent by|atenciosamente|pozdrawiam|hälsningar|mvh|med vänliga hälsningar)"
    r"[,!.]{0,3}(?P<gap> ?\n[\n ]*(?:- ?)?| ?[-~] ?| )"
)
SIGNED = re.compile(r"\n[ ]*[-~]{1,2} ?|[.!?] [-~]{1,2} ?(?=[^\W\d_]+ ?\Z)")
ENDS = re.compile(r"[ .,!]*(?:\n|\Z)")
ENDS_PHRASE = re.compile(
    r" ?[,.;:!?)\n]| ?\Z| (?:and|und|et|y|e|en|from|here|speaking|hier|aus|de|von|van|i|my|ich|mein|-)\b| -"
)
