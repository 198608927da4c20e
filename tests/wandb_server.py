"""As much of W&B's server as runs, reports and their files need: it takes all that it is sent, and keeps it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VIEWER = {"id": "1", "entity": "me", "username": "me", "email": "", "flags": "{}", "teams": {"edges": []}}
PROJECT = {"id": "1", "name": "mine", "entityName": "me", "description": "", "access": "", "views": "{}"}


@dataclass
class Kept:
    """What a server has been sent.

    Args:
        url: the server's
        runs: what each run was opened with, by its id
        files: of runs as `run/PATH`, of artifacts as `artifact/NAME/PATH`
        views: W&B Reports
    """

    url: str
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    views: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def serving(*, refuse: bool = False) -> Iterator[Kept]:
    """Serve on a free port of this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse if refuse else Handler) as server:
        kept = Kept(f"http://127.0.0.1:{server.server_port}")
        server.kept = kept  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()


class Handler(BaseHTTPRequestHandler):
    """Answers GraphQL by the name of the operation, and takes uploads."""

    def do_PUT(self) -> None:
        self.kept.files[self.path.removeprefix("/")] = self.body()
        self.reply({})

    def do_POST(self) -> None:
        body = self.body()
        asked = json.loads(body) if self.path == "/graphql" else {}
        name = re.search(r"(?:query|mutation)\s+(\w+)", asked.get("query", ""))
        self.reply({"data": self.answer(name[1] if name else "", asked.get("variables") or {})})

    def answer(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        kept = self.kept
        if name == "UpsertBucket":
            kept.runs.setdefault(given["name"], given)
            project = {"id": "1", "name": given["project"], "entity": {"id": "1", "name": "me"}}
            bucket = {"id": "1", "name": given["name"], "displayName": "", "config": "{}", "historyLineCount": 0}
            return {"upsertBucket": {"bucket": bucket | {"project": project}, "inserted": True}}
        if name == "CreateRunFiles":
            files = [{"name": one, "uploadUrl": f"{kept.url}/run/{one}"} for one in given["files"]]
            return {"createRunFiles": {"runID": "1", "uploadHeaders": [], "files": files}}
        if name == "CreateArtifact":
            collection = given["input"]["artifactCollectionName"]
            artifact = {"id": collection, "state": "PENDING", "artifactSequence": {"id": "1", "latestArtifact": None}}
            return {"createArtifact": {"artifact": artifact}}
        if name == "CreateArtifactFiles":
            nodes = [self.node(f"{one['artifactID']}/{one['name']}") for one in given["input"]["artifactFiles"]]
            return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}
        if name == "CreateArtifactManifest":
            return {"createArtifactManifest": {"artifactManifest": {"id": "1", "file": self.node("manifest/1")}}}
        if name == "upsertView":
            kept.views.append(given)
            view = {key: given[key] for key in ("type", "name", "displayName", "description", "spec")}
            view |= {"id": "new", "project": PROJECT, "updatedAt": None}
            return {"upsertView": {"view": view, "inserted": True}}
        return {
            "viewer": VIEWER,
            "project": None,
            "model": None,
            "models": {"edges": [], "pageInfo": {"endCursor": None, "hasNextPage": False}},
            "result": {"project": PROJECT, "model": PROJECT, "inserted": True},
            "serverInfo": {"cliVersionInfo": {}, "latestLocalVersionInfo": None, "features": []},
            "commitArtifact": {"artifact": {"id": "1", "digest": "1"}},
        }

    def node(self, path: str) -> dict[str, Any]:
        artifact, _, name = path.partition("/")
        url = f"{self.kept.url}/artifact/{path}"
        return {
            "id": path,
            "name": name,
            "displayName": name,
            "uploadUrl": url,
            "uploadHeaders": [],
            "storagePath": path,
            "artifact": {"id": artifact},
            "uploadMultipartUrls": None,
        }

    @property
    def kept(self) -> Kept:
        return self.server.kept  # type: ignore[attr-defined]

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, content: dict[str, Any]) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Leave the screen to pytest."""


class Refuse(Handler):
    """Takes nobody's key."""

    def do_POST(self) -> None:
        self.body()
        self.send_error(401)
