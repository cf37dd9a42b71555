"""Invented text for generated pages: names, sentences and references that mean nothing and belong to nobody."""

from __future__ import annotations

from random import Random


def _split(text: str) -> list[str]:
    return text.replace("\n", "|").split("|")


_SUBJECTS = _split("""the agency|the committee|the defendant|counsel for the plaintiff|the contractor|our office
the witness|the bureau|the ministry|the applicant|the regional director|the account holder|the source
the laboratory|the supplier|the board|the inspector|the department|the second officer|the estate
the operator|the embassy|the claimant|the working group""")
_VERBS = _split("""received|has not confirmed|forwarded|reviewed|declined to discuss|was informed of|requested|approved
objected to|retained|summarised|withdrew|disclosed|recorded|could not verify|paid for|relied upon
transferred|questioned|prepared""")
_OBJECTS = _split("""the quarterly report|a copy of the contract|the amended schedule|the terms of the settlement
three further invoices|the correspondence of last week|the results of the second survey
an unsigned memorandum|the shipment|the list of attendees|the meeting|the draft decision
the original estimate|certain telephone records|the inspection|the minutes|an additional payment
the transcript|the assessment of risk|the policy then in force|the customer data
a confidential proposal|the travel arrangements""")
_TAILS = _split("""before the deadline|in the ordinary course of business|without further comment|on or about that date
at the hearing|as required by the agreement|according to the file|for reasons set out below
in the presence of two colleagues|during the first quarter|under the same conditions
and asked that no copies be made|despite repeated requests|as described in the annex|by registered mail
which had been scheduled earlier|at the address given above|in response to the inquiry
until further notice""")
_OPENERS = _split("""However,|In addition,|Accordingly,|As noted above,|At that time,|To date,|In the meantime,
For these reasons,|Moreover,|Second,|By contrast,|On information and belief,|In March,|Finally,""")
_FIRST = _split("""Anna|Peter|Maria|Jonas|Clara|Victor|Helen|Omar|Ingrid|Paul|Rosa|Edwin|Nadia|Felix|Judith|Marco|Leila
Simon|Greta|Hugo""")
_LAST = _split("""Alder|Brook|Corwin|Dahl|Eastman|Fenwick|Garrow|Holt|Ivers|Janssen|Kessler|Lund|Moreau|Norwood|Okafor
Petrov|Quist|Renner|Sandoval|Thorne|Ulrich|Vance|Whitlock|Yardley|Zeller""")
_STREETS = _split("""Mill|Station|Harbour|Church|North|Orchard|Bridge|Market|Canal|Cedar""")
_TOWNS = _split("""Easton|Millbrook|Harwick|Northfield|Oakridge|Lakeview|Fairhaven|Westdale|Brandon|Redhill""")
_MONTHS = _split("""January|February|March|April|May|June|July|August|September|October|November|December""")
TITLES = _split("""BACKGROUND|DISCUSSION|STATEMENT OF FACTS|FINDINGS|JURISDICTION AND VENUE|RECOMMENDATION|SUMMARY
ARGUMENT|NEXT STEPS|FINANCIAL OVERVIEW|TERMS AND CONDITIONS|INTRODUCTION""")
AGENCIES = _split("""Department of Inland Affairs|Office of the Inspector|Bureau of Standards and Records|Harbour Authority
City of Millbrook|Northfield Regional Court|Ministry of Public Works|Lakeview Medical Trust
Eastern Supply Company|Board of Examiners""")
FIELDS = _split("""Surname|Given names|Date of birth|Place of birth|Nationality|Address|Telephone|E-mail|Reference no.
Account no.|Occupation|Employer|Case officer|Date received|Department|Position|Signature
Passport no.|Vehicle|Relationship|Amount|Bank|Remarks""")


def name(rng: Random) -> str:
    """A person's name."""
    return f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"


def date(rng: Random) -> str:
    """A day, in one of the usual notations."""
    year, month, day = rng.randint(1956, 2024), rng.randint(1, 12), rng.randint(1, 28)
    return rng.choice(
        [
            f"{_MONTHS[month - 1]} {day}, {year}",
            f"{day} {_MONTHS[month - 1]} {year}",
            f"{month:02}/{day:02}/{year}",
            f"{year}-{month:02}-{day:02}",
        ]
    )


def address(rng: Random) -> list[str]:
    """Street and town."""
    return [f"{rng.randint(1, 980)} {rng.choice(_STREETS)} Street", f"{rng.choice(_TOWNS)} {rng.randint(10000, 98999)}"]


def email_address(rng: Random, person: str) -> str:
    """An address at a domain that is reserved for examples (RFC 2606)."""
    return f"{person.lower().replace(' ', '.')}@{rng.choice(['example.org', 'example.com', 'mail.example.net'])}"


def reference(rng: Random) -> str:
    """What clerks write: docket entries, file numbers, amounts, telephone numbers."""
    number = rng.randint
    return rng.choice(
        [
            f"(Dkt. {number(2, 480)}-{number(1, 12)})",
            f"No. {number(10, 99)}-{number(1000, 9999)}",
            f"${number(1, 990)},{number(100, 999)}.00",
            f"555-01{number(10, 99)}",
            f"Ex. {number(1, 40)} at {number(2, 90)}:{number(1, 25)}",
            f"file {number(100, 999)}/{number(10, 99)}",
            f"section {number(1, 19)}({rng.choice('abcdef')})",
        ]
    )


def sentence(rng: Random) -> str:
    """One sentence of 6 to 30 words."""
    words = [rng.choice(_SUBJECTS), rng.choice(_VERBS), rng.choice(_OBJECTS)]
    if rng.random() < 0.25:
        words[0] = rng.choice(["Mr. ", "Ms. ", "Dr. "]) + rng.choice(_LAST)
    if rng.random() < 0.6:
        words.append(rng.choice(_TAILS))
    if rng.random() < 0.25:
        words += ["and", rng.choice(_VERBS), rng.choice(_OBJECTS)]
    if rng.random() < 0.2:
        words.append(reference(rng))
    if rng.random() < 0.2:
        words.insert(0, rng.choice(_OPENERS))
    text = " ".join(words)
    return text[0].upper() + text[1:] + "."


def prose(rng: Random, sentences: int) -> str:
    """A paragraph of so many sentences."""
    return " ".join(sentence(rng) for _ in range(sentences))
