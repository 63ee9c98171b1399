"""Words of the demo tenants: what interviewers noted and what candidates wrote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `evidence`: criterion -> (for 1 and 2, for 3, for 4 and 5).

    `summaries`: rubric -> (strengths, what to improve, next steps). `reported` and `hidden`: review and reason.
    """

    evidence: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]
    summaries: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]]
    good: tuple[str, ...]
    mixed: tuple[str, ...]
    notes: tuple[str, ...]
    reported: tuple[str, str]
    hidden: tuple[str, str]


EN: Final = Words(
    evidence={
        "problem_solving": (
            ("Jumped to a cache before we knew where the time went; needed three hints to look at the query first.",
             "The first approach was quadratic and stayed so until I asked about a million rows."),
            ("Worked once the input was drawn. Empty and duplicate inputs only came up when I asked.",),
            ("Compared two approaches on paper, chose the simpler one, and said when it would stop being enough.",
             "Found the off-by-one before running it and wrote the test that shows it.",
             "Named back-pressure as the real problem within ten minutes and built the design around it."),
        ),
        "communication": (
            ("Long stretches of silence; I had to ask “what are you thinking?” four times.",),
            ("Clear when asked. Answers tend to start with the detail and end with the point.",),
            ("Thought aloud from the first minute and checked twice that we meant the same thing.",
             "Explained eventual consistency with a shopping basket; a product manager would have followed.",),
        ),
        "technical_depth": (
            ("Knew that an index helps, not why; the composite index with the wrong order went unnoticed.",),
            ("Solid on HTTP and SQL; unsure what happens on a failover.",),
            ("Explained isolation levels from an incident at work, with the anomaly that they saw.",
             "Estimated storage and traffic within a factor of two, without a calculator.",),
        ),
        "structure": (
            ("Began to draw boxes at once. At minute 30 we still had no list of requirements.",),
            ("Good questions at the start; the last part, monitoring, fell off the table.",),
            ("Wrote the agenda on the board, kept to it, and summed up before each new part.",
             "Clarified scale, readers and writers, and what may be lost, before the first line.",),
        ),
        "collaboration": (
            ("Defended the first idea after two clear hints.",),
            ("Took the hint about sharding and moved on.",),
            ("Picked up my objection, said why it was right, and improved the plan with it.",
             "Asked “is this the level you want?” at the right moment.",),
        ),
        "story": (
            ("Spoke about what one should do in a conflict, not about one that happened.",),
            ("The migration story was complete once I asked how it ended.",),
            ("The outage story: stakes, three decisions, result, two minutes. That one is ready.",),
        ),
        "ownership": (
            ("“We decided” eleven times. I still do not know what the own part was.",),
            ("Own part became clear on the second question.",),
            ("Said plainly “that was my mistake” and what they changed the next morning.",),
        ),
        "impact": (
            ("No result: the story stops when the feature is shipped.",),
            ("“Customers were happier”, without a figure.",),
            ("Support tickets down by a third in six weeks, and they knew how it was counted.",),
        ),
        "reflection": (
            ("The other team was to blame in both stories.",),
            ("“Communicate more” when asked for a lesson; true, but general.",),
            ("Named the moment in which they should have called, and where they do it differently now.",),
        ),
    },
    summaries={
        "general": (
            ("You think aloud in a way that makes it easy to help you. **Keep the habit of saying the plan first.**",
             "Your estimates are quick and honest: you say the assumption, then the number. That is rare.",
             "You stayed calm when the first idea fell apart, and the second one was better for it.",
             "Very good questions at the start. You found the constraint that most people discover at minute 40.",
             "Clean code from the first line, with names that explain themselves.",
             "You know when a simple solution is enough, and you say so without apology.",),
            ("Say what you leave out. I often could not tell whether you had not seen a case or chosen to skip it.",
             "Your answers begin in the middle. Try one sentence with the result, then the reasons.",
             "Leave ten minutes for failure: what happens when the queue is full, the zone is gone, a client retries?",
             "When you get a hint, slow down. Twice you answered before I had finished, and missed the useful half.",
             "Numbers. “A lot of traffic” became 50 requests a second in the end, and that changes the design.",
             "Practise the last five minutes: sum up, name the weakest part, and what you would do next.",),
            ("Design a rate limiter in 25 minutes, aloud, with a timer. Stop at 15 and say what could break.",
             "Solve two graph problems and write the edge cases *before* the code.",
             "Read the chapter on replication again and explain leader election to a friend in five minutes.",
             "Book one more session in two weeks, same type, and open with requirements for a full eight minutes.",
             "Take one design of yours and write down three ways in which it fails.",),
        ),
        "behavioural": (
            ("You tell stories with an end. The one about the rollback I will remember.",
             "You name people's work as theirs, and your own as yours. That builds trust at once.",
             "Honest about the failure, without drama. An interviewer believes the rest after that.",),
            ("Two of the four stories had no result. Say what changed, and how you know.",
             "Start later: the background took four minutes, the decision thirty seconds.",
             "“We” hides you. Say “I” for what you decided, even when others helped.",),
            ("Write down three stories with situation, task, action, result, each with one number.",
             "Record yourself on “tell me about yourself” and cut it to ninety seconds.",
             "Ask a colleague what you did in the migration project; use their words.",),
        ),
    },
    good=(
        "The closest to a real loop I have had. The follow-up questions hurt in exactly the right places.",
        "Stopped me when I rambled, as I had asked. The summary at the end was worth the price alone.",
        "Kind, precise, and very well prepared: my goal from the booking came up in the first minute.",
        "I finally understand why my design rounds end at “good, but”. Two concrete things to practise.",
        "Great pressure, never unfair. I would book again before an onsite.",
        "Explained what a strong answer would have sounded like, with an example. That was the best part.",
        "Helped me to find the number in each of my stories. I used one of them a week later, with success.",
        "Did not let me off the hook on failure modes, and showed me how to bring them up myself.",
        "Calm voice, hard questions. I forgot that it was practice.",
        "The scorecard named two habits that three other people had been too polite to mention.",
        "We repeated the opening twice until it sat. Worth it.",
        "Clear about what was my level and what was nerves. I left with a plan for two weeks.",
        "Knew the kind of company I am applying to and asked what they would ask.",
        "Honest without being harsh; I have not learned this much in an hour for a long time.",
        "Pointed at the exact sentence in which I lost the thread.",
    ),
    mixed=(
        "Good questions, but we started late and had to rush the feedback.",
        "Helpful, though the level was a bit below what I had asked for.",
        "The microphone cut out twice. What I did hear was useful.",
    ),
    notes=(
        "The session began eight minutes late. No complaint, just so that you know.",
        "Please keep this interviewer. Best so far.",
    ),
    reported=(
        "We spent most of the hour on SQL joins, although I had booked something else.",
        "This must be about another session: we did not talk about SQL at all.",
    ),
    hidden=(
        "Total waste. He should go back to school, and so should everybody who hired him.",
        "Insults a person instead of describing the session (rule 2).",
    ),
)  # fmt: skip

