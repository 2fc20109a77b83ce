"""A training loop of somebody's own, looked at from inside: its optimizer, its model on a fixed batch, its edge."""

from .described import described, notes
from .look import TOLERANCE, Looker, columns
from .present import Present, present
from .probe import Batch, Probe
from .reading import Rule, check_optimizer, label_of, made_steps, rule_of, unwrapped
from .subject import Part, Subject

__all__ = [
    "TOLERANCE",
    "Batch",
    "Looker",
    "Part",
    "Present",
    "Probe",
    "Rule",
    "Subject",
    "check_optimizer",
    "columns",
    "described",
    "label_of",
    "made_steps",
    "notes",
    "present",
    "rule_of",
    "unwrapped",
]
