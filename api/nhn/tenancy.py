"""Whose request it is, and under which keys its groups stand."""

from __future__ import annotations

from typing import Any

from flask import g, request

from api.nhn.parameters import group_id
from api.nhn.refusals import InvalidGroupId, Unauthorized
from engine import FaceEngine
from errors import UnknownGroup
from faceset.tenants import groups_of


def take_app_key(_endpoint: str | None, path: dict[str, Any] | None) -> None:
    """Take the appKey out of a request's path; the operations ask for their keys here."""
    g.app_key = (path or {}).pop("app_key", "")


def require_tenant(engine: FaceEngine) -> None:
    """Raise Unauthorized unless the secret in the request's head is that of the appKey in its path."""
    if not engine.faceset.tenants.are_right(g.app_key, request.headers.get("Authorization", "")):
        raise Unauthorized("the appKey in the path and the secretKey in the Authorization header are no pair")


def own_groups() -> str:
    """Return what the keys of the tenant's groups begin with."""
    return groups_of(g.app_key)


def own_group(name: str) -> str:
    """Return the key of the tenant's group of that name; raise UnknownGroup for what can be none."""
    try:
        return own_groups() + group_id(name)
    except InvalidGroupId:
        raise UnknownGroup("there is no such group") from None
