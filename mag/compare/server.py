"""The live page: the report's page on loopback, drawn again when the store changes. It reads and never writes.

Whoever has the random token of the address may look, from this machine alone: other sites' pages, which a browser may
send here, have neither the token nor an allowed `Host` or `Origin`.
"""

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mag.compare.description import read_tail
from mag.compare.report import render_page
from mag.record.store import Store

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_LOOK_SECONDS = 1.0
_TAIL_LINES = 200
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

Answer = Callable[[Request], Awaitable[Response]]


def make_app(read: Callable[[], dict[str, Any]], store: Store, token: str) -> Starlette:
    """Return the web application.

    Args:
        read: Returns the report's data as it is now.
        store: The experiments, for the ends of their logs.
        token: What an address must have as `token`.
    """

    async def show(_request: Request) -> Response:
        """Answer with the page."""
        report = await run_in_threadpool(read)
        return HTMLResponse(render_page(report, connect="'self'"), headers=_HEADERS)

    async def tell(_request: Request) -> Response:
        """Answer with the data as JSON."""
        return JSONResponse(await run_in_threadpool(read), headers=_HEADERS)

    async def follow(request: Request) -> Response:
        """Answer with a stream of events."""
        return StreamingResponse(_announce(read, request), media_type="text/event-stream", headers=_HEADERS)

    async def print_log(request: Request) -> Response:
        """Answer with an experiment's log."""
        name = request.query_params.get("name", "")
        found = next((one for one in await run_in_threadpool(list, store) if one.name == name), None)
        if found is None:
            return PlainTextResponse("There is no such experiment.", status_code=404, headers=_HEADERS)
        lines = await run_in_threadpool(read_tail, found, _TAIL_LINES)
        return PlainTextResponse("\n".join(lines), headers=_HEADERS)

    answers = {"/": show, "/data": tell, "/events": follow, "/log": print_log}
    return Starlette(routes=[Route(path, _guard(answer, token), methods=["GET"]) for path, answer in answers.items()])


def _guard(answer: Answer, token: str) -> Answer:
    """Answer only requests that have the token and are addressed to this machine."""

    async def check(request: Request) -> Response:
        """Refuse a request without the token, or from another page."""
        origin = request.headers.get("origin")
        is_here = _names_this_machine(f"//{request.headers.get('host', '')}")
        if not is_here or (origin is not None and not _names_this_machine(origin)):
            return PlainTextResponse("This page is for this machine alone.", status_code=403)
        if not hmac.compare_digest(request.query_params.get("token", "").encode(), token.encode()):
            return PlainTextResponse("The address lacks its token: use the one that mag ui printed.", status_code=403)
        return await answer(request)

    return check


def _names_this_machine(address: str) -> bool:
    """Tell whether a Host or Origin is this machine; the port may be another, as ssh forwards it."""
    try:
        return urlsplit(address).hostname in _HERE
    except ValueError:
        return False


async def _announce(read: Callable[[], dict[str, Any]], request: Request) -> AsyncIterator[str]:
    """Yield an event whenever what the page shows has changed."""
    seen = None
    while not await request.is_disconnected():
        report = await run_in_threadpool(read)
        digest = hash(json.dumps({key: value for key, value in report.items() if key != "made"}))
        yield ": still here\n\n" if digest == seen else "event: change\ndata: 1\n\n"
        seen = digest
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(_LOOK_SECONDS)
