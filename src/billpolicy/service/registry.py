"""Every endpoint and every page: adding one is a file and a line."""

from __future__ import annotations

from billpolicy.service.endpoint import Endpoint
from billpolicy.service.endpoints import approve, explain, health, matrix, metrics, plan, post, waiting, withdraw
from billpolicy.service.pages import account, accounts, document, history, login
from billpolicy.service.pages import explain as explain_page
from billpolicy.service.pages import matrix as matrix_page
from billpolicy.service.pages import plan as plan_page
from billpolicy.service.pages import waiting as waiting_page

ENDPOINTS: tuple[Endpoint, ...] = (
    explain.ENDPOINT,
    plan.ENDPOINT,
    post.ENDPOINT,
    waiting.ENDPOINT,
    approve.ENDPOINT,
    withdraw.ENDPOINT,
    matrix.ENDPOINT,
    health.ALIVE,
    health.READY,
    metrics.ENDPOINT,
)
"""What programs ask; each is in the OpenAPI document."""
PAGES: tuple[Endpoint, ...] = (
    login.PAGE,
    login.BEGIN,
    login.END,
    matrix_page.PAGE,
    matrix_page.RULE,
    explain_page.PAGE,
    explain_page.WRITTEN,
    accounts.PAGE,
    account.PAGE,
    document.PAGE,
    history.PAGE,
    plan_page.PAGE,
    plan_page.POSTS,
    waiting_page.PAGE,
    waiting_page.DECIDES,
    waiting_page.POSTS,
)
"""What people look at."""
