"""Who lives in the demo tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """An interviewer, or somebody who wants to be one. `rate` is per hour in whole units."""

    name: str
    headline: str
    company: str
    years: int
    zone: str
    rate: int
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    bio: str
    pronouns: str = ""
    accepting: bool = True
    motivation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """`logins` are the demo accounts among them; `goals` are headline and target roles of candidates."""

    interviewers: tuple[Expert, ...]
    applicants: tuple[Expert, ...]
    candidates: tuple[tuple[str, str], ...]
    logins: Mapping[str, str] = field(default_factory=dict)
    goals: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)


ACME = Cast(
    logins={"Tomás Ferreira": "interviewer@demo.test"},
    goals={
        "Ada Novak": ("Backend engineer, moving towards staff", ("Staff engineer", "Backend lead")),
        "Jonah Reyes": ("Data analyst, four years in retail", ("Data scientist",)),
        "Mei Tanaka": ("Computer science student", ("Graduate engineer",)),
        "Fatima Zahra": ("Product manager in payments", ("Senior product manager",)),
    },
    interviewers=(
        Expert(
            name="Tomás Ferreira", headline="Staff engineer, distributed systems", company="Northwind Cloud", years=14,
            zone="Europe/Lisbon", rate=120, pronouns="he/him",
            skills=("System design", "Distributed systems", "Go", "Databases"), languages=("en", "pt", "es"),
            bio="I have run about 300 system design interviews, on both sides of the table.\n\nWe take one realistic"
            " problem, find its limits together, and I tell you **where a panel would have pushed harder**. You leave"
            " with three things to practise, in order.",
        ),
        Expert(
            name="Maya Lindqvist", headline="Engineering manager, hiring for platform teams", company="Fjord Labs",
            years=12, zone="Europe/Stockholm", rate=110, pronouns="she/her",
            skills=("Behavioural", "Leadership", "System design"), languages=("en",),
            bio="Most offers are lost in the *people* round. I help you tell your stories so that the listener sees"
            " what you decided, why, and what came of it.",
        ),
        Expert(
            name="Aisha Bello", headline="Senior backend engineer, payments", company="Kora Pay", years=9,
            zone="Africa/Lagos", rate=75, pronouns="she/her",
            skills=("Coding: graphs", "Java", "API design", "Behavioural"), languages=("en", "fr"),
            bio="Calm coding rounds with honest notes. I look at how you think aloud, test, and recover from a wrong"
            " turn, because that is what the score sheet asks.",
        ),
        Expert(
            name="Kenji Watanabe", headline="Principal engineer, search and ranking", company="Hoshi Search", years=16,
            zone="Asia/Tokyo", rate=140, pronouns="he/him",
            skills=("System design", "Search", "Machine learning", "C++"), languages=("ja", "en"),
            bio="For senior and staff candidates. Bring a system you built: we examine it as a panel would, then I"
            " show you the questions you did not see coming.",
        ),
        Expert(
            name="Priya Raman", headline="Group product manager, marketplaces", company="Tandem Market", years=11,
            zone="Asia/Kolkata", rate=95, pronouns="she/her",
            skills=("Product sense", "Metrics", "Execution", "Behavioural"), languages=("en", "hi"),
            bio="Product sense, metrics and execution rounds at the level of large companies. I keep a log of what"
            " interviewers really write down and share the pattern with you.",
        ),
        Expert(
            name="Lukas Brandt", headline="Data engineering lead", company="Rheinwerk Data", years=10,
            zone="Europe/Berlin", rate=85, pronouns="he/him",
            skills=("SQL", "Data modelling", "Python", "System design"), languages=("de", "en"),
            bio="SQL that goes beyond joins, data modelling on a whiteboard, and the trade-off questions that follow."
            " In German or English.",
        ),
        Expert(
            name="Sofia Marino", headline="Frontend architect, accessibility first", company="Lume Studio", years=13,
            zone="Europe/Rome", rate=90, pronouns="she/her",
            skills=("Frontend", "TypeScript", "Accessibility", "Coding"), languages=("it", "en", "es"),
            bio="Build something small with me in the browser. We talk about state, performance and accessibility"
            " while you type, as you will in the real round.",
        ),
        Expert(
            name="Daniel Okafor", headline="Site reliability engineer, incident lead", company="Harbour Systems",
            years=8, zone="America/New_York", rate=100, pronouns="he/him",
            skills=("Reliability", "Linux", "Troubleshooting", "System design"), languages=("en",),
            bio="Troubleshooting rounds, incident stories and large scale operations. I play the broken system; you"
            " ask, form a theory, and prove it.",
        ),
        Expert(
            name="Hannah Weiss", headline="Talent partner, ex-recruiting lead", company="Weiss & Partner", years=15,
            zone="Europe/Vienna", rate=65, pronouns="she/her",
            skills=("Behavioural", "Negotiation", "Career change"), languages=("de", "en"),
            bio="Screening calls, salary talks, and the question why you are leaving. Practise the sentences until they"
            " are yours.",
        ),
        Expert(
            name="Omar Haddad", headline="Mobile engineer, Android and Kotlin", company="Souq Mobile", years=7,
            zone="Asia/Dubai", rate=70, pronouns="he/him",
            skills=("Android", "Kotlin", "Coding", "Architecture"), languages=("ar", "en", "fr"),
            bio="Mobile coding and architecture rounds, in Arabic or English. You get written notes within a day, with"
            " the timestamps that mattered.",
        ),
        Expert(
            name="Elif Kaya", headline="Machine learning engineer, vision", company="Bosphorus AI", years=6,
            zone="Europe/Istanbul", rate=80, pronouns="she/her",
            skills=("Machine learning", "Python", "Statistics", "Coding"), languages=("tr", "en", "de"),
            bio="From probability warm-ups to designing a training pipeline. I care about whether you notice what could"
            " go wrong with the data.",
        ),
        Expert(
            name="Noah Petit", headline="Security engineer, application security", company="Bastion", years=9,
            zone="America/Los_Angeles", rate=130, pronouns="they/them", accepting=False,
            skills=("Security", "Threat modelling", "Code review"), languages=("en", "fr"),
            bio="Threat modelling and code review rounds for security roles. I take few people a month, so that each"
            " gets a thorough written review.",
        ),
    ),
    applicants=(
        Expert(
            name="Nadia Rahman", headline="Senior iOS engineer, fintech", company="Ledgerly", years=8,
            zone="Asia/Dhaka", rate=70, skills=("iOS", "Swift", "Coding", "Behavioural"), languages=("bn", "en"),
            bio="I built the mobile team at a payments company from two to fourteen people and interviewed most of"
            " them. I like candidates who ask before they type.",
            motivation="I had nobody to practise with when I changed countries. I would like to be that person for"
            " others, two evenings a week.",
        ),
        Expert(
            name="Victor Hale", headline="Analytics director, consumer goods", company="Brightshelf", years=17,
            zone="America/Chicago", rate=115, skills=("Analytics", "SQL", "Case interviews", "Leadership"),
            languages=("en", "es"),
            bio="Case interviews and analytics leadership rounds. I have hired analysts for twelve years and still keep"
            " my notes on what separated good from great.",
            motivation="My calendar has room on Saturdays, and honest feedback is the thing candidates never get from"
            " companies.",
        ),
    ),
    candidates=(
        ("Jonah Reyes", "America/Denver"),
        ("Mei Tanaka", "Asia/Tokyo"),
        ("Fatima Zahra", "Africa/Casablanca"),
        ("Oskar Nowak", "Europe/Warsaw"),
        ("Lucía Romero", "Europe/Madrid"),
        ("Samuel Osei", "Africa/Accra"),
        ("Ingrid Solberg", "Europe/Oslo"),
        ("Ravi Menon", "Asia/Kolkata"),
    ),
)  # fmt: skip

FERN = Cast(
    logins={"Jonas Keller": "interviewer@demo.test"},
    goals={
        "Lena Hartmann": ("Projektleiterin mit Blick auf die erste Führungsrolle", ("Teamleiterin",)),
        "Mert Aydin": ("Wirtschaftsinformatiker im letzten Semester", ("Berater", "Trainee")),
    },
    interviewers=(
        Expert(
            name="Jonas Keller", headline="Führungskräfte-Coach, früher Bereichsleiter", company="Keller Beratung",
            years=18, zone="Europe/Berlin", rate=95,
            skills=("Führung", "Gehaltsgespräch", "Selbstpräsentation"), languages=("de", "en"),
            bio="Ich habe fünfzehn Jahre lang Teams aufgebaut und über 400 Gespräche geführt.\n\nWir üben deine"
            " Selbstpräsentation, bis sie **in zwei Minuten sitzt**, und danach die Fragen, die weh tun.",
        ),
        Expert(
            name="Claudia Reinhardt", headline="Personalleiterin im Mittelstand", company="Nordhafen Logistik",
            years=20, zone="Europe/Berlin", rate=80, skills=("Bewerbungsgespräch", "Wiedereinstieg", "Arbeitsrecht"),
            languages=("de",),
            bio="Wiedereinstieg, Lücken im Lebenslauf, Teilzeitwünsche: Ich kenne die Fragen von der anderen Seite des"
            " Tisches und übe mit dir ruhige Antworten.",
        ),
        Expert(
            name="Sebastian Vogel", headline="Berater, Fallstudien und Logik", company="Vogel & Partner", years=12,
            zone="Europe/Zurich", rate=130, skills=("Fallstudie", "Strategie", "Kopfrechnen"), languages=("de", "en"),
            bio="Fallinterviews wie in der Strategieberatung: strukturieren, rechnen, empfehlen. Nach jeder Runde"
            " bekommst du eine Seite mit Notizen.",
        ),
        Expert(
            name="Annika Lorenz", headline="Softwarearchitektin und Mentorin", company="Lorenz IT", years=11,
            zone="Europe/Berlin", rate=100, skills=("Softwarearchitektur", "Java", "Technisches Interview"),
            languages=("de", "en"),
            bio="Technische Gespräche ohne Prüfungsangst. Wir entwerfen gemeinsam ein System, und ich sage dir, an"
            " welcher Stelle ein Gremium nachgefragt hätte.",
        ),
        Expert(
            name="Matthias Brunner", headline="Assessment-Center-Trainer", company="Brunner Training", years=16,
            zone="Europe/Vienna", rate=85, skills=("Assessment-Center", "Gruppendiskussion", "Postkorb"),
            languages=("de",),
            bio="Gruppendiskussion, Postkorb, Rollenspiel: Ich beobachte wie im echten Assessment-Center und gebe dir"
            " die Bewertung, die du sonst nie siehst.",
        ),
        Expert(
            name="Yasemin Demir", headline="Recruiterin für Gesundheitsberufe", company="Klinikverbund Süd", years=9,
            zone="Europe/Berlin", rate=60, skills=("Bewerbungsgespräch", "Pflege", "Anerkennung"),
            languages=("de", "tr", "en"),
            bio="Für Pflege und Medizin, auch mit ausländischem Abschluss. Wir üben Fachgespräche auf Deutsch, langsam"
            " und so oft du willst.",
        ),
        Expert(
            name="Friederike Lange", headline="Vertriebsleiterin, Industrie", company="Lange Antriebe", years=14,
            zone="Europe/Berlin", rate=90, skills=("Vertrieb", "Verhandlung", "Gehaltsgespräch"),
            languages=("de", "en"),
            bio="Verkaufsgespräche nachstellen, Einwände aushalten, den Abschluss finden. Und am Ende reden wir über"
            " dein Gehalt.",
        ),
        Expert(
            name="Tobias Engel", headline="Lehrer und Schulleiter", company="Gymnasium am Park", years=19,
            zone="Europe/Berlin", rate=55, skills=("Referendariat", "Revisionsgespräch", "Öffentlicher Dienst"),
            languages=("de",),
            bio="Auswahlgespräche im öffentlichen Dienst folgen eigenen Regeln. Ich erkläre sie dir, und dann üben wir"
            " mit echten Fragen.",
        ),
        Expert(
            name="Carolin Pfeiffer", headline="UX-Leiterin, Portfolio-Gespräche", company="Studio Pfeiffer", years=10,
            zone="Europe/Amsterdam", rate=95, skills=("Portfolio", "UX", "Präsentation"), languages=("de", "en", "nl"),
            bio="Zeig mir dein Portfolio in zwanzig Minuten. Ich stelle die Fragen, die Designteams wirklich stellen:"
            " Was war dein Anteil, was hast du verworfen?",
        ),
        Expert(
            name="Henrik Sommer", headline="Datenanalyst und Statistiker", company="Sommer Statistik", years=8,
            zone="Europe/Copenhagen", rate=75, skills=("Statistik", "SQL", "Python"), languages=("de", "da", "en"),
            bio="Statistik verständlich erklären, SQL unter Zeitdruck schreiben: Beides kann man üben, am besten mit"
            " Daten, die sich nicht benehmen.",
        ),
        Expert(
            name="Leyla Amiri", headline="Juristin, Verwaltungsrecht", company="Amiri Rechtsanwälte", years=13,
            zone="Europe/Berlin", rate=110, skills=("Recht", "Mündliche Prüfung", "Rhetorik"),
            languages=("de", "fa", "en"),
            bio="Mündliche Prüfungen und Vorstellungsgespräche in Kanzlei und Behörde. Klare Struktur, ruhige Stimme,"
            " saubere Begründung.",
        ),
        Expert(
            name="Gregor Wolff", headline="Gründer, Gespräche mit Investoren", company="Wolff Ventures", years=15,
            zone="Europe/Zurich", rate=150, skills=("Pitch", "Finanzierung", "Strategie"), languages=("de", "en"),
            accepting=False,
            bio="Ich habe zwei Firmen aufgebaut und sitze heute auf der anderen Seite. Bring deinen Pitch mit, wir"
            " kürzen ihn gemeinsam auf das, was zählt.",
        ),
    ),
    applicants=(
        Expert(
            name="Katrin Albers", headline="Projektleiterin Erneuerbare Energien", company="Küstenwind", years=9,
            zone="Europe/Berlin", rate=70, skills=("Projektleitung", "Technik", "Quereinstieg"), languages=("de", "en"),
            bio="Vom Maschinenbau in die Windkraft: Ich weiß, wie man einen Quereinstieg erzählt, und habe selbst viele"
            " Quereinsteiger eingestellt.",
            motivation="In meiner Branche fehlen Leute, und viele gute Bewerbungen scheitern an der Erzählung. Das"
            " möchte ich ändern.",
        ),
        Expert(
            name="Emre Yildiz", headline="Ausbildungsleiter Elektrotechnik", company="Stadtwerke", years=12,
            zone="Europe/Berlin", rate=50, skills=("Ausbildung", "Handwerk", "Bewerbungsgespräch"),
            languages=("de", "tr"),
            bio="Ich begleite seit zwölf Jahren junge Menschen in die Ausbildung und führe jedes Jahr rund hundert"
            " Gespräche mit Bewerbern.",
            motivation="Viele Jugendliche haben noch nie ein Gespräch geübt. Ein Abend reicht oft, um ihnen die Angst"
            " zu nehmen.",
        ),
    ),
    candidates=(
        ("Mert Aydin", "Europe/Berlin"),
        ("Paula Seidel", "Europe/Berlin"),
        ("Florian Huber", "Europe/Vienna"),
        ("Nele Carstens", "Europe/Berlin"),
        ("David Krüger", "Europe/Berlin"),
        ("Sarah Baumann", "Europe/Zurich"),
    ),
)  # fmt: skip

CASTS: Mapping[str, Cast] = {"acme": ACME, "fern": FERN}
