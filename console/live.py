"""The address of the live feed for one page: whose calls it shows, and for how long."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from config.sealing import Sealer
from console import feed
from console.office import Office

# A session that is ended stops seeing soon; the part of the page that renews itself brings the next ticket.
TICKET_SECONDS = 600


def stream(here: Office, association: str | None) -> str:
    """Where a page finds its pictures: everything (None), or one association's own calls."""
    sealer = Sealer(here.settings.secret_keys, feed.PURPOSE)
    ticket = feed.ticket(sealer, association, time.time() + TICKET_SECONDS)
    return f"{here.settings.feed_url}/live?{urlencode({'t': ticket})}"
