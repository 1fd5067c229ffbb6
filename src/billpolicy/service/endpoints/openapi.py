"""The OpenAPI document."""

from __future__ import annotations

from billpolicy.service.answers.openapi import document_text
from billpolicy.service.asked.asked import Asked
from billpolicy.service.endpoint import Answer, Endpoint


def _answer(asked: Asked) -> Answer:
    return Answer(document_text())


ENDPOINT = Endpoint(
    "GET",
    "/openapi.json",
    "What can be asked, as OpenAPI 3.1: every address with what it takes, and all that it may answer.",
    None,
    _answer,
)
