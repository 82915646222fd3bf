"""Italian: which words want others behind them."""

from pipeline.wording.lexicon import HANGS, LACKS, LIKELY, OPEN, SURE, Lexicon, Tokens, counted, has_any, phrases, words

ARTICLES = words(
    "il lo la i gli le l' un uno una un' del dello della dei degli delle dell' al allo alla ai agli alle all' dal "
    "dallo dalla dai dagli dalle dall' nel nello nella nei negli nelle nell' sul sullo sulla sui sugli sulle sull' "
    "quel quello quella quei quegli quelle quest' quell'"
)
INDEFINITE = words("un uno una un' qualche ogni alcuni alcune")
QUESTION_WORDS = words(
    "che cosa cos' chi come com' dove dov' quando quale quali qual quanto quanta quanti quante perché"
)
CLITICS = words("mi ti ci vi si ne c' m' t' s'")
VERBS_OF_BEING = words("è sono siamo siete era erano sarà saranno c'è")
HELPERS = words(
    "ho hai ha abbiamo avete hanno avevo aveva sto stai sta stiamo stanno vorrei vorremmo vorrebbe vogliamo voglio "
    "vuole posso può possiamo puoi possono potrei potrebbe potresti potremmo devo deve dobbiamo devono dovrei dovrebbe "
    "dovremmo mi/può saprebbe mi/sa mi/sai sarebbe fosse avrei avremmo avrebbe"
)
TRANSITIVES = words(
    "sapere avere fare dire dirmi darmi dammi dimmi mostrami spiegami spiegarmi calcola calcolami calcolare convertire "
    "converti confrontare confronta aggiungere aggiungi cambiare spostare cambia sposta significa vale pesa misura "
    "contiene serve servono chiamo chiama trovare trova portare porta mettere metti scrivere scrivi vedere capire "
    "usare definire definisci descrivere descrivi moltiplica dividi "
    "sottrai somma prenota prenotami ordina riserva cerca cercare"
)
"""Verbs that want an object or a subject behind them."""
POSSESSIVES = words("mio mia miei mie tuo tua suo sua suoi sue nostro nostra nostri nostre vostro vostra loro")
PREPOSITIONS = words("di a da in con su per tra fra")
ADDRESSED = words("può puoi potrebbe potresti potreste avete avreste saprebbe")
"""Verbs with which somebody is asked for something."""
ATTRIBUTES = words(
    "bel bella bello bell' buon buona buono gran grande piccolo piccola nuovo nuova vecchio vecchia primo prima "
    "secondo terzo prossimo prossima ultimo ultima stesso stessa altro altra altri altre mezzo mezza certo certa vari "
    "diverse migliore peggiore massimo massima minimo minima principali principale doppio doppia singolo singola"
)
NUMBER_WORDS = (
    counted("zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici")
    | counted("sedici diciassette diciotto diciannove venti", 16)
    | counted("trenta quaranta cinquanta sessanta settanta ottanta novanta", 30, 10)
)

