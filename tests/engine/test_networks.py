"""Every network: derivatives up to the third, what torch's own layers give, where it starts, and that every process runs."""

from __future__ import annotations

import hashlib
import math

import pytest
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

import rodflow_widgets as rf
from rodflow_widgets.engine import Problem, Simulation
from rodflow_widgets.engine.problems import networks
from rodflow_widgets.engine.problems.networks.lstm import BothWays, Recurrence
from rodflow_widgets.engine.problems.networks.normalisation import GroupNorm, LayerNorm
from rodflow_widgets.engine.problems.networks.transformer import Block
from rodflow_widgets.engine.problems.sorting import sequences
from rodflow_widgets.engine.registry import PROBLEMS
from rodflow_widgets.errors import ArgumentError

from .problems import run

SMALL = {
    "digits_mlp": {"widths": (8,), "n": 20},
    "digits_cnn": {"channels": 2, "n": 20},
    "digits_transformer": {"width": 4, "n": 20},
    "digits_resnet": {"channels": 2, "n": 4},
    "digits_vit": {"patch": 4, "width": 4, "n": 20},
    "digits_lstm": {"width": 4, "n": 20},
    "fashion_mlp": {"widths": (4,), "n": 10},
    "fashion_cnn": {"channels": 1, "n": 6},
    "fashion_resnet": {"channels": 2, "stages": 2, "n": 2},
    "fashion_vit": {"patch": 14, "width": 4, "n": 10},
    "sorting_transformer": {"width": 4, "length": 4, "n": 20},
    "sorting_lstm": {"width": 3, "length": 4, "n": 20},
}


def small(name: str, **options) -> Problem:
    return PROBLEMS[name](**SMALL[name], **options)


