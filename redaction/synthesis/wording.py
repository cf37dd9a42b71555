"""Invented text for generated pages: meaningless sentences, fictitious names and references."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from redaction.synthesis.languages import LANGUAGE_WEIGHTS, LANGUAGES, Language


def _split(text: str) -> list[str]:
    return text.replace("\n", "|").split("|")


_SUBJECTS = _split("""the agency|the committee|the defendant|counsel for the plaintiff|the contractor|our office
the witness|the bureau|the ministry|the applicant|the regional director|the account holder|the source
the laboratory|the supplier|the board|the inspector|the department|the second officer|the estate
the operator|the embassy|the claimant|the working group|a spokesman|the subject|the victim|both parties|the driver
the Prime Minister|local officials|the vice chairman|two analysts|the complainant|I|we|they""")
_VERBS = _split("""received|has not confirmed|forwarded|reviewed|declined to discuss|was informed of|requested|approved
objected to|retained|summarised|withdrew|disclosed|recorded|could not verify|paid for|relied upon
transferred|questioned|prepared|may try to influence|is said to have seen|will need|found|has asked for|denied|left""")
_OBJECTS = _split("""the quarterly report|a copy of the contract|the amended schedule|the terms of the settlement
three further invoices|the correspondence of last week|the results of the second survey
an unsigned memorandum|the shipment|the list of attendees|the meeting|the draft decision
the original estimate|certain telephone records|the inspection|the minutes|an additional payment
the transcript|the assessment of risk|the policy then in force|the customer data
a confidential proposal|the travel arrangements|a grey sedan|the talks|its forces along the border|any statement
the attached spreadsheet|every document|the keys|no injuries|the camera footage|a cease-fire""")
_TAILS = _split("""before the deadline|in the ordinary course of business|without further comment|on or about that date
at the hearing|as required by the agreement|according to the file|for reasons set out below
in the presence of two colleagues|during the first quarter|under the same conditions
and asked that no copies be made|despite repeated requests|as described in the annex|by registered mail
which had been scheduled earlier|at the address given above|in response to the inquiry
until further notice|at approximately 2230 hours|in the north of the country|if possible|as discussed on the phone""")
_OPENERS = _split("""However,|In addition,|Accordingly,|As noted above,|At that time,|To date,|In the meantime,
For these reasons,|Moreover,|Second,|By contrast,|On information and belief,|In March,|Finally,|Yesterday""")
_FIRST_NAMES = _split("""Anna|Peter|Maria|Jonas|Clara|Victor|Helen|Omar|Ingrid|Paul|Rosa|Edwin|Nadia|Felix|Judith|Marco|Leila
Simon|Greta|Hugo|Li|Ed|Constance|Bartholomew|Jo""")
_LAST_NAMES = _split("""Alder|Brook|Corwin|Dahl|Eastman|Fenwick|Garrow|Holt|Ivers|Janssen|Kessler|Lund|Moreau|Norwood|Okafor
Petrov|Quist|Renner|Sandoval|Thorne|Ulrich|Vance|Whitlock|Yardley|Zeller|Ng|de Vries|van den Berg|O'Hara""")
_STREETS = _split("""Mill|Station|Harbour|Church|North|Orchard|Bridge|Market|Canal|Cedar""")
_TOWNS = _split("""Easton|Millbrook|Harwick|Northfield|Oakridge|Lakeview|Fairhaven|Westdale|Brandon|Redhill""")
_TITLES = _split("""BACKGROUND|DISCUSSION|STATEMENT OF FACTS|FINDINGS|JURISDICTION AND VENUE|RECOMMENDATION|SUMMARY
ARGUMENT|NEXT STEPS|FINANCIAL OVERVIEW|TERMS AND CONDITIONS|INTRODUCTION|NARRATIVE|SECTION B: PERSONAL DETAILS|NOTES
COMMENT|SITUATION|LATIN AMERICA|LAOS|PROCEDURES|MEETING NOTES|ACTION ITEMS|OFFICIAL USE ONLY|PART II|EVIDENCE""")
_AGENCIES = _split("""Department of Inland Affairs|Office of the Inspector|Bureau of Standards and Records|Harbour Authority
City of Millbrook|Northfield Regional Court|Ministry of Public Works|Lakeview Medical Trust
Eastern Supply Company|Board of Examiners|Westdale Police|Home Affairs|Provincie Oosterveld|Water & Power""")
_EXEMPTIONS = _split(
    """(b)(1)|(b)(3)|(b)(5)|(b)(6)|(b)(7)(C)|(b)(7)(E)|5.1.2.e|5.1.2.i|5.1.1.c|10.2.e|11.1|50X1|25X1|s. 40(2)|s.43
5.1 lid 2 onder e|Exemption 6|none|-|6(b)|Art. 4(1)(b)"""
)
_DOMAINS = ["example.org", "example.com", "mail.example.net"]
"""Reserved for examples (RFC 2606)."""


