"""Torch optimizers of any age against their own edge: as `simulate` has it, against dense matrices, and with mixed groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.engine.watching import Batch, Looker, Probe, Subject, check_optimizer, made_steps, present
from rodflow_widgets.engine.watching.subject import Part, preconditioner, reference
from rodflow_widgets.errors import ArgumentError, ProblemError, RunError

from .loops import LOSS, OPTIMIZERS, batch, network, train


def looker(model: nn.Module, optimizer: torch.optim.Optimizer, **options: object) -> Looker:
    subject = Subject(model, optimizer)
    _, first, _ = subject.candidates()[0]
    given = {"tolerance": 1e-9, "eigenvalues": 3, **options}
    return Looker(subject, LOSS, Batch.of(*batch(), first.device, first.dtype), **given)


def looks(
    model: nn.Module, optimizer: torch.optim.Optimizer, steps: int, every: int = 1, **options: object
) -> list[dict]:
    watching, rows = looker(model, optimizer, **options), []
    for step in train(model, optimizer, batch(), steps):
        if step:
            rows.append(watching.after(step - 1))
        watching.before()
    return rows


def dense(model: nn.Module, w: torch.Tensor, names: list[str]) -> torch.Tensor:
    """The Hessian of the loss on the batch at w."""
    x, y = batch()
    shapes = [dict(model.named_parameters())[name].shape for name in names]

    def loss(flat: torch.Tensor) -> torch.Tensor:
        pieces = flat.split([math.prod(shape) for shape in shapes])
        given = {name: piece.view(shape) for name, piece, shape in zip(names, pieces, shapes, strict=True)}
        return LOSS(torch.func.functional_call(model, given, (x,)), y)

    return torch.autograd.functional.hessian(loss, w)


def flat(model: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1).clone() for p in model.parameters() if p.requires_grad])


@pytest.fixture(autouse=True)
def double() -> object:
    """NAdam keeps the products of its momenta in torch's default dtype."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_full_batch_loop_gives_the_numbers_of_simulate(name: str) -> None:
    kind, options = OPTIMIZERS[name]
    model = network()
    rows = looks(model, kind(model.parameters(), **options), 26)
    fresh = network()
    ours = rf.optimizers.from_torch(kind(fresh.parameters(), **options))
    run = rf.simulate(rf.Problem(fresh, LOSS, *batch()), ours, ("discrete",), steps=24, eigenvalues=3, progress=False)
    for column, bound in {"loss": 1e-13, "grad_norm": 1e-13, "edge_threshold": 1e-12, "rod_length": 1e-12}.items():
        assert [row[column] for row in rows] == pytest.approx(run["discrete"][column], rel=bound), column
    # The tracker of `simulate` makes one step of its block method a row: its eigenvalues are the coarser ones.
    assert [row["sharpness_ratio"] for row in rows] == pytest.approx(run["discrete"]["sharpness_ratio"], rel=5e-3)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_eigenvalues_are_those_of_the_dense_preconditioned_hessian(name: str) -> None:
    kind, options = OPTIMIZERS[name]
    model = network()
    optimizer = kind(model.parameters(), **options)
    watching = looker(model, optimizer)
    iterates = []
    for _ in train(model, optimizer, batch(), 12):
        iterates.append(flat(model))
        watching.before()
    row = watching.after(11)
    midpoint = (iterates[-1] + flat(model)) / 2
    states = [optimizer.state[p] for p in model.parameters()]
    if name == "RMSprop":
        P = torch.cat([s["square_avg"].reshape(-1) for s in states]).sqrt() + 1e-8
    elif "Adam" in name:
        nu = torch.cat([s["exp_avg_sq"].reshape(-1) for s in states])
        P = (nu / (1 - options["betas"][1] ** 12)).sqrt() + 1e-8
    else:
        P = torch.ones(midpoint.numel())
    H = dense(model, midpoint, [name for name, _ in model.named_parameters()])
    exact = torch.linalg.eigvalsh(H / P.sqrt() / P.sqrt()[:, None]).flip(0)
    assert row["eigenvalues"] == pytest.approx(exact[:3].numpy(), rel=1e-7)
    beta = options.get("betas", (0.9,))[0]
    edges = {
        "SGD": 2 / 0.3,
        "momentum": 2 * 1.9 / 0.1,
        "Nesterov": 2 * 1.9 / (2.8 * 0.1),
        "RMSprop": 2 / 1e-2,
        "Adam": (1 - beta**12) * 2 * (1 + beta) / ((1 - beta) * 1e-2),
        "AdamW": (1 - beta**12) * 2 * (1 + beta) / ((1 - beta) * 1e-2),
        "NAdam": rf.optimizers.NAdam(1e-2, (0.9, 0.99)).edge_threshold(12),
    }
    assert row["edge_threshold"] == pytest.approx(edges[name], rel=1e-12)
    assert row["sharpness_ratio"] == pytest.approx(float(exact[0]) / edges[name], rel=1e-7)


