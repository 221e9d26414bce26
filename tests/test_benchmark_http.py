"""The load benchmark counts every request and all of the waiting."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks import experiments, http
from benchmarks.arrivals import Run, closed_loop, open_loop, scheduled
from benchmarks.connections import Connections
from benchmarks.latencies import summary, table
from benchmarks.served import Question
from benchmarks.workload import Request, address
from engine import FaceEngine
from tests.client import Client
from tests.conftest import Live

SERVICE = 0.02
CROWD = 12


class Handler(BaseHTTPRequestHandler):
    """Answer as the path says: late, only once a crowd is there, with 503, or not at all."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    crowd = threading.Barrier(CROWD, timeout=20)

    def do_GET(self) -> None:
        if self.path == "/slow?":
            time.sleep(SERVICE)
        elif self.path == "/crowd?":
            self.crowd.wait()
        elif self.path == "/gone?":
            self.close_connection = True
            return
        body = b'{"total": 1}'
        self.send_response(503 if self.path in ("/busy?", "/rude?") else 200)
        if self.path == "/busy?":
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Connections to a server that does what the handler above says."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Connections("127.0.0.1", server.server_address[1])
        server.shutdown()
        thread.join()


def asked(*paths: str) -> list[Request]:
    return [Request("search", Question.get(path)) for path in paths]


def test_waiting_for_a_slow_server_is_counted(connections: Connections) -> None:
    times = scheduled(100, 0.5)
    run = open_loop(connections, asked(*["/slow"] * 50), times, clients=1, seconds=0.5)
    # One connection, so that the server can have answered no request before it slept for all that came earlier.
    latencies = sorted((sample.due, sample.done - sample.due) for sample in run.samples)
    for place, (_, latency) in enumerate(latencies):
        assert latency >= times[0] + (place + 1) * SERVICE - times[place] - 1e-6
    found = summary(run)
    assert found["all"]["p99_ms"] > 1000 * (50 * SERVICE - 0.5) * 0.9
    assert (found["sent"], found["answered"], found["connections"]) == (50, 50, 1)


def test_requests_start_whatever_the_server_does(connections: Connections) -> None:
    # None is answered before all are there: who waits for answers before asking again never gets one.
    run = open_loop(connections, asked(*["/crowd"] * CROWD), scheduled(CROWD * 5, 0.2), clients=CROWD, seconds=0.2)
    assert summary(run)["statuses"] == {"200": CROWD}
    assert run.connections == CROWD


def test_refusals_and_failures_are_told_apart(connections: Connections) -> None:
    paths = ["/good", "/busy", "/rude", "/gone", "/good", "/busy"]
    found = summary(open_loop(connections, asked(*paths), scheduled(30, 0.2), clients=2, seconds=0.2))
    assert found["statuses"] == {"200": 2, "503": 2, "503 without Retry-After": 1, "no answer": 1}
    assert (found["asked"], found["answered"], found["refused"], found["failed"]) == (6, 2, 2, 2)
    assert found["all"]["answered"] == found["faces"] == 2
    assert found["refusals"]["max_ms"] > 0
    assert "503 without Retry-After" in table(found)


def test_a_closed_loop_waits_as_it_is_told(connections: Connections) -> None:
    assert len(closed_loop(connections, asked("/busy"), clients=1, seconds=0.3).samples) == 1
    assert len(closed_loop(connections, asked("/good"), clients=2, seconds=0.3).samples) > 2


def test_a_run_without_an_answer_has_no_latency() -> None:
    found = summary(Run([], asked=3, begun=0, planned=1, cpu=0, connections=0))
    assert (found["sent"], found["unsent"], found["all"]["p99_ms"]) == (0, 3, None)
    assert "3 requests were never sent" in table(found)


def test_arrivals_are_as_many_as_asked_for_and_the_same_for_a_seed() -> None:
    times = scheduled(30, 4, seed=1)
    assert len(times) == 120
    assert times == sorted(times) == scheduled(30, 4, seed=1) != scheduled(30, 4, seed=2)
    assert 0 <= times[0] < times[-1] <= 4


@pytest.mark.parametrize("url", ["https://127.0.0.1:5000", "127.0.0.1:5000", "http://127.0.0.1:5000/api"])
def test_a_url_is_refused_that_it_could_not_ask(url: str) -> None:
    with pytest.raises(ValueError, match="is not http://HOST:PORT"):
        address(url)


def test_a_real_server(engine: FaceEngine, serve: Callable[..., Live], photos: Path, tmp_path: Path) -> None:
    live, target = serve(engine), tmp_path / "http.json"
    mix = "detect=2,search=2,search_photo=1"
    options = ["--url", live.url, "--images", str(photos), "--rate", "30", "--seconds", "1", "--mix", mix]
    assert http.main([*options, "--json", str(target)]) == 0
    found = json.loads(target.read_text())
    assert {"machine", "versions", "seed", "command", "mix"} <= set(found)
    run = found["steady"]
    assert run["asked"] == run["sent"] == run["answered"] + run["refused"] == 30
    assert sum(run["statuses"].values()) == 30
    assert set(run["kinds"]) == {"detect", "search", "search_photo"}
    assert sum(kind["answered"] for kind in run["kinds"].values()) == run["answered"]
    assert run["kinds"]["detect"]["faces"] >= run["kinds"]["detect"]["answered"] * 0.8
    assert 0 < run["all"]["p50_ms"] <= run["all"]["p95_ms"] <= run["all"]["p99_ms"] <= run["all"]["max_ms"]
    # What was added to be searched for is gone again.
    assert Client(live.port).get("/faces").json["total"] == 0


@pytest.mark.parametrize("experiment", ["levels", "isolation", "overload"])
def test_experiments_on_a_real_server(
    experiment: str,
    engine: FaceEngine,
    serve: Callable[..., Live],
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(experiments, "WARMING", (1, 0.1))
    monkeypatch.setattr(experiments, "SETTLING_SECONDS", 0.1)
    target = tmp_path / "found.json"
    options = [f"--{experiment}", *(["1,3"] if experiment == "levels" else []), "--seconds", "0.5"]
    url = serve(engine, threads=2, queue=2).url
    assert http.main(["--url", url, "--images", str(photos), *options, "--json", str(target)]) == 0
    found = json.loads(target.read_text())[experiment]
    if experiment == "levels":
        assert list(found) == ["1", "3"]
        assert all(level["closed"]["answered"] > 0 < level["open"]["sent"] for level in found.values())
    elif experiment == "isolation":
        assert found["alone"]["kinds"].keys() == found["loaded"]["kinds"].keys() == {"search"}
        assert found["uploads"]["kinds"].keys() == {"detect"}
        assert found["allowed_ms"] >= experiments.ISOLATION_MS
        assert found["uploads"]["answered"] > 0
    else:
        assert found["retry_after_on_every_503"]
        assert sum(found["shares"].values()) == pytest.approx(1, abs=1e-3)
        assert found["open"]["offered_rate"] > found["capacity"]["achieved_rate"]
