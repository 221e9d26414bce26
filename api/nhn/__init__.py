"""NHN Cloud Face Recognition: eleven operations under an appKey, every answer HTTP 200 with a header inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, jsonify

from api.dialect import FORM_OVERHEAD, Dialect, Services
from api.nhn.groups import GroupOperations
from api.nhn.images import ImageOperations
from api.nhn.parameters import LIMITS
from api.nhn.refusals import render
from api.nhn.tenancy import require_tenant, take_app_key
from inputs import written_size

PREFIX = "/nhn-face-reco/v1.0/"
ROOT = PREFIX + "appkeys/<app_key>"

# Of two images.
MAX_BODY = 2 * written_size(LIMITS.max_bytes) + FORM_OVERHEAD

FETCHING = re.compile(re.escape(PREFIX) + r"appkeys/[^/]+/(detect|compare|groups/[^/]+(/search)?)")

SUCCESS = {"resultCode": 0, "resultMessage": "SUCCESS", "isSuccessful": True}


def blueprint(services: Services) -> Blueprint:
    """Return the dialect's routes."""
    routes = Blueprint("nhn", __name__)
    groups, images = GroupOperations(services), ImageOperations(services)
    for method, path, operation in (
        ("POST", "/groups", groups.create_group),
        ("GET", "/groups", groups.list_groups),
        ("GET", "/groups/<group>", groups.show_group),
        ("DELETE", "/groups/<group>", groups.delete_group),
        ("POST", "/detect", images.detect),
        ("POST", "/groups/<group>", images.add_faces),
        ("DELETE", "/groups/<group>/faces/<face>", groups.delete_face),
        ("GET", "/groups/<group>/faces", groups.list_faces),
        ("GET", "/groups/<group>/faces/<face>", images.search_by_face),
        ("POST", "/groups/<group>/search", images.search_by_image),
        ("POST", "/compare", images.compare),
    ):
        routes.add_url_rule(
            ROOT + path,
            operation.__name__,
            _answered(operation),
            methods=[method],
            # Flask's own answer to OPTIONS has no header in it.
            provide_automatic_options=False,
        )
    routes.url_value_preprocessor(take_app_key)
    routes.before_request(lambda: require_tenant(services.engine()))
    return routes


def _answered(operation: Callable[..., dict[str, Any] | None]) -> Callable[..., Response]:
    @wraps(operation)
    def answer(**path: str) -> Response:
        data = operation(**path)
        return jsonify({"header": SUCCESS} if data is None else {"header": SUCCESS, "data": data})

    return answer


DIALECT = Dialect("nhn", (PREFIX,), blueprint, render, MAX_BODY, FETCHING)
