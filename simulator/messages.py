"""Short messages: accepted as Twilio accepts them, kept to be read, delivered at once."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Response, jsonify
from werkzeug.datastructures import MultiDict

from simulator.exchange import Account
from simulator.numbers import is_e164, is_mobile
from simulator.refusals import Denied

MAX_BODY = 1_600
Watch = Callable[[dict[str, object]], None]


class Messages:
    """Every message sent through the account, newest last; `watch` is told of each."""

    def __init__(self, account: Account, sid: Callable[[str], str], watch: Watch) -> None:
        self._account, self._sid, self._watch = account, sid, watch
        self.sent: list[dict[str, object]] = []

    def create(self, form: MultiDict[str, str]) -> Response:
        """Raises Denied with Twilio's codes: 21604, 21211, 21614, 21603, 21602, 21617."""
        to_number, body = form.get("To", ""), form.get("Body", "")
        self._check(to_number, form.get("From") or form.get("MessagingServiceSid") or "", body)
        now = format_datetime(datetime.now(UTC))
        sid = self._sid("SM")
        message: dict[str, object] = {
            "sid": sid, "account_sid": self._account.sid, "to": to_number, "from": form.get("From"),
            "body": body, "status": "queued", "direction": "outbound-api",
            "num_segments": str(-(-len(body) // 153)),
            "num_media": "0", "date_created": now, "date_updated": now, "date_sent": None, "error_code": None,
            "error_message": None, "messaging_service_sid": form.get("MessagingServiceSid"), "price": None,
            "price_unit": "USD", "api_version": "2010-04-01", "subresource_uris": {},
            "uri": f"/2010-04-01/Accounts/{self._account.sid}/Messages/{sid}.json",
        }  # fmt: skip
        self.sent.append(message | {"status": "delivered"})
        self._watch({"kind": "message", "text": f"SMS au {to_number} : {body}", "number": to_number, "at": 0})
        answer = jsonify(message)
        answer.status_code = 201
        return answer

    def listed(self, account: str) -> dict[str, object]:
        path = f"/2010-04-01/Accounts/{account}/Messages.json"
        newest = list(reversed(self.sent))
        return {"messages": newest, "page": 0, "page_size": len(newest), "uri": path, "next_page_uri": None}

    def one(self, sid: str) -> dict[str, object]:
        for message in self.sent:
            if message["sid"] == sid:
                return message
        raise Denied(404, 20404, f"The requested resource Messages/{sid} was not found")

    def _check(self, to_number: str, sender: str, body: str) -> None:
        if not to_number:
            raise Denied(400, 21604, "A 'To' phone number is required.")
        if not is_e164(to_number):
            raise Denied(400, 21211, f"Invalid 'To' Phone Number: {to_number}")
        if not is_mobile(to_number):
            raise Denied(400, 21614, f"'To' number: {to_number}, is not a valid mobile number")
        if not sender:
            raise Denied(400, 21603, "A 'From' phone number is required.")
        if not body:
            raise Denied(400, 21602, "Message body is required.")
        if len(body) > MAX_BODY:
            raise Denied(400, 21617, "The concatenated message body exceeds the 1600 character limit")
