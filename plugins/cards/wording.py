"""Whether a title may stand in large letters on somebody's screen, or says something about who has it there."""

from __future__ import annotations

import re

__all__ = ["tells"]

# What is named here is nobody's shame. But a card is seen by whoever looks at the phone, and says who reads that.
_TELLING = re.compile(
    r"suicid|self[\s-]?(?:harm|injur)|overdos|\baddict|\balcohol|\bdrunk|\bdrinking\b|\bsober|\bdrugs?\b|\brelaps"
    r"|\brehab|\bdetox|\bwithdrawal|\brecover(?:y|ing)\b|\btwelve[\s-]steps?|\bgambl|\btrauma|\babus|\brape[ds]?\b|\brapist"
    r"|\bassault|\bviolen|\bincest|\bmolest|\bdepress|\banxiety|\bpanic attack|\bbipolar|\bpsycho|\bschizo|\bptsd\b"
    r"|\bborderline|\banorexi|\bbulimi|\beating disorder|\btherap|\bpsychiatr|\bhospital|\bclinic|\bdiagnos|\bmedicat"
    r"|\bhiv\b|\baids\b|\bcancer|\babort|\bmiscarr|\bstillb|\bgrie[fv]|\bbereav|\bdivorc|\bprison|\bcult\b"
    r"|adicci|adict|alcoh[oó]l|borrach|droga|reca[ií]|trauma|maltrat|abuso|violaci|agresi|ansiedad|depresi|terapi"
    r"|psiqui|c[aá]ncer|aborto|duelo|luto|autolesi|sobredosis|c[aá]rcel",
    re.IGNORECASE,
)


def tells(title: str) -> bool:
    """Say whether a title names what a reader may want to keep to themselves. Better once too often.

    Args:
        title: Plain text, English or Spanish.
    """
    return _TELLING.search(title) is not None
