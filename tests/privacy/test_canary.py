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

schema noted extends chat { note: text? }

dataset notes {
  schema = noted
  source = jsonl("rows.jsonl")
}

check notes {
  use private.no_personal_data
  use private.no_us_numbers
  use private.no_secrets
  use std_text.clean

  rule short { each must length(reply.text) <= 3 and reply.text == prompt }
  rule listed { each must reply.text in ["a", "b"] }
  rule noted { each must (note ?? "") == "" }
}

dedup notes {
  drop exact on reply.text
  drop near on prompt
  max_dropped = 1%
}
"""
FORMATS_WRITTEN = sorted(FORMATS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canary")
    (folder / "spec.ftspec").write_text(SPEC, encoding="utf-8")
    lines = []
    for name, text in TEXTS.items():
        for pad in ("", "well " * 20):
            said = f"{pad}This is it, and no more: {text}"
            asked = f"{pad}What is the {name} that they gave us, as {text}, the other day?"
            turns = [("user", asked), ("assistant", said)]
            messages = [{"role": role, "content": content} for role, content in turns]
            lines.append(json.dumps({"messages": messages, "note": text}, ensure_ascii=False))
            lines.append(lines[-1])
        lines.append(json.dumps({"messages": said})[:-1] + ', "broken": ')
        lines.append(json.dumps({"messages": [{"role": "user", "content": 3}], "note": said}))
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
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
    written = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    del written[project / "rows.jsonl"]
    assert any(b"no_key" in data for data in written.values())
    assert sum(data.count(b"***") for data in written.values()) > 100
    assert len([p for p in written if p.parent.name == "reports"]) == len(FORMATS_WRITTEN)
    for place, data in [("the screen", said), *written.items()]:
        for name, canary in CANARIES.items():
            assert canary.encode() not in data, f"{name} in {place}"


def test_every_kind_is_reported(project: Path) -> None:
    said = told(project, "validate", "spec.ftspec", "--output", "json").decode()
    report = json.loads(said[said.index("{") :])
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
