"""Tables as files: CSV for a French Excel, or XLSX."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from workers.records import export

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sent(headings: Sequence[str], rows: Sequence[Sequence[export.Cell]], name: str, form: str) -> Response:
    """The file as a download called `name`; `form` is « xlsx », anything else is CSV."""
    if form == "xlsx":
        body, kind, ending = export.to_xlsx(headings, rows, name), XLSX, "xlsx"
    else:
        body, kind, ending = export.to_csv(headings, rows), "text/csv", "csv"
    headers = {"Content-Disposition": f'attachment; filename="3624-{name}.{ending}"'}
    return Response(body, mimetype=kind, headers=headers)
