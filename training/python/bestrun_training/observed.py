"""What training saw of each input field: `x-observed` of run.json."""

import math

# More different texts than this are no categories.
MAX_VALUES = 50


def observe(inputs: list[dict], properties: dict) -> dict:
    """Per field of one value what is seen in the rows; a field that no row has is missing in all of them."""
    single = {name: field for name, field in properties.items() if field["type"] != "array" and field.get("format") != "image"}
    return {name: _observed([row.get(name) for row in inputs], field) for name, field in single.items()}


def with_observed(signature: dict, observed: dict) -> dict:
    """The signature with `x-observed` in its input fields."""
    properties = {
        name: {**field, **({"x-observed": observed[name]} if name in observed else {})}
        for name, field in signature["input"]["properties"].items()
    }
    return {**signature, "input": {**signature["input"], "properties": properties}}


def _observed(values: list, field: dict) -> dict:
    known = [value for value in values if value is not None]
    missing = {"missing": _plain(1 - len(known) / len(values))}
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


def _percentile(ordered: list[float], share: float) -> float:
    """Between neighbours in proportion, as numpy does it."""
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def _plain(number: float) -> int | float:
    return int(number) if number.is_integer() else round(number, 6)
