"""Codes of the index in which dedup stores rows between runs."""

from __future__ import annotations

from ftdsl.diagnostics.codes.code import Code

_RUN = "ftdsl validate specs/support.ftspec"

_SPEC = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("data/support.jsonl")
}

dedup support {
  drop near on prompt { method = minhash(shingle: 5)  index = "seen" }
}
"""

CODES: tuple[Code, ...] = (
    Code(
        "FT430",
        "no-index-library",
        "an index needs a library that is not installed",
        "Rows are stored by datasketch in Redis, and the extra `index` installs both clients. "
        "Lines without `index` need neither.",
        f"pip uninstall redis\n{_RUN} --index redis://127.0.0.1:6379",
        f"pip install 'ftdsl[index]'\n{_RUN} --index redis://127.0.0.1:6379",
        "run",
    ),
    Code(
        "FT431",
        "no-index",
        "a line names an index, and none answers",
        "A spec names an index, and the operator says where it is: `--index redis://HOST:PORT`. "
        "Redis must run there. Where it asks for a password, put it into FTDSL_INDEX_PASSWORD; "
        "it goes to that host alone.",
        _RUN,
        f"redis-server --port 6379 &\n{_RUN} --index redis://127.0.0.1:6379",
        "run",
    ),
    Code(
        "FT432",
        "index-address",
        "the address of the index may not be used",
        "`--index` takes `redis://HOST:PORT/DATABASE`, or `rediss://` for TLS, without a user, a "
        "password or options in it. As with models, another machine than this one has to be "
        "allowed with `--allow-host`, and `--offline` allows none.",
        f"{_RUN} --index redis://redis.example.org:6379",
        f"{_RUN} --index redis://redis.example.org:6379 --allow-host redis.example.org",
        "run",
    ),
    Code(
        "FT433",
        "foreign-index",
        "the index holds something else than the line compares",
        "What is stored was made with one width of shingles, one length and seed of signatures, "
        "one similarity. A line that changes any of them asks for another index: give it another "
        "name. The same is said where what is stored is damaged.",
        _SPEC.replace("shingle: 5", "shingle: 3"),
        _SPEC,
        "run",
    ),
    Code(
        "FT434",
        "stored-rows",
        "rows are like rows that an earlier run stored",
        "The rows that a line with `index` finds are dropped, so that this is a warning; it names "
        "the file and line of the row that the first is like, as the run that stored it saw them. "
        "The texts of stored rows are not in the index. Rows of this run's own files are compared "
        "with what was stored of other files alone.",
        _SPEC,
        _SPEC.replace('"seen"', '"other"'),
        "run",
    ),
)
