"""Rewrites word problems by rules and a seed: the paraphrases that leakage detection is held to.

A rewriting keeps the problem and its numbers, and changes how it is told: people get other names,
words and turns of phrase give way to others, numbers change between digits and words, clauses of
a sentence change places, and so do neighbouring sentences without a pronoun at their start. No
model takes part, so that the set is the same everywhere for the same seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

NAMES = re.findall(
    r"\w+",
    """
Aaron Abigail Adele Bruno Camila Cedric Daphne Derek Edith Elena Felix Fiona Gavin Gloria Hazel
Hugo Imani Ingrid Ivan Jolene Kamal Keiko Lars Leona Malik Mireille Nadia Nolan Odette Omar Petra
Quentin Rosa Rupert Selma Silas Tamara Tobias Ursula Vera Viktor Wanda Xavier Yara Yusuf Zelda
Zoltan
""",
)

# Capitalised words inside a sentence that name no person.
_NO_PERSON = frozenset(
    re.findall(
        r"\w+",
        """
Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June
July August September October November December Christmas English French Spanish Mr Mrs Ms Dr New
York Lake High School Park City Street Fahrenheit Celsius Halloween Easter America American Canada
The A An If In How What On At For After When Each Every Then He She They It His Her Their There
This That These Those One Two Three Four Five Six Seven Eight Nine Ten Of To And But So As Because
Half All Some Him Since With During While By From Given Both Last Next Today Yesterday Tomorrow
Later Before Out Only Instead Now Also However Additionally Calculate Find Assuming Assume Once
First Second Finally Initially Not Twice
""",
    )
)

# Each line: turns of phrase that say the same; any may replace any other.
_GROUPS = """
how many|what number of|what count of
how much money does|what sum does|what amount of cash does
how much money did|what sum did|what amount of cash did
how much does it cost|what is the price
how much will|what amount will
how much did|what amount did
how much does|what amount does
how long will it take|what time is needed
in total|altogether|all together|all in all
does he have left|remain with him|is he left with
does she have left|remain with her|is she left with
are left|remain|are still there
twice as many|double the number of|two times as many
twice as much|double the amount of|two times as much
twice the|double the
half as many|50 percent as many
half of|one half of|50% of
three times as many|thrice as many|triple the number of
the rest of|what remains of|the remainder of
the rest|the remainder
the remaining|the leftover|the other
total number of|overall number of|combined number of
the total|the overall|the complete
the number of|the count of
more than|above what|in excess of
less than|fewer than|below
each day|every day|per day|daily
each week|every week|per week|weekly
each month|every month|per month|monthly
each year|every year|per year|yearly|annually
per hour|an hour|every hour|hourly
a day|per day|daily
a week|per week|weekly
wants to|would like to|is hoping to|intends to
needs to|has to|must
decides to|chooses to|makes up his mind to|opts to
is able to|can|manages to
went to|visited|travelled to
goes to|visits|travels to
there are|one finds|we count
there were|one found|we counted
if there are|supposing there are|given
for sale|on offer
at the store|in the shop
the store|the shop|the market
a store|a shop|a market
years old|years of age
of them|among them
the first|the opening|the initial
the same|an identical|an equal
buys|purchases|acquires|gets
buy|purchase|acquire|get
bought|purchased|acquired|got
sells|vends|trades away
sell|vend|trade away
sold|vended|traded away
gives|hands|passes
gave|handed|passed
makes|produces|creates
make|produce|create
made|produced|created
earns|takes home|is paid
earn|take home|be paid
earned|took home|was paid
spends|lays out|pays out
spend|lay out|pay out
spent|laid out|paid out
pays|hands over|gives
pay|hand over
paid|handed over
costs|is priced at|goes for
cost|price|charge
has|owns|possesses|holds
have|own|possess
had|owned|possessed
eats|consumes|devours
eat|consume|devour
ate|consumed|devoured
uses|employs|needs
used|employed|needed
takes|requires|calls for
take|require|call for
took|required|called for
runs|jogs|races
walks|strolls|hikes
drives|travels by car|motors
works|labours|is on duty
worked|laboured|was on duty
reads|gets through|peruses
read|got through|went over
picked|gathered|plucked
picks|gathers|plucks
collects|amasses|gathers
collected|amassed|assembled
received|was given|obtained
receives|is given|obtains
saves|puts aside|sets aside
save|put aside|set aside
saved|put aside|set aside
plants|puts in the ground|sows
planted|put in the ground|sowed
decided|chose|resolved
wanted|wished|hoped
starts|begins|sets out
started|began|set out
finished|completed|was done with
finish|complete|be done with
lost|misplaced|mislaid
found|discovered|came across
contains|includes|is filled with
weighs|has a weight of
calculate|work out|determine|find
money|cash|funds
dollars|bucks
price|cost|charge
amount|quantity|sum
profit|gain|net earnings
discount|price cut|reduction
friends|pals|companions|buddies
friend|pal|companion|buddy
children|kids|youngsters
kids|children|youngsters
students|pupils|learners
student|pupil|learner
class|lesson group|form
school|academy|college
teacher|instructor|educator
mother|mom|mum
mom|mother|mum
father|dad|papa
dad|father|papa
brother|male sibling
sister|female sibling
dog|hound|puppy
dogs|hounds|puppies
cats|kittens|felines
house|home|residence
home|house|place
car|automobile|vehicle
cars|automobiles|vehicles
boxes|crates|cartons
box|crate|carton
bags|sacks|pouches
bag|sack|pouch
cookies|biscuits
candy|sweets|treats
candies|sweets|treats
shirts|tops|tees
shoes|footwear|sneakers
books|volumes|titles
book|volume|title
pages|sheets|leaves
flowers|blossoms|blooms
pizza|flatbread pie
trees|saplings
tickets|passes|entries
game|match|contest
games|matches|contests
toys|playthings
toy|plaything
farm|ranch|homestead
party|celebration|get-together
trip|journey|outing
garden|yard|plot
pieces|bits|parts
big|large|huge
small|little|tiny
new|brand-new|fresh
additional|extra|further
extra|additional|further
also|too|as well
then|next|afterwards
after|following|once past
before|prior to|ahead of
during|throughout|in the course of
while|whereas|as
only|just|merely
currently|right now|at present
usually|normally|as a rule
morning|forenoon
night|evening
weekend|end of the week
job|position|post
company|firm|business
average|mean
speed|pace|rate
people|persons|individuals
men|guys|males
women|ladies|females
man|guy|gentleman
woman|lady
group|band|bunch
team|squad|side
and|as well as|along with
but|yet|though
if|supposing that|provided that
each|every single|every
every|each|every single
another|a further|one more
because|since|given that
which|and this
from|out of
into|inside
with|along with
for each|per|for every
when|once|as soon as
so|therefore
her|her own
his|his own
their|their own
will|is going to
would|was going to
should|ought to
all|all of|the whole of
some|a few of
many|plenty of
at|over at
to make|in order to make
to buy|in order to purchase
he|this person
she|this person
they|these people
are|happen to be
is|happens to be
were|happened to be
was|happened to be
""".strip().splitlines()

_CHOICES: dict[str, tuple[str, ...]] = {}
for _group in _GROUPS:
    _first, *_others = _group.split("|")
    _CHOICES.setdefault(_first, tuple(_others))
_PHRASES = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, _CHOICES), key=len, reverse=True)) + r")\b",
    re.IGNORECASE,
)

_UNITS = re.findall(
    r"\w+",
    """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty
