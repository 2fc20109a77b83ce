"""Both rods once more with dense matrices: the whole covariance Σ, and the whole Hessian at every substep."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..engine.process import Start

PAIR_SHARE, SLOWEST_MULTIPLIER = 0.1, 0.05


class Dense:
    """Gradients, Hessians and the optimizer's map as matrices; a state z is (w, m) [2p] with momentum, else w [p].

    Args:
        start: of a problem of at most a few hundred parameters p, in float64, and an optimizer whose map is linear for a
            frozen preconditioner.
    """

    def __init__(self, start: Start) -> None:
        self.optimizer, self.p, self.row = start.optimizer, start.problem.dim, start.row
        self._losses = torch.vmap(start.problem.function)
        self.states = [
            torch.cat([s.w] if s.moments.momentum is None else [s.w, s.moments.momentum]) for s in start.window
        ]
        self.z = (self.states[0] + self.states[1]) / 2
        self.nu = start.mean_second_moment()

    @property
    def w(self) -> Tensor:
        return self.z[: self.p]

    def gradients(self, points: Tensor) -> Tensor:
        """At every row of `points` [n, p]."""
        leaf = points.detach().requires_grad_()
        return torch.autograd.grad(self._losses(leaf).sum(), leaf)[0]

    def hessian_times(self, rows: Tensor) -> Tensor:
        """The Hessian at the centre times every row [n, p]."""
        leaf = self.w.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self._losses(leaf[None]).sum(), leaf, create_graph=True)
        return torch.autograd.grad(gradient, leaf, rows, is_grads_batched=True)[0]

    def hessian(self) -> Tensor:
        return self.hessian_times(torch.eye(self.p, dtype=self.z.dtype))

    def statistics(self, gradients: Tensor) -> Tensor:
        return torch.stack([self.optimizer.second_moment(g) for g in gradients])

    def diagonal(self, nu: Tensor | None, n: float) -> Tensor:
        """P at step count n as its diagonal [p]."""
        return self.optimizer.preconditioner(nu, n, self.w).expand(self.p)

    def map(self, P: Tensor, n: float) -> tuple[Tensor, Tensor]:
        """Φ(z, g) = C z + B g as (C [d, d], B [d, p])."""
        c, rate, eye = self.optimizer.coefficients(n), self.optimizer.learning_rate, torch.eye(self.p, dtype=P.dtype)
        step = -rate * torch.diag(1 / P)
        if not self.optimizer.has_momentum:
            return torch.zeros_like(eye), c.b * step
        still = torch.zeros_like(eye)
        C = torch.cat([torch.cat([still, c.a * c.beta * step], 1), torch.cat([still, (c.beta - 1) * eye], 1)])
        return C, torch.cat([(c.a * c.kappa + c.b) * step, c.kappa * eye])


class FullCovariance(Dense):
    """Section 3a with Σ [d, d] itself, whose columns are all its eigenvectors, or the leading `modes` of them.

    Σ ← (1 − 2dt) Σ + (dt/2) Σ_i D_i D_iᵀ + (dt/2) seed F̄F̄ᵀ, explicit Euler, eigenvectors in the metric of P on w and of
    (learning_rate/2)² P⁻¹ on m.
    """

    def __init__(self, start: Start, *, seed: float, substeps: int, modes: int | None = None) -> None:
        super().__init__(start)
        self.seed, self.substeps, self.modes = seed, substeps, modes
        rod = (self.states[1] - self.states[0]) / 2
        self.sigma, self.columns = torch.outer(rod, rod), rod[:, None]
        self.tau = self.row + 0.5

    def advance(self) -> None:
        for _ in range(self.substeps):
            self._substep(1 / self.substeps)
        self.row += 1
        self.tau = self.row + 0.5

    def _substep(self, dt: float) -> None:
        p, S = self.p, self.columns
        count = S.shape[1]
        grads = self.gradients(torch.cat([self.w[None], self.w + S[:p].T, self.w - S[:p].T]))
        g0, plus, minus = grads[0], grads[1 : count + 1], grads[count + 1 :]
        mean = g0 + ((plus + minus) / 2 - g0).sum(0)
        nu = self.nu
        if nu is not None:
            q = self.statistics(grads)
            expected = q[0] + ((q[1 : count + 1] + q[count + 1 :]) / 2 - q[0]).sum(0)
            rate = (1 - self.optimizer.second_moment_decay) * (expected.clamp_min(0) - nu)
            self.nu, nu = nu + dt * rate, nu + rate / 2
        P = self.diagonal(nu, self.tau + 0.5)
        C, B = self.map(P, self.tau + 0.5)
        F = C @ self.z + B @ mean
        D = C @ S + B @ (plus - minus).T / 2
        bent = C @ F + B @ self.hessian_times(F[None, :p])[0]
        self.z = self.z + dt * (F - bent / 2)
        self.tau += dt
        self.sigma = (1 - 2 * dt) * self.sigma + dt / 2 * (D @ D.T + self.seed * torch.outer(F, F))
        self._decompose(P)

    def root_metric(self) -> Tensor:
        """Root of the metric's diagonal [d] at the present moment."""
        return self._root(self.diagonal(self.nu, self.tau + 0.5))

    def _root(self, P: Tensor) -> Tensor:
        root = P.sqrt()
        if not self.optimizer.has_momentum:
            return root
        return torch.cat([root, self.optimizer.learning_rate / 2 / root])

    def _decompose(self, P: Tensor) -> None:
        root = self._root(P)
        values, vectors = torch.linalg.eigh(root[:, None] * self.sigma * root)
        seen = values > 0
        columns = vectors[:, seen] * values[seen].sqrt() / root[:, None]
        if self.modes is not None:
            columns = columns[:, -self.modes :]
            self.sigma = columns @ columns.T
        self.columns = columns


