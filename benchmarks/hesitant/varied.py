"""How people hesitate: after a whole clause, before an adjunct, inside a phrase, after a filler, between digits.

Written before the present rules were, in one go with benchmarks.hesitant.sealed, of which every other line went there.
Run once untouched; afterwards its failures have been read.
"""

from benchmarks.hesitant.sentence import interleaved, parse

ENGLISH = """
en | looks_complete | | I'd like to book a room [700] with a view of the lake.
en | looks_complete | | Could you send the confirmation [600] to my work address?
en | looks_complete | | The dog ran into the forest [800] and we didn't see him again.
en | looks_complete | | Tell me how rainbows form [700] and why they are round.
en | looks_complete | | I'd like the fish [400] without the sauce please.
en | looks_complete | | She opened the letter [1000] very slowly.
en | looks_complete | | I want to cancel my order [500] the one from yesterday.
en | looks_complete | | Remind me to call the dentist [900] tomorrow morning.
en | looks_complete | | I tried to pay by card [600] but it didn't work.
en | looks_complete | | I've been learning the piano [1400] for about two years now.
en | looks_complete | | Set a timer [400] for twelve minutes.
en | looks_complete | | It's a birthday dinner [900] so maybe something with candles.
en | looks_complete | | Do you have parking [500] near the entrance?
en | looks_complete | | I went to the market this morning [800] to buy some cheese.
en | looks_complete | | Yes [600] that would be fine.
en | looks_complete | | My brother works in Berlin [1500] at a bank.
en | hanging | | I was hoping you could [700] tell me about black holes.
en | hanging | | Can we get two [600] high chairs please?
en | hanging | | When I was a child we used to [1100] spend every August at the beach.
en | hanging | | What would happen if the [1200] moon disappeared?
en | hanging | | I think it was [400] Tuesday or maybe Wednesday.
en | hanging | | Could you explain the difference between [900] weather and climate?
en | hanging | | We arrive on [600] Friday evening.
en | hanging | | Is it true that [500] glass is a liquid?
en | hanging | | Then the old woman said [1000] come back tomorrow.
en | hanging | | She's the kind of person who [1400] never says no.
en | hanging | | Let me think, I'd like [900] the tomato soup.
en | hanging | | So basically the [800] train was late and then [600] I missed the bus.
en | hanging | | The first thing you should [500] do is turn it off.
en | hanging | | It would be for my husband, my two sons and [900] my mother.
en | hanging | | You know that actor from [1200] the pirate movies?
en | filler | | So, um [900] we'd like to come by on Saturday.
en | filler | | It was, like [500] really crowded.
en | filler | | What's the, um [1100] boiling point of nitrogen?
en | filler | | Hmm [1300] let me see.
en | filler | | There was this, uh, I don't know [1000] strange light in the sky.
en | filler | | Okay so [800] what about the day before?
en | dictated | What's your phone number? | oh seven seven [700] nine double four [900] two one six
en | dictated | What's your e-mail address? | martin dot [800] lindqvist at gmail dot com
en | dictated | How do you spell that? | P E [500] T R O [900] V A
en | dictated | What's your postcode? | S W one [900] four T Y
en | dictated | Could I have the card number? | four nine two one [1000] double zero three eight [800] six six one two [1200] five nine oh seven
en | dictated | | The address is forty two [700] Station Road.
en | dictated | What is your date of birth? | the fourteenth of March [900] nineteen eighty six
en | dictated | | You can write to sara [700] underscore nine at [600] proton dot me.
en | answer | When would you like to come? | Not this weekend [700] maybe the next one.
en | answer | Do you have any allergies? | My son does [1000] he can't have eggs.
en | answer | Which day suits you? | I'm free on Monday [600] and on Thursday after four.
en | answer | What time shall we say? | Eight [700] no, half past eight.
en | answer | Can I help you? | Yes please [1100] I'm looking for a charger.
en | answer | Is that for lunch or dinner? | For lunch [400] actually no for dinner.
en | plain | | Do you have a children's menu?
en | plain | | We'll be there at eight thirty.
en | plain | | How deep is the Atlantic?
en | plain | | Thanks a lot, that's all.
en | plain | How many people will it be? | Six people.
en | plain | Would you like a starter? | No, thank you.
en | plain | What's your phone number? | oh two oh seven nine four six one eight two three
en | plain | How do you spell that? | K A T E
en | plain | | My sister is moving to Canada.
en | plain | | Tell me a joke.
en | plain | | What is seven times eight?
en | plain | | Water freezes at zero degrees.
en | plain | | Why is the sky blue?
en | plain | | I don't think so.
en | plain | When would you like to come? | On the fifth of May.
en | plain | | Let's try the second question.
en | plain | | Could you turn the volume down?
en | plain | | It costs about twenty dollars.
"""  # noqa: E501 (a table)

