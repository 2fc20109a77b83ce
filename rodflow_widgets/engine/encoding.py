"""A graph of objects as data: a flat list of what it holds, and the memory of its tensors and arrays; no code, no pickle."""

from __future__ import annotations

import re
import struct
import types
from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import RunError
from .classes import DESCRIPTIONS, name_of
from .data import NUMBERS
from .flows.base import Flow
from .optimizers.base import Optimizer

SCALARS = (bool, int, str)


class Encoder:
    """Takes a graph apart, every object once.

    Values are JSON: null, true, a number, a text, or a dict of one entry that says what it is ("ref" is an object's number).
    `objects` are lists that begin with their kind; an object that never changes comes after those that it is made of.
    Tensors are views of whole storages, which are kept once each, since the layout of memory decides on rounding.

    Args:
        classes: of which instances may be met.
        outside: id of an object -> how it is given again at the other side.
        device: whose memory is the problem's; other tensors stay on the host.
    """

    def __init__(self, classes: Mapping[str, type], outside: Mapping[int, list[Any]], device: torch.device) -> None:
        self.objects: list[list[Any]] = []
        self.classes: list[str] = []
        self.storages: list[list[Any]] = []
        self.arrays: dict[str, np.ndarray] = {}
        self._known = classes
        self._outside = outside
        self._device = device
        self._refs: dict[int, int] = {}
        self._storages: dict[int, int] = {}
        self._alive: list[Any] = []
        self._where: list[str] = []

    def value(self, thing: Any) -> Any:
        """`thing` as JSON; what is more than a number or a text is entered in `objects`."""
        kind = type(thing)
        if thing is None or kind in SCALARS:
            return thing
        if kind is float:
            plain = thing - thing == 0.0
            return thing if plain else {"float": struct.pack(">d", thing).hex()}
        if kind is complex:
            return {"complex": struct.pack(">dd", thing.real, thing.imag).hex()}
        if isinstance(thing, np.generic) and thing.dtype.kind in NUMBERS:
            return {"scalar": [thing.dtype.str, thing.tobytes().hex()]}
        if kind is torch.dtype:
            return {"dtype": str(thing).removeprefix("torch.")}
        if kind is torch.device:
            return {"device": self._place(thing)}
        if isinstance(thing, type):
            return {"class": self._class(thing)}
        return {"ref": self._ref(thing)}

    def _ref(self, thing: Any) -> int:
        if id(thing) in self._refs:
            return self._refs[id(thing)]
        self._alive.append(thing)
        if id(thing) in self._outside:
            return self._enter(thing, self._outside[id(thing)])
        if isinstance(thing, (list, dict, set, deque)) and type(thing) in (list, dict, set, deque):
            return self._container(thing)
        if isinstance(thing, tuple | frozenset) and type(thing) in (tuple, frozenset, torch.Size):
            inside = self._key if isinstance(thing, frozenset) else self.value
            entry = [type(thing).__name__.lower(), [inside(one) for one in thing]]
            return self._refs[id(thing)] if id(thing) in self._refs else self._enter(thing, entry)
        if type(thing) is Tensor:
            return self._enter(thing, self._tensor(thing))
        if type(thing) is np.ndarray and thing.dtype.kind in NUMBERS:
            return self._enter(thing, self._array(thing))
        if isinstance(thing, torch.Generator) and thing.device.type == "cpu":
            return self._enter(thing, ["generator", self._memory(thing.get_state().numpy())])
        return self._instance(thing)

    def _enter(self, thing: Any, entry: list[Any]) -> int:
        self.objects.append(entry)
        self._refs[id(thing)] = len(self.objects) - 1
        return len(self.objects) - 1

    def _container(self, thing: Any) -> int:
        entry: list[Any] = [type(thing).__name__]
        ref = self._enter(thing, entry)
        if isinstance(thing, dict):
            entry.append([[self._key(key), self.value(value)] for key, value in thing.items()])
            return ref
        if isinstance(thing, deque):
            entry.append(thing.maxlen)
        entry.append([self._key(one) if isinstance(thing, set) else self.value(one) for one in thing])
        return ref

    def _key(self, key: Any) -> Any:
        """Keys are numbers and texts, and tuples of them: their hash needs nothing that is not there yet."""
        parts = key if isinstance(key, tuple) else (key,)
        if not all(part is None or isinstance(part, bool | int | float | str | np.generic) for part in parts):
            raise self._refused(key, "as a key")
        return self.value(key)

    def _instance(self, thing: Any) -> int:
        cls = type(thing)
        if isinstance(thing, types.FunctionType | types.BuiltinFunctionType):
            return self._enter(thing, ["own", thing.__name__, "function", "", None])
        if isinstance(thing, DESCRIPTIONS) and name_of(cls) not in self._known:
            return self._enter(thing, own_entry(thing))
        where = self._class(cls)
        if isinstance(thing, DESCRIPTIONS):
            given = {entry.name: self._inside(cls, entry.name, getattr(thing, entry.name)) for entry in fields(thing)}
            return self._enter(thing, ["made", where, given])
        entry: list[Any] = ["object", where]
        ref = self._enter(thing, entry)
        copied = getattr(cls, "__deepcopy__", None)
        kept = thing if copied is None else copied(thing, {})  # what a fork would take along
        self._alive.append(kept)
        entry.append({name: self._inside(cls, name, value) for name, value in attributes(kept).items()})
        return ref

    def _inside(self, cls: type, name: str, value: Any) -> Any:
        self._where.append(f"{cls.__name__}.{name}")
        encoded = self.value(value)
        self._where.pop()
        return encoded

    def _class(self, cls: type) -> int:
        name = name_of(cls)
        if self._known.get(name) is not cls:
            raise self._refused(cls, "")
        if name not in self.classes:
            self.classes.append(name)
        return self.classes.index(name)

    def _refused(self, thing: Any, how: str) -> RunError:
        what = f"the class {thing.__qualname__}" if isinstance(thing, type) else f"a {type(thing).__qualname__} {how}"
        return RunError(
            f"This run cannot be kept as a checkpoint, since {' → '.join(self._where[-2:]) or 'it'} holds {what.strip()}: "
            "data, tensors and the engine's own objects can be kept; name classes and functions of your own in own={…}."
        )

    def _place(self, device: torch.device) -> str:
        return "problem" if device.type == self._device.type else "cpu"

    def _memory(self, data: np.ndarray) -> str:
        """Bytes in `arrays`; the name under which they are there."""
        name = f"memory{len(self.arrays)}"
        self.arrays[name] = np.array(data, order="C").reshape(-1).view(np.uint8)
        return name

    def _tensor(self, tensor: Tensor) -> list[Any]:
        if tensor.grad_fn is not None or tensor.layout != torch.strided or tensor.is_conj() or tensor.is_neg():
            raise self._refused(tensor, "that is part of a graph")
        storage = tensor.untyped_storage()
        if storage._cdata not in self._storages:
            self._alive.append(storage)
            whole = torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(storage)
            self._storages[storage._cdata] = len(self.storages)
            self.storages.append([self._place(tensor.device), self._memory(whole.cpu().numpy())])
        dtype = str(tensor.dtype).removeprefix("torch.")
        layout = [tensor.storage_offset(), list(tensor.shape), list(tensor.stride())]
        return ["tensor", self._storages[storage._cdata], dtype, *layout, tensor.requires_grad]

    def _array(self, array: np.ndarray) -> list[Any]:
        """An array alone, its axes in the order in which they lie in memory."""
        order = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]))
        return ["array", self._memory(array.transpose(order)), array.dtype.str, list(array.shape), order]


