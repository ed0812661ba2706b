"""Twilio's REST API for calls and messages, as its own Python client speaks it, with its error bodies."""

import hmac
import re
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import wraps

from flask import Blueprint, Response, jsonify, request
from werkzeug.datastructures import MultiDict

from simulator.calls import Order
from simulator.clock import Moved
from simulator.faults import Fault, Faults
from simulator.legs import FINAL, Leg
from simulator.messages import Messages
from simulator.numbers import FRANCE, is_e164
from simulator.refusals import Denied, denied
from simulator.switchboard import Switchboard

MAX_TWIML = 4_000
CREATE = frozenset(
    {
        "To",
        "From",
        "Url",
        "Method",
        "Twiml",
        "ApplicationSid",
        "FallbackUrl",
        "FallbackMethod",
        "StatusCallback",
    }
    | {"StatusCallbackEvent", "StatusCallbackMethod", "SendDigits", "Timeout", "Record", "MachineDetection"}
    | {"MachineDetectionTimeout", "AsyncAmd", "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod"}
    | {"TimeLimit", "CallReason", "CallerId", "Byoc", "Trim"}
)
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
View = Callable[..., Response]


def blueprint(board: Switchboard, faults: Faults, messages: Messages) -> Blueprint:
    """The routes under /2010-04-01/Accounts/{sid}/."""
    bp = Blueprint("carrier", __name__, url_prefix="/2010-04-01/Accounts/<account>")

    bp.before_request(lambda: _signed_in(board))
    bp.register_error_handler(Denied, denied)
    bp.post("/Calls.json")(struck_by(faults, lambda: _create(board)))
    bp.post("/Messages.json")(struck_by(faults, lambda: messages.create(request.form)))

    @bp.get("/Messages.json")
    def sent(account: str) -> Response:
        return jsonify(messages.listed(account))

    @bp.get("/Messages/<sid>.json")
    def message(account: str, sid: str) -> Response:  # noqa: ARG001 - checked before
        return jsonify(messages.one(sid))

    @bp.get("/Calls.json")
    def listed(account: str) -> Response:
        return jsonify(_page(board, account, faults.list_lag()))

    @bp.get("/Calls/<sid>.json")
    def fetch(account: str, sid: str) -> Response:  # noqa: ARG001 - checked before
        return jsonify(resource(_leg(board, sid)))

    @bp.post("/Calls/<sid>.json")
    def update(account: str, sid: str) -> Response:  # noqa: ARG001 - checked before
        return _update(board, _leg(board, sid))

    return bp


def _signed_in(board: Switchboard) -> Response | None:
    account = board.exchange.account
    given = request.authorization
    known = given is not None and hmac.compare_digest(
        f"{given.username}:{given.password}".encode(), f"{account.sid}:{account.token}".encode()
    )
    if not known:
        return denied(Denied(401, 20003, "Authenticate"))
    return None if (request.view_args or {}).get("account") == account.sid else denied(_missing())


def struck_by(faults: Faults, create: Callable[[], Response]) -> View:
    """The creating view, with whatever fault strikes it."""

    @wraps(create)
    def view(account: str) -> Response:  # noqa: ARG001 - checked before
        fault = faults.strike()
        match fault:
            case None:
                return create()
            case Fault(kind="429"):
                raise Denied(429, 20429, "Too Many Requests")
            case Fault(kind="500"):
                raise Denied(500, 20500, "Internal Server Error")
            case Fault(kind="slow"):
                time.sleep(fault.seconds)
        made = create()
        if fault.kind == "500-accepted":
            raise Denied(500, 20500, "Internal Server Error")
        if fault.kind == "lost":
            # The server's own socket: the client sees the connection end without an answer.
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        return made

    view.__name__ = f"create_{id(create)}"
    return view


def resource(leg: Leg) -> dict[str, object]:
    """A Call as Twilio shows it."""
    uri = f"/2010-04-01/Accounts/{leg.account}/Calls/{leg.sid}.json"
    return {
        "sid": leg.sid,
        "account_sid": leg.account,
        "parent_call_sid": leg.parent.sid if leg.parent else None,
        "to": leg.to_number,
        "to_formatted": leg.to_number,
        "from": leg.from_number,
        "from_formatted": leg.from_number,
        "phone_number_sid": "PN" + "0" * 32,
        "status": leg.status,
        "start_time": format_datetime(leg.started) if leg.started else None,
        "end_time": format_datetime(leg.ended) if leg.ended else None,
        "duration": str(leg.seconds()) if leg.status in FINAL else None,
        "price": None,
        "price_unit": "USD",
        "direction": leg.direction,
        "answered_by": leg.answered_by or None,
        "api_version": "2010-04-01",
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(leg.queue_ms),
        "trunk_sid": None,
        "annotation": None,
        "date_created": format_datetime(leg.created),
        "date_updated": format_datetime(leg.ended or leg.started or leg.created),
        "uri": uri,
        "subresource_uris": {},
    }


def _create(board: Switchboard) -> Response:
    ordered = board.order(_order(board, request.form)).call
    # It may ring already; Twilio's answer is of the moment before.
    answer = jsonify(resource(ordered) | {"status": "queued", "start_time": None})
    answer.status_code = 201
    return answer


