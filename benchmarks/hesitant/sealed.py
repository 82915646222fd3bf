"""The other half of benchmarks.hesitant.varied: it is counted, and its failures are never shown.

Who reads them can no longer say how the rules do on sentences nobody has seen; the harness does not print them.
"""

from benchmarks.hesitant.sentence import interleaved, parse

ENGLISH = """
en | looks_complete | | We came here last summer [900] with my wife's parents.
en | looks_complete | | I'm looking for a present [1100] for my niece who turns eight.
en | looks_complete | | We need a table tonight [500] around half past eight.
en | looks_complete | | My flight was cancelled [1300] because of the storm.
en | looks_complete | | What's the fastest animal [600] in the sea?
en | looks_complete | | Can you move my booking [800] to the week after?
en | looks_complete | | There was a man at the door [1200] holding a big box.
en | looks_complete | | We're having a party [700] on the twenty first.
en | looks_complete | | How many moons does Jupiter have [500] compared with Saturn?
en | looks_complete | | You can reach me at home [800] after six.
en | looks_complete | | I'm allergic to nuts [600] and also to shellfish.
en | looks_complete | | He told me he was sorry [1000] which surprised me a lot.
en | looks_complete | | Play some music [700] something calm.
en | looks_complete | | We'd prefer to sit outside [300] if the weather is nice.
en | looks_complete | | No [800] I meant the other one.
en | looks_complete | | The engine makes a strange noise [600] when I brake.
en | hanging | | The problem with my [900] laptop is that it overheats.
en | hanging | | Why do cats [800] purr?
en | hanging | | Do you know if the [500] kitchen closes early on Sundays?
en | hanging | | It depends on [700] how much it costs.
en | hanging | | I'd rather have the [1000] vegetarian menu.
en | hanging | | My daughter wants to be [800] an astronaut.
en | hanging | | Whenever I open the app it [1300] just crashes.
en | hanging | | I forgot to [700] mention the wheelchair.
en | hanging | | Would it be possible to [800] change the time?
en | hanging | | How far is [400] Mars from Earth?
en | hanging | | He's a very [600] patient man.
en | hanging | | I need to know whether [700] breakfast is included.
en | hanging | | There's a small village near [1100] Oxford where we stayed.
en | hanging | | Have you got anything [300] cheaper?
en | hanging | | We could either go to the cinema or [700] stay at home.
en | filler | | I'd like, er [700] the grilled vegetables.
en | filler | | Well, you know [800] it's not easy to explain.
en | filler | | My name is, uh [400] Bennett.
en | filler | | I mean [600] we could try again next week.
en | filler | | Er, could we, um [700] split the bill?
en | filler | | Actually [500] make that three people.
en | dictated | Can I have your mobile number? | five five five [600] one two one [800] eight nine nine four
en | dictated | And the e-mail? | info at [600] blue river hotel [700] dot co dot uk
en | dictated | What is your booking reference? | K four [800] seven B [600] nine two
en | dictated | What date would you like? | the third [700] of November
en | dictated | | My number is six one nine [800] three three zero five.
en | dictated | | It's two hundred [600] and thirty five euros.
en | dictated | | The code is eight three [1100] one one [500] zero.
en | answer | How many people will it be? | Well there's me and my sister [900] so two.
en | answer | What name should I put it under? | It's under [800] Fitzgerald.
en | answer | Would you like a starter? | Yes [500] the soup please.
en | answer | What happened then? | I don't remember exactly [1200] I think we drove home.
en | answer | Where do you live? | In a small town [800] close to the border.
en | answer | How was your day? | Pretty good [900] I finally finished my essay.
en | plain | | I'd like to cancel my reservation.
en | plain | | What is the speed of light?
en | plain | | Who painted the Sistine Chapel?
en | plain | | Goodbye.
en | plain | What name should I put it under? | Henderson.
en | plain | What's your e-mail address? | robert dot stone at gmail dot com
en | plain | | I went for a walk by the river.
en | plain | | The film was better than the book.
en | plain | | Stop.
en | plain | | Solve three x minus four equals five.
en | plain | | Twelve divided by four is three.
en | plain | | Can you help me with my homework?
en | plain | | He plays the guitar in a band.
en | plain | What time shall we say? | Quarter past seven.
en | plain | | I'm not sure I understand.
en | plain | | We had a lovely evening.
en | plain | | Read the next chapter.
"""

