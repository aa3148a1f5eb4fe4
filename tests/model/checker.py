"""
Search of every state that a stream, its workers and their crashes can reach.

Messages are delivered in any order and any number of times, and a worker crashes before or after
any step, any number of times: a state counts neither, so the search ends without a limit on them.
The one invariant: what can happen next depends on the state alone, so one visit of each is enough.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

History_contra = TypeVar("History_contra", contravariant=True)
Memory = TypeVar("Memory", bound=Hashable)
Local = TypeVar("Local", bound=Hashable)
Thing = TypeVar("Thing", bound=Hashable)
Outcome: TypeAlias = tuple[str, Memory, Local | None]


@dataclass(frozen=True, slots=True, eq=False)
class Message(Generic[Local]):
    """What the stream may hand to a worker; success takes the bits `settles` from what is owed."""

    name: str
    start: Local
    settles: int


class Promise(NamedTuple):
    """What should hold; it is broken when `found` differs from `expected`."""

    claim: str
    expected: object
    found: object


class Design(Protocol[History_contra, Memory, Local]):
    """
    A step is one atomic call, any one of those given, and ends in None for success.

    At rest nothing is owed or begun.
    """

    def start(self, history: History_contra, /) -> Memory: ...
    def messages(self, history: History_contra, /) -> Sequence[Message[Local]]: ...
    def step(self, memory: Memory, local: Local, /) -> Iterable[Outcome[Memory, Local]]: ...
    def promises(
        self, history: History_contra, memory: Memory, /, *, at_rest: bool
    ) -> Iterable[Promise]: ...


Worker: TypeAlias = tuple[Message[Local], Local] | None
"""None when idle, else a message that is begun and how far it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Shared(Generic[Thing]):
    """One object for all equal things: those are slow to compare, and a search does little else."""

    thing: Thing


class Move(NamedTuple, Generic[Memory, Local]):
    """What one worker may do next."""

    label: tuple[str, ...]
    memory: Shared[Memory]
    worker: Shared[Worker[Local]]
    settles: int


State: TypeAlias = tuple[Shared[Memory], frozenset[Shared[Worker[Local]]], int]
"""The workers, in no order, as they are alike; at the end the bits that are owed."""
Way: TypeAlias = tuple[State[Memory, Local], tuple[str, ...]] | None
"""How a state was reached first; None for the very first."""


class Explored(NamedTuple):
    """Every reachable state keeps every promise."""

    states: int


class Counterexample(NamedTuple):
    """A shortest way to a broken promise, as the search goes breadth first."""

    trace: tuple[str, ...]
    broken: Promise


def explore(
    design: Design[History_contra, Memory, Local], history: History_contra
) -> Explored | Counterexample:
    """Visit every state that two workers can reach, until one breaks a promise."""
    messages = design.messages(history)
    settling = [message.settles for message in messages]
    share: Callable[[Memory], Shared[Memory]] = cache(Shared)
    employ: Callable[[Worker[Local]], Shared[Worker[Local]]] = cache(Shared)

    @cache
    def moves(memory: Shared[Memory], worker: Shared[Worker[Local]]) -> list[Move[Memory, Local]]:
        return [
            Move(label, share(after), employ(onward), settles)
            for label, after, onward, settles in following(
                design.step, messages, memory.thing, worker.thing
            )
        ]

    @cache
    def broken(memory: Shared[Memory], at_rest: bool) -> Promise | None:
        promises = design.promises(history, memory.thing, at_rest=at_rest)
        return next((promise for promise in promises if promise.expected != promise.found), None)

    idle = employ(None)
    first = share(design.start(history)), frozenset({idle}), reduce(or_, settling, 0)
    reached: dict[State[Memory, Local], Way[Memory, Local]] = {first: None}
    waiting = deque([(first, idle, idle)])
    while waiting:
        state, one, two = waiting.popleft()
        at, _, owed = state
        if promise := broken(at, not owed and one is two is idle):
            return Counterexample(trace(reached, state), promise)
        for who, mine, other in (("A", one, two), ("B", two, one)):
            for label, memory, onward, settles in moves(at, mine):
                after = (memory, frozenset((onward, other)), owed & ~settles)
                if after not in reached:
                    reached[after] = (state, (who, *label))
                    pair = (onward, other) if who == "A" else (other, onward)
                    waiting.append((after, *pair))
    return Explored(len(reached))


def trace(
    reached: Mapping[State[Memory, Local], Way[Memory, Local]], state: State[Memory, Local]
) -> tuple[str, ...]:
    labels: list[str] = []
    while way := reached[state]:
        state, label = way
        labels.insert(0, ": ".join(label))
    return tuple(labels)


def following(
    step: Callable[[Memory, Local], Iterable[Outcome[Memory, Local]]],
    messages: Sequence[Message[Local]],
    memory: Memory,
    worker: Worker[Local],
) -> Iterator[tuple[tuple[str, ...], Memory, Worker[Local], int]]:
    """List what a worker may do next: its name, where it leads and what that settles."""
    if worker:
        yield ("crash",), memory, None, 0
    for message, local in [worker] if worker else [(each, each.start) for each in messages]:
        for name, after, onward in step(memory, local):
            label = (message.name, name)
            if onward is None:
                yield label, after, None, message.settles
                yield (*label, "crash"), after, None, 0
            else:
                yield label, after, (message, onward), 0