def float64(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def apart(found: torch.Tensor, right: torch.Tensor) -> float:
    return float((found - right).norm() / right.norm())


def test_every_network_is_tested_here() -> None:
    toys = {"quadratic", "quartic", "double_well", "product", "masking", "valley", "twin_valley"}
    assert set(SMALL) == set(PROBLEMS) - toys


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
@pytest.mark.parametrize("name", SMALL)
def test_second_and_third_derivatives(name: str, loss: str) -> None:
    """H v and ∇(uᵀHv) of a point against fourth-order differences of gradients and products, batched as one by one."""
    problem = small(name, loss=loss)
    w, h = problem.w0, 3e-4
    u, v = (x / x.norm() for x in float64(2, problem.dim))

    def slope(f) -> torch.Tensor:
        near, far = (f(w + k * h * v) - f(w - k * h * v) for k in (1, 2))
        return (8 * near - far) / (12 * h)

    images, thirds = problem.at(w).thirds(torch.stack([u, v]))
    assert apart(images[1], slope(lambda at: problem.value_and_grad(at)[1])) < 1e-7
    assert apart(thirds[1], slope(lambda at: problem.hvp(at, u))) < 1e-6
    assert problem.products_at_once > 1
    assert apart(problem.at(w).products(torch.stack([u, v])), images) < 1e-12


@pytest.mark.parametrize(
    ("ours", "torch_s", "shape"),
    [(LayerNorm(6), nn.LayerNorm(6), (3, 4, 6)), (GroupNorm(2, 6), nn.GroupNorm(2, 6), (3, 6, 4, 4))],
    ids=["layer", "group"],
)
def test_normalisations_are_those_of_torch_up_to_the_second_derivative(ours, torch_s, shape) -> None:
    weight, bias = float64(6, seed=1), float64(6, seed=2)
    x, c, v = (float64(*shape, seed=s) for s in (3, 4, 5))
    found = []
    for layer in (ours.double(), torch_s.double()):
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
        leaf = x.clone().requires_grad_()
        out = layer(leaf)
        (gradient,) = torch.autograd.grad((c * out**2).sum(), leaf, create_graph=True)
        found.append((out, gradient, torch.autograd.grad(gradient, leaf, v)[0]))
    for a, b in zip(*found, strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-11)


def test_the_recurrence_is_torch_s_lstm() -> None:
    theirs = nn.LSTM(3, 5, batch_first=True, bidirectional=True, dtype=torch.float64)
    ours = BothWays(3, 5).double()
    with torch.no_grad():
        for layer, end in ((ours.forwards, ""), (ours.backwards, "_reverse")):
            layer.input.weight.copy_(getattr(theirs, f"weight_ih_l0{end}"))
            layer.input.bias.copy_(getattr(theirs, f"bias_ih_l0{end}") + getattr(theirs, f"bias_hh_l0{end}"))
            layer.recurrent.weight.copy_(getattr(theirs, f"weight_hh_l0{end}"))
    x = float64(4, 6, 3)
    assert torch.allclose(ours(x), theirs(x)[0], rtol=1e-12, atol=1e-13)
    assert torch.equal(ours.forwards(x), ours(x)[..., :5])


def test_the_attention_is_torch_s() -> None:
    block, x = Block(8, 2, "gelu").double(), float64(3, 5, 8)
    q, k, v = (part.reshape(3, 5, 2, 4).transpose(1, 2) for part in block.mix(x).chunk(3, -1))
    with sdpa_kernel(SDPBackend.MATH):
        theirs = nn.functional.scaled_dot_product_attention(q, k, v)
    expected = block.out(theirs.transpose(1, 2).reshape(3, 5, 8))
    assert torch.allclose(block.attend(x), expected, rtol=1e-12, atol=1e-13)


def test_patches_are_pieces_of_the_image() -> None:
    model = networks.VisionTransformer(8, 10, (2, 4), 4, 1, 1, "gelu").double()
    seen = []
    model.encoder.embed.register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    image = torch.arange(64.0, dtype=torch.float64)
    model(image[None])
    assert torch.equal(seen[0][0, 3], image.reshape(8, 8)[2:4, 4:].flatten())


@pytest.mark.parametrize("name", SMALL)
def test_the_start_is_of_the_seed_alone(name: str) -> None:
    before = torch.get_rng_state()
    first, same, other = (small(name, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.w0, same.w0)
    assert not torch.equal(first.w0, other.w0)


EARLIER = [
    ("digits_mlp", {}, "03d25e7566e6d109", 0.867269802234021),
    (
        "digits_mlp",
        {"widths": (16,), "activation": "silu", "loss": "cross_entropy", "n": 40, "seed": 3},
        "489412e7ad090b59",
        2.279986392881037,
    ),
    ("digits_mlp", {"targets": "sign", "n": 50, "input_scale": 0.5}, "b6e77a8675adb241", 0.4860772084042469),
    ("digits_mlp", {"gain": 1.0, "seed": 1, "activation": "softplus"}, "844986679b801db1", 5.016394274792385),
    ("digits_cnn", {}, "861c1dda58e96223", 0.5099550085899811),
    ("digits_cnn", {"channels": 2, "n": 40, "loss": "cross_entropy", "seed": 4}, "1f3091cc529b7fa4", 2.314496084389825),
    ("digits_cnn", {"activation": "relu", "n": 30}, "861c1dda58e96223", 0.503772588793437),
    ("digits_transformer", {}, "cadec2ac3532cc97", 0.7921975244239198),
    (
        "digits_transformer",
        {"width": 4, "heads": 1, "n": 40, "loss": "cross_entropy", "seed": 4},
        "ce57463a2733ca62",
        2.337285987728807,
    ),
    (
        "digits_transformer",
        {"width": 12, "heads": 3, "activation": "tanh", "n": 50},
        "bb57c240e62f4751",
        0.7463925702300613,
    ),
]


@pytest.mark.parametrize(("name", "options", "start", "loss"), EARLIER)
def test_earlier_problems_start_as_they_did(name: str, options: dict, start: str, loss: float) -> None:
    problem = PROBLEMS[name](**options)
    assert hashlib.sha256(problem.w0.numpy().tobytes()).hexdigest()[:16] == start
    assert float(problem.loss(problem.w0)) == pytest.approx(loss, rel=1e-13)


@pytest.mark.parametrize("name", ["digits_resnet", "digits_vit", "digits_lstm", "sorting_transformer"])
@pytest.mark.parametrize(
    ("optimizer", "flows"),
    [
        (rf.optimizers.GradientDescent(0.005), ("rod", "stable", "central")),
        (rf.optimizers.Adam(1e-3), ("rod", "stable")),
    ],
    ids=["gradient descent", "Adam"],
)
def test_flows_run_beside_the_optimizer(name: str, optimizer, flows: tuple[str, ...]) -> None:
    steps = optimizer.rod_start + 2
    simulation = Simulation(small(name), optimizer, ("discrete", *flows), steps=steps)
    tables = run(simulation)
    assert {status.state for status in simulation.statuses.values()} == {"finished"}
    discrete = tables.pop("discrete")["loss"]
    for table in tables.values():
        assert table["loss"][-1] == pytest.approx(discrete[-1], rel=0.05)


@pytest.mark.parametrize(("name", "rate", "steps"), [("digits_lstm", 1.0, 160)])
def test_networks_come_to_their_edge(name: str, rate: float, steps: int) -> None:
    simulation = Simulation(PROBLEMS[name](), rf.optimizers.GradientDescent(rate), ("discrete",), steps=steps, every=10)
    ratio = run(simulation)["discrete"]["sharpness_ratio"]
    assert ratio[0] < 0.9
    assert ratio.max() > 1


@pytest.mark.parametrize("name", ["digits_resnet", "digits_vit", "sorting_lstm"])
def test_single_precision_is_the_same_network(name: str) -> None:
    double, single = (small(name, dtype=dtype) for dtype in (torch.float64, torch.float32))
    v = float64(double.dim)
    assert torch.equal(single.w0, double.w0.float())
    assert apart(single.hvp(single.w0, v.float()).double(), double.hvp(double.w0, v)) < 1e-4


@pytest.mark.parametrize(
    "make",
    [
        lambda large: networks.Convolutional(28, 10, 300 if large else 1, "tanh"),
        lambda large: networks.Residual(28, 10, *((64, 2, 3) if large else (4, 1, 2)), 2, "silu"),
        lambda large: networks.VisionTransformer(28, 10, (7, 7), *((256, 6) if large else (8, 1)), 2, "gelu"),
        lambda large: networks.RowLSTM(8, 10, *((400, 2) if large else (12, 1))),
        lambda large: networks.SequenceTransformer(6, 5, 6, *((256, 4) if large else (8, 1)), 2, "gelu"),
        lambda large: networks.SequenceLSTM(6, 6, *((256, 2) if large else (8, 1))),
    ],
    ids=["cnn", "resnet", "vit", "row lstm", "sequence transformer", "sequence lstm"],
)
def test_sizes_go_from_a_thousand_to_millions(make) -> None:
    with torch.device("meta"):
        small, large = (sum(p.numel() for p in make(large).parameters()) for large in (False, True))
    assert small < 1_500
    assert large > 1_500_000


def test_depth_and_stages_add_layers() -> None:
    for name, option, values in (
        ("digits_resnet", "blocks", (1, 2)),
        ("digits_resnet", "stages", (1, 4)),
        ("digits_vit", "depth", (1, 2)),
        ("digits_lstm", "depth", (1, 2)),
        ("sorting_lstm", "depth", (1, 2)),
        ("sorting_transformer", "depth", (1, 2)),
    ):
        less, more = (PROBLEMS[name](**{"n": 4, option: value}) for value in values)
        assert less.dim < more.dim
        assert math.isfinite(float(more.loss(more.w0)))


def test_sequences_and_what_is_asked_of_them() -> None:
    drawn, ordered = sequences(7, 9, 30, 0)
    assert torch.equal(drawn.sort(1).values, ordered)
    assert set(drawn.flatten().tolist()) == set(range(7))
    assert torch.equal(sequences(7, 9, 12, 0)[0], drawn[:12])
    assert not torch.equal(sequences(7, 9, 30, 1)[0], drawn)
    losses = [PROBLEMS["sorting_lstm"](n=8, loss=loss, data_seed=2) for loss in ("mse", "cross_entropy")]
    assert [p.loss_name for p in losses] == ["½ mean squared error per token", "cross entropy per token"]
    zero = torch.zeros(losses[0].dim, dtype=torch.float64)
    assert float(losses[0].loss(zero)) == pytest.approx(0.5)
    assert float(losses[1].loss(zero)) == pytest.approx(math.log(6))


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("digits_vit", {"width": 9}, ["width=9", "multiple of heads=2"]),
        ("digits_transformer", {"width": 15}, ["width=15", "multiple of heads=2"]),
        ("sorting_transformer", {"heads": 5}, ["width=12", "multiple of heads=5"]),
        ("digits_vit", {"patch": 3}, ["patch=3", "divisor of 8", "1, 2, 4, 8"]),
        ("digits_vit", {"patch": 16}, ["patch=16", "at most 8"]),
        ("digits_resnet", {"groups": 3}, ["groups=3", "divisor of channels=4"]),
        ("fashion_resnet", {"channels": 5}, ["groups=2", "divisor of channels=5"]),
        ("digits_resnet", {"stages": 5}, ["stages=5", "at most 4", "8 × 8"]),
        ("fashion_resnet", {"stages": 6}, ["stages=6", "at most 5", "28 × 28"]),
        ("digits_lstm", {"n": 1798}, ["n=1798", "at most 1797"]),
        ("digits_lstm", {"depth": 0}, ["depth=0", "at least 1"]),
        ("sorting_lstm", {"tokens": 1}, ["tokens=1", "at least 2"]),
        ("sorting_lstm", {"data_seed": -1}, ["data_seed=-1", "at least 0"]),
        ("sorting_transformer", {"n": 2.5}, ["n=2.5", "a whole number"]),
    ],
)
def test_bad_options_are_named_with_what_to_do(name: str, options: dict, words: list[str]) -> None:
    with pytest.raises(ArgumentError) as caught:
        PROBLEMS[name](**options)
    for word in words:
        assert word in str(caught.value)


def test_a_recurrence_forgets_nothing_when_its_gate_is_open() -> None:
    """With an open forget gate and input gate, the memory adds up tanh(g) over the steps."""
    layer = Recurrence(1, 1).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.input.bias.copy_(torch.tensor([50.0, 50.0, 0.5, 50.0]))
    states = layer(float64(1, 4, 1))
    assert torch.allclose(states[0, :, 0], torch.tanh(torch.arange(1, 5) * math.tanh(0.5)).double())
