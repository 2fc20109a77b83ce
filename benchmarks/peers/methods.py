"""The largest eigenvalues at one point, from nothing: one function a package, each asked for a relative error of 1e-3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from curvlinops import HessianLinearOperator
from hessian_eigenthings import HessianOperator, lanczos, supervised_loss
from scipy.sparse.linalg import LinearOperator, eigsh

import rodflow_widgets as rf
from rodflow_widgets.engine.point import Point

from .settings import Bench

TOLERANCE = 1e-3
LARGE = 100_000
PYHESSIAN = import_module("pyhessian.hessian")
"""By its name: the package has a class under it."""
Product = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Look:
    """Eigenvalues [≥ k], descending, and the Hessian-vector products that they took."""

    values: np.ndarray
    products: int


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self.function(*arguments)


Cold = Callable[[Bench, int, int], Look]
"""The k largest eigenvalues, with a seed."""


def own_product(point: Point) -> Product:
    """This package's product at a point, for numpy."""
    return lambda v: point.products(torch.from_numpy(np.ascontiguousarray(v.reshape(1, -1))))[0].numpy()


def by_eigsh(
    product: Product, start: np.ndarray, k: int, basis: int | None, tolerance: float = TOLERANCE
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues [k], descending, and eigenvectors [p, k] by scipy, with a basis of so many vectors; None is its default."""
    size = len(start)
    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    values, vectors = eigsh(operator, k=k, which="LA", ncv=basis, tol=tolerance, v0=start)
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]


def random_start(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(size)


def ours(bench: Bench, k: int, seed: int) -> Look:
    found = rf.curvature.eigenpairs(bench.problem, bench.w, k, tolerance=TOLERANCE, seed=seed)
    return Look(found.values.numpy(), found.products)


def eigsh_on(make: Callable[[Bench], Product], extra: int | None, tolerance: float = TOLERANCE) -> Cold:
    """eigsh with a basis of k + extra vectors."""

    def method(bench: Bench, k: int, seed: int) -> Look:
        product = Counted(make(bench))
        basis = None if extra is None else k + extra
        values, _ = by_eigsh(product, random_start(bench.problem.dim, seed), k, basis, tolerance)
        return Look(values, product.calls)

    return method


def at_point(bench: Bench) -> Product:
    return own_product(bench.problem.at(bench.w))


def curvlinops(bench: Bench) -> Product:
    parameters = list(bench.model.parameters())
    operator = HessianLinearOperator(
        bench.model, bench.criterion, parameters, [bench.data], check_deterministic=False
    ).to_scipy()
    return lambda v: operator @ v.reshape(-1)


def pyhessian(iterations: int, tolerance: float) -> Cold:
    """Power iteration, which stops when two successive values are within `tolerance`."""

    def method(bench: Bench, k: int, seed: int) -> Look:
        product, dtype = Counted(PYHESSIAN.hessian_vector_product), torch.get_default_dtype()
        torch.manual_seed(seed)
        torch.set_default_dtype(bench.w.dtype)
        try:
            with patch.object(PYHESSIAN, "hessian_vector_product", product):
                hessian = PYHESSIAN.hessian(bench.model, bench.criterion, data=bench.data, cuda=False)
                values, _ = hessian.eigenvalues(maxIter=iterations, tol=tolerance, top_n=k)
        finally:
            torch.set_default_dtype(dtype)
            bench.model.zero_grad()
        return Look(np.sort(np.array(values))[::-1], product.calls)

    return method


def hessian_eigenthings(steps: Callable[[int], int]) -> Cold:
    """Lanczos with a fixed number of steps: it has no stopping rule."""

    def method(bench: Bench, k: int, seed: int) -> Look:
        operator = HessianOperator(bench.model, [bench.data], supervised_loss(bench.criterion))
        product = Counted(operator.matvec)
        operator.matvec = product
        found = lanczos(operator, k=k, max_iter=steps(k), which="LA", seed=seed)
        return Look(found.eigenvalues.detach().numpy(), product.calls)

    return method


OURS = "rodflow_widgets"
LONG = "PyHessian, tol 1e-5, at most 1000 iterations"
METHODS: dict[str, Cold] = {
    OURS: ours,
    "eigsh on our product, default basis": eigsh_on(at_point, None),
    "eigsh on our product, basis k + 6, tol 1e-2": eigsh_on(at_point, 6, 1e-2),
    "eigsh on our product, basis k + 10, tol 1e-2": eigsh_on(at_point, 10, 1e-2),
    "curvlinops + eigsh, default basis": eigsh_on(curvlinops, None),
    "curvlinops + eigsh, basis k + 10, tol 1e-2": eigsh_on(curvlinops, 10, 1e-2),
    "PyHessian, its defaults (tol 1e-3, at most 100 iterations)": pyhessian(100, 1e-3),
    LONG: pyhessian(1000, 1e-5),
    "hessian-eigenthings, Lanczos of 10 + 6 k steps": hessian_eigenthings(lambda k: 10 + 6 * k),
}


def fitting(parameters: int) -> dict[str, Cold]:
    """Without the one that takes minutes where a product takes a tenth of a second."""
    return {name: method for name, method in METHODS.items() if name != LONG or parameters < LARGE}
