"""
Search of every state that a stream, its workers and their crashes can reach.

Messages are delivered in any order and any number of times, and a worker crashes before or after
any step, any number of times: a state counts neither, so the search ends without a limit on them.
The one invariant: what can happen next depends on the state alone, so one visit of each is enough.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

History_contra = TypeVar("History_contra", contravariant=True)
Memory = TypeVar("Memory", bound=Hashable)
Local = TypeVar("Local", bound=Hashable)
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
    """A step is one atomic call and ends in None for success; at rest nothing is owed or begun."""

    def start(self, history: History_contra, /) -> Memory: ...
    def messages(self, history: History_contra, /) -> Sequence[Message[Local]]: ...
    def step(self, memory: Memory, local: Local, /) -> Outcome[Memory, Local]: ...
    def promises(
        self, history: History_contra, memory: Memory, /, *, at_rest: bool
    ) -> Iterable[Promise]: ...


class State(NamedTuple, Generic[Memory, Local]):
    """A worker is None when idle, else it has a message and its own state."""

    memory: Memory
    workers: tuple[tuple[Message[Local], Local] | None, ...]
    owed: int


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
    messages, step = design.messages(history), cache(design.step)

    @cache
    def broken(memory: Memory, at_rest: bool) -> Promise | None:
        promises = design.promises(history, memory, at_rest=at_rest)
        return next((promise for promise in promises if promise.expected != promise.found), None)

    owed = reduce(or_, (message.settles for message in messages), 0)
    first: State[Memory, Local] = State(design.start(history), (None, None), owed)
    reached: dict[State[Memory, Local], tuple[State[Memory, Local], tuple[str, ...]] | None]
    reached, waiting = {first: None}, deque([first])
    while waiting:
        state = waiting.popleft()
        if promise := broken(state.memory, not state.owed and not any(state.workers)):
            trace: tuple[str, ...] = ()
            while origin := reached[state]:
                state, label = origin
                trace = (": ".join(label), *trace)
            return Counterexample(trace, promise)
        for after, label in following(step, messages, state):
            if after not in reached:
                reached[after] = (state, label)
                waiting.append(after)
    return Explored(len(reached))


def following(
    step: Callable[[Memory, Local], Outcome[Memory, Local]],
    messages: Sequence[Message[Local]],
    state: State[Memory, Local],
) -> Iterator[tuple[State[Memory, Local], tuple[str, ...]]]:
    """List what may happen next: where it leads, and who does what."""
    memory, workers, owed = state
    for place, worker in enumerate(workers):
        left, who, right = workers[:place], "AB"[place], workers[place + 1 :]
        idle = (*left, None, *right)
        if worker:
            yield State(memory, idle, owed), (who, "crash")
        for message, local in [worker] if worker else [(each, each.start) for each in messages]:
            name, after, onward = step(memory, local)
            label = (who, message.name, name)
            if onward is None:
                yield State(after, idle, owed & ~message.settles), label
                yield State(after, idle, owed), (*label, "crash")
            else:
                yield State(after, (*left, (message, onward), *right), owed), label
