"""Codes of the loop: runs that are kept, and what to do next."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

CODES = (
    Code(
        "FT700",
        "run-changed",
        "the folder of a run is not what the run left",
        "`record.json` names every file of a run's folder with its SHA-256, and its own content by "
        "an address. One of them is another now: somebody edited it, or it was cut on its way. "
        "A comparison with it would compare something that never ran. Take the folder from where "
        "it was kept, or run the spec again.",
        "ftdsl run specs/support.ftspec\necho >> .ftdsl/runs/ID/cases/golden.mini.jsonl\n"
        "ftdsl compare ID latest",
        "ftdsl compare latest latest",
        "run",
    ),
    Code(
        "FT701",
        "mlflow-missing",
        "runs cannot be handed to MLflow",
        "`ftdsl runs --to mlflow` writes by MLflow's own client, which is not installed, or which "
        "cannot use the place that `--tracking` names. The client is an extra: "
        "`pip install 'ftdsl[mlflow]'`.",
        "ftdsl runs --to mlflow --tracking gopher://host",
        "ftdsl runs --to mlflow --tracking mlruns",
        "run",
    ),
    Code(
        "FT703",
        "no-round",
        "there is no round to look back at",
        "`ftdsl next` reads what a run left that asked a model. No kept run of the spec did, or "
        "none asked the model, the eval or the score that was named.",
        "ftdsl next specs/support.ftspec --model nobody",
        "ftdsl run specs/support.ftspec\nftdsl next specs/support.ftspec",
        "run",
    ),
    Code(
        "FT704",
        "nothing-to-apply",
        "the action has no change to make",
        "`ftdsl next --apply` makes the change of one action. The first says to stop, or that it "
        "is not the data, or the one that was named edits no line of the spec. Choose another by "
        "its number.",
        "ftdsl next specs/support.ftspec --apply",
        "ftdsl next specs/support.ftspec --action 2 --apply",
        "run",
    ),
    Code(
        "FT705",
        "change-there-already",
        "a change would write over a file",
        "`ftdsl next --apply` only makes new files. One of them is there already, most often since "
        "the same action was applied before: it may hold rows by now that somebody wrote.",
        "ftdsl next specs/support.ftspec --apply\nftdsl next specs/support.ftspec --apply",
        "ftdsl next specs/support.ftspec --apply",
        "run",
    ),
    Code(
        "FT710",
        "data-request",
        "rows are missing",
        "Wrong answers have no training row near them: the nearest is farther than the nearest row "
        "of answers that are right, or their group has less than a quarter of the rows that its "
        "cases would have it. So many rows are asked for as the other groups have for a case. "
        "Write them without the eval's own prompts.",
        "ftdsl next specs/support.ftspec",
        "ftdsl next specs/support.ftspec --apply",
        "run",
    ),
    Code(
        "FT711",
        "rows-to-mend",
        "rows contradict their like, or ask what the eval asks",
        "Rows near wrong answers say something else than most of the rows nearest to them, far "
        "more often than rows near right answers do. Or a row has the very prompt of a case. Read "
        "them, and mend or drop them in the files of data.",
        "ftdsl next specs/support.ftspec",
        "ftdsl next specs/support.ftspec --apply",
        "run",
    ),
    Code(
        "FT712",
        "setting-to-change",
        "a setting stands in the way",
        "The rows near wrong answers agree with what is expected, and were not learned: nothing of "
        "them was left by the mask or by `max_length`, or the training's own figures ask for "
        "another setting (`ftdsl advise` tells all of them). The one is named whose change helps "
        "most often.",
        "ftdsl next specs/support.ftspec",
        "ftdsl next specs/support.ftspec --apply",
        "run",
    ),
    Code(
        "FT713",
        "eval-to-mend",
        "the eval itself asks for attention",
        "What some cases expect looks wrong, for the rows nearest to them agree with one another "
        "and not with it; or no model, or every model, answers them; or a judge disagrees with "
        "people; or there are too few cases to decide.",
        "ftdsl next specs/support.ftspec",
        "ftdsl next specs/support.ftspec --apply",
        "run",
    ),
    Code(
        "FT714",
        "time-to-stop",
        "the gain left is inside the noise",
        "What is lost in all, or what the best known action would put right, is fewer cases than "
        "the eval could tell from noise with its paired interval; or the last three rounds gained "
        "nothing that lies outside the interval of the first. A larger eval, or another goal, "
        "comes before another round.",
        "ftdsl next specs/support.ftspec",
        "ftdsl next specs/support.ftspec --action 2 --apply",
        "run",
    ),
    Code(
        "FT715",
        "not-the-data",
        "it is not the data",
        "Most wrong answers have rows near them that agree with what is expected, and no figure of "
        "the training asks for another setting. More of the same rows seldom help: a larger base, "
        "a higher rank of the adapter or another prompt may.",
        "ftdsl next specs/support.ftspec",
        "ftdsl compare latest latest --from support_lora --to larger",
        "run",
    ),
)
