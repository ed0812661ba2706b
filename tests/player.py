"""Plays a call written as TOML (docs/simulator.md) and says, readably, where it left what was expected."""

import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from simulator import calls
from simulator.clock import HungUp
from simulator.exchange import Account, Exchange
from simulator.people import Desk, Line, Planned, Question, spoken, typed
from simulator.player import Player
from simulator.transcript import Entry

STEP_KEYS = frozenset(
    {"hears", "not_hears", "press", "barge", "say", "confidence", "silence", "hang_up", "dials", "outcome"}
)
CALL_KEYS = frozenset({"from", "at", "lines", "steps", "ends", "book", "queue", "about"})
END_KEYS = frozenset(
    {"bridged", "callback", "hears", "not_hears", "prompt_seconds_max", "silence", "errors", "status"}
)


class NotAsWritten(AssertionError):
    """The call went another way than its file says; the message holds the whole transcript."""


@dataclass
class ServiceClock:
    """What the service takes for now: the file's `at`, and the seconds the call has lasted."""

    at: datetime
    seconds: object = None  # a callable giving seconds, once a call is on

    def __call__(self) -> datetime:
        return self.at + timedelta(seconds=self.seconds() if callable(self.seconds) else 0)


@dataclass
class Driver:
    """The caller of a TOML file: at each question it does what the next step says, and keeps account."""

    steps: list[dict[str, object]]
    silent_at_last: bool
    heard: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    done: int = 0

    def rung(self) -> Sequence[Planned]:
        return []

    def bridged(self) -> Sequence[Planned]:
        return []

    def asked(self, question: Question) -> Sequence[Planned]:
        step = self._next()
        if step is None:
            if not self.silent_at_last:
                self.wrong.append(f"a question no step answers: « {question.text} »")
            return []
        if "dials" in step:
            self.wrong.append(
                f"step {self.done + 1} expects a Dial, and a question came: « {question.text} »"
            )
            return []
        if step.get("silence"):
            self._finish(step)
            return []
        if step.get("hang_up"):
            self._finish(step)
            return [(question.seconds + 1, HungUp())]
        if "say" in step:
            return self._say(step, question)
        keys = str(step.get("press", ""))
        if not question.takes(keys):
            return []
        self._finish(step)
        return typed(keys, -0.5 if step.get("barge") else question.seconds)

    def dialled(self, entry: Entry) -> None:
        """Told of every Dial: the next step names who is rung, or the file names nobody at all."""
        numbers = list(entry.data["numbers"])
        step = self._next()
        if step is not None and "dials" in step:
            if step["dials"] != numbers:
                self.wrong.append(
                    f"step {self.done + 1} expects {step['dials']} to be rung; rung were {numbers}"
                )
            self._finish(step)
        elif any("dials" in one for one in self.steps[self.done :]):
            self.wrong.append(f"{numbers} rung, where step {self.done + 1} expects {step}")

    def end(self) -> list[str]:
        return [*self.wrong, *(f"step never reached: {step}" for step in self.steps[self.done :])]

    def _say(self, step: dict[str, object], question: Question) -> Sequence[Planned]:
        if not question.speech:
            return []
        self._finish(step)
        confidence = step.get("confidence", 0.9)
        return spoken(str(step["say"]), question.seconds, float(confidence) if confidence else None)

    def _next(self) -> dict[str, object] | None:
        return self.steps[self.done] if self.done < len(self.steps) else None

    def _finish(self, step: dict[str, object]) -> None:
        self.wrong += compare(step, " ".join(self.heard), f"step {self.done + 1}")
        self.heard.clear()
        self.done += 1


def play_file(path: Path, account: Account, clock: ServiceClock | None = None) -> Player:
    """Plays one file. Raises NotAsWritten, or ValueError for a file that says what nothing knows."""
    __tracebackhide__ = True  # pytest shows the transcript, not this file
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return play_call(told, account, clock, seed=zlib.crc32(path.name.encode()))