ENDINGS = phrases(
    # Conjunctions, prepositions, articles and clitics want what they introduce.
    (
        HANGS,
        (
            "e ed o od oppure ma però che se mentre siccome poiché cui affinché finché né quindi dunque perciò sebbene "
            "anche/se come/se dato/che visto/che in/modo/che a/meno/che prima/che dopo/che nel/senso/che nel/caso anzi "
            "e/poi poi inoltre e/anche di a ad da in con su per tra fra d' verso senza contro presso durante secondo "
            "entro oltre tranne fino/a intorno/a vicino/a prima/di dopo/di invece/di oltre/a insieme/a davanti/a "
            "rispetto/a circa/il fino dopo/il"
        ),
    ),
    (
        LACKS,
        (
            "quando dove come perché quanto quale quali qual quanti quante anche proprio circa quasi solo soltanto "
            "almeno molto/più più/di meno/di troppo/più così/tanto qualche ogni qualsiasi ciascun nessun alcuni alcune "
            "diversi il/mio la/mia i/miei le/mie il/suo la/sua il/nostro la/nostra il/tuo la/tua suo/numero il/nome "
            "un/po'/di"
        ),
    ),
    (HANGS, "non mi ti ci vi si ne io lo/stesso/che noi magari forse probabilmente tipo/un"),
    # Fillers are made to hold the turn.
    (
        HANGS,
        (
            "ehm eh uhm mmm mm hmm um uh allora cioè insomma diciamo tipo praticamente vediamo dunque beh be' ecco mah "
            "fammi/pensare mi/faccia/pensare mi/lasci/pensare fammi/vedere mi/faccia/vedere aspetta aspetti un/attimo "
            "un/momento come/si/dice come/si/chiama come/dire per/esempio ad/esempio nel/senso sa sai voglio/dire"
        ),
    ),
    # Verbs that want more.
    (
        HANGS,
        (
            "vorrei/sapere mi/può/dire mi/sa/dire puoi/dirmi può/dirmi mi/dica mi/dici volevo volevo/sapere ho/bisogno "
            "a/nome di/nome di/cognome "
            "mi/chiamo mi/serve mi/servono c'è c'/è un/secondo ci/sono si/tratta volevo/chiedere vorrei/chiedere "
            "riesci/a avrei/bisogno più/o meno/o diviso/per moltiplicato/per più meno per/la radice/quadrata/di uguale "
            "qual/è quanto/fa quanto/è quanto/pesa quanto/vale quanto/dista che/cosa/significa cosa/significa "
            "cosa/vuol/dire"
        ),
    ),
    (0.35, "vorrei/prenotare vorremmo/prenotare quanto/costa quanto/dura prenotare/un/tavolo/per/un"),
    (
        LACKS,
        "la/mia/email/è il/mio/numero/è il/mio/nome/è il/numero/è l'/indirizzo/è il/cognome/è punto chiocciola",
    ),
    # Words that look like those above and end all the same.
    (
        SURE,
        (
            "grazie grazie/mille per/favore per/piacere per/cortesia arrivederci ciao va/bene così d'/accordo "
            "basta/così tutto/qui è/tutto per/ora per/adesso buona/giornata o/no o/meno vero giusto e/basta e/così/via"
        ),
    ),
    (
        LIKELY,
        (
            "che/cos'/è cos'/è chi/è dov'/è com'/è chi/sei chi/siete che/ore/sono dove/sono quanti/sono come/stai "
            "come/sta anch'/io anche/io e/tu e/lei e/noi e/io se/possibile non/lo/so lo/so non/so di/più in/più "
            "in/meno di/meno per/me non/più con/me per/noi con/noi a/dopo a/presto non/ancora perché/no perché/sì "
            "nient'/altro niente/altro un/altro che/giorno/è che/ora/è quanti/siete dove/siete più/o/meno quando/vuole "
            "sempre/di/più una/volta/in/più cosa/fare come/si/fa cosa/devo/fare cosa/posso/fare cosa/sai/fare "
            "cosa/può/fare che/fare da/fare cosa/sono che/cosa/sono"
        ),
    ),
    (LACKS, "è/possibile sarebbe/possibile"),
    (LACKS, "ho/una/domanda avrei/una/domanda una/domanda un'/altra/domanda un'/altra/cosa un'/ultima/cosa"),
    (OPEN, "buongiorno buonasera salve pronto ciao scusi scusa mi/scusi"),
    (LACKS, "gradi/e e/mezzo/di millimetri/e"),
)

ALONE = phrases(
    (
        SURE,
        (
            "sì no ok okay certo certamente esatto esattamente giusto perfetto bene benissimo ottimo corretto confermo "
            "grazie va/bene d'/accordo grazie/mille sì/grazie no/grazie per/niente nient'/altro basta stop ciao "
            "arrivederci annulla va/benissimo certo/che/sì direi/di/sì direi/di/no è/giusto è/corretto sono/io "
            "non/importa continua prego boh non/credo non/penso credo/di/sì credo/di/no penso/di/sì penso/di/no "
            "spero/di/sì spero/di/no non/ancora per/niente neanch'/io anch'/io non/saprei non/sono/sicuro "
            "non/sono/sicura"
        ),
    ),
    (
        LIKELY,
        (
            "chi dove quando come quanto quale perché cosa che/cosa perché/no non/lo/so lo/so in/che/senso quanti "
            "posso si/può lo/voglio l'/ho ci/sono lo/sono lo/è"
        ),
    ),
    (OPEN, "buongiorno buonasera salve pronto ciao scusi scusa senti senta vorrei/prenotare"),
    (LACKS, "cioè per/favore allora dunque ecco guarda guardi cioè/no sì/ma sì/allora"),
)


def unfinished(tokens: Tokens) -> float | None:
    """What the grammar of the last words misses; None: nothing."""
    last = tokens[-1]
    before = tokens[-2] if len(tokens) > 1 else ""
    if last in ARTICLES:
        # "Prendo quello" ends; the other forms want a noun or a verb.
        return OPEN if last in ("quello", "quella", "quelli", "quelle") and before not in ("di", "a") else HANGS
    if last in QUESTION_WORDS and len(tokens) > 2 and tokens[0] not in QUESTION_WORDS:
        return OPEN if before in ("so", "sai", "dimmi", "dirmi") else HANGS
    if len(tokens) == 3 and tokens[0] in ("perché", "quando", "come", "dove") and before in ARTICLES:
        # "Perché le foglie": what do they?
        return LACKS
    if last in HELPERS or last in VERBS_OF_BEING:
        return _verb(tokens, before)
    if last in TRANSITIVES:
        # "Che cosa devo fare": what the verb wants has moved to the front.
        moved = any(token in ("cosa", "cos'", "che", "chi", "quale", "quali") for token in tokens[:-2])
        return LIKELY if moved else LACKS
    if last in POSSESSIVES and (before in ARTICLES or before in PREPOSITIONS):
        return HANGS
    if last in ATTRIBUTES and before in ARTICLES:
        return LACKS if before in INDEFINITE else 0.35
    if last in NUMBER_WORDS or last.isdigit():
        return _number(last, before)
    return None


