"""The local web server behind the page: its address, its checks, its events."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from latent_spaces_by_example.errors import ArgumentError, LatentSpacesError
from latent_spaces_by_example.explore.desk import Desk
from latent_spaces_by_example.explore.shown import MEDIA
from latent_spaces_by_example.plugins import missing_packages_named
from latent_spaces_by_example.study import Study

_HOST = "127.0.0.1"
_HERE = Path(__file__).parent
_STATIC = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
_MOST_BODY = 1 << 20
_GLANCE = 0.5  # seconds between signs of life to a page, and looks at whether to end
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; "
    # a notebook on this machine may show it; another page does not know the token
    "form-action 'none'; frame-ancestors http://127.0.0.1:* http://localhost:*",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PageServer:
    """Serves the page of one study on this machine alone.

    Args:
        study: the study.
        objective: scores outputs on demand; None without one.
        port: on 127.0.0.1; 0 for any that is free.

    Raises:
        ArgumentError: the port is in use.
        MissingPackageError: Starlette or uvicorn is not installed.

    Attributes:
        address: of the page, with the token without which nothing is answered.
    """

    def __init__(self, study: Study, *, objective: Any = None, port: int = 0) -> None:
        with missing_packages_named("the page", extra="explore"):
            import starlette  # noqa: F401
            import uvicorn
        self._token = secrets.token_urlsafe(24)
        self._socket = _bound(port)
        self._port = self._socket.getsockname()[1]
        self.address = f"http://{_HOST}:{self._port}/?token={self._token}"
        self._pages: dict[str, asyncio.Queue[dict[str, Any]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.desk = Desk(study, objective=objective, announce=self._announce)
        options: Any = {"log_level": "error", "lifespan": "off", "timeout_graceful_shutdown": 1}
        self._server = uvicorn.Server(uvicorn.Config(self._app(), **options))

    def serve(self, *, open_browser: bool = True) -> None:
        """Serve until Ctrl-C, or until :meth:`close`."""
        if open_browser:
            webbrowser.open(self.address)
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self.desk.close()

    def start(self, *, open_browser: bool = False) -> PageServer:
        """Serve in a thread, unless that is done already; return at once."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self.serve, kwargs={"open_browser": open_browser}, daemon=True
            )
            self._thread.start()
        return self

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=10)

    def __enter__(self) -> PageServer:
        """Serve in a thread until the block ends."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()

    def _repr_html_(self) -> str:
        """Return the page in a frame, for a notebook on this machine."""
        frame = f'<iframe src="{self.address}" width="100%" height="860" style="border:0">'
        return f'{frame}</iframe><p><a href="{self.address}" target="_blank">{self.address}</a></p>'

    def __repr__(self) -> str:
        """Say where the page is."""
        return f"<PageServer of study {self.desk.study.name!r} at {self.address}>"

    # ------------------------------------------------------------------ what is served

    def _app(self) -> Any:
        from starlette.applications import Starlette
        from starlette.routing import Route

        routes = [
            *(Route(path, self._static) for path in _STATIC),
            Route("/events/{page}", self._events),
            Route("/output/{key}/{suffix}", self._file),
            Route("/written/{place:int}", self._written),
            Route("/wanted/{page}", self._want, methods=["POST"]),
            Route("/do/{command}", self._do, methods=["POST"]),
        ]
        app = Starlette(routes=routes)

        async def checked(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            refusal = self._refusal(scope)
            answer = app if refusal is None else _text(refusal, status=403)

            async def with_headers(message: Any) -> None:
                if message["type"] == "http.response.start":
                    more = [(k.lower().encode(), v.encode()) for k, v in _HEADERS.items()]
                    message["headers"] = [*message.get("headers", []), *more]
                await send(message)

            await answer(scope, receive, with_headers)

        return checked

    def _refusal(self, scope: Any) -> str | None:
        """Return why a request is refused: another host, another origin, or no token."""
        from starlette.requests import Request

        request = Request(scope)
        hosts = {f"{_HOST}:{self._port}", f"localhost:{self._port}"}
        if request.headers.get("host") not in hosts:
            return "This page answers on this machine alone."
        origin = request.headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            return "Another page asked; it is refused."
        if request.url.path in {"/page.css", "/page.js"}:
            return None  # the same for everybody
        token = request.query_params.get("token") or request.headers.get("x-token") or ""
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return "The address lacks its token; open the whole address that was printed."
        return None

    async def _static(self, request: Any) -> Any:
        name, kind = _STATIC[request.url.path]
        return _text((_HERE / name).read_text(encoding="utf-8"), kind=kind)

    async def _file(self, request: Any) -> Any:
        from starlette.responses import Response

        made = self.desk.painter.shown(request.path_params["key"])
        suffix = request.path_params["suffix"]
        if made is None or suffix not in made.files:
            return _text("It has not been made.", status=404)
        return Response(made.files[suffix], media_type=MEDIA[suffix])

    async def _written(self, request: Any) -> Any:
        from starlette.responses import FileResponse

        files, place = self.desk.files, request.path_params["place"]
        if not 0 <= place < len(files) or not files[place].is_file():
            return _text("There is no such file.", status=404)
        return FileResponse(files[place], filename=files[place].name)

    async def _want(self, request: Any) -> Any:
        keys, page = await _json(request), request.path_params["page"]
        if not isinstance(keys, list) or page not in self._pages:
            return _text("Open the page's events first, and send a list.", status=400)
        self.desk.want(page, [str(key) for key in keys])
        return _answer({})

    async def _do(self, request: Any) -> Any:
        values = await _json(request)
        if not isinstance(values, dict):
            return _answer({"problem": "a command takes a JSON object"}, status=400)
        try:
            future = self.desk.run(request.path_params["command"], values)
            return _answer(await asyncio.wrap_future(future))
        except LatentSpacesError as error:
            return _answer({"problem": str(error)}, status=409)
        except Exception as error:  # of the user's own model, say
            return _answer({"problem": f"{type(error).__name__}: {error}"}, status=500)

    async def _events(self, request: Any) -> Any:
        from starlette.responses import StreamingResponse

        page = request.path_params["page"][:64]
        self._loop = asyncio.get_running_loop()
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1000)
        self._pages[page] = queue

        async def lines() -> AsyncIterator[str]:
            yield "retry: 1000\n\n"
            try:
                while not self._server.should_exit:
                    try:
                        event = await asyncio.wait_for(queue.get(), _GLANCE)
                    except asyncio.TimeoutError:
                        yield ": still here\n\n"
                    else:
                        yield f"data: {json.dumps(event)}\n\n"
            finally:
                if self._pages.get(page) is queue:
                    del self._pages[page]
                    self.desk.want(page, [])

        return StreamingResponse(lines(), media_type="text/event-stream")

    def _announce(self, event: dict[str, Any]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pass_on, event)

    def _pass_on(self, event: dict[str, Any]) -> None:
        for queue in self._pages.values():
            if not queue.full():  # a page that sleeps asks for the whole state when it wakes
                queue.put_nowait(event)


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((_HOST, port))
        bound.listen()  # a browser that comes before the server waits for it
    except (OSError, OverflowError) as error:
        bound.close()
        raise ArgumentError(
            f"port={port} cannot be used ({error}); give another one, or 0 for any that is free"
        ) from error
    return bound


async def _json(request: Any) -> Any:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BODY:
            return None
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return None


def _answer(values: dict[str, Any], *, status: int = 200) -> Any:
    return _text(json.dumps(values), status=status, kind="application/json")


def _text(text: str, *, status: int = 200, kind: str = "text/plain") -> Any:
    from starlette.responses import Response

    return Response(text, status_code=status, media_type=f"{kind}; charset=utf-8")