def play_call(
    told: Mapping[str, object], account: Account, clock: ServiceClock | None = None, seed: int = 0
) -> Player:
    """Plays a call given as a file's table, against the webhooks of `account`."""
    __tracebackhide__ = True
    _known(told, CALL_KEYS, "the call")
    ends = dict(told.get("ends", {}))
    _known(ends, END_KEYS, "[ends]")
    driver = Driver([dict(step) for step in told.get("steps", [])], bool(ends.get("silence")))
    for step in driver.steps:
        _known(step, STEP_KEYS, "a step")
    exchange = Exchange(account, seed=seed, dequeue_after=told.get("queue", {}).get("taken_after"))
    exchange.set_lines(told.get("lines", {}))
    exchange.who = lambda number: Desk(_line(exchange, driver, number))
    player = calls.incoming(exchange, str(told.get("from", calls.WITHHELD)), driver, _watch(driver))
    if clock is not None:
        clock.at = told.get("at", clock.at)
        clock.seconds = player.stage.now
    _hang_up_on_dial(player, driver)
    calls.play(player)
    wrong = driver.end() + judge(player, ends)
    if wrong:
        raise NotAsWritten("\n".join(["", *(f"✗ {one}" for one in wrong), "", player.transcript.readable()]))
    return player


def judge(player: Player, ends: Mapping[str, object]) -> list[str]:
    """What of `[ends]` did not come true."""
    wrong = [entry.text for entry in player.transcript.of("error")] if not ends.get("errors") else []
    bridged = player.bridged.to_number if player.bridged else None
    if bridged != ends.get("bridged"):
        wrong.append(f"bridged with {bridged}, expected {ends.get('bridged')}")
    if player.bridged is not None and player.bridged.machine:
        wrong.append(f"the caller was left with the answering machine of {bridged}")
    said = " ".join(entry.text for entry in player.transcript.of("say"))
    promised = "vous rappelle" in said or "vous serez rappelé" in said
    if bool(ends.get("callback")) != promised:
        wrong.append("no call-back was promised" if not promised else "a call-back was promised")
    wrong += compare(ends, said, "[ends]")
    limit = ends.get("prompt_seconds_max")
    if limit is not None and prompt_seconds(player) > float(limit):
        wrong.append(f"{prompt_seconds(player):.1f} s of prompts before the first ring, more than {limit}")
    if "status" in ends and player.call.status != ends["status"]:
        wrong.append(f"the call ended {player.call.status}, expected {ends['status']}")
    return wrong


def prompt_seconds(player: Player) -> float:
    """Seconds of prompts heard before the first telephone rang (of the whole call when none did)."""
    first = player.transcript.of("dial")
    return float(first[0].data["prompt_seconds"]) if first else player.prompt_seconds


def compare(wanted: Mapping[str, object], heard: str, where: str) -> list[str]:
    """Which of the `hears` are missing from what was heard, and which of the `not_hears` are in it."""
    missing = [
        f"{where}: « {words} » is not in « {heard} »"
        for words in _list(wanted.get("hears"))
        if words not in heard
    ]
    return missing + [
        f"{where}: « {words} » should not be in « {heard} »"
        for words in _list(wanted.get("not_hears"))
        if words in heard
    ]


def _list(given: object) -> list[str]:
    return [given] if isinstance(given, str) else list(given or [])


def _known(table: Mapping[str, object], names: frozenset[str], where: str) -> None:
    if set(table) - names:
        raise ValueError(f"{where} knows no {sorted(set(table) - names)}; it knows {sorted(names)}")


def _watch(driver: Driver) -> object:
    def watch(entry: Entry) -> None:
        if entry.kind == "say":
            driver.heard.append(entry.text)

    return watch


def _line(exchange: Exchange, driver: Driver, number: str) -> Line:
    """A step's `outcome` first, then `[lines]`, then an answer with key 1."""
    step = driver.steps[driver.done] if driver.done < len(driver.steps) else {}
    if number in _list(step.get("dials")) and "outcome" in step:
        return Line.of(step["outcome"])
    return exchange.lines.get(number, exchange.default_line)


def _hang_up_on_dial(player: Player, driver: Driver) -> None:
    def watch(entry: Entry) -> None:
        if entry.kind != "dial":
            return
        step = driver.steps[driver.done] if driver.done < len(driver.steps) else {}
        driver.dialled(entry)
        if "dials" in step and step.get("hang_up"):
            player.stage.plan(2, player.call.sid, HungUp())

    player.transcript.listeners.append(watch)
