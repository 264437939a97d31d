"""Random images with PIL's pixels and random texts with the ids of `tokenizers`, as JSON; arguments: seed, number, folder of tokenizers."""

import base64
import io
import json
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tokenizers import Tokenizer

seed, count = int(sys.argv[1]), int(sys.argv[2])
tokenizers = Path(sys.argv[3])
random.seed(seed)
noise = np.random.default_rng(seed)
FILTERS = [Image.Resampling.NEAREST, Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS]


def image_case():
    width, height = random.randint(1, 90), random.randint(1, 90)
    mode = random.choice(["RGB", "L"])
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    image = Image.fromarray(noise.integers(0, 256, shape, dtype=np.uint8))
    into = io.BytesIO()
    if random.random() < 0.5:
        image.save(into, "PNG")
    else:
        image.save(into, "JPEG", quality=random.randint(20, 100), subsampling=random.choice([0, 1, 2]))
    channels = random.choice([1, 3])
    read = Image.open(io.BytesIO(into.getvalue())).convert("RGB" if channels == 3 else "L")
    filter = random.choice(FILTERS)
    size = {"width": random.randint(1, 90), "height": random.randint(1, 90)}
    resized = read.resize((size["width"], size["height"]), filter)
    return {
        "photo": base64.b64encode(into.getvalue()).decode(),
        "encoding": {**size, "channels": channels, "resize": {"filter": filter.name.lower()}},
        "pixels": base64.b64encode(np.asarray(resized).tobytes()).decode(),
    }


# Left out is what Unicode added after version 8 as punctuation or combining marks: docs/run-format.md.
RANGES = [(0x20, 0x7E), (0xA0, 0x17F), (0x300, 0x36F), (0x400, 0x4FF), (0x590, 0x60F), (0x620, 0x6FF), (0x900, 0x97F), (0x1100, 0x11FF),
          (0x2000, 0x206F), (0x3040, 0x30FF), (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0xFB00, 0xFB06), (0x1F300, 0x1F6FF), (0x0, 0x1F)]  # fmt: skip
WORDS = ["the", "bright", "small", "model", "[MASK]", "</s>", "rain", "don't", "3.14", "\u200d", "  ", "\n"]


def text_case():
    parts = []
    for _ in range(random.randint(0, 30)):
        if random.random() < 0.5:
            parts.append(random.choice(WORDS) + random.choice(["", " "]))
        else:
            start, end = random.choice(RANGES)
            parts.append("".join(chr(random.randint(start, end)) for _ in range(random.randint(1, 4))))
    return "".join(parts)


texts = [text_case() for _ in range(count)]
ids = {}
for name in ("wordpiece", "bpe", "unigram"):
    tokenizer = Tokenizer.from_file(str(tokenizers / f"{name}.json"))
    direction = (tokenizer.truncation or {}).get("direction", "right")
    tokenizer.enable_truncation(16, direction=direction)
    tokenizer.no_padding()
    ids[name] = [tokenizer.encode(text).ids for text in texts]
json.dump({"images": [image_case() for _ in range(count)], "texts": texts, "ids": ids}, sys.stdout)
