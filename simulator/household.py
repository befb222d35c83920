"""Who lives in a block of devices: households, their phones, and what is peculiar about each."""

from collections.abc import Iterator
from random import Random

from simulator.bots import Bot
from simulator.envelope import COUNTRIES, Fragments, line_bytes, text_or_null
from simulator.phone import Phone, Traits
from simulator.plan import BLOCK_DEVICES
from simulator.units import DAY_MS
from simulator.world import World

DECK = {
    "bot": 1,
    "clone": 2,
    "wrong_clock": 5,
    "jumping_clock": 4,
    "reinstall": 3,
    "long_offline": 4,
    "lost_phone": 2,
    "newest_first": 2,
    "no_boot_id": 3,
}
"""How many of the devices of a full block are peculiar in which way, at oddities above 0."""


def live_block(world: World, block: int) -> None:
    """Simulate all households of a block, one after the other."""
    plan = world.plan
    random = Random(f"{plan.seed}/block/{block}")
    kinds = _deal(random, bool(plan.oddities))
    devices = min(BLOCK_DEVICES, plan.devices - block * BLOCK_DEVICES)
    for household in _households(random, kinds[:devices]):
        _live(world, random, household)
    if plan.oddities:
        _land_other_dialects(world, random, household[0])


def _deal(random: Random, odd: bool) -> list[str]:
    kinds = [kind for kind, count in DECK.items() for _ in range(count)] if odd else []
    kinds += ["plain"] * (BLOCK_DEVICES - len(kinds))
    random.shuffle(kinds)
    return kinds


def _households(random: Random, kinds: list[str]) -> Iterator[list[Traits]]:
    """One to three devices under an account, or one device nobody signed in on."""
    left = list(kinds)
    while left:
        size = random.choices((0, 1, 2, 3), (25, 45, 20, 10))[0]
        account_id = f"acct-{random.getrandbits(80):020x}" if size else None
        country, utc_offset_hours = random.choice(COUNTRIES)
        mine, left = left[: max(1, size)], left[max(1, size) :]
        yield [
            Traits(
                account_id,
                country,
                utc_offset_hours,
                kind=kind,
                tells_boot=kind != "no_boot_id" and random.random() < 0.97,
            )
            for kind in mine
        ]


def _live(world: World, random: Random, household: list[Traits]) -> None:
    phones: list[Phone] = []
    for traits in household:
        own = Random(random.getrandbits(128))
        phone = Bot(world, own, traits) if traits.kind == "bot" else Phone(world, own, traits)
        phone.live()
        phones.append(phone)
        world.tally[f"devices:{traits.kind}"] += 1
        for first_day, twin in phone.twins:
            twin.live(first_day)
    logs = [log for phone in phones for log in phone.logs]
    bots = {log.device_id for phone in phones if isinstance(phone, Bot) for log in phone.logs}
    world.truth.household(logs, bots, set())


def _land_other_dialects(world: World, random: Random, traits: Traits) -> None:
    """Lines of clients that speak something else: batches whose one record is none, and no matter of the truth."""
    end_ms = world.plan.start_ms + world.plan.days * DAY_MS
    for dialect in ("gpodder/2", "rad/1"):
        episode = world.catalogue.draw(random, world.plan.start_ms)
        at_ms = random.randint(world.plan.start_ms, end_ms)
        envelope = {
            "v": "1",
            "receipt": f'"{random.getrandbits(128):032x}"',
            "received_ms": str(at_ms),
            "dialect": f'"{dialect}"',
            "device_id": f'"other-{random.getrandbits(40):010x}"',
            "account_id": text_or_null(traits.account_id),
            "network": f'"n{random.getrandbits(64):016x}"',
            "country": text_or_null(traits.country),
            "user_agent": "null",
        }
        position_s = str(random.randrange(episode.duration_ms // 1000))
        world.hours.add(at_ms, line_bytes(envelope, _other_body(dialect, position_s, at_ms)))
        for name in ("lines", "batches", "other_dialect_lines"):
            world.tally[name] += 1


def _other_body(dialect: str, position_s: str, at_ms: int) -> Fragments:
    if dialect == "gpodder/2":
        action = f'{{"action":"play","started":0,"position":{position_s},"total":{position_s}}}'
        return {"actions": f"[{action}]"}
    event = f'{{"eventTime":"{at_ms}","label":"start"}}'
    return {"audioSessions": f'[{{"podcastId":"p","events":[{event}]}}]'}
