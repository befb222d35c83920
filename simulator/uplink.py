"""How a phone syncs: when, in which batches, what gets lost, and what it sends again."""

from dataclasses import dataclass
from hashlib import sha256
from random import Random

from simulator.clock import Boot
from simulator.envelope import USER_AGENTS, Fragments, line_bytes, object_text, text_or_null
from simulator.network import Offline
from simulator.records import NOT_LANDED_MS, Record, Recorder
from simulator.truth import CLOCK_MARGIN_MS
from simulator.units import DAY_MS, FAR_FUTURE_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from simulator.world import World

PROMPT, HOURLY, NIGHTLY = range(3)
"""When a client syncs: after each session, on the hour, at night."""

REQUEST_LOST, ACKNOWLEDGEMENT_LOST, LANDED_AGAIN, BLANK_LINE = 0.02, 0.05, 0.004, 0.004
"""Chance of each for a batch, at oddities 1."""

RETRY_DELAYS_MS = (30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS)
BATCH_SIZES = (500, 500, 200, 100, 100, 50)
LONGEST_LATENCY_MS = 20 * SECOND_MS


@dataclass(frozen=True, slots=True)
class Attempt:
    """One batch on its way: when it truly left, from which boot, how far the clock was off."""

    records: list[Record]
    at_ms: int
    received_ms: int
    boot: Boot
    offset_ms: int