def _order(board: Switchboard, form: MultiDict[str, str]) -> Order:
    unknown = set(form) - CREATE
    events = form.getlist("StatusCallbackEvent") or ["completed"]
    if unknown or set(events) - EVENTS:
        raise Denied(400, 21200, f"Unknown parameter: {sorted(unknown or set(events) - EVENTS)}")
    _check_numbers(board, form.get("To", ""), form.get("From", ""))
    url, twiml = form.get("Url", ""), form.get("Twiml", "")
    _check_document(url, twiml, form.get("FallbackUrl", ""))
    timeout = form.get("Timeout", "60")
    if not timeout.isdecimal() or int(timeout) > 600:
        raise Denied(400, 21200, f"Timeout is not between 0 and 600: {timeout}")
    return Order(
        to_number=form["To"],
        from_number=form["From"],
        url=url,
        method=form.get("Method", "POST"),
        twiml="" if url else twiml,
        fallback_url=form.get("FallbackUrl", ""),
        status_url=form.get("StatusCallback", ""),
        status_method=form.get("StatusCallbackMethod", "POST"),
        status_events=frozenset(events),
        timeout=float(timeout),
        machine_detection=form.get("MachineDetection", ""),
    )


def _check_numbers(board: Switchboard, to_number: str, from_number: str) -> None:
    if not to_number:
        raise Denied(400, 21201, "No 'To' number is specified")
    if not from_number:
        raise Denied(400, 21213, "No 'From' number is specified")
    if not is_e164(to_number):
        raise Denied(400, 21211, f"The phone number you are attempting to call, {to_number}, is not valid.")
    if not board.exchange.account.may_show(from_number):
        raise Denied(400, 21210, f"The source phone number provided, {from_number}, is not yet verified.")
    if not to_number.startswith(FRANCE):
        raise Denied(400, 21215, f"Account not authorized to call {to_number}.")


def _check_document(url: str, twiml: str, fallback: str) -> None:
    if fallback and not url:
        raise Denied(400, 21405, "A fallback URL needs a primary URL")
    if not url and not twiml:
        raise Denied(400, 21205, "Url parameter is required")
    if url and not re.match(r"https?://[!-~]+$", url):
        raise Denied(400, 21205, f"Url is not a valid URL: {url}")
    if not url and len(twiml) > MAX_TWIML:
        raise Denied(400, 32018, f"Twiml is longer than {MAX_TWIML} characters")


def _update(board: Switchboard, leg: Leg) -> Response:
    form = request.form
    status = form.get("Status")
    url, twiml = form.get("Url", ""), form.get("Twiml", "")
    if status not in (None, "canceled", "completed") or not (status or url or twiml) or (url and twiml):
        raise Denied(400, 21200, "One of Status=canceled|completed, Url or Twiml")
    cancelable = leg.status in ("queued", "ringing") and leg.direction == "outbound-api"
    allowed = {"canceled": cancelable, "completed": leg.live, None: leg.status == "in-progress"}
    if not allowed[status]:
        raise Denied(400, 21220, "Call is not in-progress. Cannot redirect.")
    board.move(leg, Moved() if status else Moved(url, form.get("Method", "POST"), twiml))
    return jsonify(resource(leg))


def _page(board: Switchboard, account: str, lag: float) -> dict[str, object]:
    size, page = min(request.args.get("PageSize", 50, type=int), 1000), request.args.get("Page", 0, type=int)
    latest = datetime.now(UTC) - timedelta(seconds=lag)
    with board.exchange.bodyguard:
        legs = [
            leg for leg in reversed(board.exchange.legs.values()) if leg.created <= latest and _asked_for(leg)
        ]
    path = f"/2010-04-01/Accounts/{account}/Calls.json"
    filters = "".join(
        f"&{name}={value}"
        for name, value in request.args.items()
        if name not in ("Page", "PageSize", "PageToken")
    )
    more = (page + 1) * size < len(legs)
    return {
        "calls": [resource(leg) for leg in legs[page * size : (page + 1) * size]],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": min((page + 1) * size, len(legs)) - 1,
        "uri": f"{path}?PageSize={size}&Page={page}{filters}",
        "first_page_uri": f"{path}?PageSize={size}&Page=0{filters}",
        "previous_page_uri": f"{path}?PageSize={size}&Page={page - 1}{filters}" if page else None,
        "next_page_uri": f"{path}?PageSize={size}&Page={page + 1}{filters}" if more else None,
    }


def _asked_for(leg: Leg) -> bool:
    args, began = request.args, leg.started or leg.created
    return (
        args.get("To", leg.to_number) == leg.to_number
        and args.get("From", leg.from_number) == leg.from_number
        and args.get("Status", leg.status) == leg.status
        and args.get("ParentCallSid", leg.parent.sid if leg.parent else "")
        == (leg.parent.sid if leg.parent else "")
        and ("StartTime>" not in args or began >= _instant(args["StartTime>"]))
        and ("StartTime<" not in args or began <= _instant(args["StartTime<"]))
    )


def _instant(text: str) -> datetime:
    try:
        told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Denied(400, 20001, f"Invalid date: {text}") from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)


def _leg(board: Switchboard, sid: str) -> Leg:
    found = board.exchange.legs.get(sid)
    if found is None:
        raise _missing()
    return found


def _missing() -> Denied:
    return Denied(404, 20404, f"The requested resource {request.path} was not found")
