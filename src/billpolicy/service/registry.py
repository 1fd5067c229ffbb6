"""Every endpoint and every page: adding one is a file and a line."""

from __future__ import annotations

from billpolicy.service.endpoint import Endpoint
from billpolicy.service.endpoints import (
    account,
    accounts,
    approve,
    check,
    decide,
    diff,
    documents,
    explain,
    health,
    history,
    matrix,
    metrics,
    openapi,
    plan,
    policies,
    post,
    validate,
    waiting,
    withdraw,
)
from billpolicy.service.pages import account as account_page
from billpolicy.service.pages import accounts as accounts_page
from billpolicy.service.pages import decided as decided_page
from billpolicy.service.pages import document as document_page
from billpolicy.service.pages import explain as explain_page
from billpolicy.service.pages import history as history_page
from billpolicy.service.pages import home as home_page
from billpolicy.service.pages import locale as locale_page
from billpolicy.service.pages import login as login_page
from billpolicy.service.pages import matrix as matrix_page
from billpolicy.service.pages import plan as plan_page
from billpolicy.service.pages import post_plan as post_plan_page
from billpolicy.service.pages import review as review_page
from billpolicy.service.pages import waiting as waiting_page
from billpolicy.service.pages import what_if as what_if_page

ENDPOINTS: tuple[Endpoint, ...] = (
    decide.ENDPOINT,
    explain.ENDPOINT,
    plan.ENDPOINT,
    post.ENDPOINT,
    waiting.ENDPOINT,
    approve.ENDPOINT,
    withdraw.ENDPOINT,
    accounts.ENDPOINT,
    account.ENDPOINT,
    documents.ENDPOINT,
    history.ENDPOINT,
    policies.ENDPOINT,
    check.ENDPOINT,
    matrix.ENDPOINT,
    validate.ENDPOINT,
    diff.ENDPOINT,
    health.ALIVE,
    health.READY,
    metrics.ENDPOINT,
    openapi.ENDPOINT,
)
"""What programs ask; each is in the OpenAPI document."""
PAGES: tuple[Endpoint, ...] = (
    home_page.PAGE,
    login_page.PAGE,
    login_page.BEGIN,
    login_page.END,
    matrix_page.PAGE,
    matrix_page.RULE,
    decided_page.PAGE,
    explain_page.PAGE,
    explain_page.WRITTEN,
    what_if_page.PAGE,
    what_if_page.CHANGED,
    what_if_page.CHECK,
    what_if_page.PATCH,
    review_page.PAGE,
    review_page.CHANGED,
    accounts_page.PAGE,
    account_page.PAGE,
    document_page.PAGE,
    history_page.PAGE,
    plan_page.PAGE,
    plan_page.WRITTEN,
    post_plan_page.POSTS,
    waiting_page.PAGE,
    waiting_page.ACTS,
    locale_page.PAGE,
)
"""What people look at."""