def own_entry(thing: Any) -> list[Any]:
    """How an optimizer, a flow or a schedule of the user's own is named, for it to be given again."""
    if isinstance(thing, Optimizer):
        values = [[name, float(value)] for name, value in thing.values.items()]
        return ["own", own_name(thing), "optimizer", kind_of(thing), values]
    return ["own", own_name(thing), "flow" if isinstance(thing, Flow) else "schedule", shown(thing), None]


def own_name(thing: Any) -> str:
    """The name by which `own` gives it: an optimizer's, a flow's in the recording, a schedule's kind."""
    if isinstance(thing, Optimizer):
        return str(getattr(thing, "name", type(thing).__name__))
    return str(thing.name or thing.default_name) if isinstance(thing, Flow) else str(thing.kind)


def kind_of(optimizer: Optimizer) -> str:
    """All of an optimizer but its hyperparameters, in words."""
    return type(optimizer).__name__ + (f" with groups {optimizer.groups}" if optimizer.groups else "")


def shown(thing: Any) -> str:
    """Its `repr` without what differs from one process to the next."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(thing))


def attributes(thing: Any) -> dict[str, Any]:
    """What an instance holds, in `__dict__` and in slots."""
    names = [name for base in type(thing).__mro__ for name in slots(base)]
    held = {name: getattr(thing, name) for name in names if hasattr(thing, name)}
    return {**held, **getattr(thing, "__dict__", {})}


def slots(cls: type) -> list[str]:
    """The slots that a class itself declares, but for those of `__dict__` and weak references."""
    declared = vars(cls).get("__slots__", ())
    names = [declared] if isinstance(declared, str) else list(declared)
    return [name for name in names if not name.startswith("__")]
