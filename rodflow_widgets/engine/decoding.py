"""The way back from data to a graph of objects; whatever the data is, it ends in the graph or in one ArgumentError."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import ArgumentError
from .classes import DESCRIPTIONS, bare, check_attributes, fits, hints
from .data import checked, damaged, hexadecimal, missing, numbers, torch_dtype, whole
from .encoding import attributes, kind_of, own_name, shown, slots
from .flows.base import Flow
from .optimizers.base import Optimizer
from .optimizers.from_map import MappedOptimizer
from .rates import Rates

MOST_AXES = 8
MOST_NESTED = 10**6
"""How many entries tuples of tuples may come to, each counted as often as it is met: a text of them would be as long."""
SPREAD = 64
"""How many times larger than its storage a tensor may look, by strides of 0."""
KINDS: dict[Any, type[Any]] = {"optimizer": Optimizer, "rule": MappedOptimizer, "flow": Flow, "schedule": Rates}


class Decoder:
    """Puts a graph together from what `Encoder` made of it.

    First come the shells of what may be part of a circle, then what never changes, in its order, then what the shells hold.
    Only classes of the table are made, by `object.__new__` and their attributes; no name in the data is ever imported.

    Args:
        state: `objects`, `classes` and `storages`, from a file that nobody vouches for.
        arrays: the memory, bytes by name.
        classes: the table.
        problem: what of the problem is asked for by name.
        own: what the user gives again, by name.
        device: where the problem is.
    """

    def __init__(
        self,
        state: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        classes: Mapping[str, type],
        problem: Mapping[str, Any],
        own: Mapping[str, Any],
        device: torch.device,
    ) -> None:
        self._entries = checked(state.get("objects"), list)
        self._arrays, self._problem, self._own, self._device = arrays, problem, own, device
        self._used: set[str] = set()
        for entry in self._entries:
            if type(entry) is list and len(entry) == 5 and entry[0] == "own" and entry[1] not in own:
                raise missing(entry[1], entry[2])
        self._classes = [self._known(classes, name) for name in checked(state.get("classes"), list)]
        self._storages = [self._storage(*checked(one, list, 2)) for one in checked(state.get("storages"), list)]
        self._built: list[Any] = [None] * len(self._entries)
        self._nested: dict[int, int] = {}
        self._there = [False] * len(self._entries)
        self._makers: dict[str, Callable[..., Any]] = {
            "tuple": self._tuple,
            "size": lambda items: torch.Size(whole(one) for one in checked(items, list)),
            "frozenset": lambda items: frozenset(self._keys(items)),
            "tensor": self._tensor,
            "array": self._array,
            "generator": self._generator,
            "made": self._made,
            "problem": self._of_problem,
            "own": self._given,
        }
        self._fillers: dict[str, Callable[..., None]] = {
            "list": lambda shell, items: shell.extend(self._values(items)),
            "dict": self._fill_dict,
            "set": lambda shell, items: shell.update(self._keys(items)),
            "deque": lambda shell, maxlen, items: shell.extend(self._values(items)),
            "object": self._fill_object,
        }

    def graph(self, root: Any) -> Any:
        """Everything, and of it the object number `root`."""
        shells: list[tuple[int, list[Any]]] = []
        kinds = {*self._makers, *self._fillers}
        for i, entry in enumerate(self._entries):
            checked(entry, list)
            if not entry or not isinstance(entry[0], str) or entry[0] not in kinds:
                raise damaged(f"object {i} is of no kind that there is")
            if entry[0] in self._fillers:
                self._put(i, self._shell(entry))
                shells.append((i, entry))
        for i, entry in enumerate(self._entries):
            if entry[0] in self._makers:
                self._put(i, self._makers[entry[0]](*entry[1:]))
        for i, entry in shells:
            self._fillers[entry[0]](self._built[i], *entry[1:])
        for i, entry in shells:
            if entry[0] == "object":
                self._check_kinds(self._built[i])
        return self._object(root)

    def _put(self, i: int, made: Any) -> None:
        self._built[i], self._there[i] = made, True

    def _shell(self, entry: list[Any]) -> Any:
        if entry[0] == "object":
            return bare(self._class(checked(entry, list, 3)[1]))
        if entry[0] == "deque":
            limit = checked(entry, list, 3)[1]
            return deque(maxlen=None if limit is None else whole(limit))
        checked(entry, list, 2)
        return {"list": list, "dict": dict, "set": set}[entry[0]]()

    def value(self, data: Any) -> Any:
        """What a value of the data is."""
        if data is None or isinstance(data, bool | int | float | str):
            return data
        ((kind, inside),) = checked(data, dict, 1).items()
        if kind == "ref":
            return self._object(inside)
        if kind == "float":
            return struct.unpack(">d", hexadecimal(inside, 8))[0]
        if kind == "complex":
            return complex(*struct.unpack(">dd", hexadecimal(inside, 16)))
        if kind == "scalar":
            name, digits = checked(inside, list, 2)
            dtype = numbers(name)
            return np.frombuffer(hexadecimal(digits, dtype.itemsize), dtype)[0]
        if kind == "dtype":
            return torch_dtype(inside)
        if kind == "device":
            return self._place(inside)
        if kind == "class":
            return self._class(inside)
        raise damaged(f"{str(kind)[:40]!r} is no kind of value")

    def _values(self, items: Any) -> list[Any]:
        return [self.value(one) for one in checked(items, list)]

    def _tuple(self, items: Any) -> tuple[Any, ...]:
        made = tuple(self._values(items))
        self._nested[id(made)] = 1 + sum(self._nested.get(id(one), 1) for one in made)
        if self._nested[id(made)] > MOST_NESTED:
            raise damaged("tuples of tuples come to more than a million entries")
        return made

    def _keys(self, items: Any) -> list[Any]:
        keys = self._values(items)
        for key in keys:
            for part in key if isinstance(key, tuple) else (key,):
                if part is not None and not isinstance(part, bool | int | float | str | np.generic):
                    raise damaged(f"a {type(part).__name__} is no key")
        return keys

    def _object(self, number: Any) -> Any:
        i = whole(number)
        if i >= len(self._built) or not self._there[i]:
            raise damaged(f"there is no object {i} at this place")
        return self._built[i]

    def _class(self, number: Any) -> type:
        i = whole(number)
        if i >= len(self._classes):
            raise damaged(f"there is no class {i}")
        return self._classes[i]

    def _known(self, classes: Mapping[str, type], name: Any) -> type:
        if isinstance(name, str) and name in classes:
            return classes[name]
        own = str(name).removeprefix("own:")
        if own != str(name):
            raise missing(own, "class")
        raise ArgumentError(f"the checkpoint holds a {str(name)[:80]!r}, which this version does not know.")

    def _place(self, name: Any) -> torch.device:
        if name not in ("problem", "cpu"):
            raise damaged(f"{name!r} is no place for memory")
        return self._device if name == "problem" else torch.device("cpu")

    def _bytes(self, name: Any) -> np.ndarray:
        """The memory of one storage, array or generator, so that all together take no more than there is."""
        if not isinstance(name, str) or name in self._used:
            raise damaged(f"the memory {str(name)[:40]!r} is used twice")
        self._used.add(name)
        data = self._arrays.get(name)
        if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 1:
            raise damaged(f"the memory {str(name)[:40]!r} is not there")
        return data

    def _storage(self, place: Any, name: Any) -> torch.UntypedStorage:
        device, data = self._place(place), self._bytes(name)
        memory = torch.empty(
            len(data), dtype=torch.uint8
        )  # of torch, which aligns it: where memory begins decides on rounding
        memory.numpy()[:] = data
        return memory.to(device).untyped_storage()

    def _tensor(self, storage: Any, name: Any, offset: Any, size: Any, stride: Any, leaf: Any) -> Tensor:
        i, dtype, begin = whole(storage), torch_dtype(name), whole(offset)
        shape = [whole(one) for one in checked(size, list)]
        strides = [whole(one) for one in checked(stride, list, len(shape))]
        if i >= len(self._storages) or len(shape) > MOST_AXES:
            raise damaged(f"there is no storage {i}, or a tensor with {len(shape)} axes")
        room = self._storages[i].nbytes() // dtype.itemsize
        count, last = 1, begin - 1
        if all(shape):
            last = begin + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
            for n in shape:
                count *= n
        if (
            last >= room
            or begin > room
            or count > SPREAD * max(room, 1)
            or any(n > SPREAD * max(room, 1) for n in shape)
        ):
            raise damaged("a tensor reaches beyond its storage")
        view = torch.empty(0, dtype=dtype, device=self._storages[i].device)
        view.set_(self._storages[i], begin, shape, strides)
        if leaf is True and not dtype.is_floating_point:
            raise damaged("a tensor of whole numbers cannot be differentiated")
        return view.requires_grad_(leaf is True)

    def _array(self, name: Any, kind: Any, shape: Any, order: Any) -> np.ndarray:
        data, dtype = self._bytes(name), numbers(kind)
        sizes = [whole(one) for one in checked(shape, list)]
        axes = [whole(one) for one in checked(order, list, len(sizes))]
        total = dtype.itemsize
        for n in sizes:
            total *= n
        if sorted(axes) != list(range(len(sizes))) or len(sizes) > MOST_AXES or total != len(data):
            raise damaged(f"an array of shape {sizes} does not fit its memory")
        flat = np.array(data).view(dtype)
        return flat.reshape([sizes[axis] for axis in axes]).transpose(np.argsort(axes))

    def _generator(self, name: Any) -> torch.Generator:
        generator = torch.Generator()
        try:
            generator.set_state(torch.from_numpy(np.array(self._bytes(name))))
        except (RuntimeError, TypeError) as error:
            raise damaged("the state of its random numbers is none") from error
        return generator

    def _made(self, number: Any, given: Any) -> Any:
        cls = self._class(number)
        if not issubclass(cls, DESCRIPTIONS):
            raise damaged(f"a {cls.__name__} is not described by its fields")
        values = {name: self.value(value) for name, value in checked(given, dict).items()}
        check_attributes(cls, values)
        return cls(**values)

    def _of_problem(self, which: Any) -> Any:
        if which not in self._problem:
            raise damaged(f"the problem has no {which!r}")
        return self._problem[which]

    def _given(self, name: Any, what: Any, described: Any, values: Any) -> Any:
        given: Any = self._own[name]
        if what == "function":
            if not callable(given) or isinstance(given, type):
                raise ArgumentError(f"own[{name!r}]={given!r} is not usable: the checkpoint has a function there.")
            return given
        kind = KINDS.get(what)
        if kind is None or not isinstance(given, kind):
            raise ArgumentError(f"own[{name!r}]={given!r} is not usable: the checkpoint has a {what} there.")
        if what == "rule":
            return given.rule
        if what == "optimizer":
            pairs = dict(tuple(checked(pair, list, 2)) for pair in checked(values, list))
            if kind_of(given) != described or pairs.keys() != given.values.keys():
                raise ArgumentError(
                    f"own[{name!r}]={given!r} is another optimizer: that of the checkpoint is a {described} with {sorted(pairs)}."
                )
            return given.replace(**pairs)
        if shown(given) != described or own_name(given) != name:
            raise ArgumentError(f"own[{name!r}]={given!r} is another {what}: that of the checkpoint is {described}.")
        return given

    def _fill_dict(self, shell: dict[Any, Any], items: Any) -> None:
        pairs = [checked(pair, list, 2) for pair in checked(items, list)]
        keys = self._keys([key for key, _ in pairs])
        shell.update(zip(keys, self._values([value for _, value in pairs]), strict=True))

    def _fill_object(self, shell: Any, number: Any, given: Any) -> None:
        cls = type(shell)
        values = {name: self.value(value) for name, value in checked(given, dict).items()}
        check_attributes(cls, values)
        declared = {name for base in cls.__mro__ for name in slots(base)}
        for name in declared & values.keys():
            object.__setattr__(shell, name, values.pop(name))
        if values:
            vars(shell).update(values)

    @staticmethod
    def _check_kinds(made: Any) -> None:
        cls: type = type(made)
        for name, hint in hints(cls).items():
            if name in attributes(made) and not fits(getattr(made, name), hint):
                raise damaged(f"{name} of a {type(made).__name__} is a {type(getattr(made, name)).__name__}")