ITALIAN = """
it | looks_complete | | Ho comprato una bicicletta [600] con il cestino davanti.
it | looks_complete | | Mi racconti una storia [700] che faccia un po' paura?
it | looks_complete | | Quanto è alto l'Everest [500] rispetto al Monte Bianco?
it | looks_complete | | Mia nonna faceva la pasta in casa [1300] tutte le domeniche.
it | looks_complete | | Ci serve un seggiolone [400] se ce l'avete.
it | looks_complete | | Prendo il risotto [600] e un bicchiere di vino bianco.
it | looks_complete | | Metti una sveglia [500] alle sei e mezza.
it | looks_complete | | Lavoro in un ospedale [1500] vicino alla stazione.
it | looks_complete | | Spiegami la fotosintesi [800] in modo semplice.
it | looks_complete | | Il bambino piangeva [700] senza un motivo.
it | looks_complete | | Sì [500] va benissimo.
it | looks_complete | | Mi piacerebbe visitare il Giappone [800] un giorno.
it | looks_complete | | Chi ha scoperto la penicillina [400] e in che anno?
it | looks_complete | | Il telefono non funziona [1200] da quando è caduto.
it | looks_complete | | Vorremmo stare fuori [300] se non fa freddo.
it | looks_complete | | Lui ha chiuso la porta [1400] e se n'è andato.
it | hanging | | Il problema è che la [900] stampante non stampa.
it | hanging | | Da piccolo andavo sempre a [1100] pescare con mio padre.
it | hanging | | Quanti pianeti ci sono nel [500] sistema solare?
it | hanging | | Dipende da [400] quanto costa.
it | hanging | | Qual è la differenza tra [900] un virus e un batterio?
it | hanging | | Arriviamo verso le [600] nove.
it | hanging | | È vero che il [500] vetro è un liquido?
it | hanging | | E allora il lupo [1000] bussò alla porta.
it | hanging | | È una persona che [1400] non si arrabbia mai.
it | hanging | | Vorrei un caffè con [700] latte di soia.
it | hanging | | Allora il primo giorno [800] siamo arrivati e poi [600] abbiamo cercato l'albergo.
it | hanging | | La prima cosa che [500] devi fare è spegnerlo.
it | hanging | | Saremmo io, mio marito e [900] i due bambini.
it | hanging | | Come si chiama quell'attore che [1200] faceva il commissario?
it | hanging | | Ho bisogno di un regalo per [600] una mia collega.
it | filler | | Prendo, eh [700] le verdure grigliate.
it | filler | | Beh, sai [800] non è facile da spiegare.
it | filler | | Mi chiamo, ehm [400] Bernardi.
it | filler | | Cioè [600] potremmo riprovare la settimana prossima.
it | filler | | Dunque [700] siamo partiti alle cinque.
it | filler | | Anzi [500] facciamo tre persone.
it | dictated | Il suo cellulare? | tre due zero [600] cinque cinque uno [800] nove otto due sei
it | dictated | E l'e-mail? | info chiocciola [600] albergo stella [700] punto it
it | dictated | Qual è il codice della prenotazione? | k quattro [800] sette b [600] nove due
it | dictated | Per che data? | il tre [700] di novembre
it | dictated | | Il mio numero è sei uno nove [800] tre tre zero cinque.
it | dictated | | Sono duecento [600] trentacinque euro.
it | dictated | | Il codice è otto tre [1100] uno uno [500] zero.
it | answer | Quante persone sarete? | Io e mia sorella [900] quindi due.
it | answer | A che nome? | A nome [800] Ferrari.
it | answer | Desidera un antipasto? | Sì [500] la bruschetta grazie.
it | answer | E poi che cosa è successo? | Non mi ricordo bene [1200] mi sa che siamo tornati a casa.
it | answer | Dove abita? | In un paese piccolo [800] vicino al confine.
it | answer | Com'è andata oggi? | Abbastanza bene [900] ho finito la tesina.
it | plain | | Vorrei annullare la prenotazione.
it | plain | | Qual è la velocità della luce?
it | plain | | Chi ha dipinto la Cappella Sistina?
it | plain | | Arrivederci.
it | plain | A che nome? | Colombo.
it | plain | Qual è il suo indirizzo e-mail? | roberto punto pietra chiocciola gmail punto com
it | plain | | Ho fatto una passeggiata lungo il fiume.
it | plain | | Il libro era meglio del film.
it | plain | | Basta.
it | plain | | Risolvi tre x meno quattro uguale cinque.
it | plain | | Dodici diviso quattro fa tre.
it | plain | | Mi aiuti con i compiti?
it | plain | | Suona la chitarra in un gruppo.
it | plain | A che ora? | Alle sette e un quarto.
it | plain | | Non sono sicuro di aver capito.
it | plain | | Abbiamo passato una bella serata.
it | plain | | Leggi il prossimo capitolo.
"""

SEALED = interleaved(parse("sealed-en", ENGLISH), parse("sealed-it", ITALIAN))