""",
)
_VALUES = {word: number for number, word in enumerate(_UNITS) if number > 1}
_TENS = {30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty",
         90: "ninety", 100: "one hundred", 200: "two hundred", 1000: "one thousand"}  # fmt: skip
_WORDS = re.compile(r"\b(" + "|".join(_VALUES) + r")\b(?! times| hundred| thousand)", re.I)
_DIGITS = re.compile(r"\d{1,4}")
_SENTENCE = re.compile(r"(?<=[.?!])\s+(?=[A-Z\"'$0-9])")
_PRONOUN = re.compile(r"(He|She|They|It|His|Her|Their|Its|This|That|These|Then|If|How|What)\b")
_PERSON = re.compile(r"\b[A-Z][a-z]{2,}\b")
# The share of the phrases that are replaced, of the numbers that are, of the clauses that move.
_REPLACED, _RENUMBERED, _MOVED = 0.75, 0.7, 0.7


def rephrase(text: str, seed: int, number: int) -> str:
    """One rewriting of ``text``: the same for the same seed and number."""
    draw = random.Random(f"{seed}:{number}")
    sentences = _swapped(_SENTENCE.split(text.strip()), draw)
    moved = " ".join(_clauses(one, draw) for one in sentences)
    renamed = _renamed(moved, draw)
    worded = _PHRASES.sub(lambda found: _other(found[0], draw), renamed)
    return _renumbered(worded, draw)


def _swapped(sentences: list[str], draw: random.Random) -> list[str]:
    """Neighbours change places where the later one names whom it speaks of."""
    found = list(sentences)
    at = 1
    while at + 1 < len(found):
        free = not _PRONOUN.match(found[at]) and not _PRONOUN.match(found[at + 1])
        if free and draw.random() < _MOVED:
            found[at], found[at + 1] = found[at + 1], found[at]
            at += 1
        at += 1
    return found


def _clauses(sentence: str, draw: random.Random) -> str:
    """``If A, B`` becomes ``B, if A`` and back; ``A, and B`` becomes two sentences."""
    if draw.random() >= _MOVED:
        return sentence
    end = sentence[-1] if sentence[-1:] in ".?!" else "."
    body = sentence.removesuffix(end)
    led = re.fullmatch(r"(If|When|After|On|In|For|Every|At|Because|Since) ([^,]+), (.+)", body)
    if led is not None:
        return f"{_upper(led[3])}, {led[1].lower()} {led[2]}{end}"
    trailing = re.fullmatch(r"([^,]+?) (if|when|because|after|before|while) ([^,]+)", body)
    if trailing is not None:
        return f"{_upper(trailing[2])} {trailing[3]}, {_lower(trailing[1])}{end}"
    joined = re.fullmatch(r"(.+), and ((?:he|she|they|it|the|his|her|there) .+)", body)
    if joined is not None and end == ".":
        return f"{joined[1]}. {_upper(joined[2])}."
    return sentence


def _renamed(text: str, draw: random.Random) -> str:
    people = dict.fromkeys(word for word in _PERSON.findall(text) if word not in _NO_PERSON)
    # A capital at the start of a sentence alone may be any word: a name stands elsewhere, too, or
    # has a genitive or a verb of a person behind it.
    inside = {
        word
        for word in people
        if re.search(rf"[a-z,] {word}\b|\b{word}['’]s\b|\b{word} (?:has|is|was|had|buys|bought|and "
                     rf"[A-Z]|wants|decides|can|went|makes|sells|earns|works|gets|ate|runs)", text)
    }  # fmt: skip
    others = draw.sample(NAMES, len(NAMES))
    mapping = dict(zip((word for word in people if word in inside), others, strict=False))
    return _PERSON.sub(lambda found: mapping.get(found[0], found[0]), text)


def _other(phrase: str, draw: random.Random) -> str:
    if draw.random() >= _REPLACED:
        return phrase
    chosen = draw.choice(_CHOICES[phrase.lower()])
    return _upper(chosen) if phrase[0].isupper() else chosen


def _renumbered(text: str, draw: random.Random) -> str:
    def when(change: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        return lambda found: change(found[0]) if draw.random() < _RENUMBERED else found[0]

    def digits(word: str) -> str:
        return str(_VALUES[word.lower()])

    def words(shown: str) -> str:
        value = int(shown)
        return _UNITS[value] if 1 < value < len(_UNITS) else _TENS.get(value, shown)

    parts = re.split(r"(\d[\w.,/%:-]*)", text)
    spelled = [
        _WORDS.sub(when(digits), part) if i % 2 == 0 else part for i, part in enumerate(parts)
    ]
    numbered = [
        when(words)(found) if i % 2 and (found := _DIGITS.fullmatch(part)) else part
        for i, part in enumerate(spelled)
    ]
    return "".join(numbered)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if first not in _NO_PERSON else text[:1].lower() + text[1:]
