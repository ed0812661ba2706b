"""One table as a workbook (ECMA-376), its XML written straight: a library took ten times as long."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from datetime import date
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

Cell = str | int | float | date | None
_FIRST_DAY = date(1899, 12, 30)  # day 0 of a spreadsheet's calendar, from March 1900 on
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML has no way to say
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PLAIN, _BOLD, _DAY = 0, 1, 2  # places in `cellXfs` below

_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_RELATION}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/>'
    '</font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill>'
    '<patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" applyFont="1" xfId="0"/>'
    '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" applyNumberFormat="1" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


def workbook(headings: Sequence[str], rows: Iterable[Sequence[Cell]], title: str) -> bytes:
    """The file: headings in bold and a first column, both kept in sight; text is text and never runs."""
    columns = [_column(n) for n in range(len(headings))]
    lines = [_row(1, columns, headings, _BOLD)]
    lines += [_row(n, columns, row, _PLAIN) for n, row in enumerate(rows, 2)]
    sheet = (
        f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/>'
        f"</sheetView></sheetViews><sheetData>{''.join(lines)}</sheetData></worksheet>"
    )
    named = re.sub(r"[\[\]:*?/\\]", " ", title)[:31]
    book = (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets>'
        f'<sheet name={quoteattr(named)} sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    kept = io.BytesIO()
    with ZipFile(kept, "w") as folder:
        for name, text in (_PARTS | {"xl/workbook.xml": book, "xl/worksheets/sheet1.xml": sheet}).items():
            part = ZipInfo(name)  # of 1980: the same table is the same file
            folder.writestr(part, _XML + text, ZIP_DEFLATED)
    return kept.getvalue()


def _row(number: int, columns: Sequence[str], cells: Sequence[Cell], style: int) -> str:
    told = "".join(
        _cell(f"{column}{number}", cell, style)
        for column, cell in zip(columns, cells, strict=False)
        if cell is not None
    )
    return f'<row r="{number}">{told}</row>'


def _cell(place: str, value: Cell, style: int) -> str:
    if isinstance(value, str):
        text = escape(_UNWRITABLE.sub("", value))
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="{_DAY}"><v>{(value - _FIRST_DAY).days}</v></c>'
    return f'<c r="{place}" s="{style}"><v>{value!r}</v></c>'


def _column(number: int) -> str:
    """« A », « Z », « AA » of 0, 25, 26."""
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(65 + letter) + name
    return name
