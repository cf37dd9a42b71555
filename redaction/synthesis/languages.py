"""Vocabulary of the languages in which generated pages are written; the text has no meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Language:
    """The vocabulary of one language: words separated by spaces, phrases by commas."""

    common: str
    months: str
    mail: str
    """From, date, to, copy, subject."""
    fields: str
    regards: str
    greeting: str
    needs_truetype: bool = False
    """Whether its letters lie outside Latin-1, which is all that the standard PDF fonts have."""

    @cached_property
    def words(self) -> list[str]:
        """Common words, roughly in order of frequency."""
        return self.common.split()

    @cached_property
    def long_words(self) -> list[str]:
        """Words long enough for a heading."""
        return [word for word in self.words if len(word) > 5]

    def phrases(self, text: str) -> list[str]:
        """Split one of the comma-separated fields."""
        return [phrase.strip() for phrase in text.split(",")]


LANGUAGES: dict[str, Language] = {
    "english": Language(
        "the of and to a in that is was for it with as his on be at by had not are but from or have an they which one you were "
        "all her she there would their we him been has when who will no more if out so said what up its about than into them "
        "can only other time new some could these two may first then do any like my now over such our man me even most made "
        "after also did many off before must well back through years where much your way down should because long each just "
        "state those people too little good very make world still see own work men day get here between both life being under "
        "three never know same last another while us might great year since against right came take used himself few house "
        "during without again place around however home small found thought went part once general high upon school every "
        "does until always away something fact public water less almost hand enough took head yet government system better "
        "set told nothing night end why called find going look asked later point knew next program city business give group "
        "report document meeting officer request response attached information records decision policy contract payment "
        "account number office agency department director employee review section schedule project budget evidence interview "
        "statement incident vehicle location suspect witness telephone address hospital insurance property purchase license "
        "application investigation committee council minister ambassador assessment operation security foreign national "
        "economic military political development international negotiation agreement treatment laboratory environmental",
        "January,February,March,April,May,June,July,August,September,October,November,December",
        "From,Sent,To,Cc,Subject",
        "Surname,Given names,Date of birth,Place of birth,Nationality,Address,Telephone,E-mail,Reference no.,Account no.,"
        "Occupation,Employer,Case officer,Date received,Department,Position,Signature,Passport no.,Vehicle,Relationship,Amount,"
        "Bank,Remarks,Sex,Race,Height,Weight,Incident no.,Location,Officer,Badge,Unit,Approved by,Invoice no.,Quantity,Total,"
        "Description,Status,Type,Code,Start,End,Duration,Name of applicant,Social security no.,Marital status,ZIP,Country",
        "Yours sincerely,Sincerely,Kind regards,Best,Respectfully submitted,Thanks,V/r",
        "Dear",
    ),
    "dutch": Language(
        "de het een van en in is dat op te voor met zijn er niet aan die ook als door om bij naar uit maar over nog dan of "
        "wordt worden heeft hebben deze dit meer tot wel geen kan moet zal zou was waren hij zij wij ze je wat al onder tussen "
        "zoals omdat indien binnen tegen sinds volgens betreffende besluit verzoek informatie openbaarmaking documenten "
        "bestuursorgaan belang gemeente minister ministerie beleid vergadering overleg gesprek onderzoek rapport advies bijlage "
        "betrokkenen persoonsgegevens artikel wet termijn procedure vergunning aanvraag bezwaar gegevens medewerker directeur "
        "afdeling brief bericht vraag antwoord afspraak planning voortgang uitvoering verantwoording maatregelen gezondheid "
        "veiligheid omgeving kosten begroting project samenwerking partijen overeenkomst communicatie voorstel kamer "
        "verslag concept versie aanwezig actiepunten toelichting gevolgen mogelijkheden verwachting situatie opmerking "
        "vriendelijke groet morgen vandaag gisteren week maand jaar graag alvast bedankt hierbij stuur ontvangen akkoord",
        "januari,februari,maart,april,mei,juni,juli,augustus,september,oktober,november,december",
        "Van,Verzonden,Aan,CC,Onderwerp",
        "Naam,Voornamen,Geboortedatum,Adres,Postcode,Woonplaats,Telefoonnummer,E-mailadres,Kenmerk,Datum,Behandeld door,"
        "Afdeling,Handtekening,Bedrag,Rekeningnummer,Bijlagen,Betreft,Status,Actie,Opmerkingen,Documentnummer,Grond,Beoordeling",
        "Met vriendelijke groet,Hoogachtend,Groet,Mvg",
        "Geachte",
    ),
    "german": Language(
        "der die das und in zu den von ist mit sich des auf für nicht eine als auch es an werden aus er hat dass sie nach wird "
        "bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde "
        "wenn können unter diese dieser gegen vom schon seit während gemäß bezüglich sowie hinsichtlich Bundesministerium "
        "Behörde Antrag Bescheid Auskunft Unterlagen Verfahren Prüfung Maßnahme Vermerk Schreiben Stellungnahme Entwurf "
        "Sitzung Protokoll Vertrag Leistung Zahlung Rechnung Betrag Haushalt Abteilung Referat Leitung Mitarbeiter Vorgang "
        "Aktenzeichen Gesetz Absatz Paragraph Verordnung Gericht Urteil Beschluss Kläger Beklagte Zeuge Ermittlung Polizei "
        "Landesamt Gemeinde Straße Grundstück Versicherung Gesundheit Umwelt Sicherheit Verwaltung Zusammenarbeit Ergebnis",
        "Januar,Februar,März,April,Mai,Juni,Juli,August,September,Oktober,November,Dezember",
        "Von,Gesendet,An,Cc,Betreff",
        "Name,Vorname,Geburtsdatum,Anschrift,Telefon,Aktenzeichen,Datum,Bearbeiter,Abteilung,Unterschrift,Betrag,"
        "Kontonummer,Anlage,Betreff,Bemerkungen,Ort,Beruf,Familienstand,Staatsangehörigkeit,Dienststelle",
        "Mit freundlichen Grüßen,Hochachtungsvoll,Im Auftrag,Viele Grüße",
        "Sehr geehrte Frau",
    ),
    "french": Language(
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont mais comme ou si leur y "
        "dont aux avec cette ces ses être fait elle deux même aussi nous après sans ont entre tout sous peut lors afin selon "
        "ministère préfecture commission décision demande réponse document rapport courrier dossier pièce annexe réunion "
        "compte rendu procédure autorité administration service direction bureau agent commune département région budget "
        "marché contrat paiement montant facture convention projet travaux étude enquête témoin déclaration véhicule adresse "
        "société entreprise employé sécurité santé environnement politique gouvernement conseil président directeur général "
        "loi article alinéa règlement tribunal jugement intérêt général données personnelles communication accès",
        "janvier,février,mars,avril,mai,juin,juillet,août,septembre,octobre,novembre,décembre",
        "De,Envoyé,À,Cc,Objet",
        "Nom,Prénom,Date de naissance,Lieu,Nationalité,Adresse,Téléphone,Courriel,Référence,Dossier,Profession,Employeur,"
        "Date,Service,Fonction,Signature,Montant,Banque,Observations,Objet",
        "Cordialement,Veuillez agréer,Bien à vous,Salutations distinguées",
        "Madame",
    ),
    "spanish": Language(
        "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin sobre este "
        "ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué sólo han yo hay "
        "secretaría ministerio dirección oficina solicitud respuesta documento informe expediente oficio anexo reunión acta "
        "procedimiento autoridad administración servicio contrato pago monto factura convenio proyecto estudio investigación "
        "testigo declaración vehículo domicilio empresa empleado seguridad salud ambiente política gobierno consejo presidente "
        "ley artículo fracción reglamento tribunal sentencia datos personales información reservada confidencial versión",
        "enero,febrero,marzo,abril,mayo,junio,julio,agosto,septiembre,octubre,noviembre,diciembre",
        "De,Enviado,Para,CC,Asunto",
        "Nombre,Apellidos,Fecha de nacimiento,Lugar,Nacionalidad,Domicilio,Teléfono,Correo,Referencia,Expediente,Ocupación,"
        "Fecha,Unidad,Cargo,Firma,Importe,Banco,Observaciones,Asunto",
        "Atentamente,Un saludo,Cordialmente",
        "Estimada",
    ),
    "russian": Language(
        "и в не на что он с как а по это она но они к у из мы за вы так же от для все было только его до бы если уже или при "
        "министерство управление отдел решение запрос ответ документ отчёт письмо дело приложение заседание протокол порядок "
        "орган служба договор оплата сумма счёт проект исследование свидетель заявление автомобиль адрес предприятие работник "
        "безопасность здоровье политика правительство совет председатель закон статья пункт суд сведения доступ секретно "
        "начальник сообщение телеграмма посольство источник операция информация граница производство развитие область",
        "января,февраля,марта,апреля,мая,июня,июля,августа,сентября,октября,ноября,декабря",
        "От,Дата,Кому,Копия,Тема",
        "Фамилия,Имя,Дата рождения,Адрес,Телефон,Номер,Должность,Отдел,Подпись,Сумма,Примечание,Город",
        "С уважением",
        "Уважаемый",
        needs_truetype=True,
    ),
    "greek": Language(
        "και το να του η της με που την από για είναι ένα των στο στη τα δεν θα ο οι σε ως αυτό κατά μετά όπως αλλά ήταν "
        "υπουργείο διεύθυνση τμήμα απόφαση αίτηση απάντηση έγγραφο έκθεση επιστολή φάκελος παράρτημα συνεδρίαση πρακτικό "
        "διαδικασία αρχή υπηρεσία σύμβαση πληρωμή ποσό τιμολόγιο έργο μελέτη έρευνα μάρτυρας δήλωση όχημα εταιρεία υπάλληλος "
        "ασφάλεια υγεία περιβάλλον πολιτική κυβέρνηση συμβούλιο πρόεδρος νόμος άρθρο παράγραφος δικαστήριο στοιχεία πρόσβαση",
        "Ιανουαρίου,Φεβρουαρίου,Μαρτίου,Απριλίου,Μαΐου,Ιουνίου,Ιουλίου,Αυγούστου,Σεπτεμβρίου,Οκτωβρίου,Νοεμβρίου,Δεκεμβρίου",
        "Από,Ημερομηνία,Προς,Κοιν.,Θέμα",
        "Επώνυμο,Όνομα,Ημερομηνία,Διεύθυνση,Τηλέφωνο,Αριθμός,Θέση,Τμήμα,Υπογραφή,Ποσό,Παρατηρήσεις,Πόλη",
        "Με εκτίμηση",
        "Αξιότιμε",
        needs_truetype=True,
    ),
}


LANGUAGE_WEIGHTS = {"english": 60, "dutch": 12, "german": 8, "french": 6, "spanish": 5, "russian": 5, "greek": 3}
"""Relative frequency of each language."""