@dataclass(frozen=True)
class _Stage:
    """What one substep feels and does: P and eigenvalues at its centre, drift, operator on the alternating part."""

    P: Tensor
    ratio: float
    drift: Tensor
    rate: Tensor
    operator: Tensor


class FullHessianRod(Dense):
    """Section 3b with all p eigenvectors of the exact Hessian at every substep, or the leading `modes` of them.

    As there, the lengths of one substep decide on the pair of gradients of the next. The alternating part x [d] that the
    iterates begin with is taken in the leading `at_first` eigenvectors, as the tracked rod takes it.
    """

    def __init__(self, start: Start, *, substeps: int, modes: int | None = None, at_first: int = 3) -> None:
        super().__init__(start)
        a, b, c = self.states
        self.dt, self.delay, self.modes = 1 / substeps, substeps // 2, modes
        self.time = float(self.row)
        self.x = (a - 2 * b + c) / 4
        self.first_move = b - a
        self.drifts: list[Tensor] = []
        self.rates: list[Tensor] = []
        self.operators: list[Tensor] = []
        self.stage: _Stage | None = None
        self.long: bool | None = None
        P = self.diagonal(self.nu, self.row + 1)
        _, V = self._modes(self.hessian(), P)
        self.x = self._within(V[-at_first:], P) @ self.x

    @staticmethod
    def _modes(H: Tensor, P: Tensor) -> tuple[Tensor, Tensor]:
        """Eigenvalues in ascending order and rows V with V P Vᵀ = 1, V H Vᵀ diagonal."""
        root = P.sqrt()
        values, vectors = torch.linalg.eigh(H / root / root[:, None])
        return values, vectors.T / root

    def _within(self, V: Tensor, P: Tensor) -> Tensor:
        """The projection [d, d] on the rows of V: of parameters in the metric P, of momenta in its inverse."""
        onto = V.T @ (V * P)
        return torch.block_diag(onto, onto.T) if self.optimizer.has_momentum else onto

    def observe(self) -> _Stage:
        if self.stage is not None:
            return self.stage
        p, n = self.p, self.time + 1
        H, P = self.hessian(), self.diagonal(self.nu, n)
        edge = self.optimizer.edge_threshold(n)
        kappa, V = self._modes(H, P)
        if self.modes is not None:
            kappa, V = kappa[-self.modes :], V[-self.modes :]
        self._seed(V, P)
        x = self.x[:p]
        last = self.drifts[-1] if self.drifts else self.first_move
        long = bool((P * x**2).sum().sqrt() > PAIR_SHARE * (P * last[:p] ** 2).sum().sqrt() / 2)
        pair, self.long = long if self.long is None else self.long, long
        grads = self.gradients(torch.stack([self.w + x, self.w - x] if pair else [self.w]))
        mean, nu, rate = grads.mean(0), self.nu, self.z.new_zeros(1)
        if nu is not None:
            rate = (1 - self.optimizer.second_moment_decay) * (self.statistics(grads).mean(0) - nu)
            nu = nu + rate
        P2 = self.diagonal(nu, n + 0.5)
        C, B = self.map(P2, n + 0.5)
        excess = (1 - edge / kappa).clamp_min(0) * (kappa > edge)
        drift = C @ self.z + B @ (mean - P * (V.T @ (excess * (V @ mean))))
        K, V2 = self._curvature(V, kappa, P, P2)
        if pair:
            omega, felt = V2 @ (P2 * x), V2 @ (grads[0] - grads[1]) / 2
            r, square = felt - K @ omega, omega @ omega
            cross = torch.outer(r, omega)
            K = K + (cross + cross.T) / square - (omega @ r) * torch.outer(omega, omega) / square**2
        operator = self._power(K, V2, P2, n + 0.5)
        self.stage = _Stage(P, float(kappa[-1]) / edge, drift, rate, operator)
        return self.stage

    def _curvature(self, V: Tensor, kappa: Tensor, P: Tensor, P2: Tensor) -> tuple[Tensor, Tensor]:
        """The Hessian within the rows of V as a matrix in an orthonormal basis of the metric P2."""
        values, vectors = torch.linalg.eigh((V * P2) @ V.T)
        root = vectors / values.sqrt() @ vectors.T
        return root @ torch.diag(kappa) @ root, root @ V

    def _seed(self, V: Tensor, P: Tensor) -> None:
        self.x = self._within(V, P) @ self.x
        omega = V @ (P * self.x[: self.p])
        floor = torch.finfo(torch.float64).eps * ((V * P) ** 2 @ self.w**2).sqrt()
        missing = torch.where(omega < 0, -floor, floor) - omega
        self.x[: self.p] += V.T @ torch.where(omega.abs() < floor, missing, torch.zeros_like(omega))

    def _power(self, K: Tensor, V: Tensor, P: Tensor, n: float) -> Tensor:
        """(−A)^{dt/2} [d, d] of the map A = 1 + C + B H on the rows of V, a mode at a time."""
        kappa, Q = torch.linalg.eigh(K)
        W = Q.T @ V
        powers = [_matrix_power(-A, self.dt / 2) for A in self._mode_maps(kappa, n)]
        blocks = torch.stack(powers)
        lift, read = W.T, W * P
        if not self.optimizer.has_momentum:
            return lift @ (blocks[:, 0, 0, None] * read)
        rows = []
        for i, (left, _) in enumerate(((lift, read), (read.T, W))):
            rows.append(torch.cat([left @ (blocks[:, i, j, None] * right) for j, right in enumerate((read, W))], 1))
        return torch.cat(rows)

    def _mode_maps(self, kappa: Tensor, n: float) -> list[Tensor]:
        """One optimizer step on (ω, µ) of every mode."""
        c, rate = self.optimizer.coefficients(n), self.optimizer.learning_rate
        if not self.optimizer.has_momentum:
            return [(1 - rate * c.b * k).reshape(1, 1) for k in kappa]
        return [
            kappa.new_tensor([[1 - rate * (c.a * c.kappa + c.b) * k, -rate * c.a * c.beta], [c.kappa * k, c.beta]])
            for k in kappa.tolist()
        ]

    def advance(self) -> None:
        for _ in range(round(1 / self.dt)):
            self._substep()
        self.row += 1
        self.time = float(self.row)

    def _substep(self) -> None:
        stage, q = self.observe(), self.delay
        if not self.drifts:
            begun = self.first_move + 2 * self.x
            shares = [2 * j * self.dt for j in range(q, 0, -1)]
            self.drifts = [stage.drift + share * (begun - stage.drift) for share in shares]
            self.rates = [stage.rate] * q
        self.drifts, self.rates = [*self.drifts, stage.drift][-q - 1 :], [*self.rates, stage.rate][-q - 1 :]
        self.operators = [*self.operators, stage.operator][-q - 1 :]
        self.z = self.z + self.dt * (self.drifts[0] + self.drifts[1]) / 2
        if self.nu is not None:
            self.nu = self.nu + self.dt * (self.rates[0] + self.rates[1]) / 2
        late = self.operators[:2] if len(self.operators) > q else [self.operators[-1]] * 2
        for operator in late:
            self.x = operator @ self.x
        self.time += self.dt
        self.stage = None


def _matrix_power(M: Tensor, s: float) -> Tensor:
    """M^s by eigenvalues, principal branch, real ones floored at 0.05."""
    values, vectors = torch.linalg.eig(M)
    floored = torch.where(values.imag == 0, values.real.clamp_min(SLOWEST_MULTIPLIER).to(values.dtype), values)
    return (vectors * floored**s @ torch.linalg.inv(vectors)).real
