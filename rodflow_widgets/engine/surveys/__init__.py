"""Surveys, one file a topic: looks at a run from outside, made beside it on request."""

from ..registry import SURVEYS, discover
from .base import Survey, Topic, topic

discover(__name__, __path__)

__all__ = ["SURVEYS", "Survey", "Topic", "topic"]
