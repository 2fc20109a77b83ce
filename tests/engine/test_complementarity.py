"""The semidefinite complementarity problem against its conditions, a brute-force minimum and problems made from answers."""

import numpy as np
import pytest
import scipy.optimize

from rodflow_widgets.engine.flows.complementarity import residual, solve


def symmetric_map(k: int, random: np.random.RandomState, spread: float = 0.0, turn: float = 0.0) -> np.ndarray:
    """⟨N_ij, N_kl⟩ of random symmetric N, nearly of rank one where `spread` is positive, with a skew part `turn`."""
    p = 3 * k * (k + 1) // 2
    N = random.randn(k, k, p)
    if spread:
        N = random.randn(k, k, 1) * random.randn(p) + spread * N
    N = (N + N.transpose(1, 0, 2)) / 2
    B = np.einsum("ijp,klp->ijkl", N, N)
    if turn:
        Z = random.randn(k, k, k, k)
        Z = (Z + Z.transpose(1, 0, 2, 3)) / 2
        Z = (Z + Z.transpose(0, 1, 3, 2)) / 2
        B = B + turn * (Z - Z.transpose(2, 3, 0, 1))
    return B


def conditions(A: np.ndarray, B: np.ndarray, X: np.ndarray) -> float:
    """The three conditions written out."""
    S = A + np.einsum("ijkl,kl->ij", B, X)
    short = max(-np.linalg.eigvalsh(X)[0] / np.abs(X).max(), -np.linalg.eigvalsh(S)[0] / np.abs(A).max())
    return max(short, abs(np.sum(X * S)) / (np.abs(A).max() * np.abs(X).max()))


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7])
@pytest.mark.parametrize(("spread", "turn"), [(0.0, 0.0), (1e-2, 0.0), (0.0, 2.0)])
def test_the_conditions_hold_to_1e_8(k: int, spread: float, turn: float) -> None:
    random = np.random.RandomState(k)
    for _ in range(10):
        B = symmetric_map(k, random, spread, turn)
        A = random.randn(k, k)
        A = A + A.T - 0.5 * np.eye(k)
        solution = solve(A, B)
        if np.linalg.eigvalsh(A)[0] >= 0:
            assert not solution.X.any()
            continue
        assert solution.residual <= 1e-8
        assert conditions(A, B, solution.X) <= 1e-8


@pytest.mark.parametrize("turn", [0.0, 0.5])
def test_an_answer_that_was_chosen_is_found(turn: float) -> None:
    """X of rank 2 and S of rank 3 on the rest: the only solution of a strictly monotone problem."""
    random = np.random.RandomState(0)
    Q = np.linalg.qr(random.randn(5, 5))[0]
    X = (Q[:, :2] * [0.3, 2.0]) @ Q[:, :2].T
    S = (Q[:, 2:] * [0.1, 1.0, 3.0]) @ Q[:, 2:].T
    B = symmetric_map(5, random, turn=turn)
    solution = solve(S - np.einsum("ijkl,kl->ij", B, X), B)
    assert np.abs(solution.X - X).max() < 1e-6


def test_a_symmetric_problem_is_the_minimum_of_its_quadratic() -> None:
    """½⟨X, B[X]⟩ + ⟨A, X⟩ over X = LLᵀ, by a general minimiser from several starts."""
    random = np.random.RandomState(3)
    B, A = symmetric_map(3, random), np.diag([-1.0, -0.5, 0.4])

    def value(entries: np.ndarray) -> float:
        L = entries.reshape(3, 3)
        X = L @ L.T
        return float(np.einsum("ij,ijkl,kl->", X, B, X) / 2 + np.sum(A * X))

    found = min(
        (scipy.optimize.minimize(value, random.randn(9) / 3, method="BFGS", options={"gtol": 1e-9}) for _ in range(5)),
        key=lambda result: result.fun,
    )
    L = found.x.reshape(3, 3)
    assert np.abs(solve(A, B).X - L @ L.T).max() < 1e-5


def test_one_mode_has_a_closed_form() -> None:
    assert solve(np.array([[-0.3]]), np.full((1, 1, 1, 1), 2.0)).X[0, 0] == pytest.approx(0.15, rel=1e-15)
    assert solve(np.array([[0.3]]), np.full((1, 1, 1, 1), 2.0)).X[0, 0] == 0


@pytest.mark.parametrize("k", [1, 2])
def test_a_problem_without_solution_says_so(k: int) -> None:
    assert solve(-np.eye(k), np.zeros((k, k, k, k))).residual == np.inf
    assert residual(-np.eye(k), np.zeros((k, k, k, k)), np.eye(k)) == k
    B = np.zeros((2, 2, 2, 2))
    B[0, 0, 0, 0] = 1.0
    assert solve(-np.eye(2), B).residual > 1e-3
