"""Waiting at a place where another process could come in between."""

import random
import time


def wait(seconds: float, chance: float = 1.0) -> None:
    if random.random() < chance:
        time.sleep(seconds)
