"""Support tickets of known causes, and a classifier that really learns from them.

Softmax regression over bags of words, trained by mini-batches: what is missing, contradicted,
masked or cut short in its rows shows in what it answers, and nothing of that is written by hand.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ftdsl.advice.advising import advise
from ftdsl.advice.evidence import Evidence
from ftdsl.language.program import TrainDef
from ftdsl.quality.across.word_vectors import Rarity, text_words
from ftdsl.results.models import Case, CurvePoint, Finding, TrainOutput
from ftdsl.rounds.evidence import AskedCase, Round, TrainingRow

INTENTS = ("refund", "delivery", "login", "invoice", "defect")
PRODUCTS = ("kettle", "lamp", "radio", "tent")
WEAK = "tent"


@dataclass(frozen=True)
class Ticket:
    """``reply`` is what a row teaches or an eval expects; ``masked``: its reply is cut off."""

    name: str
    prompt: str
    reply: str
    product: str
    masked: bool = False


@dataclass
class World:
    """Words of a made-up language: each product speaks of each intent in words of its own."""

    seed: int
    draw: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)
        self.filler = [self.word() for _ in range(40)]
        self.product = {one: [self.word() for _ in range(4)] for one in PRODUCTS}
        self.intent = {
            (product, intent): [self.word() for _ in range(7)]
            for product in PRODUCTS
            for intent in INTENTS
        }

    def word(self) -> str:
        parts = [self.draw.choice("bdfgklmnprstvz") + self.draw.choice("aeiou") for _ in range(3)]
        return "".join(parts)

    def tickets(self, kind: str, each: int, *, decoys: bool = False) -> list[Ticket]:
        """``each`` tickets of each intent of each product. With ``decoys`` the filler of most
        tickets gives their intent away, and that of the weak product's points to another: a model
        takes the short cut first, and learns better only when it has seen more."""
        found = []
        sets = [self.filler[8 * at : 8 * at + 8] for at in range(len(INTENTS))]
        for product in PRODUCTS:
            for intent in INTENTS:
                for number in range(each):
                    filler = sets[self.tell(product, intent)] if decoys else self.filler
                    words = [
                        *self.draw.sample(self.intent[product, intent], 3),
                        *self.draw.sample(self.product[product], 1),
                        *self.draw.sample(filler, 4),
                    ]
                    self.draw.shuffle(words)
                    name = f"{kind}-{product}-{intent}-{number}"
                    found.append(Ticket(name, " ".join(words), intent, product))
        self.draw.shuffle(found)
        return found

    @staticmethod
    def tell(product: str, intent: str) -> int:
        """The filler that goes with it."""
        return (INTENTS.index(intent) + (product == WEAK)) % len(INTENTS)

    def other(self, intent: str) -> str:
        return self.draw.choice([one for one in INTENTS if one != intent])


@dataclass(frozen=True)
class Settings:
    epochs: int = 15
    rate: float = 0.5
    batch: int = 8


def features(prompts: Sequence[str], known: dict[str, int]) -> np.ndarray:
    found = np.zeros((len(prompts), len(known) + 1))
    for at, prompt in enumerate(prompts):
        for word in prompt.split():
            if word in known:
                found[at, known[word]] = 1.0
        found[at, -1] = 1.0
    return found


def learn(
    rows: Sequence[Ticket], settings: Settings, seed: int
) -> tuple[TrainOutput, dict[str, int], np.ndarray]:
    """The training with its curve, the vocabulary and the weights. Every tenth row is kept out, to
    watch the loss on; a masked row has no label that a gradient could come from."""
    watched, taught = list(rows[::10]), [one for at, one in enumerate(rows) if at % 10]
    words = sorted({word for one in taught for word in one.prompt.split()})
    known = {word: at for at, word in enumerate(words)}
    x = features([one.prompt for one in taught], known)
    y = np.array([INTENTS.index(one.reply) for one in taught])
    mask = np.array([not one.masked for one in taught], dtype=float)
    vx = features([one.prompt for one in watched], known)
    vy = np.array([INTENTS.index(one.reply) for one in watched])
    weights = np.zeros((x.shape[1], len(INTENTS)))
    generator = np.random.default_rng(seed)
    curve: list[CurvePoint] = []
    steps = math.ceil(len(taught) / settings.batch)
    every = max(1, steps * settings.epochs // 8)
    step = 0
    for _ in range(settings.epochs):
        order = generator.permutation(len(taught))
        for start in range(0, len(order), settings.batch):
            chosen = order[start : start + settings.batch]
            step += 1
            odds = softmax(x[chosen] @ weights)
            right, shown = odds[np.arange(len(chosen)), y[chosen]], mask[chosen]
            total = shown.sum()
            loss = float(-(np.log(right + 1e-12) * shown).sum() / total) if total else 0.0
            odds[np.arange(len(chosen)), y[chosen]] -= 1
            gradient = x[chosen].T @ (odds * shown[:, None]) / max(1.0, total)
            weights -= settings.rate * gradient
            watch = None
            if step % every == 0:
                told = softmax(vx @ weights)[np.arange(len(vy)), vy]
                watch = float(-np.log(told + 1e-12).mean())
            accuracy = float(((right > 0.5) * shown).sum() / total) if total else None
            norm = float(np.linalg.norm(gradient))
            curve.append(CurvePoint(step=step, epoch=step / steps, loss=loss, eval_loss=watch,
                                    token_accuracy=accuracy, grad_norm=norm))  # fmt: skip
    mute = int((mask == 0).sum())
    said = f"{mute} of {len(taught)} rows of `train` have no token left to learn from"
    cut = (Finding(code="FT605", message=said, severity="warning"),) if mute else ()
    output = TrainOutput(
        name="caller", target="trl", base="base", rows=len(taught), validation_rows=len(watched),
        steps=step, epochs=settings.epochs, tokens=int(mask.sum()) * settings.epochs,
        trained_parameters=weights.size, total_parameters=weights.size, seconds=1.0,
        curve=tuple(curve), adapter="a", model_card="README.md", findings=cut,
        settings={"max_length": "96", "n_epochs": str(settings.epochs)},
    )  # fmt: skip
    return output, known, weights


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    found: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return found


def a_round(
    rows: Sequence[Ticket], cases: Sequence[Ticket], settings: Settings | None = None, seed: int = 0
) -> Round:
    """The round that training on ``rows`` and asking ``cases`` comes to."""
    chosen = settings or Settings()
    output, known, weights = learn(rows, chosen, seed)
    odds = softmax(features([one.prompt for one in cases], known) @ weights)
    answers = [INTENTS[int(at)] for at in odds.argmax(axis=1)]
    asked = tuple(
        AskedCase(
            Case(
                case_id=one.name, line=at + 1, prompt=one.prompt, expected=one.reply, output=answer,
                scores={"exact": float(answer == one.reply)}, slices={"product": one.product},
            ),
            float(answer != one.reply), one.reply, answer, {"product": one.product},
        )
        for at, (one, answer) in enumerate(zip(cases, answers, strict=True))
    )  # fmt: skip
    taught = [one for at, one in enumerate(rows) if at % 10]
    training_rows = tuple(
        TrainingRow(one.name, "data.jsonl", at + 1, one.prompt, one.reply, one.reply,
                    {"product": one.product})
        for at, one in enumerate(taught)
    )  # fmt: skip
    rarity = Rarity()
    words = [text_words(one.prompt) for one in taught]
    rarity.add(words)
    train = TrainDef(
        "caller", ("d", "train"), ("d", "watch"), "base", "trl",
        (("batch_size", chosen.batch), ("learning_rate", chosen.rate),
         ("n_epochs", chosen.epochs)),
    )  # fmt: skip
    return Round(
        run="r", eval="golden", model="caller", score="exact", cases=asked, rows=training_rows,
        case_vectors=rarity.vectors([text_words(one.prompt) for one in cases]),
        row_vectors=rarity.vectors(words), train="caller", training=output,
        advice=advise(Evidence(train, output)),
        learned=lambda these: [not taught[at].masked for at in these],
    )  # fmt: skip


def weak(tickets: Sequence[Ticket]) -> list[int]:
    return [at for at, one in enumerate(tickets) if one.product == WEAK]


def missing(_: World, rows: list[Ticket]) -> list[Ticket]:
    """All but three rows of one product are gone."""
    gone = set(weak(rows)[3:])
    return [one for at, one in enumerate(rows) if at not in gone]


def contradicting(world: World, rows: list[Ticket], share: float = 0.55) -> list[Ticket]:
    """Of one product, part of the rows say something else than their like."""
    chosen = set(world.draw.sample(weak(rows), int(share * len(weak(rows)))))
    return [
        replace(one, reply=world.other(one.reply)) if at in chosen else one
        for at, one in enumerate(rows)
    ]


def masked(_: World, rows: list[Ticket]) -> list[Ticket]:
    """The replies of one product lie where the mask ends."""
    return [replace(one, masked=one.product == WEAK) for one in rows]


def misjudged(world: World, cases: list[Ticket], share: float = 0.6) -> list[Ticket]:
    """Of one product, part of the cases expect something wrong."""
    chosen = set(world.draw.sample(weak(cases), int(share * len(weak(cases)))))
    return [
        replace(one, reply=world.other(one.reply)) if at in chosen else one
        for at, one in enumerate(cases)
    ]
