"""Random weights of the stance heads, under the names used in training."""

from __future__ import annotations

import numpy as np

from workers.model.stance_heads import HIDDEN, WIDTH, Array


def random_stance_weights() -> dict[str, Array]:
    """Return the arrays of ``sides.npz``; they are the same in every call."""
    generator = np.random.default_rng(11)
    shapes: dict[str, tuple[int, ...]] = {
        "pairs.query.weight": (WIDTH, 2 * WIDTH),
        "pairs.query.bias": (WIDTH,),
        "pairs.hidden.weight": (HIDDEN, 4 * WIDTH),
        "pairs.hidden.bias": (HIDDEN,),
        "pairs.sides.weight": (2, HIDDEN),
        "pairs.sides.bias": (2,),
        "pairs.voice": (WIDTH,),
        "pairs.voiced.weight": (3, HIDDEN),
        "pairs.voiced.bias": (3,),
        "pairs.none": (),
        "claims.hidden.weight": (HIDDEN, 4 * WIDTH),
        "claims.hidden.bias": (HIDDEN,),
        "claims.side.weight": (1, HIDDEN),
        "claims.side.bias": (1,),
    }
    return {name: (generator.standard_normal(shape) / 4).astype(np.float32) for name, shape in shapes.items()}
