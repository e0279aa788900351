"""Nothing that a run writes or prints holds what the data must not give away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ftdsl.reports.formats import FORMATS

CANARIES = {
    "mail": "quentin.tarn@" + "posteo.net",
    "phone": "+49 89 " + "24715839",
    "card": "4539 1488 " + "0343 6467",
    "iban": "DE44 5001 0517 " + "5407 3249 31",
    "address": "93.184." + "216.34",
    "number": "536-22-" + "8726",
    "key": "AKIA" + "Q3EGRXVZ5WTLMNOP",
    "pem": "MIIEpAIBAAKCAQEA7bq0xk3PzVw9Jd2Qm8LtYhRfSeGcUoNiBvXa",
    "password": "hunter2" + "xyz",
}
TEXTS = {
    **CANARIES,
    "pem": f"-----BEGIN RSA PRIVATE KEY-----\n{CANARIES['pem']}\n-----END RSA PRIVATE KEY-----",
    "password": f"postgres://bob:{CANARIES['password']}@db.acme.io/live",
}
SPEC = """ftspec 1

import "std/privacy.ftspec" as private
import "std/text.ftspec" as std_text

schema noted extends chat {
  code: text
  note: text?
  tag:  text?
}

dataset notes {
  schema = noted
  source = jsonl("rows.jsonl")
  id = code
}

check notes {
  use private.no_personal_data
  use private.no_us_numbers
  use private.no_secrets
  use std_text.clean

  rule short { each must length(reply.text) <= 3 and reply.text == prompt }
  rule listed { each must reply.text in ["a", "b"] }
  rule noted { each must (note ?? "") == "" }
  rule trimmed { each must strip(reply.text) == reply.text }
  rule varied { expect vendi(reply.text) >= 1 and compression_ratio(prompt) >= 1 }
  rule slips { expect near_misses(note) == 0 }
  rule once { expect repeats(note) == 0 }
  rule alike { expect conflicts(prompt, note) == 0 and psi(note, locked) <= 0 }
}

dedup notes {
  drop exact on reply.text
  drop near on prompt
  max_dropped = 1%
}

coverage notes {
  by note { each >= 60% }
  expect disagreements(code) == 0
}

model said { provider = replay  outputs = jsonl("said.jsonl", id: "code", output: "text") }

eval asked {
  schema = noted
  source = jsonl("cases.jsonl")
  id     = code
  score exact = exact_match(output, reply.text)
  slice by note
}

gate good {
  from = [said]
  eval = asked
  require exact.mean >= 50%
}

waive notes.short {
  rows   = ids("quentin.tarn@posteo.net 99")
  reason = "kept"
  until  = 2999-12-31
}
"""
FORMATS_WRITTEN = sorted(FORMATS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canary")
    (folder / "spec.ftspec").write_text(SPEC, encoding="utf-8")
    lines, cases, said = [], [], []
    for number, (name, text) in enumerate(TEXTS.items()):
        for pad in ("", "well " * 20):
            answer = f"{pad}This is it, and no more: {text} "
            asked = f"{pad}What is the {name} that they gave us, as {text}, the other day?"
            turns = [("user", asked), ("assistant", answer)]
            row = {
                "code": f"{text} {len(lines)}",
                "messages": [{"role": role, "content": content} for role, content in turns],
                "note": text,
                f"about {text}": 1,
                f"of {text}": "a" if number % 2 else 2,
            }
            lines.append(json.dumps(row, ensure_ascii=False))
            lines.append(json.dumps(row | {"code": f"{text} {len(lines)}"}, ensure_ascii=False))
            cases.append(json.dumps(row, ensure_ascii=False))
            told = {"code": row["code"], "text": f"It is {text}, {pad}."}
            said.append(json.dumps(told, ensure_ascii=False))
        lines.append(json.dumps({"messages": answer})[:-1] + ', "broken": ')
        lines.append(json.dumps({"messages": [{"role": "user", "content": 3}], "note": answer}))
        key = json.dumps(f"see {text}", ensure_ascii=False)
        lines.append(f"{lines[0][:-1]}, {key}: 1, {key}: 2}}")
    for place, found in (("rows", lines), ("cases", cases), ("said", said)):
        (folder / f"{place}.jsonl").write_text("\n".join(found) + "\n", encoding="utf-8")
    return folder


def told(project: Path, *words: str) -> bytes:
    done = subprocess.run(
        [Path(sys.executable).with_name("ftdsl"), *words],
        cwd=project,
        env={**os.environ, "XDG_CACHE_HOME": str(project / "cache")},
        capture_output=True,
        check=False,
    )
    assert b"FT299" not in done.stderr, done.stderr.decode()
    return done.stdout + done.stderr


def test_no_canary_in_any_byte(project: Path) -> None:
    outputs = [f"--output={name}=reports/{name}" for name in FORMATS_WRITTEN]
    (project / "reports").mkdir()
    said = told(project, "validate", "spec.ftspec", "-v", *outputs, "--output", "full")
    for name in ("notes.no_email", "no_email", "short"):
        said += told(project, "rows", "spec.ftspec", name)
    runs = [f"--output={name}=runs/{name}" for name in FORMATS_WRITTEN]
    (project / "runs").mkdir()
    said += told(project, "run", "spec.ftspec", "-v", *runs, "--output", "full")
    said += told(project, "lock", "spec.ftspec")
    said += told(project, "run", "spec.ftspec", "-v", *runs, "--output", "full")
    said += told(project, "lock", "spec.ftspec", "--baseline")
    said += told(project, "report") + told(project, "plan", "spec.ftspec")
    said += told(project, "validate", "spec.ftspec", "--diff", "--unsafe-fixes", "--no-baseline")
    assert b"+++ b/rows.jsonl" in said
    assert b"asked" in said
    assert b"distributions.note" in (project / "ftspec.lock").read_bytes()
    written = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    for name in ("rows.jsonl", "cases.jsonl", "said.jsonl", "spec.ftspec"):
        del written[project / name]
    assert any(b"no_key" in data for data in written.values())
    assert sum(data.count(b"***") for data in written.values()) > 100
    assert len([p for p in written if p.parent.name == "reports"]) == len(FORMATS_WRITTEN)
    for place, data in [("the screen", said), *written.items()]:
        for name, canary in CANARIES.items():
            at = data.find(canary.encode())
            assert at < 0, f"{name} in {place}: {data[max(at - 200, 0) : at + 100]!r}"


def test_every_kind_is_reported(project: Path) -> None:
    said = told(project, "validate", "spec.ftspec", "--no-baseline", "--output", "json").decode()
    report, _ = json.JSONDecoder().raw_decode(said, said.index("{"))
    rules = {finding["rule"] for finding in report["findings"]}
    assert rules >= {
        "no_email",
        "no_phone",
        "no_card",
        "no_iban",
        "no_ip_address",
        "no_social_security",
        "no_key",
    }
