"""`sos3624 run`, what `make run` calls: prepare, release, start Procfile.dev's processes, print the links."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
from honcho.environ import Procfile, parse_procfile

from config.made_up import environment, make_up, with_made_up
from config.settings import PORT_FIELDS, Settings, env_name
from console.cli.readiness import announce
from console.cli.supervised import RestartingManager

ROOT = Path(__file__).parents[2]


@click.command("run", help="Démarre tous les processus (make run).")
def command() -> None:
    """Run until Ctrl-C or SIGTERM; exit with 128 + the signal's number."""
    # A shell starts `make run &` deaf to Ctrl-C: hear it all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    env = _prepared()
    settings = Settings.from_env(env)
    processes = _wanted(parse_procfile((ROOT / "Procfile.dev").read_text()), env)
    _refuse_taken_ports(settings, processes)
    _release(env)
    manager = RestartingManager(once_started=lambda: _watch(settings, processes))
    for name, line in processes.items():
        manager.add_process(name, f"exec {line}", env=env, cwd=str(ROOT))
    manager.stop_last("redis")
    manager.loop()
    click.echo("Arrêté.")
    sys.exit(manager.returncode)


def _prepared() -> dict[str, str]:
    """Return the environment of every process, each setting spelt out: honcho would shift PORT by itself."""
    env = environment()
    env["VAR_DIR"] = str(Path(env.get("VAR_DIR") or "var").absolute())
    make_up(Path(env["VAR_DIR"]))
    env = with_made_up(env)
    settings = Settings.from_env(env)
    said = {
        env_name(field): str(getattr(settings, field))
        for field in ("public_url", "console_url", *PORT_FIELDS)
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    return env | said | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def _wanted(procfile: Procfile, env: dict[str, str]) -> dict[str, str]:
    """Return the processes by name, without the stand-ins for what the user brought along."""
    brought = {"redis": "REDIS_URL", "simulator": "TWILIO_API_URL"}
    return {
        name: line
        for name, line in procfile.processes.items()
        if not env.get(brought.get(name, ""), "").strip()
    }


def _refuse_taken_ports(settings: Settings, processes: dict[str, str]) -> None:
    listening = {"redis": "embedded_redis_port", "web": "port", "simulator": "simulator_port"}
    listening |= {"console": "console_port", "feed": "feed_port"}
    taken = [
        listening[name]
        for name in processes
        if name in listening and _taken(getattr(settings, listening[name]))
    ]
    if taken:
        words = ", ".join(f"{getattr(settings, field)} ({env_name(field)})" for field in taken)
        raise click.ClickException(
            f"Déjà occupé : port {words}. Arrêtez ce qui y écoute, ou choisissez d'autres ports : "
            f"{env_name(taken[0])}=… make run."
        )


def _taken(port: int) -> bool:
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("0.0.0.0", port))  # noqa: S104 - only asked whether it could be
        except OSError:
            return True
    return False


def _release(env: dict[str, str]) -> None:
    line = parse_procfile((ROOT / "Procfile").read_text()).processes["release"]
    if subprocess.run(f"exec {line}", shell=True, env=env, cwd=ROOT).returncode:  # noqa: S602 - our own Procfile
        raise click.ClickException("La préparation (release) a échoué : rien n'a été démarré.")


def _watch(settings: Settings, processes: dict[str, str]) -> None:
    threading.Thread(target=announce, args=(settings, list(processes)), daemon=True).start()
    make = os.getppid()
    if Path(f"/proc/{make}/comm").is_file() and Path(f"/proc/{make}/comm").read_text().strip() in {
        "make",
        "gmake",
    }:
        threading.Thread(target=_stop_with_make, args=(make, _hears_ctrl_c(make)), daemon=True).start()


def _stop_with_make(make: int, heard_before: bool) -> None:
    """Stop when make was killed, or was interrupted alone: it keeps a Ctrl-C to itself and waits for us."""
    while os.getppid() == make and _hears_ctrl_c(make) == heard_before:
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)


def _hears_ctrl_c(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGINT - 1))
