"""Codes of work past one machine: the Ray engine."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_RUN = "ftdsl validate specs/support.ftspec"

CODES: tuple[Code, ...] = (
    Code(
        "FT420",
        "no-ray",
        "`--engine ray` needs a library that is not installed",
        "Ray runs the steps on a cluster. It is large, so that only the extra `ray` installs it, "
        "here and on every machine of the cluster.",
        f"pip uninstall ray\n{_RUN} --engine ray",
        f"pip install 'ftdsl[ray]'\n{_RUN} --engine ray",
        "run",
    ),
    Code(
        "FT421",
        "no-cluster",
        "no Ray cluster answers, and none could be started",
        "`--ray-address` (or RAY_ADDRESS) names the head of a running cluster: `ray://host:10001`, "
        "`host:6379`, or `auto` for the one that this machine belongs to. Without an address a "
        "cluster is started on this machine for the length of the run.",
        f"{_RUN} --engine ray --ray-address 127.0.0.1:9",
        f"ray start --head\n{_RUN} --engine ray --ray-address auto",
        "run",
    ),
    Code(
        "FT422",
        "cluster-lost-work",
        "the cluster lost a part of the work and could not do it again",
        "When a worker or a machine dies, what it did is done again elsewhere, up to five times. "
        "A part that ends its worker every time, for it takes more memory than there is, ends the "
        "step. What other steps came to is kept, and so are the answers about chunks of rows.",
        f"{_RUN} --engine ray --workers 64",
        f"{_RUN} --engine ray --workers 4",
        "run",
    ),
    Code(
        "FT423",
        "cluster-differs",
        "a machine of the cluster has other versions",
        "A result must not depend on which machine found it, so that every machine has the same "
        "ftdsl, Python and NumPy as the one that starts the run. They are asked before any work "
        "is handed out.",
        f"pip install ftdsl==0.0.9   # on one machine of the cluster\n{_RUN} --engine ray",
        f"pip install ftdsl==0.1.0   # on all of them\n{_RUN} --engine ray",
        "run",
    ),
    Code(
        "FT424",
        "ray-address",
        "an address of a cluster does not go with the other options",
        "`--ray-address` says where the engine `ray` is, and nothing without it. `--offline` lets "
        "nothing talk to another machine, and so to no cluster elsewhere either.",
        f"{_RUN} --ray-address ray://head.example.org:10001",
        f"{_RUN} --engine ray --ray-address ray://head.example.org:10001",
        "run",
    ),
)
