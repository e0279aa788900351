"""Codes of what a training's own figures ask of its settings."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_ADVISE = "ftdsl train specs/hosted.ftspec support_api\nftdsl advise specs/hosted.ftspec"
_CHANGE = "ftdsl advise specs/hosted.ftspec --patch next.diff && git apply next.diff"


def _code(code: str, name: str, summary: str, explanation: str) -> Code:
    return Code(code, name, summary, explanation, _ADVISE, f"{_CHANGE}\n{_ADVISE}", "run")


CODES = (
    _code(
        "FT640",
        "mask-bug",
        "a training learned from nothing",
        "The loss is 0 from the first steps, no token was learned from, or the first gradient "
        "is no number: the mask leaves nothing to learn, most often because the chat template "
        "does not mark the assistant's turns, or every reply lies beyond `max_length`. No "
        "learning rate cures that, so no other rule is asked.",
    ),
    _code(
        "FT641",
        "diverged",
        "a training diverged",
        "The loss is no number, or is over twice the first one for three logged steps in a "
        "row. Train more slowly, and let the first 5 to 10 percent of the steps warm up. The "
        "figures are those of Axolotl's loss watchdog.",
    ),
    _code(
        "FT642",
        "spike",
        "one step of a training stands out",
        "One step's loss is over twice the running median, or a gradient's norm is over 100. "
        "The rows of that step are often broken: look at them before any setting. "
        "`max_grad_norm` bounds what one step can do.",
    ),
    _code(
        "FT643",
        "not-converging",
        "the training loss hardly falls",
        "The median of the last losses is less than 5 percent below that of the first ones "
        "after a pass or more. OpenAI's guide says to raise the learning rate multiplier; "
        "locally twice to five times the rate is usual. The 5 percent are this project's own.",
    ),
    _code(
        "FT644",
        "overfit",
        "the validation loss rises again",
        "Prechelt's generalisation loss (1998) is 100 times (last over best validation loss, "
        "minus 1). From 20 on, or from 5 on where the best checkpoint is passes back, train "
        "for as many passes as the best one took. Where a score gains all the same, with the "
        "lower end of its interval above 0, the rule holds its peace: losses are known to "
        "rise while answers get better.",
    ),
    _code(
        "FT645",
        "gap",
        "the validation loss is far above the training loss",
        "The ratio is over 1.5 while the training loss is 0.2 or more; below that the ratio "
        "says nothing. More varied rows help, and fewer passes; duplicates among the training "
        "rows make it worse.",
    ),
    _code(
        "FT646",
        "underfit",
        "the validation loss still falls when training ends",
        "It fell by 1 percent or more in each of the last two validations, and the training "
        "rows are not reproduced yet. OpenAI and Fireworks both say to add one or two passes.",
    ),
    _code(
        "FT647",
        "noisy",
        "the losses go up and down",
        "The validation loss turns at three or more of its last points, or the training loss "
        "scatters by 8 percent or more around its trend. A larger batch smooths it; "
        "contradicting rows cause it.",
    ),
    _code(
        "FT648",
        "plateau",
        "nothing is learned after the first pass",
        "The validation loss moves by less than 1 percent after the first pass: one pass "
        "costs less and does the same.",
    ),
    _code(
        "FT649",
        "memorised",
        "the training loss is very low",
        "Below 0.2 a model may know its rows by heart. Sources disagree on whether that is "
        "harm, so act only where the validation loss or a score says so too.",
    ),
    _code(
        "FT650",
        "few-steps",
        "a training makes few updates",
        "Steps are rows over batch size, times passes. With fewer than 20 the schedule has "
        "hardly begun: a smaller batch makes more of the same rows.",
    ),
    _code(
        "FT651",
        "epochs-for-rows",
        "the number of passes is unusual for so many rows",
        "Usual are 3 to 5 passes for fewer than 100 rows, 2 to 3 below 500, 1 to 2 below "
        "2,000, and 1 above. More are fine where the validation loss allows them.",
    ),
    _code(
        "FT652",
        "thin-validation",
        "too little validation to see anything",
        "With fewer than three validations, or fewer than 30 rows, no rule that reads the "
        "validation loss can tell.",
    ),
    _code(
        "FT653",
        "no-gain",
        "the trained model is not better than its base",
        "The paired interval of the first score reaches 0 or below. Look at the rows and the "
        "eval before any setting: is what the eval asks for in the rows at all?",
    ),
    _code(
        "FT659",
        "more-data",
        "more rows of the same kind are likely to help",
        "The same settings were trained on all rows and on half of them, and the whole one scores "
        "higher on the same cases, with the lower end of the paired interval above 0. OpenAI's "
        "best practices expect about the same gain from doubling the rows again.",
    ),
)
