"""Short specs that the codes of the language show: one that fails, one that passes."""

from __future__ import annotations

TICKETS = """ftspec 1

schema ticket extends chat {
  ticket_id: text
  lang: text
  topic: text?
}

dataset support {
  schema = ticket
  source = jsonl("data/support.jsonl")
  split = by_hash(ticket_id, train: 90%, holdout: 10%, seed: 7)
}
"""

CHAT = """ftspec 1

dataset support {
  schema = chat
  source = jsonl("data/support.jsonl")
}
"""

MODELS = """ftspec 1

model local { provider = local  package = "gemma-3-270m" }

model other { provider = local  path = "models/other.gguf" }

eval golden {
  schema = chat
  source = jsonl("data/golden.jsonl")
  score exact = exact_match(output, reply.text)
}
"""


def chat(text: str) -> str:
    """A chat dataset, then ``text``."""
    return f"{CHAT}\n{text}\n"


def rule(body: str, top: str = CHAT) -> str:
    """A check of one rule."""
    return f"{top}\ncheck support {{\n  rule example {{ {body} }}\n}}\n"


def must(condition: str, top: str = CHAT) -> str:
    """A check of one row rule."""
    return rule(f"each must {condition}", top)


def expect(condition: str) -> str:
    """A check of one dataset rule."""
    return rule(f"expect {condition}")


def declared(text: str, body: str) -> str:
    """``text`` before a chat dataset and a check of one rule."""
    head = CHAT.replace("ftspec 1\n", f"ftspec 1\n\n{text}\n")
    return rule(body, head)


def dataset(lines: str) -> str:
    """A dataset of these settings."""
    inside = "\n".join(f"  {line}" for line in lines.splitlines())
    return f"ftspec 1\n\ndataset support {{\n{inside}\n}}\n"


def block(kind: str, lines: str, top: str = CHAT) -> str:
    """A block about the dataset."""
    inside = "\n".join(f"  {line}" for line in lines.splitlines())
    return f"{top}\n{kind} support {{\n{inside}\n}}\n"


def model(settings: str) -> str:
    """One model."""
    return f"ftspec 1\n\nmodel answerer {{ {settings} }}\n"


def gate(lines: str) -> str:
    """A gate of one model over one eval."""
    inside = "\n".join(f"  {line}" for line in lines.splitlines())
    return f"{MODELS}\ngate release {{\n  from = local\n  eval = golden\n{inside}\n}}\n"


def train(lines: str) -> str:
    """A training on a split dataset."""
    inside = "\n".join(f"  {line}" for line in lines.splitlines())
    local = 'model local { provider = local  package = "gemma-3-270m" }'
    return f"{TICKETS}\n{local}\n\ntrain tuned {{\n{inside}\n}}\n"


def marked(target: str) -> str:
    """A training on answers that are marked good or bad."""
    top = TICKETS.replace("extends chat", "extends kto")
    return train(
        f"base = local\ndata = support.train\nvalidate = support.holdout\ntarget trl {{ {target} }}"
    ).replace(TICKETS, top)


def waive(lines: str, name: str = "example", body: str = 'each must reply.text != ""') -> str:
    """A waiver of one rule."""
    inside = "\n".join(f"  {line}" for line in lines.splitlines())
    return f"{rule(body)}\nwaive support.{name} {{\n{inside}\n}}\n"
