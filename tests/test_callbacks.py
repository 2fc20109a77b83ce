"""The callbacks of lightning and transformers, in real trainers on tiny models."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import rodflow_widgets as rf
from rodflow_widgets.callbacks.following import found
from rodflow_widgets.errors import ArgumentError, ProblemError, RunError

# Of the trainers themselves: lightning recommends more workers for the loader, and warns of the few CPUs and the missing
# logger; both ask deprecated parts of torch.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*`isinstance\\(treespec, LeafSpec\\)` is deprecated"),
]


def data(n: int = 48) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 5, generator=generator), torch.randn(n, 3, generator=generator)


# ---------------------------------------------------------------------- lightning


@pytest.fixture(scope="module")
def lightning() -> Any:
    return importlib.import_module("lightning.pytorch")


def make_module(lightning: Any, fail_at: int | None = None) -> Any:
    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.net = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)

        def training_step(self, batch: Any, index: int) -> torch.Tensor:
            if fail_at is not None and self.global_step >= fail_at:
                raise ZeroDivisionError("in training_step")
            x, y = batch
            return nn.functional.mse_loss(self(x), y)

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.AdamW(self.parameters(), lr=1e-2)
            scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
            return {"optimizer": optimizer, "lr_scheduler": scheduler}

    return Module()


def fit(lightning: Any, folder: Path, module: Any, callbacks: list[Any], **options: Any) -> None:
    torch.manual_seed(1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(*data()), batch_size=8, shuffle=True)
    trainer = lightning.Trainer(
        max_epochs=3,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
        **options,
    )
    trainer.fit(module, loader)


@pytest.mark.parametrize("options", [{}, {"accumulate_grad_batches": 2, "gradient_clip_val": 0.1}])
def test_lightning_is_watched_and_trains_as_without(lightning: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    watched, plain = make_module(lightning), make_module(lightning)
    callback = rf.callbacks.LightningWatch(nn.MSELoss(), *data(16), every=1)
    with pytest.raises(RunError, match="when training begins"):
        assert callback.watch
    fit(lightning, tmp_path, watched, [callback], **options)
    fit(lightning, tmp_path, plain, [], **options)
    for one, other in zip(watched.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    steps = 9 if options else 18
    table = callback.watch.recording["discrete"]
    assert table["time"].tolist() == list(range(steps))
    assert np.isfinite(table["sharpness_ratio"]).all()
    # What the closure returned: lightning runs forward and backward pass inside the step.
    assert np.isfinite(table["training_loss"]).all()
    assert callback.watch.status.state == "finished"
    assert [event.new for event in callback.watch.events] == [5e-3]


def test_a_part_of_a_lightning_module_may_be_called(lightning: Any, tmp_path: Path) -> None:
    callback = rf.callbacks.LightningWatch(nn.MSELoss(), *data(16), module=lambda module: module.net, every=4)
    fit(lightning, tmp_path, make_module(lightning), [callback])
    assert callback.watch.recording["discrete"]["time"].tolist() == [0, 4, 8, 12, 16]
    assert callback.watch.recording.spec["problem"]["name"].startswith("Sequential")


def test_a_lightning_module_is_forecast_without_its_trainer(lightning: Any, tmp_path: Path) -> None:
    found_runs = []

    class Asking(lightning.Callback):
        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, index: int) -> None:
            if trainer.global_step == 5:
                found_runs.append(callback.watch.forecast(4))

    callback = rf.callbacks.LightningWatch(nn.MSELoss(), *data(16), every=100)
    fit(lightning, tmp_path, make_module(lightning), [callback, Asking()])
    found_runs[0].wait(60)
    assert found_runs[0].recording["rod"]["time"].tolist() == [5, 6, 7, 8, 9]


def test_an_exception_in_lightning_is_said(lightning: Any, tmp_path: Path) -> None:
    callback = rf.callbacks.LightningWatch(nn.MSELoss(), *data(16), every=1)
    with pytest.raises(ZeroDivisionError):
        fit(lightning, tmp_path, make_module(lightning, fail_at=4), [callback])
    assert callback.watch.status.sentence == "Training failed at step 4: ZeroDivisionError: in training_step"


def test_an_optimizer_that_lightning_does_not_have_is_refused(lightning: Any, tmp_path: Path) -> None:
    callback = rf.callbacks.LightningWatch(nn.MSELoss(), *data(16), optimizer=1)
    with pytest.raises(ArgumentError, match="has 1 of them"):
        fit(lightning, tmp_path, make_module(lightning), [callback])


# ---------------------------------------------------------------------- transformers


@pytest.fixture(scope="module")
def transformers() -> Any:
    return importlib.import_module("transformers")


def tokens(n: int) -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return [
        {
            "input_ids": torch.randint(0, 32, (6,), generator=generator),
            "attention_mask": torch.ones(6, dtype=torch.long),
            "labels": torch.randint(0, 2, (), generator=generator),
        }
        for _ in range(n)
    ]


def collated(rows: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def make_model(transformers: Any) -> Any:
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    return transformers.BertForSequenceClassification(config)


def train(transformers: Any, folder: Path, model: Any, callbacks: list[Any], **options: Any) -> Any:
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=2,
        per_device_train_batch_size=4,
        learning_rate=1e-3,
        weight_decay=0.01,
        use_cpu=True,
        disable_tqdm=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        seed=3,
        **options,
    )
    trainer = transformers.Trainer(
        model=model, args=arguments, train_dataset=tokens(24), data_collator=collated, callbacks=callbacks
    )
    trainer.train()
    return trainer


@pytest.mark.parametrize("options", [{}, {"gradient_accumulation_steps": 2, "max_grad_norm": 0.05}])
def test_the_trainer_is_watched_and_trains_as_without(
    transformers: Any, tmp_path: Path, options: dict[str, Any]
) -> None:
    watched, plain = make_model(transformers), make_model(transformers)
    callback = rf.callbacks.TrainerWatch(collated(tokens(12)), every=1)
    train(transformers, tmp_path, watched, [callback], **options)
    train(transformers, tmp_path, plain, [], **options)
    for one, other in zip(watched.state_dict().values(), plain.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    steps = 6 if options else 12
    table = callback.watch.recording["discrete"]
    assert table["time"].tolist() == list(range(steps))
    assert np.isfinite(table["sharpness_ratio"]).all()
    assert callback.watch.status.state == "finished"
    # Two groups, with weight decay and without, and a learning rate that falls linearly from step to step.
    assert len(callback.watch.events) == 1
    assert table["learning_rate"][-1] < 0.2 * table["learning_rate"][0]
    assert "Decoupled weight decay" in " ".join(callback.watch.notes)
    with pytest.raises(RunError, match="its learning rate is 0"):
        callback.watch.forecast(3)


def test_the_trainer_is_forecast(transformers: Any, tmp_path: Path) -> None:
    runs = []

    class Asking(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step == 4:
                runs.append(callback.watch.forecast(3))

    callback = rf.callbacks.TrainerWatch(collated(tokens(12)), every=100)
    train(transformers, tmp_path, make_model(transformers), [callback, Asking()])
    runs[0].wait(60)
    assert runs[0].status.state == "finished"
    assert runs[0].recording["rod"]["time"].tolist() == [4, 5, 6, 7]


def test_an_exception_in_the_trainer_is_said_within_watching(transformers: Any, tmp_path: Path) -> None:
    class Failing(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            raise ZeroDivisionError("in a callback")

    callback = rf.callbacks.TrainerWatch(collated(tokens(12)), every=1)

    def watched() -> None:
        with callback.watching():
            train(transformers, tmp_path, make_model(transformers), [callback, Failing()])

    with pytest.raises(ZeroDivisionError):
        watched()
    assert callback.watch.status.sentence == "Training failed at step 1: ZeroDivisionError: in a callback"


def test_a_model_without_labels_has_no_loss_of_its_own(transformers: Any, tmp_path: Path) -> None:
    inputs = collated(tokens(4))
    inputs.pop("labels")
    with pytest.raises(ProblemError, match="put labels into inputs"):
        train(transformers, tmp_path, make_model(transformers), [rf.callbacks.TrainerWatch(inputs)])


# ---------------------------------------------------------------------- accelerate, and what is missing


def test_the_optimizer_of_accelerate_is_unwrapped(transformers: Any) -> None:
    accelerate = importlib.import_module("accelerate")
    torch.manual_seed(0)
    model = nn.Linear(5, 3)
    accelerator = accelerate.Accelerator(cpu=True)
    prepared, optimizer = accelerator.prepare(model, torch.optim.SGD(model.parameters(), lr=0.1))
    x, y = data(16)
    with rf.watch(prepared, optimizer, nn.MSELoss(), x, y, every=1) as watch:
        for _ in range(4):
            optimizer.zero_grad()
            accelerator.backward(nn.functional.mse_loss(prepared(x), y))
            optimizer.step()
    assert watch.recording["discrete"]["time"].tolist() == [0, 1, 2, 3]


def test_what_is_not_installed_is_named() -> None:
    with pytest.raises(ImportError, match=r"LightningWatch needs no_such_thing, which is not installed: pip install"):
        found("LightningWatch", "no_such_thing.pytorch", "nor_this")
    assert found("it", "no_such_thing", "json") is sys.modules["json"]


def test_callbacks_are_named_where_one_asks_for_another() -> None:
    with pytest.raises(AttributeError, match="it has LightningWatch, TrainerWatch"):
        assert rf.callbacks.KerasWatch
