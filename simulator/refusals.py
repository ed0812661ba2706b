"""The REST API's refusals, in Twilio's own shape."""

from flask import Response, jsonify


class Denied(Exception):
    """A request refused with an HTTP status and Twilio's error code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def denied(error: Denied) -> Response:
    """Its body, as Twilio writes it."""
    more = f"https://www.twilio.com/docs/errors/{error.code}"
    answer = jsonify(code=error.code, message=error.message, more_info=more, status=error.status)
    answer.status_code = error.status
    return answer
