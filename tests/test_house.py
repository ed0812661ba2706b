"""The house keeps its own rules: sizes, names, no trace of a machine, no number that could ring somebody."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from workers import queue

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 300, 40
TEXT = {".py", ".md", ".toml", ".sh", ".html", ".css", ".js", ".yml", ".yaml", ".lock", ".txt", ""}
FICTION = re.compile(r"(?:019900|026191|035301|046571|053649|063998)\d{4}")


def tracked() -> list[Path]:
    """What git keeps and, so that a new file is judged before it is committed, what it would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return [path for line in listed.stdout.decode().splitlines() if (path := ROOT / line).is_file()]


FILES = tracked()
PYTHON = [path for path in FILES if path.suffix == ".py"]
OWN_TEXT = [path for path in FILES if path.suffix in TEXT and not {"data", "static"} & set(path.parts)]


def told(path: Path, what: object) -> str:
    return f"{path.relative_to(ROOT)}: {what}"


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.walk(ast.parse(path.read_text()))
    return [node for node in tree if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_no_file_is_longer_than_a_chapter() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PYTHON}
    assert [told(path, lines) for path, lines in lengths.items() if lines >= LONGEST_FILE] == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        told(path, f"{node.name} {node.end_lineno - node.lineno + 1}")
        for path in PYTHON
        for node in functions(path)
        if node.end_lineno and node.end_lineno - node.lineno + 1 >= LONGEST_FUNCTION
    ]
    assert long == []


def test_nine_functions_of_ten_are_under_twenty_lines() -> None:
    rooms = ("config", "routing", "voice", "workers", "console", "simulator")
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in PYTHON
        if path.relative_to(ROOT).parts[0] in rooms
        for node in functions(path)
    )
    assert lengths[len(lengths) * 9 // 10] < 20


def test_every_module_opens_with_a_sentence() -> None:
    bare = [path for path in PYTHON if not ast.get_docstring(ast.parse(path.read_text()))]
    assert bare == []


def test_packages_hold_a_docstring_and_nothing_else() -> None:
    initials = [path for path in PYTHON if path.name == "__init__.py"]
    assert [path for path in initials if len(ast.parse(path.read_text()).body) > 1] == []
    assert len(initials) >= 6


def test_no_module_is_named_for_nothing() -> None:
    empty_names = {"utils", "helpers", "common", "services", "managers", "base", "misc"}
    assert [path for path in PYTHON if empty_names & {path.stem, *path.relative_to(ROOT).parts}] == []


def test_no_mock_and_no_skip_in_the_tests() -> None:
    barred = re.compile(r"unittest\.mock|mocker\b|monkeypatch\.setattr|mark\.(?:skip|xfail)|pytest\.skip")
    found = [path for path in PYTHON if path != Path(__file__) and barred.search(path.read_text())]
    assert found == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    words = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    assert [path for path in OWN_TEXT if words.search(path.read_text())] == []


def test_every_silenced_check_says_why() -> None:
    silenced = re.compile(r"#\s*(?:noqa|type:\s*ignore)(?!.*?(?: - | # |\())")
    bare = [
        told(path, line.strip())
        for path in PYTHON
        for line in path.read_text().splitlines()
        if silenced.search(line)
    ]
    assert bare == []


@pytest.mark.parametrize(
    "word",
    [
        "/wor" + "k/",
        "/ho" + "me/",
        "/ro" + "ot/",
        "pypi" + ".org",
        "registry.npm" + "js",
        "files.python" + "hosted",
    ],
)
def test_no_machine_and_no_registry_is_named(word: str) -> None:
    named = [path for path in OWN_TEXT if word in path.read_text()]
    assert named == []


def test_every_number_is_fictional_or_only_a_prefix() -> None:
    """The blocks Arcep keeps for fiction, or a real prefix under test followed by zeros."""
    number = re.compile(r"(?<![\w.+-])(?<!\d )(?:\+33 ?|0033|0)([1-9](?:[ .-]?\d\d){4})(?![\w.-]| \d)")
    real = [
        told(path, found[0])
        for path in PYTHON
        for found in number.finditer(path.read_text())
        if not _harmless("0" + re.sub(r"\D", "", found[1]))
    ]
    assert real == []


def _harmless(number: str) -> bool:
    return bool(FICTION.fullmatch(number)) or number.endswith("0000") or number == "0123456789"


def procfile(name: str) -> dict[str, list[str]]:
    """The words of each process, without what is set for it alone (`env NAME=value`)."""
    lines = (line.split(": ", 1) for line in (ROOT / name).read_text().splitlines())
    return {process: shlex.split(re.sub(r"^env (\S+=\S* )+", "", line)) for process, line in lines}


@pytest.mark.parametrize("name", ["Procfile", "Procfile.dev"])
def test_every_process_can_be_found(name: str) -> None:
    for process, words in procfile(name).items():
        if words[0] == "python":
            assert importlib.util.find_spec(words[2]), process
        elif words[0] == "granian":
            module, factory = words[-1].split(":")
            assert callable(getattr(importlib.import_module(module), factory)), process
        else:
            assert (Path(sys.executable).parent / words[0]).exists(), process


def test_what_runs_in_production_runs_the_same_here() -> None:
    production, here = procfile("Procfile"), procfile("Procfile.dev")
    del production["release"]
    assert {name: here[name] for name in production} == production
    assert set(here) - set(production) == {"redis", "simulator"}


def test_the_web_process_is_stopped_in_time_and_logs_no_url() -> None:
    words = procfile("Procfile")["web"]
    assert words[words.index("--workers-kill-timeout") + 1] == "5"
    assert "--access-log" not in words


def locked(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", "\n".join(lines), re.M))


def direct(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9._-]+", text)[0].lower() for text in requirements}  # type: ignore[index] # a name


def test_the_locks_hold_every_direct_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    running = direct(project["project"]["dependencies"])
    developing = direct(project["dependency-groups"]["dev"])
    assert running - locked("requirements.lock").keys() == set()
    assert developing - locked("requirements-dev.lock").keys() == set()


def test_the_development_lock_holds_the_other_one_whole() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_a_hash_and_no_url(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=[a-z0-9])", text)
    assert [entry.split()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry] == []


def test_every_queue_is_consumed_and_every_job_exists() -> None:
    """A job enqueued where nobody listens, or under a name that moved, would lie in Redis for ever."""
    source = (ROOT / "workers" / "queue.py").read_text()
    assert source.count("Queue(") == 1, "one queue, made in one place"
    assert queue.QUEUE
    module, _, name = queue.RING.rpartition(".")
    assert callable(getattr(import_module(module), name))
    for procfile in ("Procfile", "Procfile.dev"):
        assert "worker: python -m workers.worker" in (ROOT / procfile).read_text()
