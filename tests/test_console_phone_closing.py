"""The page of the telephones that may close: registered, never shown whole, removed at once, journaled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from config import journal
from config.settings import Settings
from console.access.roles import Role
from tests.console import Console, console
from workers.callbacks.vault import Vault
from workers.closers import Closers

PAGE = "/a/pau/fermeture/telephone"
FORM = {"label": "Mme Lacaze", "number": "06 39 98 00 11", "pin": "4321", "again": "4321"}


@pytest.fixture
def desk(settings: Settings) -> Iterator[Console]:
    with console(settings) as made:
        yield made


def test_a_manager_registers_a_telephone_and_removes_it(desk: Console) -> None:
    browser, here = desk.entered(Role.MANAGER, "pau"), desk.office
    closers = Closers(here.engine, Vault.of(here.settings.secret_keys))
    assert browser.send(PAGE, page=PAGE, **FORM).status_code == 303
    found = closers.recognised("+33639980011")
    assert found
    assert (found.association, found.label) == ("pau", "Mme Lacaze")
    shown = browser.text(PAGE)
    assert "•• •• •• •• 11" in shown
    assert "63998" not in shown.replace(" ", "")
    assert browser.send(f"{PAGE}/{found.id}/retrait", page=PAGE).status_code == 303
    assert closers.recognised("+33639980011") is None
    told = [line.action for line in journal.read(here.engine, "pau")]
    assert told.count("closer_added") == told.count("closer_removed") == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"again": "4322"}, "les deux codes ne sont pas les mêmes"),
        ({"pin": "12", "again": "12"}, "le code est de 4 à 8 chiffres"),
        ({"number": "3624"}, "ce numéro ne convient pas"),
        ({"label": " "}, "dites à qui est ce téléphone"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_is_kept(
    desk: Console, wrong: dict[str, str], said: str
) -> None:
    browser = desk.entered(Role.MANAGER, "pau")
    refused = browser.send(PAGE, page=PAGE, **(FORM | wrong))
    assert refused.status_code == 422
    assert said in refused.get_data(as_text=True)
    assert (FORM | wrong)["number"] in refused.get_data(as_text=True)
    assert "4321" not in refused.get_data(as_text=True)


def test_a_neighbour_removes_nothing(desk: Console) -> None:
    here = desk.office
    closers = Closers(here.engine, Vault.of(here.settings.secret_keys))
    mine = closers.register("pau", "Mme Lacaze", "+33639980011", "4321", "Mme Garat")
    neighbour = desk.entered(Role.MANAGER, "bayonne")
    neighbour.send(f"/a/bayonne/fermeture/telephone/{mine}/retrait", page="/a/bayonne/fermeture/telephone")
    assert [one.id for one in closers.of("pau")] == [mine]
