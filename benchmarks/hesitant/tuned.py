"""The sentences on which the waiting may be tuned: a science assistant and a restaurant, in English and Italian."""

from benchmarks.hesitant.sentence import interleaved, parse

ENGLISH = """
en | hanging | | I would like to book a table for [900] four people
en | hanging | | What is the boiling point of [700] liquid nitrogen?
en | hanging | | Can you tell me the [500] speed of sound in water?
en | hanging | | I want to know how far it is from [1100] the earth to the moon.
en | hanging | | We are coming on Friday and [800] we would like to sit outside.
en | hanging | | I am calling because [1200] I need to change my reservation.
en | hanging | | What happens if [600] I mix vinegar with baking soda?
en | hanging | | Could you explain why the [400] sky looks blue?
en | hanging | | How many electrons does [900] carbon have?
en | hanging | | My sister is allergic to [1000] nuts and shellfish.
en | hanging | | Tell me about the difference between [800] mass and weight.
en | hanging | | I was wondering whether you [700] have a table near the window.
en | hanging | | Is it possible to [500] bring our own cake?
en | hanging | | We need a high chair for my [1300] daughter.
en | hanging | | Convert twenty five miles [900] to kilometres.
en | hanging | | What is the square root of [600] one hundred and forty four?
en | hanging | | When did [500] Galileo discover the moons of [800] Jupiter?
en | hanging | | I think it would be better to [1400] come a little later.
en | hanging | | Does the menu have [700] anything without gluten?
en | hanging | | The experiment did not work, so [1000] what should I do differently?
en | hanging | | If the train is late [600] can you keep the table for half an hour?
en | hanging | | Which planet has the [300] most moons?
en | hanging | | We'd like the [800] tasting menu with [700] the wine pairing.
en | hanging | | I need a quiet [600] corner if possible.
en | filler | | I would like, um [900] a table for two tonight.
en | filler | | How long does it take, uh [700] for light to reach the earth?
en | filler | | Well [600] I am not sure what a quark is.
en | filler | | The wine should be, you know [1000] something from Tuscany.
en | filler | | So, er [1200] how does a magnet work?
en | filler | | We are five, I mean [800] six people.
en | filler | | Let me think [1500] Saturday would be fine.
en | filler | | It is for, um [500] our anniversary, so [700] something nice please.
en | filler | | Hmm [1000] what is the capital of Australia?
en | filler | | One moment [1300] the name is Baker.
en | dictated | What is your phone number? | three four seven [800] one two three [700] four five six seven
en | dictated | Could you give me a phone number? | It's oh two oh [600] seven nine four six [900] oh one two three
en | dictated | What's the best number to reach you? | five five five [500] eight two six [500] nine one three four
en | dictated | | My number is three three three [900] four one double eight [1000] two oh five
en | dictated | What is your e-mail address? | anna dot verdi [800] at gmail dot com
en | dictated | What's your e-mail? | It's peter at [1100] hotmail dot [500] com
en | dictated | | You can write to me, my email is lab [700] at science museum [600] dot org
en | dictated | Can you spell your name? | B A [700] K E R
en | dictated | How do you spell that? | M as in Mike [900] O R [600] A N
en | dictated | Your mobile number? | plus three nine [700] three four zero [600] one one two two [800] five six seven
en | answer | What time would you like to come? | Saturday evening [900] at eight thirty
en | answer | For how many people? | It's for my family [1000] so five of us
en | answer | What name should I put it under? | You can put it under [1200] Rebecca Stone
en | answer | On which day? | In the second half of [500] June, the nineteenth
en | answer | What day would you like? | On the twenty [700] third of May
en | answer | At what time? | Not too late [800] maybe half past seven
en | looks_complete | | I would like a table for four [800] on Saturday evening.
en | looks_complete | | What is the temperature [600] on the surface of Mars?
en | looks_complete | | I have a question [1100] about black holes.
en | looks_complete | | We will be there at eight [700] or a bit later.
en | looks_complete | | Can I cancel my booking [900] for tomorrow?
en | looks_complete | | How does a rainbow form [500] after it has rained?
en | looks_complete | | I would like to reserve a table [1000] for the fifth of March.
en | looks_complete | | My wife is vegetarian [700] and she does not eat eggs.
en | plain | | What is the boiling point of water?
en | plain | | How far away is the moon?
en | plain | | I would like to book a table for four people on Saturday at eight.
en | plain | | Thank you very much.
en | plain | | Yes, please.
en | plain | | Who discovered penicillin?
en | plain | | Convert twelve inches to centimetres.
en | plain | | Tell me about the planets.
en | plain | | What time do you close?
en | plain | | We have a reservation under the name of Miller.
en | plain | What is your phone number? | three four seven one two three four five six seven
en | plain | For how many people? | We are six.
en | plain | What day would you like? | On Thursday.
en | plain | | Why is the sky blue?
en | plain | | Please explain how a battery works.
en | plain | | Do you have a table outside for tonight?
en | plain | At what time? | At half past seven.
en | plain | | Cancel my reservation.
en | plain | What is your e-mail address? | john at gmail dot com
en | plain | | How many bones are there in the human body?
en | hanging | | Hi there, I was hoping you could help me with [800] my physics homework.
en | hanging | | My grandson asked me why the [1000] moon has craters and I had no answer.
en | hanging | | We are a party of seven but two of them [600] are small children.
en | hanging | | Do you happen to remember who [700] invented the telephone?
en | hanging | | Last time we sat right under the [900] air conditioning and it was freezing.
en | hanging | | How would you explain gravity to someone who's [500] never been to school?
en | hanging | | I'd rather have the fish than [1200] anything with cream.
en | hanging | | Our flight lands around six which means [700] we can't be there before seven thirty.
en | hanging | | Suppose I drop a feather and a hammer on [400] the moon.
en | hanging | | Is there any reason why [1100] copper turns green?
en | hanging | | Put us down for Wednesday unless [800] Thursday is less busy.
en | hanging | | I keep forgetting whether sound travels faster in [600] air or in steel.
en | hanging | | Would you mind turning the [500] volume down?
en | hanging | | She's coming straight from her [1300] office in the city.
en | filler | | Okay so [700] this might be a silly question.
en | filler | | We'd be, let me see [1400] eleven people altogether.
en | filler | | I guess what I'm asking is, er [800] does it hurt the battery?
en | filler | | Do you serve, uh [600] oysters?
en | dictated | Which number can we call? | sure, it's four one five [900] double six two [600] seven oh eight nine
en | dictated | Your e-mail, please. | booking dot smith [1000] at yahoo dot co [400] dot uk
en | dictated | | The reference is seven seven four [700] nine one two [900] three
en | answer | What date were you thinking of? | Well it has to be a weekend [700] so the eleventh of October
en | answer | And what is your full name? | First name is [800] Dorothy, last name Hughes
en | looks_complete | | I read something interesting yesterday [900] about sleep and memory.
en | looks_complete | | We loved the dessert [600] but the coffee was cold.
en | looks_complete | | Could we move it to nine [1000] instead of eight?
en | looks_complete | | Plants need light [700] because of photosynthesis, is that right?
en | plain | | That sounds lovely, see you then.
en | plain | | Name three gases in the air.
en | plain | | Is there parking nearby?
en | plain | | I'd like to speak to the manager.
en | plain | | What's the difference between a comet and an asteroid?
en | plain | | No, nothing else.
en | plain | | How heavy is an elephant?
en | plain | What date were you thinking of? | The eleventh of October.
en | plain | | We'll have two coffees and the bill.
en | plain | | My son wants to know how planes stay in the air.
"""

