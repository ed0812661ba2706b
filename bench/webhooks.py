"""Webhooks a second and their p99 against a bare view, under the same server, in turn, in one run."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from redis import Redis

from config import embedded, migrate, stores
from config.settings import Settings
from routing import store
from simulator.signature import sign
from voice.app import close, create_app

CALLS = 40  # distinct calls in the mix
ROUNDS = 9  # short ones in turn: what else the machine does comes and goes
SECONDS = 2
CONNECTIONS = 16


@dataclass(frozen=True)
class Reading:
    """One round of load."""

    per_second: float
    p99_ms: float
    errors: int
    cpu_us: float  # processor of the server, and of Redis for ours, a request: hardly moved by what else runs


def main() -> dict[str, float]:
    """Measure and print; returns the figures."""
    if shutil.which("wrk") is None:
        sys.exit("bench: wrk is missing (apt-get install wrk)")
    with tempfile.TemporaryDirectory() as folder, _redis(Path(folder)) as (redis_url, redis_pid):
        env = _environment(Path(folder), redis_url)
        settings = Settings.from_env(env)
        migrate.upgrade(settings)
        store.ensure_demo(stores.engine(settings))
        script = Path(folder) / "mix.lua"
        script.write_text(_script(settings))
        bare, voice = _rounds(settings, env, script, redis_url, redis_pid)
    pairs = list(zip(bare, voice, strict=True))
    figures = {
        "bare_per_second": statistics.median(r.per_second for r in bare),
        "voice_per_second": statistics.median(r.per_second for r in voice),
        "ratio": statistics.median(v.per_second / b.per_second for b, v in pairs),
        "ratio_of_processor": statistics.median(b.cpu_us / v.cpu_us for b, v in pairs),
        "bare_cpu_us": statistics.median(r.cpu_us for r in bare),
        "voice_cpu_us": statistics.median(r.cpu_us for r in voice),
        "bare_p99_ms": statistics.median(r.p99_ms for r in bare),
        "voice_p99_ms": statistics.median(r.p99_ms for r in voice),
        "errors": sum(r.errors for r in bare + voice),
    }
    for name, value in figures.items():
        print(f"webhooks.{name}: {value:.2f}")
    return figures


def _rounds(
    settings: Settings, env: dict[str, str], script: Path, redis_url: str, redis_pid: int
) -> tuple[list[Reading], list[Reading]]:
    """Bare and ours in turn, so that a machine that slows down slows both."""
    bare, voice = [], []
    with (
        _server("bench.bare:create_app", settings.port + 1, env) as (there, bare_pid),
        _server("voice.app:from_environment", settings.port, env) as (here, voice_pid),
    ):
        for _ in range(ROUNDS):
            bare.append(_load(there, script, bare_pid))
            with Redis.from_url(redis_url) as redis:
                redis.delete("calls:events")  # as the ledger would
            voice.append(_load(here, script, voice_pid, redis_pid))
    return bare, voice


def _load(url: str, script: Path, *servers: int) -> Reading:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", str(script), url]
    before = sum(map(_processor, servers))
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    used = sum(map(_processor, servers)) - before
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    count = re.search(r"(\d+) requests in", said)
    if rate is None or p99 is None or count is None:
        raise RuntimeError(said)
    scale = {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]]
    return Reading(
        float(rate[1]), float(p99[1]) * scale, int(refused[1]) if refused else 0, used / int(count[1]) * 1e6
    )


def _processor(pid: int) -> float:
    """Seconds of processor of a process and its children."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid in (int(stat.parent.name), int(fields[2])):  # itself, or of its group
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _script(settings: Settings) -> str:
    """A wrk script that sends the webhooks of whole calls, each signed once beforehand."""
    rows = [
        f"{{{json.dumps(path)}, {json.dumps(body)}, {json.dumps(signature)}}}"
        for path, body, signature in _webhooks(settings)
    ]
    return (
        "local mix = {\n" + ",\n".join(rows) + "\n}\nlocal i = 0\n"
        "function request()\n  i = i % #mix + 1\n  local r = mix[i]\n"
        '  return wrk.format("POST", r[1], {["Content-Type"]="application/x-www-form-urlencoded",'
        ' ["X-Twilio-Signature"]=r[3]}, r[2])\nend\n'
    )


