"""Where pages lead to, and names as they stand in a page: whatever way they are written, they turn nothing around."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from billpolicy.report.html.markup import Html, el
from billpolicy.service.pages.operation_form import operations_with


def named(name: str) -> Html:
    """A name that somebody gave, in the direction of its own script; nothing of none."""
    return el("bdi", name) if name else Html("")


def account_link(id: str) -> Html:
    """To the page of an account."""
    return el("a", named(id), href=account_address(id))


def account_address(id: str) -> str:
    """Of the page of an account."""
    return f"/pages/accounts/{quote(id, safe='')}"


def document_link(number: str) -> Html:
    """To the page of a document."""
    return el("a", named(number), href=document_address(number))


def document_address(number: str) -> str:
    """Of the page of a document."""
    return f"/pages/documents/{quote(number, safe='')}"


def history_address(name: str) -> str:
    """Of the trail of a line, of those of a document, or of that of a charge period."""
    return f"/pages/history/{quote(name, safe='')}"


def plan_links(field: str, name: str) -> Html:
    """To the forms of the operations that are done to something, folded. `field`: what it is to them, like `invoice`;
    nothing where there are none."""
    operations = operations_with(field)
    links = (
        el(
            "li",
            el(
                "a",
                operation.replace("_", " "),
                href=with_query("/pages/plan", **{"by": "fields", "operation": operation, f"field.{field}": name}),
            ),
        )
        for operation in operations
    )
    listed = el("ul", *links)
    return el("details", el("summary", "Plan an operation on it"), listed, class_="do") if operations else Html("")


def asked_for(path: str, query: str) -> str:
    """The address of a page as it was asked for. `path`: as names stand in it; `query`: as it was sent."""
    return quote(path) + (f"?{query}" if query else "")


def way_back(said: str, otherwise: str) -> str:
    """The address that a form or a link leads back to, if it is that of a page of this service."""
    ours = said.startswith("/pages/") and "\\" not in said and "/../" not in said
    return quote(said, safe="/?&=%+:,;@!$'()*-._~") if ours else otherwise


def with_query(address: str, **said: str) -> str:
    """An address with what is said in it; nothing of what is empty."""
    query = urlencode({name: value for name, value in said.items() if value})
    return f"{address}?{query}" if query else address