@dataclass
class Wording:
    """Source of all text on one page, in one language."""

    rng: Random
    language_name: str = "english"

    @property
    def language(self) -> Language:
        """The vocabulary."""
        return LANGUAGES[self.language_name]

    def person(self) -> str:
        """A person's name."""
        return f"{self.rng.choice(_FIRST_NAMES)} {self.rng.choice(_LAST_NAMES)}"

    def surname(self) -> str:
        """A family name."""
        return self.rng.choice(_LAST_NAMES)

    def date(self) -> str:
        """A date in one of the usual notations."""
        rng, months = self.rng, self.language.phrases(self.language.months)
        year, month, day = rng.randint(1956, 2024), rng.randint(1, 12), rng.randint(1, 28)
        notations = [f"{months[month - 1]} {day}, {year}", f"{day} {months[month - 1]} {year}", f"{month:02}/{day:02}/{year}"]
        return rng.choice([*notations, f"{year}-{month:02}-{day:02}", f"{day}-{month}-{year % 100:02}"])

    def time(self) -> str:
        """A time of day."""
        return f"{self.rng.randint(0, 23):02}:{self.rng.randint(0, 59):02}"

    def address(self) -> list[str]:
        """Street and town."""
        number, post = self.rng.randint(1, 980), self.rng.randint(10000, 98999)
        return [f"{number} {self.rng.choice(_STREETS)} Street", f"{self.rng.choice(_TOWNS)} {post}"]

    def email_address(self, person: str) -> str:
        """An address at a domain reserved for examples."""
        return f"{person.lower().replace(' ', '.')}@{self.rng.choice(_DOMAINS)}"

    def amount(self) -> str:
        """A sum of money."""
        whole = f"{self.rng.choice([self.rng.randint(1, 99), self.rng.randint(100, 9999), self.rng.randint(10**4, 10**7)]):,}"
        return self.rng.choice([f"${whole}.00", f"{whole}.{self.rng.randint(0, 99):02}", whole, f"({whole})", f"EUR {whole}"])

    def reference(self) -> str:
        """A docket entry, file number, amount or telephone number."""
        rng, number = self.rng, self.rng.randint
        kinds = [
            f"(Dkt. {number(2, 480)}-{number(1, 12)})",
            f"No. {number(10, 99)}-{number(1000, 9999)}",
            self.amount(),
            f"555-01{number(10, 99)}",
            f"Ex. {number(1, 40)} at {number(2, 90)}:{number(1, 25)}",
            f"file {number(100, 999)}/{number(10, 99)}",
            f"section {number(1, 19)}({rng.choice('abcdef')})",
        ]
        return rng.choice(kinds[1:4] if self.language_name != "english" else kinds)

    def agency(self) -> str:
        """A fictitious agency or company."""
        return self.rng.choice(_AGENCIES)

    def title(self) -> str:
        """A heading in capitals."""
        if self.language_name == "english" and self.rng.random() < 0.7:
            return self.rng.choice(_TITLES)
        return " ".join(self.rng.choices(self.language.long_words, k=self.rng.randint(1, 4))).upper()

    def field(self) -> str:
        """The label of a form field or table column."""
        return self.rng.choice(self.language.phrases(self.language.fields))

    def words(self, count: int) -> str:
        """Random words that do not form a sentence."""
        return " ".join(self.rng.choices(self.language.words, k=count))

    def sentence(self) -> str:
        """One sentence of about 4 to 34 words."""
        text = self._english() if self.language_name == "english" and self.rng.random() < 0.45 else self._any_language()
        return text[0].upper() + text[1:] + self.rng.choices([".", ".", ";", "?"], [12, 12, 1, 1])[0]

    def prose(self, sentences: int) -> str:
        """A paragraph with this many sentences."""
        return " ".join(self.sentence() for _ in range(sentences))

    def exemption(self) -> str:
        """The legal ground for withholding something, as cited in lists and letters."""
        return self.rng.choice(_EXEMPTIONS)

    def cell(self) -> str:
        """Text for a table cell or form field."""
        kinds: list[Callable[[], str]] = [self.person, self.date, self.reference, self.amount, self.time]
        kinds += [lambda: str(self.rng.randint(1, 9999)), lambda: self.words(self.rng.randint(1, 4)).capitalize()]
        return self.rng.choice(kinds)()

    def _english(self) -> str:
        rng = self.rng
        words = [rng.choice(_SUBJECTS), rng.choice(_VERBS), rng.choice(_OBJECTS)]
        if rng.random() < 0.25:
            words[0] = rng.choice(["Mr. ", "Ms. ", "Dr. "]) + rng.choice(_LAST_NAMES)
        if rng.random() < 0.6:
            words.append(rng.choice(_TAILS))
        if rng.random() < 0.25:
            words += ["and", rng.choice(_VERBS), rng.choice(_OBJECTS)]
        if rng.random() < 0.2:
            words.append(self.reference())
        if rng.random() < 0.2:
            words.insert(0, rng.choice(_OPENERS))
        return " ".join(words)

    def _any_language(self) -> str:
        rng = self.rng
        words = rng.choices(self.language.words, k=rng.randint(4, 28))
        for index in range(2, len(words)):
            chance = rng.random()
            if chance < 0.07:
                words[index - 1] += ","
            elif chance < 0.1:
                words[index] = self.person()
            elif chance < 0.12:
                words[index] = self.reference()
            elif chance < 0.13:
                words[index] = f"({words[index]}"
                words[-1] += ")"
            elif chance < 0.136:
                words[index] = rng.choice([self.exemption(), "[REDACTED]", "________", "xxxxxxxx", "[...]", "/////////"])
        return " ".join(words)


def draw_wording(rng: Random) -> Wording:
    """Draw a language by weight."""
    return Wording(rng, rng.choices(list(LANGUAGE_WEIGHTS), list(LANGUAGE_WEIGHTS.values()))[0])