def _webhooks(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Seven webhooks a call: welcome, place, need, whisper, its key, the dial's end, the call's status."""
    app = create_app(settings)
    client = app.test_client()
    for number in range(CALLS):
        sid = f"CA{number:032x}"
        fields = _standard(settings, sid, f"+3363998{number:04d}")
        path, then = "/voice/incoming", [{}, {"Digits": "31500"}, {"Digits": "1"}, {}, {"Digits": "1"}]
        for extra in then:
            sent = {**fields, **extra}
            yield _signed(settings, path, sent)
            signature = sign(settings.public_url + path, sent, settings.auth_tokens[0])
            reply = client.post(path, data=sent, headers={"X-Twilio-Signature": signature})
            urls = re.findall(r'(?:action|url)="([^"#]+)', unescape(reply.text))
            if urls and "/step" in urls[0]:
                dial_ended = urls[0]
            path = urls[-1].removeprefix(settings.public_url) if urls else path
        ended = {"DialCallStatus": "completed", "DialBridged": "true", "DialCallDuration": "61"}
        yield _signed(settings, dial_ended.removeprefix(settings.public_url), {**fields, **ended})
        over = {"CallStatus": "completed", "CallDuration": "80", "SequenceNumber": "2"}
        yield _signed(settings, "/voice/status", {**fields, **over})
    close(app)


def _signed(settings: Settings, path: str, fields: dict[str, str]) -> tuple[str, str, str]:
    body = urllib.parse.urlencode(fields)
    return path, body, sign(settings.public_url + path, fields, settings.auth_tokens[0])


def _standard(settings: Settings, sid: str, caller: str) -> dict[str, str]:
    """The 26 parameters the carrier sends."""
    parties = ("From", "To", "Caller", "Called")
    empty = [f"{who}{what}" for who in parties for what in ("City", "State", "Zip")]
    fields = dict.fromkeys(empty, "")
    fields |= {f"{who}Country": "FR" for who in parties}
    fields |= {"CallSid": sid, "AccountSid": settings.account_sid, "ApiVersion": "2010-04-01"}
    fields |= {"Direction": "inbound", "CallStatus": "in-progress", "From": caller, "Caller": caller}
    return fields | {"To": "+33199003624", "Called": "+33199003624"}


def _environment(folder: Path, redis_url: str) -> dict[str, str]:
    return {
        "PORT": "3691",
        "VAR_DIR": str(folder / "var"),
        "REDIS_URL": redis_url,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "b" * 32,
        "SECRET_KEYS": "k" * 40,
        "TWILIO_API_URL": "https://api.twilio.com",  # as in service: no trace for the stand-in's page
        "LOG_LEVEL": "error",
    }


@contextmanager
def _redis(folder: Path) -> Iterator[tuple[str, int]]:
    process = subprocess.Popen(embedded.command(3693, folder), stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        yield "redis://127.0.0.1:3693/0", process.pid
    finally:
        process.kill()
        process.wait()


@contextmanager
def _server(target: str, port: int, env: dict[str, str]) -> Iterator[tuple[str, int]]:
    """granian as in the Procfile, in a process group of its own."""
    options = "--interface wsgi --no-ws --workers 2 --blocking-threads 8 --workers-kill-timeout 5"
    options += f" --log-level warning --factory --port {port}"
    command = ["granian", *options.split(), target]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        env=os.environ | env | {"PORT": str(env["PORT"]), "MALLOC_ARENA_MAX": "1"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _until_it_listens(url)
        yield url, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _until_it_listens(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url + "/voice/incoming", timeout=1)
        except urllib.error.HTTPError:
            return  # 405 or 403: it answers
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)
