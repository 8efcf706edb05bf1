"""Those who send: several at once, in batches and singles, again and again until each message has been answered.

The ledger is what the world outside knows: what was answered, how often, and what went wrong in between.
"""

import http.client
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.world import Act, Message

MessageKey = tuple[str, str]
PATIENCE_S = 12.0
REPEATED = 0.02  # of what was answered


class Unreachable(Exception):
    """No answer, or one that says: later."""


class Refused(Exception):
    """An answer that says: never."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.codes = {error["code"] for error in body.get("errors", [])} if isinstance(body, dict) else set()


class Line:
    """One kept-alive connection to the API."""

    def __init__(self, port: int, ledger: "Ledger") -> None:
        self.port = port
        self.ledger = ledger
        self.connection: http.client.HTTPConnection | None = None

    def call(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """The answer's JSON; raises Unreachable when it makes sense to ask again, Refused when it does not."""
        status, content = self._exchange(key, method, path, body, headers)
        self.ledger.note_status(status)
        try:
            answer = json.loads(content)
        except ValueError:
            answer = content.decode(errors="replace")[:200]
        if status == 503 or status == 409 or status == 429:
            raise Unreachable(status)
        if status == 500:
            self.ledger.complain(f"500 from {method} {path}: {answer}")
            raise Unreachable(status)
        if status >= 300:
            raise Refused(status, answer)
        return answer

    def insist(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask until there is an answer."""
        for attempt in range(1000):
            try:
                return self.call(key, method, path, body, **headers)
            except Unreachable:
                time.sleep(min(0.05 * 1.5**attempt, 0.5))
        raise RuntimeError(f"nobody answers {method} {path}")

    def _exchange(self, key: str, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes]:
        sent = {"Authorization": f"Bearer {key}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        began = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
            self.connection.request(method, path, body=data, headers=sent)
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self.ledger.note_status(type(error).__name__)
            raise Unreachable(error) from None
        finally:
            self.ledger.note_wait(time.monotonic() - began)
        if answer.status == 503 and not answer.getheader("Retry-After"):
            self.ledger.complain(f"503 without Retry-After from {method} {path}")
        return answer.status, content

    def close(self) -> None:
        if self.connection:
            self.connection.close()
        self.connection = None


@dataclass
class Told:
    """What became of one message, as told by the answers to it."""

    statuses: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    event: int | None = None


class Ledger:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.told: dict[MessageKey, Told] = {}
        self.contacts: dict[str, int] = {}  # the number of each contact, where an answer gave it
        self.statuses: Counter[Any] = Counter()
        self.answered = 0
        self.items_sent = 0  # in requests that were answered
        self.by_status: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.longest_wait = 0.0
        self.done: list[Act] = []  # in the order done

    def complain(self, words: str) -> None:
        with self.lock:
            self.complaints.append(words)

    def note_status(self, status: Any) -> None:
        with self.lock:
            self.statuses[status] += 1

    def note_wait(self, seconds: float) -> None:
        self.longest_wait = max(self.longest_wait, seconds)

    def enter(self, messages: list[Message], results: list[dict[str, Any]]) -> None:
        """Write down the answer to a batch."""
        with self.lock:
            self.items_sent += len(messages)
            if [m["id"] for m in messages] != [result.get("message_id") for result in results]:
                self.complaints.append(f"the results are not those of the items: {results[:3]}")
                return
            for message, result in zip(messages, results, strict=True):
                told = self.told.setdefault((message["source"], message["id"]), Told())
                told.statuses[result["status"]] += 1
                told.event = result.get("event_id") or told.event
                if contact := result.get("contact_id"):
                    self.contacts[message["contact"]] = contact
                self.by_status[result["status"]] += 1
            self.answered += len(messages)


class Work:
    """What is to be sent, handed out in order, at no more than `pace` messages a second."""

    def __init__(self, sendings: Iterable[list[Message]], pace: float | None) -> None:
        self.waiting = deque(sendings)
        self.total = sum(map(len, self.waiting))
        self.pace = pace
        self.began = time.monotonic()
        self.handed = 0
        self.lock = threading.Lock()

    def take(self) -> list[Message] | None:
        with self.lock:
            if not self.waiting:
                return None
            some = self.waiting.popleft()
            self.handed += len(some)
            due = self.began + self.handed / self.pace if self.pace else 0.0
        time.sleep(max(0.0, due - time.monotonic()))
        return some


class Sender(threading.Thread):
    def __init__(self, number: int, seed: int, port: int, keys: dict[str, str], ledger: Ledger, work: Work) -> None:
        super().__init__(name=f"sender {number}", daemon=True)
        self.random = Random(f"sender {seed} {number}")
        self.line = Line(port, ledger)
        self.keys, self.ledger, self.work = keys, ledger, work

    def run(self) -> None:
        try:
            while (messages := self.work.take()) is not None:
                self.deliver(messages)
                if self.random.random() < REPEATED:
                    self.deliver(messages)
        except Exception as error:
            self.ledger.complain(f"a sender ended: {error!r}")
        finally:
            self.line.close()

    def deliver(self, messages: list[Message]) -> None:
        """Send until it is answered; what was not is sent again under the same ids, perhaps cut otherwise."""
        waiting = deque([messages])
        while waiting:
            some = waiting.popleft()
            try:
                self.ledger.enter(some, self.post(some))
            except Unreachable:
                time.sleep(self.random.uniform(0.05, 0.5))
                if len(some) > 1 and self.random.random() < 0.3:
                    half = len(some) // 2
                    waiting += [some[:half], some[half:]]
                else:
                    waiting.append(some)
            except Refused as refusal:
                self.ledger.complain(f"a batch was refused: {refusal}")
                return

    def post(self, messages: list[Message]) -> list[dict[str, Any]]:
        items = [message["wire"] for message in messages]
        body = items[0] if len(items) == 1 and self.random.random() < 0.7 else items
        results: list[dict[str, Any]] = self.line.call(
            self.keys[messages[0]["source"]], "POST", "/api/v1/events", body
        )["results"]
        return results


class Actor(threading.Thread):
    """Does what people do meanwhile: merges, cuts and retractions, those of one cluster one after the other."""

    def __init__(self, acts: list[Act], port: int, key: str, ledger: Ledger, work: Work) -> None:
        super().__init__(name="actor", daemon=True)
        self.acts, self.ledger, self.work, self.key = acts, ledger, work, key
        self.line = Line(port, ledger)
        self.merges: dict[tuple[str, ...], int] = {}

    def run(self) -> None:
        try:
            for place, act in enumerate(self.acts):
                self.wait_for(place / len(self.acts))
                self.do(act)
        except Exception as error:
            self.ledger.complain(f"the actor ended: {error!r}")
        finally:
            self.line.close()

    def wait_for(self, share: float) -> None:
        while self.work.waiting and self.work.handed < share * self.work.total:
            time.sleep(0.02)

    def do(self, act: Act) -> None:
        if act["act"] == "retract":
            self.retract(act)
        elif act["act"] == "merge":
            self.merge(act)
        else:
            self.cut(act)
        self.ledger.done.append(act)

    def retract(self, act: Act) -> None:
        event = self.event(act)
        try:
            self.line.insist(self.key, "POST", f"/api/v1/events/{event}/retract")
        except Refused as refusal:
            if "already_retracted" not in refusal.codes:  # else an attempt of ours that was not answered
                raise

    def merge(self, act: Act) -> None:
        first, second = (self.contact(contact) for contact in act["of"])
        once = f"merge {act['cluster']} {act['turn']}"
        body = {"first": first, "second": second}
        merge = self.line.insist(self.key, "POST", "/api/v1/merges", body, Idempotency_Key=once)
        self.merges[tuple(act["of"])] = merge["id"]

    def cut(self, act: Act) -> None:
        once = f"cut {act['cluster']} {act['turn']}"
        merge = self.merges[tuple(act["of"])]
        self.line.insist(self.key, "POST", f"/api/v1/merges/{merge}/cut", Idempotency_Key=once)

    def event(self, act: Act) -> int:
        """The number of an event, as soon as an answer gave it."""
        while not ((told := self.ledger.told.get((act["source"], act["id"]))) and told.event):
            time.sleep(0.02)
        return told.event

    def contact(self, contact: str) -> int:
        """The number of a contact, as soon as an answer gave it."""
        while contact not in self.ledger.contacts:
            time.sleep(0.02)
        return self.ledger.contacts[contact]


def shared_out(acts: list[Act], number: int) -> list[list[Act]]:
    """The acts for each of some actors; a cluster stays in one hand."""
    hands: list[list[Act]] = [[] for _ in range(number)]
    whose: dict[str, int] = {}
    for act in acts:
        hand = whose.setdefault(act["cluster"], len(whose) % number)
        hands[hand].append(act)
    return hands
