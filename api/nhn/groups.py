"""Groups of faces, and the faces listed in them."""

from __future__ import annotations

import time
from typing import Any

from flask import request

from api.dialect import Services
from api.json_body import json_object
from api.nhn import next_token
from api.nhn.answers import MODEL_VERSION, stored_face
from api.nhn.next_token import Page
from api.nhn.parameters import MAX_ROWS, face_id, group_id, query_number
from api.nhn.refusals import no_such_face
from api.nhn.tenancy import own_group, own_groups
from faceset.groups import Group

Data = dict[str, Any] | None

SEALS = "next-token"


class GroupOperations:
    """Answer the operations that need no image."""

    def __init__(self, services: Services) -> None:
        self._engine = services.engine

    def create_group(self) -> Data:
        """Make an empty group."""
        made = group_id(json_object(request).get("groupId"))
        self._engine().faceset.groups.make(own_groups() + made)
        return None

    def list_groups(self) -> Data:
        """List a tenant's groups, oldest first."""
        mine = own_groups()
        page = self._page(mine)
        found, following = self._engine().faceset.groups.page(mine, page.limit, page.after)
        groups = [{"groupId": group.key.removeprefix(mine), "modelVersion": MODEL_VERSION} for group in found]
        return {"groupCount": len(groups), "groups": groups, "nextToken": self._token(page, following, mine)}

    def show_group(self, group: str) -> Data:
        """Answer when a group was made and how many faces it has."""
        found = self._group(group)
        about = {
            "groupId": group,
            "modelVersion": MODEL_VERSION,
            "createTime": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(found.created_at)),
            "faceCount": self._engine().faceset.count(found.key),
        }
        return {"groupCount": 1, "groups": [about]}

    def delete_group(self, group: str) -> Data:
        """Delete a group with all its faces."""
        self._engine().remove_group(own_group(group))
        return None

    def list_faces(self, group: str) -> Data:
        """List a group's faces, newest first."""
        mine = self._group(group)
        # Another group may have the same name later: its pages are other ones.
        scope = f"{mine.key}\n{mine.created_at!r}"
        page = self._page(scope)
        found, following = self._engine().faceset.page(mine.key, page.limit, page.after, newest_first=True)
        faces = [stored_face(face.token, face.details) for face in found]
        token = self._token(page, following, scope)
        return {"modelVersion": MODEL_VERSION, "faceCount": len(faces), "faces": faces, "nextToken": token}

    def delete_face(self, group: str, face: str) -> Data:
        """Delete one face of a group."""
        mine = self._group(group)
        if not self._engine().remove_stored(face_id(face), mine.key):
            raise no_such_face()
        return None

    def _group(self, group: str) -> Group:
        return self._engine().faceset.groups.get(own_group(group))

    def _page(self, scope: str) -> Page:
        token = request.args.get("next-token")
        if token:
            return next_token.redeem(self._engine().faceset.secret(SEALS), token, scope)
        return Page(query_number(request, "limit", MAX_ROWS))

    def _token(self, page: Page, following: int | None, scope: str) -> str:
        """Return the next page's token, empty behind the last page."""
        if following is None:
            return ""
        return next_token.issue(self._engine().faceset.secret(SEALS), Page(page.limit, following), scope)