DE: Final = Words(
    evidence={
        "problem_solving": (
            ("Ist sofort zur Lösung gesprungen; erst nach drei Hinweisen kam die Frage nach der Ursache.",),
            ("Kam mit Skizze zum Ziel. Sonderfälle nur auf Nachfrage.",),
            ("Hat zwei Wege verglichen, den einfacheren gewählt und gesagt, ab wann er nicht mehr reicht.",
             "Hat den Rechenfehler selbst bemerkt und ruhig korrigiert.",),
        ),
        "communication": (
            ("Lange Pausen; ich musste mehrmals fragen, was du gerade denkst.",),
            ("Verständlich auf Nachfrage. Die Antwort beginnt oft beim Detail und endet beim Punkt.",),
            ("Hat von Anfang an laut gedacht und zweimal geprüft, ob wir dasselbe meinen.",
             "Konnte den Kern des Projekts in drei Sätzen erklären.",),
        ),
        "technical_depth": (
            ("Die Begriffe saßen, die Gründe dahinter nicht.",),
            ("Sicher im Alltag; eine Ebene tiefer wurde es unsicher.",),
            ("Hat Vor- und Nachteile aus eigener Erfahrung belegt, mit richtigen Zahlen.",),
        ),
        "structure": (
            ("Hat sofort losgelegt; nach zwanzig Minuten fehlte noch die eigentliche Frage.",),
            ("Guter Beginn, am Ende fehlte die Zeit für die Empfehlung.",),
            ("Hat den Fall gegliedert, jeden Teil abgeschlossen und am Schluss empfohlen.",),
        ),
        "collaboration": (
            ("Hat den ersten Gedanken trotz zweier Hinweise verteidigt.",),
            ("Hat den Hinweis angenommen und weitergemacht.",),
            ("Hat meinen Einwand aufgegriffen und den Vorschlag damit besser gemacht.",),
        ),
        "story": (
            ("Hat gesagt, was man tun sollte, aber nicht, was war.",),
            ("Das Beispiel war vollständig, sobald ich nach dem Ende gefragt habe.",),
            ("Die Geschichte vom Umzug der Abteilung: Lage, drei Entscheidungen, Ergebnis. Die sitzt.",),
        ),
        "ownership": (
            ("Elfmal „wir“. Ich weiß noch immer nicht, was dein Anteil war.",),
            ("Der eigene Anteil wurde bei der zweiten Frage klar.",),
            ("Hat den eigenen Fehler benannt und was am nächsten Morgen anders war.",),
        ),
        "impact": (
            ("Kein Ergebnis: Die Geschichte endet mit der Abgabe.",),
            ("„Alle waren zufriedener“, aber ohne Zahl.",),
            ("Ein Drittel weniger Rückfragen in sechs Wochen, und klar, wie gezählt wurde.",),
        ),
        "reflection": (
            ("In beiden Geschichten lag es an den anderen.",),
            ("„Mehr reden“ als Lehre; stimmt, bleibt aber allgemein.",),
            ("Hat den Moment benannt, in dem ein Anruf gereicht hätte, und macht es heute anders.",),
        ),
    },
    summaries={
        "general": (
            ("Du stellst am Anfang genau die Fragen, die später Zeit sparen.",
             "Du bleibst ruhig, auch wenn eine Frage sitzt. **Behalte die kurze Pause vor der Antwort bei.**",
             "Deine Gliederung stand nach drei Minuten, und du hast dich daran gehalten.",
             "Du rechnest laut und sagst jede Annahme dazu. So kann man dir helfen.",),
            ("Beginne mit dem Ergebnis und begründe dann. Bisher muss man auf den Punkt warten.",
             "Nenne Zahlen. „Viele Anfragen“ waren am Ende vierzig am Tag, und das ist beeindruckend.",
             "Wenn ein Einwand kommt: erst verstehen, dann antworten. Zweimal warst du zu schnell.",
             "Plane die letzten fünf Minuten für eine Empfehlung ein, auch wenn noch nicht alles geklärt ist.",),
            ("Löse einen Fall in dreißig Minuten und sprich die Gliederung zuerst laut aus.",
             "Erkläre dein letztes Projekt in drei Sätzen jemandem, der nicht vom Fach ist.",
             "Buche in zwei Wochen noch einen Termin und beginne mit den Rückfragen.",),
        ),
        "behavioural": (
            ("Deine Begrüßung ist warm und knapp, man hört dir gern zu.",
             "Deine Zahl kam ohne Entschuldigung. Genau so.",
             "Die Geschichte von der Übergabe hat Anfang, Mitte und Ende. Die nimmst du mit.",
             "Du sprichst gut über frühere Kolleginnen und Kollegen. Das merkt man sich.",),
            ("Lücken im Lebenslauf brauchen einen Satz, keine Entschuldigung.",
             "Lass am Ende fünf Minuten für deine eigenen Fragen. Sie sagen viel über dich.",
             "Die Vorgeschichte dauert vier Minuten, die Entscheidung zehn Sekunden. Dreh es um.",
             "„Wir“ versteckt dich. Sag „ich“, wo du entschieden hast.",),
            ("Schreibe drei Geschichten auf: Lage, Aufgabe, Handlung, Ergebnis, jede mit einer Zahl.",
             "Nimm „Erzählen Sie von sich“ auf und kürze es auf neunzig Sekunden.",
             "Übe deine Gehaltszahl laut vor dem Spiegel, zehnmal, ohne Nachsatz.",
             "Buche in zwei Wochen noch ein Gespräch und beginne mit deiner stärksten Geschichte.",),
        ),
    },
    good=(
        "So nah am echten Gespräch, dass ich danach gar nicht mehr aufgeregt war.",
        "Freundlich und genau. Die Rückmeldung am Ende war jeden Cent wert.",
        "Hat mich unterbrochen, wenn ich abgeschweift bin, so wie ich es wollte.",
        "Ich weiß jetzt, warum ich in der zweiten Runde hängen bleibe. Zwei klare Dinge zum Üben.",
        "Sehr gut vorbereitet, mein Ziel kam gleich am Anfang zur Sprache.",
        "Danke für das Beispiel, wie eine starke Antwort geklungen hätte!",
        "Ruhig, klar und ehrlich. Ich habe den Einstieg zweimal üben dürfen, bis er saß.",
        "Endlich jemand, der sagt, woran es liegt, statt nur zu nicken.",
        "Die Fragen waren wie in meinem echten Gespräch eine Woche später. Zusage!",
        "Ich gehe mit einem Plan für zwei Wochen nach Hause.",
        "Hat genau den Satz gefunden, bei dem ich den Faden verliere.",
        "Auf Augenhöhe, ohne mich zu schonen.",
    ),
    mixed=(
        "Gute Fragen, aber wir haben spät angefangen und am Ende gehetzt.",
        "Hilfreich, wenn auch etwas leichter, als ich es mir gewünscht hatte.",
    ),
    notes=("Das Gespräch begann acht Minuten zu spät. Keine Beschwerde, nur zur Info.",),
    reported=(
        "Wir haben fast nur über Gehalt gesprochen, obwohl ich etwas anderes gebucht hatte.",
        "Das muss ein anderes Gespräch sein: Über Gehalt haben wir gar nicht gesprochen.",
    ),
    hidden=(
        "Reine Zeitverschwendung. Der sollte selbst noch einmal zur Schule gehen.",
        "Beleidigt eine Person, statt das Gespräch zu beschreiben (Regel 2).",
    ),
)  # fmt: skip
