"""A loss that raises beyond a distance of 4, where a large learning rate comes to, alone and in a batch."""

import torch

import rodflow_widgets as rf

INSIDE = torch.zeros(4, dtype=torch.float64)


def well(w):
    return (w**2).sum() / 2 + INSIDE[w[0].detach().abs().floor().long()]


def problem():
    """Of sharpness 1: a learning rate of 2.5 multiplies w by −1.5 a step, and is beyond after six."""
    return rf.Problem.from_function(well, torch.tensor([0.5, 0.5], dtype=torch.float64), name="well")