def test_an_optimizer_that_has_made_steps_goes_on_with_its_state() -> None:
    kind, options = OPTIMIZERS["Adam"]
    first, second = network(), network()
    whole = looks(first, kind(first.parameters(), **options), 31)
    optimizer = kind(second.parameters(), **options)
    for _ in train(second, optimizer, batch(), 20):
        pass
    assert made_steps(optimizer) == 20
    late = looks(second, optimizer, 11)
    for column in ("loss", "sharpness", "edge_threshold"):
        assert [row[column] for row in late] == pytest.approx([row[column] for row in whole[20:]], rel=1e-7)


def multipliers(parts: list[Part], H: np.ndarray, P: np.ndarray, n: float) -> np.ndarray:
    """Eigenvalues of the map that the parts, with P held, are on a quadratic: of (w, m), entry by entry."""
    rows = []
    for part in parts:
        k = part.rule.optimizer.coefficients(n)
        rows += [
            [part.rule.optimizer.learning_rate, k.a, k.b, k.beta, k.kappa, part.rule.decay]
        ] * part.parameter.numel()
    eta, a, b, beta, kappa, decay = np.array(rows).T
    one, D = np.eye(len(P)), np.diag
    gain = D(eta / P)
    move = -gain @ D(a * kappa + b) @ H
    A = np.block([[one - D(decay) + move, -gain @ D(a * beta)], [D(kappa) @ H, D(beta)]])
    return np.linalg.eigvals(A)


MIXED = {
    "learning rates": (torch.optim.Adam, dict(lr=1e-2), dict(lr=3e-3)),
    "momenta": (torch.optim.SGD, dict(lr=0.1, momentum=0.9), dict(lr=0.2, momentum=0.5)),
    "Nesterov and none": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True), dict(lr=0.2)),
    "betas and decay": (
        torch.optim.AdamW,
        dict(lr=1e-2, betas=(0.9, 0.99)),
        dict(lr=0.5, betas=(0.5, 0.9), weight_decay=1.0),
    ),
    "NAdam": (
        torch.optim.NAdam,
        dict(lr=1e-2, betas=(0.95, 0.99), decoupled_weight_decay=True, weight_decay=3.0),
        dict(lr=2e-2, betas=(0.6, 0.9), decoupled_weight_decay=True),
    ),
    "AdamW decay alone": (torch.optim.AdamW, dict(lr=0.1, weight_decay=2.0), dict(lr=0.1, weight_decay=2.0)),
}


@pytest.mark.parametrize("name", MIXED)
def test_the_ratio_of_groups_that_differ_is_one_exactly_where_minus_one_is_a_multiplier(name: str) -> None:
    kind, first, second = MIXED[name]
    model = network()
    halves = list(model.parameters())
    optimizer = kind([{"params": halves[:2], **first}, {"params": halves[2:], **second}])
    for _ in train(model, optimizer, batch(), 7):
        pass
    parts = Subject(model, optimizer).parts()
    metric = preconditioner(parts, 7, torch.float64, torch.device("cpu")).numpy()
    own = [1.0 if p.moments.second is None else p.rule.optimizer.root_mean_square(p.moments.second, 7) for p in parts]
    P = np.concatenate([np.broadcast_to(one, part.parameter.numel()) for one, part in zip(own, parts, strict=True)])
    B = np.random.default_rng(0).standard_normal((len(P), len(P)))
    H = B @ B.T
    metric = np.broadcast_to(metric, len(P))
    ratio = np.linalg.eigvalsh(H / np.sqrt(np.outer(metric, metric)))[-1] / reference(parts, 7)
    at_edge = multipliers(parts, H / ratio, P, 7)
    assert abs(at_edge + 1).min() < 1e-7
    assert abs(multipliers(parts, H / ratio * (1 - 1e-4), P, 7)).max() < 1
    assert abs(multipliers(parts, H / ratio * (1 + 1e-4), P, 7)).max() > 1


