"""Cross-origin calls: a front end on another port may call every vendor route, and none of the admin's."""

from __future__ import annotations

from flask import Flask, Response, request

from mocksrv.vendor import Catalogue

OURS = ("X-Mocksrv-Why", "X-Mocksrv-Error", "Preference-Applied", "Retry-After")
ADMIN = "/__admin"


def allow_any_origin(app: Flask, catalogue: Catalogue) -> None:
    """Answer preflights of vendor routes and let any origin read their answers, without credentials."""
    named = {header for product in catalogue.products.values() for header in product.form.headers}
    exposed = ", ".join([*OURS, *sorted(named - set(OURS))])

    @app.before_request
    def preflight() -> Response | None:
        asked = request.headers.get("Access-Control-Request-Method")
        if request.method != "OPTIONS" or not asked or request.path.startswith(ADMIN):
            return None
        return Response(status=204, headers={
            "Access-Control-Allow-Methods": asked,
            "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "*"),
            "Access-Control-Max-Age": "600",
        })  # fmt: skip

    @app.after_request
    def expose(response: Response) -> Response:
        if request.headers.get("Origin") and not request.path.startswith(ADMIN):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = exposed
            response.vary.add("Origin")
        return response