ITALIAN = """
it | hanging | | Vorrei prenotare un tavolo per [900] quattro persone.
it | hanging | | Qual è il punto di ebollizione di [700] azoto liquido?
it | hanging | | Mi può dire la [500] velocità del suono?
it | hanging | | Vorrei sapere quanto dista la terra da [1100] Giove.
it | hanging | | Veniamo venerdì sera e [800] vorremmo stare fuori.
it | hanging | | La chiamo perché [1200] devo spostare la prenotazione.
it | hanging | | Che cosa succede se [600] mescolo aceto e bicarbonato?
it | hanging | | Mi spieghi perché il [400] cielo è blu?
it | hanging | | Quanti elettroni ha [900] il carbonio?
it | hanging | | Mia sorella è allergica alle [1000] noci e ai crostacei.
it | hanging | | Qual è la differenza tra [800] massa e peso?
it | hanging | | Volevo chiedere se [700] avete un tavolo vicino alla finestra.
it | hanging | | È possibile portare una [500] torta nostra?
it | hanging | | Ci serve un seggiolone per mia [1300] figlia.
it | hanging | | Converti venticinque miglia [900] in chilometri.
it | hanging | | Quanto fa la radice quadrata di [600] centoquarantaquattro?
it | hanging | | Quando ha [500] scoperto Galileo le lune di [800] Giove?
it | hanging | | Forse sarebbe meglio se [1400] venissimo un po' più tardi.
it | hanging | | Nel menù c'è [700] qualcosa senza glutine?
it | hanging | | L'esperimento non ha funzionato, quindi [1000] che cosa devo cambiare?
it | hanging | | Se il treno è in ritardo [600] può tenerci il tavolo per mezz'ora?
it | hanging | | Il pianeta con [300] più lune è Saturno?
it | hanging | | Prendiamo il [800] menù degustazione con [700] i vini abbinati.
it | hanging | | La prenotazione è a nome di [900] mio marito.
it | filler | | Vorrei, ehm [900] un tavolo per due stasera.
it | filler | | Quanto tempo ci mette, cioè [700] la luce ad arrivare sulla terra?
it | filler | | Allora [600] non so bene cosa sia un quark.
it | filler | | Il vino dovrebbe essere, diciamo [1000] qualcosa di toscano.
it | filler | | Eh, dunque [1200] come funziona una calamita?
it | filler | | Siamo in cinque, anzi [800] in sei.
it | filler | | Mi faccia pensare [1500] sabato andrebbe bene.
it | filler | | È per, ehm [500] il nostro anniversario, quindi [700] qualcosa di carino.
it | filler | | Un attimo [1300] il nome è Ferri.
it | filler | | Insomma [800] che cos'è un buco nero?
it | dictated | Mi dà il suo numero di telefono? | tre quattro sette [800] uno due tre [700] quattro cinque sei sette
it | dictated | Un recapito telefonico? | È lo zero sei [600] quarantaquattro ventidue [900] undici ottanta
it | dictated | Il numero di cellulare? | tre tre otto [500] novantuno [500] ventisette [600] trentacinque zero
it | dictated | | Il mio numero è tre tre tre [900] quattro uno otto otto [1000] due zero cinque
it | dictated | Mi può dare la sua e-mail? | anna punto verdi [800] chiocciola gmail punto com
it | dictated | Qual è il suo indirizzo e-mail? | È pietro chiocciola [1100] libero punto [500] it
it | dictated | | Può scrivermi, la mia mail è laboratorio [700] chiocciola museo [600] punto org
it | dictated | Può farmi lo spelling? Lettera per lettera, per favore. | effe e erre [700] erre i
it | dictated | Come si scrive? Il cognome, intendo. | Colombo, ci o [800] elle o [500] emme bi o
it | dictated | E il numero di telefono? | zero due [700] quarantotto [600] sessantuno [800] trentatré
it | answer | A che ora preferisce? | Sabato sera [900] alle otto e mezza
it | answer | Per quante persone? | È per la mia famiglia [1000] quindi cinque
it | answer | A che nome? | Può metterlo a nome [1200] Rebecca Sasso
it | answer | Per che giorno? | Verso la metà di [500] giugno, il diciannove
it | answer | Che giorno preferisce? | Il ventitré [700] maggio
it | answer | A che ora? | Non troppo tardi [800] magari alle sette e mezza
it | looks_complete | | Vorrei un tavolo per quattro [800] sabato sera.
it | looks_complete | | Qual è la temperatura [600] sulla superficie di Marte?
it | looks_complete | | Ho una domanda [1100] sui buchi neri.
it | looks_complete | | Arriviamo alle otto [700] o un po' dopo.
it | looks_complete | | Posso annullare la prenotazione [900] di domani?
it | looks_complete | | Come si forma un arcobaleno [500] dopo la pioggia?
it | looks_complete | | Vorrei riservare un tavolo [1000] per il cinque marzo.
it | looks_complete | | Mia moglie è vegetariana [700] e non mangia uova.
it | plain | | Qual è il punto di ebollizione dell'acqua?
it | plain | | Quanto dista la luna?
it | plain | | Vorrei prenotare un tavolo per quattro persone sabato alle otto.
it | plain | | Grazie mille.
it | plain | | Sì, grazie.
it | plain | | Chi ha scoperto la penicillina?
it | plain | | Converti dodici pollici in centimetri.
it | plain | | Parlami dei pianeti.
it | plain | | A che ora chiudete?
it | plain | | Abbiamo una prenotazione a nome Martini.
it | plain | Mi dà il suo numero di telefono? | tre quattro sette uno due tre quattro cinque sei sette
it | plain | Per quante persone? | Siamo in sei.
it | plain | Che giorno preferisce? | Giovedì.
it | plain | | Perché il cielo è blu?
it | plain | | Spiegami come funziona una batteria.
it | plain | | Avete un tavolo fuori per stasera?
it | plain | A che ora? | Alle sette e mezza.
it | plain | | Annulla la mia prenotazione.
it | plain | Qual è il suo indirizzo e-mail? | marco chiocciola gmail punto com
it | plain | | Quante ossa ci sono nel corpo umano?
it | hanging | | Buonasera, chiamavo per [800] una cena di lavoro.
it | hanging | | Mio nipote mi ha chiesto come mai la [1000] luna ha i crateri.
it | hanging | | Saremmo in sette però due sono [600] bambini piccoli.
it | hanging | | Si ricorda per caso chi [700] ha inventato il telefono?
it | hanging | | L'ultima volta eravamo proprio sotto il [900] condizionatore e faceva freddo.
it | hanging | | Come spiegheresti la gravità a uno che [500] non è mai andato a scuola?
it | hanging | | Preferisco il pesce piuttosto che [1200] qualcosa con la panna.
it | hanging | | L'aereo atterra alle sei, il che significa che [700] prima delle sette e mezza non arriviamo.
it | hanging | | Se lascio cadere una piuma e un martello sulla [400] luna chi arriva prima?
it | hanging | | C'è un motivo per cui [1100] il rame diventa verde?
it | hanging | | Ci segni per mercoledì a meno che [800] giovedì non ci sia meno gente.
it | hanging | | Non mi ricordo mai se il suono va più veloce nell' [600] aria o nell'acciaio.
it | hanging | | Le dispiace abbassare un po' la [500] musica?
it | hanging | | Mia moglie arriva direttamente dal [1300] suo ufficio in centro.
it | filler | | Ecco, allora [700] forse è una domanda sciocca.
it | filler | | Saremmo, vediamo [1400] undici in tutto.
it | filler | | Quello che mi chiedo, ehm [800] è se fa male alla batteria.
it | filler | | Avete, eh [600] le ostriche?
it | dictated | A che numero? | certo, è il tre due otto [900] sei sei due [600] settanta ottantanove
it | dictated | Mi dica la sua e-mail. | prenotazioni punto neri [1000] chiocciola tiscali [400] punto it
it | dictated | | Il codice è sette sette quattro [700] nove uno due [900] tre
it | answer | Che data aveva in mente? | Deve essere un fine settimana [700] quindi l'undici ottobre
it | answer | Mi dice il suo nome completo? | Di nome [800] Dorotea, di cognome Ughi
it | looks_complete | | Ho letto una cosa interessante ieri [900] sul sonno e la memoria.
it | looks_complete | | Il dolce era buonissimo [600] ma il caffè era freddo.
it | looks_complete | | Possiamo spostarlo alle nove [1000] invece che alle otto?
it | looks_complete | | Le piante hanno bisogno di luce [700] per la fotosintesi, vero?
it | plain | | Benissimo, allora a domani.
it | plain | | Dimmi tre gas che ci sono nell'aria.
it | plain | | C'è un parcheggio vicino?
it | plain | | Vorrei parlare con il direttore.
it | plain | | Che differenza c'è tra una cometa e un asteroide?
it | plain | | No, nient'altro.
it | plain | | Quanto pesa un elefante?
it | plain | Che data aveva in mente? | L'undici ottobre.
it | plain | | Due caffè e il conto.
it | plain | | Mio figlio vuole sapere come fanno gli aerei a volare.
"""

TUNED = interleaved(parse("tuned-en", ENGLISH), parse("tuned-it", ITALIAN))
