"""The key to a phone that others can reach: in the address that is printed at the start, then in a cookie."""

import secrets
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from chassis.web import STATIC
from phone_client.web.view import View

KEY = "key"


def asks_for(key: str, view: View) -> Middleware:
    """Return what lets in who has brought `key`, and shows a closed door to everybody else."""

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        cookie = f"phone-{request.url.port}"  # cookies know no ports, and another phone may live on this host
        if request.path.startswith(STATIC) or _fits(request.cookies.get(cookie, ""), key):
            return await handler(request)
        if not _fits(request.query.get(KEY, ""), key):
            return _closed(view)
        here = "/" + request.path.lstrip("/")  # "//host/" would lead elsewhere
        response = web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": here})
        # "Strict" would keep it back when the club sends the browser home.
        response.set_cookie(cookie, key, samesite="Lax", httponly=True)
        return response

    return door


def _fits(brought: str, key: str) -> bool:
    return secrets.compare_digest(brought.encode(), key.encode())


def _closed(view: View) -> web.Response:
    text = view.render("door.html", languages=view.words, words=view.words["ja"], language="ja")
    return web.Response(text=text, status=HTTPStatus.FORBIDDEN, content_type="text/html")
