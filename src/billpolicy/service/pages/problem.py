"""Why a page cannot be shown, as a page: a person is told what a program is told as problem details."""

from __future__ import annotations

from http import HTTPStatus

from billpolicy.report.html.markup import Html, el, joined, said
from billpolicy.report.html.pieces import LINE
from billpolicy.service.endpoint import Answer, Asked
from billpolicy.service.pages.frame import framed, wrong
from billpolicy.service.problems import Problem


def problem_page(asked: Asked, problem: Problem) -> Answer:
    """The page, with the id of the request by which the log has more."""
    told = wrong(problem.diagnostics) if problem.diagnostics else el("p", said(problem.detail), class_="card wrong")
    request = el("p", "Request ", el("code", asked.id), class_="soft")
    body: Html = joined((told, request), LINE)
    answer = framed(asked, HTTPStatus(problem.status).phrase, body, status=problem.status)
    return answer._replace(headers=problem.headers)
