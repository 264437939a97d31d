"""Deterministic splits: no random generator, so any language and any year gives the same parts."""

import hashlib
from collections import Counter
from collections.abc import Sequence


def hash_order(row_ids: Sequence[int], salt: str) -> list[int]:
    """Positions 0…n-1 sorted by SHA-256 of `salt:row id`: a shuffle that never changes."""
    digests = [hashlib.sha256(f"{salt}:{row_id}".encode()).hexdigest() for row_id in row_ids]
    return sorted(range(len(row_ids)), key=lambda position: digests[position])


def stratified_split(row_ids: Sequence[int], labels: Sequence[Sequence[str]], parts: dict[str, float], salt: str) -> list[str]:
    """
    The part of every row, with each label spread over the parts in proportion (iterative stratification,
    Sechidis, Tsoumakas and Vlahavas 2011: the rarest label goes first, to the part that lacks it most).

    `parts`: name to share, shares adding up to 1. A row may have one label or many.
    """
    counts = Counter(label for row in labels for label in row)
    room = {part: share * len(row_ids) for part, share in parts.items()}
    wanted = {(part, label): share * count for part, share in parts.items() for label, count in counts.items()}
    waiting = hash_order(row_ids, salt)
    assigned = [""] * len(row_ids)
    left = Counter(counts)
    while any(left.values()):
        rarest = min((count, label) for label, count in left.items() if count)[1]
        for row in [row for row in waiting if rarest in labels[row]]:
            part = max(parts, key=lambda name: (wanted[name, rarest], room[name]))
            assigned[row] = part
            room[part] -= 1
            for label in labels[row]:
                wanted[part, label] -= 1
                left[label] -= 1
        waiting = [row for row in waiting if not assigned[row]]
    return assigned