class Uplink:
    """The syncing half of a phone's client."""

    def __init__(
        self,
        world: World,
        random: Random,
        recorder: Recorder,
        offline: Offline,
        account_id: str | None,
        country: str | None,
        newest_first: bool,
        agent: str | None = None,
    ) -> None:
        self._world = world
        self._random = random
        self._recorder = recorder
        self._offline = offline
        self._account_json = text_or_null(account_id)
        self._country_json = text_or_null(country)
        usual_agent = random.choice(USER_AGENTS)
        self._agent_json = text_or_null(agent or usual_agent)
        self._networks = [f'"n{random.getrandbits(64):016x}"' for _ in range(2)]
        self._newest_first = newest_first
        self._habit = random.choices((PROMPT, HOURLY, NIGHTLY), (70, 15, 15))[0]
        self._most_records = self._batch_size = random.choice(BATCH_SIZES)
        self._failures = 0
        self._next_ms = FAR_FUTURE_MS

    def plan_sync(self, after_ms: int) -> None:
        """Something was written: sync when habit and network allow, if nothing is planned."""
        if self._next_ms < FAR_FUTURE_MS:
            return
        if self._habit == PROMPT:
            wished_ms = after_ms + self._random.randint(2, 40) * SECOND_MS
        elif self._habit == HOURLY:
            wished_ms = after_ms - after_ms % HOUR_MS + HOUR_MS
        else:
            wished_ms = after_ms - after_ms % DAY_MS + DAY_MS + 3 * HOUR_MS
        self._next_ms = self._offline.online_from_ms(wished_ms)

    def sync_until(self, now_ms: int, until_ms: int) -> int:
        """Do all syncs due by `until_ms`, none before `now_ms`; when the last one ended."""
        while self._next_ms <= until_ms:
            now_ms = self._sync(max(now_ms, self._next_ms))
        return now_ms

    def finish(self, now_ms: int) -> int:
        """Sync until all is sent; how many records stay on a phone that has no network again."""
        if self._recorder.pending:
            self.plan_sync(now_ms)
        self.sync_until(now_ms, FAR_FUTURE_MS - 1)
        return len(self._recorder.pending)

    def _sync(self, now_ms: int) -> int:
        self._next_ms = FAR_FUTURE_MS
        while self._recorder.pending:
            batch = self._next_batch()
            latency_ms = 50 + int(self._random.expovariate(1 / 1_500))
            received_ms = now_ms + min(LONGEST_LATENCY_MS, latency_ms)
            boot = self._recorder.boots.at(now_ms)
            offset_ms = self._recorder.offset_ms(now_ms)
            attempt = Attempt(batch, now_ms, received_ms, boot, offset_ms)
            acknowledged = self._send(attempt)
            now_ms = received_ms + 20
            if not acknowledged:
                self._retry_later(now_ms)
                return now_ms
            self._forget(len(batch))
            self._failures, self._batch_size = 0, self._most_records
        return now_ms

    def _next_batch(self) -> list[Record]:
        pending = self._recorder.pending
        if self._newest_first:
            return pending[: -self._batch_size - 1 : -1]
        return pending[: self._batch_size]

    def _forget(self, count: int) -> None:
        if self._newest_first:
            del self._recorder.pending[-count:]
        else:
            del self._recorder.pending[:count]

    def _retry_later(self, now_ms: int) -> None:
        """Wait longer after each failure, and try with half a batch."""
        delay_ms = RETRY_DELAYS_MS[min(self._failures, len(RETRY_DELAYS_MS) - 1)]
        self._failures += 1
        self._batch_size = max(10, self._batch_size // 2)
        self._next_ms = self._offline.online_from_ms(now_ms + delay_ms)
        self._world.tally["retries"] += 1

    def _send(self, attempt: Attempt) -> bool:
        """Send one batch; whether the phone was told that it is stored."""
        world, oddities = self._world, self._world.plan.oddities
        luck = self._random.random() / oddities if oddities and self._failures < 5 else 1.0
        if luck < REQUEST_LOST:
            world.tally["lost_requests"] += 1
            return False
        envelope, body = self._envelope(attempt), self._body(attempt)
        if self._failures < 5 and world.broken_lines.is_due(self._random):
            line, reason = world.broken_lines.break_next(envelope, body)
            world.truth.refuse(sha256(line).hexdigest(), reason, self._recorder.log.device_id)
            self._land(attempt.received_ms, line)
            world.tally["refused_lines"] += 1
            return False
        line = line_bytes(envelope, body)
        self._land(attempt.received_ms, line)
        self._account_for(attempt, line)
        if luck < REQUEST_LOST + ACKNOWLEDGEMENT_LOST:
            world.tally["lost_acknowledgements"] += 1
            return False
        return True

    def _land(self, received_ms: int, line: bytes) -> None:
        world, oddities = self._world, self._world.plan.oddities
        world.hours.add(received_ms, line)
        world.tally["lines"] += 1
        luck = self._random.random()
        if luck < LANDED_AGAIN * oddities:
            world.hours.add(received_ms + self._random.randrange(HOUR_MS), line)
            world.tally["lines_landed_again"] += 1
        elif luck < (LANDED_AGAIN + BLANK_LINE) * oddities:
            world.hours.add(received_ms, self._random.choice((b"", b" \t", b"\r")))
            world.tally["blank_lines"] += 1

    def _account_for(self, attempt: Attempt, line: bytes) -> None:
        """Note what landed with a sound line, record by record."""
        world, log, line_key = self._world, self._recorder.log, ""
        for position, record in enumerate(attempt.records):
            if record.refusal:
                line_key = line_key or sha256(line).hexdigest()
                world.truth.refuse(f"{line_key}:{position}", record.refusal, log.device_id)
                world.tally["refused_records"] += 1
                continue
            if record.first_received_ms == NOT_LANDED_MS:
                record.first_received_ms = attempt.received_ms
                log.records.append(record)
            elif attempt.received_ms < record.first_received_ms:
                record.first_received_ms = attempt.received_ms
            same_boot = record.boot is attempt.boot and record.boot.boot_id
            if not same_boot and abs(record.offset_ms - attempt.offset_ms) > CLOCK_MARGIN_MS:
                record.mendable = False
        world.tally["batches"] += 1
        world.tally["records_landed"] += len(attempt.records)

    def _envelope(self, attempt: Attempt) -> Fragments:
        network = self._networks[self._random.random() < 0.2]
        return {
            "v": "1",
            "receipt": f'"{self._random.getrandbits(128):032x}"',
            "received_ms": str(attempt.received_ms),
            "dialect": '"podledger/1"',
            "device_id": f'"{self._recorder.log.device_id}"',
            "account_id": self._account_json,
            "network": network,
            "country": self._country_json,
            "user_agent": self._agent_json,
        }

    def _body(self, attempt: Attempt) -> Fragments:
        sent = {"wall_ms": str(attempt.at_ms + attempt.offset_ms)}
        if attempt.boot.boot_id:
            sent["boot_id"] = f'"{attempt.boot.boot_id}"'
            sent["mono_ms"] = str(attempt.at_ms - attempt.boot.started_ms)
        return {
            "v": "1",
            "device_id": f'"{self._recorder.log.device_id}"',
            "log_epoch": f'"{self._recorder.log.log_epoch}"',
            "sent": object_text(sent),
            "records": f"[{','.join(record.text for record in attempt.records)}]",
        }
