"""The encoder's vectors of mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.coreference.mentions import Mention
    from workers.model.component import EncodedDocument


def mention_vectors(encoded: EncodedDocument, mentions: Sequence[Mention]) -> NDArray[np.float32]:
    """Return the vectors of the first and the last word of each mention, [mentions, 2 * 768].

    Mentions in words that the encoder has not read have zeros.
    """
    words = encoded.scores.vectors
    word_of = {token: word for word, token in enumerate(encoded.inputs.tokens)}
    padded = np.concatenate([words, np.zeros((1, words.shape[1]), words.dtype)])
    ends = [(word_of.get(mention.span.start, -1), word_of.get(mention.span.end - 1, -1)) for mention in mentions]
    indices = np.array(ends, np.intp).reshape(-1, 2)
    vectors: NDArray[np.float32] = padded[indices].reshape(len(mentions), 2 * words.shape[1]).astype(np.float32)
    return vectors