def _verb(tokens: Tokens, before: str) -> float:
    if before in ("cos'", "dov'", "com'", "chi"):
        return LIKELY
    asked = any(token in QUESTION_WORDS for token in tokens[:-2])
    return 0.4 if asked and tokens[-1] in ("è", "sono", "era", "erano", "abbiamo", "ho", "ha", "hanno") else HANGS


def _number(last: str, before: str) -> float | None:
    """ "Il cinque" is the beginning of a date."""
    if last == "uno" and before not in ("numero", "per", "le", "alle"):
        return OPEN
    if before in ("il", "del", "dal", "al", "l'"):
        return 0.35
    return None


def asks(tokens: Tokens) -> bool:
    """Whether somebody is asked for something, also behind another clause."""
    # "Siete aperti", "accettate carte": who speaks so to an assistant asks it.
    verb = next((word for word in tokens if word not in CLITICS and word != "non"), "")
    if verb == "hai" or (len(verb) > 3 and verb.endswith(("ate", "ete", "ite"))):
        return True
    if has_any(tokens, ADDRESSED) or any(token.endswith(("resti", "reste")) for token in tokens):
        return True
    return tokens[:2] in (
        ("è", "possibile"),
        ("è", "vero"),
        ("c'", "è"),
        ("ci", "sono"),
        ("mi", "spieghi"),
        ("mi", "spiega"),
        ("mi", "dice"),
        ("mi", "dici"),
        ("si", "ricorda"),
        ("ti", "ricordi"),
        ("ti", "va"),
        ("vi", "va"),
        ("le", "va"),
        ("le", "dispiace"),
        ("ti", "dispiace"),
    )


LEXICON = Lexicon(
    language="it",
    endings=ENDINGS,
    alone=ALONE,
    openers=words(
        "sì no ok okay allora ehm eh beh be' ecco certo bene buongiorno buonasera salve ciao dunque mah oh ah e"
    ),
    question_words=QUESTION_WORDS,
    question_openers=words(
        "posso può puoi potrebbe potresti potrei possiamo avete hai ha sarebbe sa sai riesce riesci "
        "saprebbe vuole vuoi vorrebbe"
    ),
    negations=words("no non nessuno nessuna niente nulla mai né"),
    number_words=NUMBER_WORDS,
    repeaters={"doppio": 2, "doppia": 2, "triplo": 3},
    at_words=frozenset(("@", "chiocciola", "at")),
    dot_words=frozenset(("dot", "punto")),
    pairs=(
        ("differenza tra", words("e ed"), LACKS),
        ("differenza fra", words("e ed"), LACKS),
        ("tra", words("e ed"), 0.4),
        ("fra", words("e ed"), 0.4),
        ("sia", words("sia che"), 0.4),
        ("converti", words("in a"), LACKS),
        ("convertire", words("in a"), LACKS),
        ("confronta", words("con e"), LACKS),
        ("confrontare", words("con e"), LACKS),
        ("moltiplica", words("per"), LACKS),
        ("dividi", words("per"), LACKS),
        ("non solo", words("ma"), LACKS),
    ),
    fronted=words(
        "se siccome poiché sebbene mentre visto dato quando appena ogni/volta/che tutte/le/volte/che "
        "la/prima/volta/che l'/ultima/volta/che la/prossima/volta/che una/volta/che non/appena "
        "dal/momento/che anche/se nel/caso/che"
    ),
    main_clause=QUESTION_WORDS - words("che quando")
    | words("allora vorrei vorremmo posso può puoi possiamo potrei potrebbe potresti devo dobbiamo va"),
    settling=words(
        "oggi stasera stamattina stanotte domani dopodomani ieri adesso ora qui qua lì là vicino presto ancora "
        "lunedì martedì mercoledì giovedì venerdì sabato domenica settimana mese anno mattina sera pomeriggio notte"
    ),
    subjects=frozenset(),
    prepositions=words(
        "a in con per tra fra al allo alla ai agli alle all' nel nella nei nelle nell' sul sulla dal dalla verso senza"
    ),
    affirmations=words("sì"),
    distancing=(("non", "so"), ("non", "lo", "so"), ("che", "ne", "so"), ("credo",), ("penso",), ("mi", "pare")),
    indirect=words("dimmi mi spiegami spiegarmi raccontami mostrami sapere dire capire capito so"),
    equalities=words("uguale ="),
    operators=words("più meno per diviso moltiplicato quadrato cubo"),
    relational=words(
        "punto massa velocità distanza differenza capitale numero valore peso densità temperatura derivata integrale "
        "radice nome colore dimensione età formula simbolo raggio diametro altezza lunghezza profondità volume area "
        "popolazione significato definizione causa prezzo costo metà somma prodotto rapporto percentuale quantità"
    ),
    closed=ARTICLES
    | QUESTION_WORDS
    | CLITICS
    | HELPERS
    | words("di da con su per tra fra e ed ma anche non è sono sì grazie del ehm cioè allora questo questa mio mia"),
    unfinished=unfinished,
    asks=asks,
)
