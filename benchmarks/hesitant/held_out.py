"""Sentences that were written after the rules were settled and are only reported on: neighbours, trains, a museum.

Nothing is to be tuned on them; who wants to tune adds to benchmarks.hesitant.tuned.
"""

from benchmarks.hesitant.sentence import interleaved, parse

ENGLISH = """
en | hanging | | Is the museum open on the [800] second of June?
en | hanging | | My neighbour says that [600] tomatoes are fruits.
en | hanging | | I left my umbrella at [1000] your restaurant last night.
en | hanging | | We want something that's not too [700] spicy for the kids.
en | hanging | | Explain to me in simple words how [900] vaccines work.
en | hanging | | Is a whale a fish or [500] a mammal?
en | hanging | | Please change it from five people to [1100] seven.
en | hanging | | I'm trying to figure out which [800] telescope to buy.
en | hanging | | Does ice float because it is [600] lighter than water?
en | hanging | | After dinner we'd like to [700] sit by the fire.
en | hanging | | Her birthday is on the [400] ninth so a cake would be great.
en | hanging | | How long would it take to walk to [900] Rome from here?
en | hanging | | I have never understood what [1300] electricity actually is.
en | hanging | | There will be four adults and [500] one baby.
en | filler | | Um [800] do you have anything on Sunday?
en | filler | | It was, how do you say [1100] a bit too salty.
en | filler | | I need the, uh [600] formula for kinetic energy.
en | dictated | And a number where we can reach you? | seven nine four six [800] triple zero [600] one two three
en | dictated | What e-mail should I use? | clara underscore bell at [900] outlook dot com
en | dictated | Could you spell the surname? | H U G [600] H E S
en | answer | What time suits you? | We finish work at six [900] so seven would be perfect
en | answer | How many guests will there be? | Let's say my parents and us [1000] that makes six
en | looks_complete | | The train leaves at noon [700] from platform two.
en | looks_complete | | Tell me a fact about octopuses [1000] that most people don't know.
en | looks_complete | | Is it going to rain [600] this weekend?
en | looks_complete | | I'd like the steak [800] with a green salad.
en | plain | | Could you repeat that more slowly?
en | plain | | I don't eat meat.
en | plain | | What is the largest ocean?
en | plain | | That would be wonderful.
en | plain | | The soup was cold.
en | plain | | When was the telephone invented?
en | plain | What time suits you? | Seven o'clock.
en | plain | | Turn off the music.
en | plain | | Where can I leave my coat?
en | plain | | Are you open on Mondays?
"""

ITALIAN = """
it | hanging | | Il museo è aperto il [800] due giugno?
it | hanging | | Il mio vicino dice che [600] i pomodori sono frutti.
it | hanging | | Ieri sera ho lasciato l'ombrello nel [1000] vostro ristorante.
it | hanging | | Vorremmo qualcosa di non troppo [700] piccante per i bambini.
it | hanging | | Spiegami con parole semplici come [900] funzionano i vaccini.
it | hanging | | La balena è un pesce o [500] un mammifero?
it | hanging | | Cambi da cinque persone a [1100] sette per favore.
it | hanging | | Sto cercando di capire quale [800] telescopio comprare.
it | hanging | | Il ghiaccio galleggia perché è [600] più leggero dell'acqua?
it | hanging | | Dopo cena ci piacerebbe [700] sederci vicino al camino.
it | hanging | | Il suo compleanno è il [400] nove quindi vorremmo una torta.
it | hanging | | Quanto ci vuole a piedi da qui fino a [900] Roma?
it | hanging | | Non ho mai capito che cosa [1300] sia davvero l'elettricità.
it | hanging | | Saremo quattro adulti e [500] un neonato.
it | filler | | Ehm [800] avete posto domenica?
it | filler | | Era, come dire [1100] un po' troppo salato.
it | filler | | Mi serve la, ehm [600] formula dell'energia cinetica.
it | dictated | Mi lascia un numero di telefono? | tre quattro nove [800] zero zero zero [600] uno due tre quattro
it | dictated | Che e-mail posso usare? | clara punto belli chiocciola [900] outlook punto com
it | dictated | Mi può fare lo spelling del cognome? | acca u [600] gi acca i
it | answer | Che ora le va bene? | Finiamo di lavorare alle sei [900] quindi facciamo alle sette
it | answer | Quanti sarete? | I miei genitori e noi [1000] quindi sei
it | looks_complete | | Il treno parte a mezzogiorno [700] dal binario due.
it | looks_complete | | Dimmi una curiosità sui polpi [1000] che pochi conoscono.
it | looks_complete | | Secondo te pioverà [600] nel fine settimana?
it | looks_complete | | Vorrei la bistecca [800] con un'insalata verde.
it | plain | | Può ripetere più lentamente?
it | plain | | Io non mangio carne.
it | plain | | Qual è l'oceano più grande?
it | plain | | Sarebbe magnifico.
it | plain | | La zuppa era fredda.
it | plain | | Quando è stato inventato il telefono?
it | plain | Che ora le va bene? | Le sette.
it | plain | | Spegni la musica.
it | plain | | Dove posso lasciare il cappotto?
it | plain | | Siete aperti il lunedì?
"""

HELD_OUT = interleaved(parse("held-out-en", ENGLISH), parse("held-out-it", ITALIAN))
