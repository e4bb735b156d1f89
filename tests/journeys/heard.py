"""How much of each item of a scripted server stands in a recording of the speaker."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from voiceloop.audio.g711 import decode_ulaw
from voiceloop.notices.earcons import earcon
from voiceloop.testing.gateway_items import Item
from voiceloop.testing.numbers import CYCLE, SAMPLE_BYTES, runs
from voiceloop.vocabulary import Notice

G711_CYCLE = 128
"""Numbered mu-law audio starts again after this many samples; the last of them is silence."""


def played_of_items(recording: bytes, items: Sequence[Item], told_ms: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds that were played of each item.

    AssertionError for a sample that is no item's next one: something was played twice, out of order, or made up.
    Numbers of mu-law audio repeat after 16 ms; where a sample could be of two items, it is of the one that was heard
    for less than `told_ms`.
    """
    played = {item.item_id: 0 for item in items}
    for name in (Notice.AWAKE, Notice.ASLEEP) if items else ():  # heard whole, and no words of anybody
        sound = earcon(name, items[0].rate_hz)
        recording = recording.replace(sound, bytes(len(sound)))
    if items and items[0].rate_hz == 8000:
        _find_ulaw(recording, items, played, {item_id: round(ms * 8) for item_id, ms in told_ms.items()})
    else:
        _find_pcm(recording, items, played)
    return {item.item_id: played[item.item_id] * 1000 / item.rate_hz for item in items}


def _find_pcm(recording: bytes, items: Sequence[Item], played: dict[str, int]) -> None:
    for run in runs(recording):
        number, left = run.number, run.samples
        while left:
            item = next((each for each in items if _goes_on(each, played, number)), None)
            assert item is not None, f"{left} samples from number {number} on at {run.at} belong to no item"
            samples = min(left, item.samples - played[item.item_id])
            played[item.item_id] += samples
            number, left = (number + samples) % CYCLE, left - samples


def _goes_on(item: Item, played: dict[str, int], number: int) -> bool:
    done = played[item.item_id]
    return done < item.samples and (item.first_number + done) % CYCLE == number


def _find_ulaw(recording: bytes, items: Sequence[Item], played: dict[str, int], told: Mapping[str, int]) -> None:
    expected = {item.item_id: _ulaw_samples(item) for item in items}
    samples = array("h", recording)
    at = 0
    while at < len(samples):
        if samples[at] == 0:
            at += 1
            continue
        likely = sorted(items, key=lambda item: played[item.item_id] >= told.get(item.item_id, 0))
        item, skipped = _item_at(samples[at], likely, expected, played)
        wanted = expected[item.item_id]
        start = played[item.item_id] + skipped
        count = 0
        while (
            at + count < len(samples) and start + count < len(wanted) and samples[at + count] == wanted[start + count]
        ):
            count += 1
        played[item.item_id] = start + count
        at += count


def _item_at(
    sample: int, items: Sequence[Item], expected: dict[str, array[int]], played: dict[str, int]
) -> tuple[Item, int]:
    """The item whose next sample this is; one silent sample of the numbering may have gone unseen before it."""
    for item in items:
        wanted = expected[item.item_id]
        for skipped in (0, 1):
            place = played[item.item_id] + skipped
            if place < len(wanted) and wanted[place] == sample and not any(wanted[place - skipped : place]):
                return item, skipped
    raise AssertionError(f"a sample of {sample} belongs to no item")


def _ulaw_samples(item: Item) -> array[int]:
    numbers = range(item.first_number, item.first_number + item.samples)
    pcm = decode_ulaw(bytes(number % G711_CYCLE for number in numbers))
    assert len(pcm) == item.samples * SAMPLE_BYTES
    return array("h", pcm)
