"""Which posts go together: by the tags they share, and by the words that are telling in both.

A word tells much of a post if it is frequent in it and rare elsewhere (tf-idf). Each post is known by its dozen most
telling words, so the work grows with the number of posts and not with its square. The same posts give the same answer
on every machine: ties go to the newer post, then to the slug.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Text", "related"]

_WORD = re.compile(r"[^\W\d_]{4,}")
_TELLING = 12  # words kept of each post
_NEAREST = 60  # of the posts that share one thing, only so many, the nearest in time, are compared
_TAG = 2.0  # how much more a tag weighs than a word: somebody chose it


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """What is compared of one post."""

    tags: frozenset[str]
    words: str  # plain text


def related(texts: Sequence[Text], most: int) -> tuple[tuple[int, ...], ...]:
    """Find, for each post, those that go with it best.

    Args:
        texts: All posts of one language, newest first.
        most: How many to name for each, at the most.

    Returns:
        For each post the positions of others, best first; none for a post that shares nothing with any.
    """
    features = _features(texts)
    holders: dict[str, list[int]] = defaultdict(list)
    for position, known in enumerate(features):
        for feature in known:
            holders[feature].append(position)
    return tuple(_best(position, features, holders, most) for position in range(len(texts)))


def _best(
    position: int, features: Sequence[dict[str, float]], holders: dict[str, list[int]], most: int
) -> tuple[int, ...]:
    scores: dict[int, float] = defaultdict(float)
    for feature, weight in features[position].items():
        for other in _near(holders[feature], position):
            scores[other] += weight * features[other][feature]
    scores.pop(position, None)  # a post that holds nothing telling never met itself
    ranked = sorted(scores.items(), key=lambda pair: (-round(pair[1], 9), pair[0]))
    return tuple(other for other, _ in ranked[:most])


def _near(positions: list[int], position: int) -> list[int]:
    """Give those of the positions that are nearest, among them the position itself."""
    if len(positions) <= _NEAREST:
        return positions
    at = bisect_left(positions, position)
    start = max(0, min(at - _NEAREST // 2, len(positions) - _NEAREST))
    return positions[start : start + _NEAREST]


def _features(texts: Sequence[Text]) -> list[dict[str, float]]:
    """Give each post's tags and telling words with their weights, in one order, as unit vectors."""
    counted = [Counter(word.casefold() for word in _WORD.findall(text.words)) for text in texts]
    in_posts = Counter(word for counts in counted for word in counts)
    tagged = Counter(tag for text in texts for tag in text.tags)
    vectors = []
    for text, counts in zip(texts, counted, strict=True):
        weights = {
            word: (1 + math.log(count)) * math.log(len(texts) / in_posts[word])
            for word, count in counts.items()
            if count > 1 and in_posts[word] > 1
        }
        telling = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:_TELLING]
        vector = {word: weight for word, weight in telling if weight > 0}
        for tag in sorted(text.tags):
            if tagged[tag] > 1:
                vector[f"#{tag}"] = _TAG * (1 + math.log(len(texts) / tagged[tag]))
        length = math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
        vectors.append({feature: weight / length for feature, weight in vector.items()})
    return vectors
