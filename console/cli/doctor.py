"""`sos3624 doctor`: each setting and dependency, each with its repair; exit 1 if one is broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from config.made_up import environment
from config.settings import Settings, SettingsRefused, env_name
from console.cli.examination import examine
from console.findings import Finding

MARKS = {"ok": "✓", "warning": "!", "broken": "✗"}


@click.command("doctor", help="Dit l'état de chaque réglage et de chaque dépendance, avec la réparation.")
def command() -> None:
    """Examine everything, whatever is broken on the way."""
    env = environment()
    try:
        settings = Settings.from_env(env)
    except SettingsRefused as refused:
        click.echo(f"{MARKS['broken']} {refused}")
        sys.exit(1)
    click.echo("Réglages")
    for line in _settings(settings, env):
        click.echo(f"  {line}")
    click.echo("Dépendances")
    findings = list(examine(settings))
    for finding in findings:
        click.echo("\n".join(_told(finding)))
    sys.exit(any(finding.state == "broken" for finding in findings))


def _settings(settings: Settings, env: dict[str, str]) -> Iterator[str]:
    """Each setting with where it comes from; what is secret is never shown, only that it is there."""
    for field, info in Settings.model_fields.items():
        name = env_name(field)
        value = getattr(settings, field)
        shown = _said(value) if info.repr else ("(secret)" if value else "aucun")
        origin = "environnement" if env.get(name, "").strip() else "par défaut"
        if settings.secrets_made_up and field in {"account_sid", "auth_tokens", "secret_keys"}:
            origin = "environnement ou inventé par make setup"
        yield f"{name:<22} {shown}  ({origin})"


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return "aucun" if value is None else str(value)


def _told(finding: Finding) -> list[str]:
    lines = [f"  {MARKS[finding.state]} {finding.name} : {finding.said}"]
    return lines if not finding.repair else [*lines, f"      → {finding.repair}"]