ITALIAN = """
it | looks_complete | | Vorrei prenotare un tavolo [800] per domani sera.
it | looks_complete | | Siamo andati in montagna [1100] con i miei cugini.
it | looks_complete | | Il treno era in ritardo [900] come al solito.
it | looks_complete | | Può mandarmi il conto [600] in camera?
it | looks_complete | | Devo disdire la prenotazione [800] perché mio figlio ha la febbre.
it | looks_complete | | Ho perso le chiavi [1000] credo in palestra.
it | looks_complete | | Il gatto è salito sul tetto [900] e non voleva più scendere.
it | looks_complete | | Che tempo fa [700] a Palermo?
it | looks_complete | | Avete un parcheggio [600] per i clienti?
it | looks_complete | | È una cena di lavoro [1000] quindi ci vorrebbe un posto tranquillo.
it | looks_complete | | Sto studiando per l'esame [900] di storia moderna.
it | looks_complete | | No [900] volevo dire giovedì.
it | looks_complete | | Ho visto un film bellissimo [600] ieri sera.
it | looks_complete | | Siamo in quattro [700] più un cagnolino.
it | looks_complete | | Ricordami di comprare il latte [800] quando esco dal lavoro.
it | looks_complete | | Abbiamo ordinato due pizze [600] mezz'ora fa.
it | hanging | | Volevo sapere se [700] accettate i cani.
it | hanging | | Perché le foglie [800] diventano rosse?
it | hanging | | Mi potrebbe [600] consigliare un vino?
it | hanging | | Se la luna [1200] sparisse che cosa succederebbe?
it | hanging | | Preferirei un tavolo vicino alla [800] finestra.
it | hanging | | Mia figlia vuole fare [1000] la veterinaria.
it | hanging | | Ogni volta che apro il programma [1300] si blocca tutto.
it | hanging | | Mi sono dimenticato di [700] dirle una cosa.
it | hanging | | Sarebbe possibile [800] spostare l'orario?
it | hanging | | Quanto dista [400] Venezia da Milano?
it | hanging | | È un quartiere molto [600] tranquillo.
it | hanging | | Non so se [900] riusciamo a venire.
it | hanging | | C'è un paesino vicino a [1100] Siena dove fanno un formaggio buonissimo.
it | hanging | | Avete qualcosa di [300] meno caro?
it | hanging | | Possiamo andare al cinema oppure [700] restare a casa.
it | filler | | Allora, ehm [900] vorremmo venire sabato.
it | filler | | Era, tipo [500] pienissimo di gente.
it | filler | | Qual è il, ehm [1100] punto di fusione del ferro?
it | filler | | Mah [1300] vediamo un po'.
it | filler | | C'era una, non so [1000] una specie di luce.
it | filler | | Ecco, diciamo [800] il giorno prima.
it | dictated | Mi lascia il suo numero? | tre quattro sette [700] ottantuno venti [900] sedici quattro
it | dictated | Qual è il suo indirizzo e-mail? | marta punto [800] ferri chiocciola gmail punto com
it | dictated | Come si scrive? | b e r [500] t o [900] l i
it | dictated | Mi dice il CAP? | quaranta [900] centoventuno
it | dictated | Mi dà il numero della carta? | quattro nove due uno [1000] zero zero tre otto [800] sei sei uno due [1200] cinque nove zero sette
it | dictated | | L'indirizzo è via Garibaldi [700] quarantadue.
it | dictated | Quando è nata? | il quattordici marzo [900] del millenovecentottantasei
it | dictated | | Scriva a sara [700] trattino nove chiocciola [600] libero punto it.
it | answer | Quando vorrebbe venire? | Questo weekend no [700] magari il prossimo.
it | answer | Ci sono allergie? | Mio figlio sì [1000] non può mangiare le uova.
it | answer | Che giorno preferisce? | Lunedì sono libera [600] e giovedì dopo le quattro.
it | answer | A che ora? | Alle otto [700] anzi alle otto e mezza.
it | answer | Posso aiutarla? | Sì grazie [1100] cerco un caricabatterie.
it | answer | È per pranzo o per cena? | Per pranzo [400] anzi no per cena.
it | plain | | Avete un menù per bambini?
it | plain | | Arriveremo alle otto e mezza.
it | plain | | Quanto è profondo l'Atlantico?
it | plain | | Grazie mille, è tutto.
it | plain | Quante persone sarete? | Sei persone.
it | plain | Desidera un antipasto? | No, grazie.
it | plain | Mi lascia il suo numero? | tre tre otto quattro uno nove sei due cinque zero
it | plain | Come si scrive? | r i t a
it | plain | | Mia sorella si trasferisce in Canada.
it | plain | | Raccontami una barzelletta.
it | plain | | Quanto fa sette per otto?
it | plain | | L'acqua gela a zero gradi.
it | plain | | Perché il cielo è blu?
it | plain | | Non credo.
it | plain | Quando vorrebbe venire? | Il cinque maggio.
it | plain | | Proviamo la seconda domanda.
it | plain | | Può abbassare il volume?
it | plain | | Costa circa venti euro.
"""  # noqa: E501 (a table)

VARIED = interleaved(parse("varied-en", ENGLISH), parse("varied-it", ITALIAN))
