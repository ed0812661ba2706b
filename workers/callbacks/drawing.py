"""The table of transitions as docs/callbacks.md draws it: `python -m workers.callbacks.drawing` prints it."""

from __future__ import annotations

import sys

from workers.callbacks.callback import CLOSED, TRANSITIONS, State


def picture() -> str:
    """Mermaid source, one arrow a transition."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.DUE}"]
    for row in TRANSITIONS:
        lines += [f"    {source} --> {row.target}: {row.cause}" for source in sorted(row.sources)]
    return "\n".join(lines + [f"    {state} --> [*]" for state in sorted(CLOSED)])


def table() -> str:
    """Markdown, one line a cause."""
    lines = ["| cause | de | vers | quand |", "| --- | --- | --- | --- |"]
    for row in TRANSITIONS:
        sources = ", ".join(f"`{source}`" for source in sorted(row.sources))
        lines.append(f"| `{row.cause}` | {sources} | `{row.target}` | {row.why} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"```mermaid\n{picture()}\n```\n\n{table()}\n")
