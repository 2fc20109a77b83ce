"""Runs of one problem on several threads at once: each sees its own parameters inside the shared module."""

import threading

import pytest
import torch

import rodflow_widgets as rf


@pytest.mark.parametrize("checkpoint", [(), ("0",)])
def test_two_threads_in_one_model(checkpoint) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Tanh(), torch.nn.Linear(8, 8)), torch.nn.Linear(8, 1)
    )
    x = torch.linspace(-1, 1, 64).reshape(8, 8)
    loss = torch.nn.functional.mse_loss
    problems = [rf.Problem(model, loss, x, x.sum(1, keepdim=True), checkpoint=checkpoint) for _ in range(2)]
    points = [problem.w0 + 0.1 * i for i, problem in enumerate(problems * 2)]
    expected = [problem.value_and_grad(w) for problem, w in zip(problems * 2, points, strict=True)]
    wrong = []

    def evaluate(i: int) -> None:
        problem = (problems * 2)[i]
        for _ in range(150):
            value, gradient = problem.value_and_grad(points[i])
            if value != expected[i][0] or not torch.equal(gradient, expected[i][1]):
                wrong.append(i)

    threads = [threading.Thread(target=evaluate, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