def test_the_threshold_with_decoupled_decay_is_where_torch_itself_becomes_unstable() -> None:
    """AdamW with a second moment that has long settled, on ½Hw²: the oscillation grows just above the ratio 1 and not below."""
    rate, weight, beta = 0.1, 3.0, 0.9

    def grown(ratio: float) -> float:
        w = nn.Parameter(torch.tensor([1e-6]))
        optimizer = torch.optim.AdamW([w], lr=rate, betas=(beta, 1 - 1e-12), weight_decay=weight, eps=0.0)
        optimizer.state[w] = {"step": torch.tensor(1e9), "exp_avg": torch.zeros(1), "exp_avg_sq": torch.ones(1)}
        H = ratio * 2 * (1 + beta) / ((1 - beta) * rate) * (1 - rate * weight / 2)
        # At step 1e9 the bias correction of β₂ = 1 − 1e-12 is 1e-3: a second moment of 1 is P = √1000.
        H *= (1 / (1 - (1 - 1e-12) ** (1e9 + 1))) ** 0.5
        for _ in range(150):
            w.grad = H * w.detach()
            optimizer.step()
        return abs(float(w.detach())) / 1e-6

    assert grown(1.01) > 1e2
    assert grown(0.99) < 1e-2


def test_an_l2_penalty_belongs_to_loss_gradient_and_curvature() -> None:
    model = network()
    rows = looks(model, torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.5), 8)

    def penalised(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return LOSS(output, y) + 0.25 * sum((p**2).sum() for p in held)

    held: list[torch.Tensor] = []

    class Held(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            held[:] = list(self.inner.parameters())
            return self.inner(x)

    run = rf.simulate(
        rf.Problem(Held(), penalised, *batch()),
        rf.optimizers.GradientDescent(0.1),
        ("discrete",),
        steps=6,
        eigenvalues=3,
        progress=False,
    )
    for column, bound in {"loss": 1e-13, "grad_norm": 1e-13, "sharpness": 1e-4}.items():
        assert [row[column] for row in rows] == pytest.approx(run["discrete"][column], rel=bound), column


def test_only_what_the_optimizer_moves_is_measured() -> None:
    model = network()
    model[0].weight.requires_grad_(False)
    optimizer = torch.optim.Adam(
        [{"params": [model[0].weight, model[0].bias]}, {"params": [model[2].weight], "lr": 0.0}], lr=1e-2
    )
    (row,) = looks(model, optimizer, 2)
    subject = Subject(model, optimizer)
    assert [part.name for part in subject.parts()] == ["0.bias"]
    fresh = network()
    fresh.requires_grad_(False)
    fresh[0].bias.requires_grad_(True)
    alone = torch.optim.Adam([fresh[0].bias], lr=1e-2)
    (expected,) = looks(fresh, alone, 2)
    assert row["eigenvalues"] == pytest.approx(expected["eigenvalues"], rel=1e-9)


def test_a_learning_rate_of_zero_moves_nothing_and_says_nothing() -> None:
    model = network()
    (row,) = looks(model, torch.optim.Adam(model.parameters(), lr=0.0), 2)
    assert row == {"time": 0.0}


def test_parameters_that_are_unfrozen_in_mid_run_join() -> None:
    model = network()
    model[0].requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    watching = looker(model, optimizer)
    sizes = []
    for step in train(model, optimizer, batch(), 8):
        if step:
            watching.after(step - 1)
            sizes.append(watching.probe.dim)
        if step == 4:
            model[0].requires_grad_(True)
        watching.before()
    # The step from iterate 4 is the first to give the others a state.
    assert sizes == [21, 21, 21, 21, 57, 57, 57]


def test_tied_weights_are_one_parameter() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(3)
            self.first = nn.Linear(5, 5, bias=False)
            self.second = nn.Linear(5, 5, bias=False)
            self.second.weight = self.first.weight
            self.head = nn.Linear(5, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.tanh(self.second(torch.tanh(self.first(x)))))

    model = Tied()
    rows = looks(model, torch.optim.SGD(model.parameters(), lr=0.2), 6)
    run = rf.simulate(
        rf.Problem(Tied(), LOSS, *batch()),
        rf.optimizers.GradientDescent(0.2),
        ("discrete",),
        steps=4,
        eigenvalues=3,
        progress=False,
    )
    assert [row["sharpness"] for row in rows] == pytest.approx(run["discrete"]["sharpness"], rel=1e-4)


def test_attention_that_torch_differentiates_only_once_is_measured_in_plain_operations() -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    model = nn.Sequential(layer, nn.Flatten(), nn.Linear(24, 3)).double()
    x, y = torch.randn(10, 3, 8), torch.randn(10, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    subject = Subject(model, optimizer)
    watching = Looker(subject, LOSS, Batch.of(x, y, x.device, x.dtype))
    LOSS(model(x), y).backward()
    watching.before()
    optimizer.step()
    assert math.isfinite(watching.after(0)["sharpness_ratio"])


def test_inputs_may_be_several_and_targets_may_be_missing() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, *, x: torch.Tensor, y: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"loss": LOSS(self.inner(x), y)}

    x, y = batch()
    model, plain = Both(), network()
    rows = []
    for net, loss, probe in (
        (model, lambda output, _: output["loss"], ({"x": x, "y": y}, None)),
        (plain, LOSS, (x, y)),
    ):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        watching = Looker(Subject(net, optimizer), loss, Batch.of(*probe, x.device, x.dtype), tolerance=1e-9)
        watching.before()
        (net(x=x, y=y)["loss"] if net is model else LOSS(net(x), y)).backward()
        optimizer.step()
        rows.append(watching.after(0))
    for one, other in zip(rows[0].values(), rows[1].values(), strict=True):
        assert one == pytest.approx(other, rel=1e-12)


def test_parameters_of_a_shorter_dtype_are_measured_in_float32() -> None:
    model = network(torch.bfloat16)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    subject = Subject(model, optimizer)
    x, y = batch(dtype=torch.bfloat16)
    watching = Looker(subject, LOSS, Batch.of(x, y, x.device, x.dtype))
    LOSS(model(x), y).backward()
    watching.before()
    optimizer.step()
    assert watching.probe.dtype == torch.float32
    assert watching.after(0)["sharpness"] > 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: torch.optim.Adagrad(p), "Adagrad"),
        (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.1), "dampening=0.1"),
        (lambda p: torch.optim.SGD(p, lr=0.1, maximize=True), "maximize=True"),
        (lambda p: torch.optim.Adam(p, amsgrad=True), "amsgrad=True"),
        (lambda p: torch.optim.RMSprop(p, centered=True), "centered=True"),
        (lambda p: torch.optim.RMSprop(p, momentum=0.9), "momentum=0.9"),
        (lambda p: rf.optimizers.Adam(1e-3), "no torch.optim.Optimizer"),
    ],
)
def test_what_is_not_modelled_is_refused_by_name(make: object, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        check_optimizer(make(network().parameters()))


@pytest.mark.parametrize("options", [dict(foreach=True), dict(fused=True), dict(foreach=False)])
def test_how_torch_computes_the_step_changes_nothing(options: dict[str, bool]) -> None:
    rows = []
    for chosen in (options, {}):
        model = network()
        rows.append(looks(model, torch.optim.Adam(model.parameters(), lr=1e-2, **chosen), 5))
    for one, other in zip(*rows, strict=True):
        assert one["sharpness"] == pytest.approx(other["sharpness"], rel=1e-8)


def test_a_parameter_of_another_model_is_refused() -> None:
    with pytest.raises(ArgumentError, match="that is not the model's"):
        Subject(network(), torch.optim.SGD(network().parameters(), lr=0.1))


def test_a_random_loss_is_refused() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.inner(x + torch.randn_like(x))

    model = Noisy()
    with pytest.raises(ProblemError, match="random"):
        looker(model, torch.optim.SGD(model.parameters(), lr=0.1))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_present_holds_what_the_next_step_is_made_from(name: str) -> None:
    """Our step from it is torch's next step; with decay, groups and a fresh optimizer too."""
    kind, options = OPTIMIZERS[name]
    for steps in (0, 9):
        model = network()
        params = list(model.parameters())
        decay = {"weight_decay": 0.3} if name != "RMSprop" else {"weight_decay": 0.01}
        optimizer = kind(
            [{"params": params[:1], **decay}, {"params": params[1:], "lr": 0.5 * options["lr"]}], **options
        )
        watching = looker(model, optimizer)
        for _ in train(model, optimizer, batch(), steps):
            pass
        held = present(watching.subject, LOSS, watching.batch, watching.probe, steps)
        for _ in train(model, optimizer, batch(), 1):
            pass
        problem = held.problem()
        _, gradient = problem.value_and_grad(held.w)
        w, _ = held.optimizer.step(held.w, held.moments, gradient, steps + 1)
        assert (w - flat(model)).norm() / (flat(model) - held.w).norm() < 1e-12


def test_there_is_no_forecast_of_groups_with_different_momenta() -> None:
    kind, first, second = MIXED["momenta"]
    model = network()
    halves = list(model.parameters())
    optimizer = kind([{"params": halves[:2], **first}, {"params": halves[2:], **second}])
    watching = looker(model, optimizer)
    with pytest.raises(RunError, match="other options"):
        present(watching.subject, LOSS, watching.batch, watching.probe, 0)


def test_a_probe_of_some_parameters_keeps_the_others_as_they_are() -> None:
    model = network()
    names = ["2.weight", "2.bias"]
    probe = Probe(model, LOSS, Batch.of(*batch(), torch.device("cpu"), torch.float64), names, [0.0, 0.0])
    with probe.still():
        w = probe.w0
        v = torch.randn(w.numel(), generator=torch.Generator().manual_seed(0))
        product = probe.hvp(w, v)
    assert product == pytest.approx(dense(model, w, names) @ v, abs=1e-12)
