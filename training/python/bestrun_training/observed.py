"""What training saw of each input field: `x-observed` of run.json."""

import math

# More different texts than this are no categories.
MAX_VALUES = 50


def observe(inputs: list[dict], schema: dict) -> dict:
    """
    Per field what is seen in the rows; of a list what is seen of all numbers in it. A field that no row has is missing in
    all of them. Images are left out: nothing is said of their pixels. A row that gives one of several alternatives lacks
    the others on purpose, so how often they are missing is left out.
    """
    alternatives = {name for alternative in schema.get("oneOf", []) for name in alternative["required"]}
    observed = {}
    for name, field in schema["properties"].items():
        if field.get("format") == "image":
            continue
        seen = _observed([row.get(name) for row in inputs], field)
        observed[name] = {key: value for key, value in seen.items() if key != "missing" or name not in alternatives}
    return observed


def with_observed(signature: dict, observed: dict) -> dict:
    """The signature with `x-observed` in its input fields."""
    properties = {
        name: {**field, **({"x-observed": observed[name]} if name in observed else {})}
        for name, field in signature["input"]["properties"].items()
    }
    return {**signature, "input": {**signature["input"], "properties": properties}}


def _observed(values: list, field: dict) -> dict:
    present = [value for value in values if value is not None]
    missing = {"missing": _plain(1 - len(present) / len(values))}
    known = [item for value in present for item in _items(value)]
    distinct = sorted(set(known))
    is_category = "enum" in field or (field["type"] == "string" and len(distinct) <= MAX_VALUES)
    if is_category:
        return {**missing, "values": distinct}
    numbers = sorted(float(value) for value in known if isinstance(value, int | float))
    if not numbers:
        return missing
    return {
        "minimum": _plain(numbers[0]),
        "maximum": _plain(numbers[-1]),
        "p01": _plain(_percentile(numbers, 0.01)),
        "p99": _plain(_percentile(numbers, 0.99)),
        "mean": _plain(math.fsum(numbers) / len(numbers)),
        **missing,
    }


def _items(value: object) -> list:
    """Every value in a list of lists; a value by itself."""
    if not isinstance(value, list):
        return [value]
    return [item for part in value for item in _items(part) if item is not None]


def _percentile(ordered: list[float], share: float) -> float:
    """Between neighbours in proportion, as numpy does it."""
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else round(number, 6)
