"""Entering with a code, a passkey, an identity, or on a second person's word, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from config.settings import Settings
from console.access.roles import Role
from tests.browser.chromium import WIDTHS, enter, looking, served
from tests.browser.judged import judge
from tests.console import PASSWORD, Clock, Console
from tests.identity_provider import described, identity_provider

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(env: dict[str, str]) -> Iterator[Console]:
    """A console with one provider; its clock goes with the provider's."""
    with identity_provider(f"http://localhost:{env['CONSOLE_PORT']}", "ecps") as issuer:
        one = described(issuer, "ecps", scopes="openid scope_all", claim="SubjectNameID", acr="eidas1")
        known = json.dumps([one | {"label": "Pro Santé Connect"}])
        with served(Settings.from_env(env | {"OIDC_PROVIDERS": known}), Clock(datetime.now(UTC))) as made:
            yield made


def fingerprint(context: BrowserContext, page: Page) -> None:
    """A device that verifies its owner by finger, as a computer or a telephone does."""
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def leave(page: Page) -> None:
    page.get_by_role("button", name="Sortir").click()
    expect(page.get_by_role("heading", name="Console du 3624")).to_be_visible()


def with_password(page: Page, desk: Console, *, second: bool) -> None:
    page.get_by_label("Adresse électronique").fill(desk.person(Role.MANAGER, "pau", second=second))
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Entrer", exact=True).click()


def with_key(page: Page) -> None:
    page.get_by_role("button", name="Entrer avec une clé d'accès").click()


def at_home(page: Page) -> None:
    expect(page.locator(".headline").first).to_contain_text("Un appel de Pau maintenant")


def test_a_manager_gets_keys_and_identities_and_enters_with_each(desk: Console) -> None:
    with looking(desk.office.settings) as context:
        page = context.new_page()
        fingerprint(context, page)
        page.goto("/entrer")
        with_password(page, desk, second=False)
        expect(page.get_by_role("heading", name="Protégez votre compte")).to_be_visible()
        page.get_by_role("button", name="Enregistrer une clé d'accès").click()
        expect(page.get_by_role("heading", name="Vos codes de secours")).to_be_visible()
        page.goto("/compte")
        page.get_by_label("Nom de la clé").first.fill("Portable de garde")
        page.get_by_role("button", name="Renommer").click()
        linked(page)
        assert judge(page, keyboard=False) == []
        leave(page)
        with_key(page)
        at_home(page)
        leave(page)
        with_password(page, desk, second=False)
        assert judge(page, keyboard=False) == []
        with_key(page)
        at_home(page)
        leave(page)
        page.goto("/a/pau/horaires")
        page.get_by_role("button", name="Entrer avec Pro Santé Connect").click()
        page.wait_for_url("**/a/pau/horaires")
        page.goto("/compte")
        page.get_by_role("button", name="Retirer Portable de garde").click()
        expect(page.get_by_role("status").first).to_contain_text("La clé est retirée.")
        leave(page)
        with_key(page)
        expect(page.get_by_role("alert")).to_contain_text("Cette clé n'est pas connue ici")


def linked(page: Page) -> None:
    """The person's identity at the provider, which asks who they are."""
    page.get_by_role("button", name="Lier Pro Santé Connect").click()
    page.get_by_label("Qui êtes-vous ?").fill("99700000001")
    page.get_by_role("button", name="Je suis").click()
    expect(page.get_by_role("button", name="Délier Pro Santé Connect")).to_be_visible()
    expect(page.get_by_label("Nom de la clé").first).to_have_value("Portable de garde")


def test_at_three_a_m_a_second_manager_lets_the_first_back_in(desk: Console) -> None:
    desk.person(Role.MEMBER, "pau")
    with looking(desk.office.settings, WIDTHS[0]) as context:
        lost = context.new_page()
        other = elsewhere(context, desk).new_page()
        lost.goto("/entrer")
        lost.get_by_role("link", name="Je n'ai plus mon téléphone").click()
        lost.get_by_label("Votre adresse électronique").fill("member@pau.example")
        lost.get_by_role("button", name="Demander à revenir").click()
        code = lost.locator(".spoken").inner_text()
        enter(other, desk, Role.MANAGER, "pau")
        other.get_by_role("link", name="Gestion").click()
        other.get_by_label("Le code que la personne vous lit").fill(code)
        other.get_by_role("button", name="Laisser entrer").click()
        expect(other.get_by_role("status")).to_contain_text("member peut entrer, une fois")
        lost.get_by_role("button", name="Entrer", exact=True).click()
        expect(lost.get_by_role("status").first).to_contain_text("Vous êtes entré grâce à manager")
        assert judge(lost, keyboard=False) == []
        other.get_by_role("link", name="Journal").click()
        expect(other.locator("li.line").first).to_contain_text("retour servi")
        leave(other)
        enter(other, desk, Role.FEDERATION)
        by_the_federation(other)


def elsewhere(context: BrowserContext, desk: Console) -> BrowserContext:
    """The same browser's other self, as another person has it."""
    assert context.browser
    size = {"width": WIDTHS[0], "height": 900}
    return context.browser.new_context(
        base_url=desk.office.settings.console_url, viewport=size, locale="fr-FR"
    )


def by_the_federation(page: Page) -> None:
    """The whole journal, and a role given to an account that exists."""
    page.goto("/federation/journal?association=pau&words=retour")
    expect(page.locator("li.line")).to_have_count(3)
    page.goto("/federation/comptes")
    page.get_by_role("link", name="member", exact=True).click()
    page.get_by_label("Rôle à donner").select_option("doctor")
    page.get_by_label("Association (sauf rôles fédéraux)").select_option("bayonne")
    page.get_by_role("button", name="Donner ce rôle").click()
    expect(page.get_by_role("status")).to_contain_text("member a le rôle « médecin de rappel »")
