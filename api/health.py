"""Is the process alive, and can it answer?"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from api.dialect import EngineSource


def blueprint(engine: EngineSource) -> Blueprint:
    """Return /healthz and /readyz, which every deployment has whatever its dialects."""
    routes = Blueprint("health", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        """Answer 200 as long as the process serves."""
        return jsonify({"status": "alive"})

    @routes.get("/readyz")
    def readyz() -> Response:
        """Answer 200 once networks and face set are loaded; before, the error envelope with 503 and the reason."""
        engine()
        return jsonify({"status": "ready"})

    return routes
