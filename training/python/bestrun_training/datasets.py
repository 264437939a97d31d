"""Reads the public data sets and prepares all models' rows once, for every trainer in every language."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn import datasets as scikit_learn_datasets

from .observed import observe
from .png import png_text
from .splits import hash_order, stratified_split
from .text_cleaning import clean_text

TRAINING_FOLDER = Path(__file__).resolve().parents[2]
PREPARED_FOLDER = TRAINING_FOLDER.parent / ".cache" / "training" / "prepared"
FIXTURE_ROWS = 60
EXAMPLE_ROWS = 4
# Tags of the curated list that say too little of a project; the lesson leaves them out too.
GENERAL_TAGS = {"machine-learning", "deep-learning", "data-science", "neural-networks", "python", "r", "visualization"}
MINIMUM_PROJECTS = 30


def read_contract(model: str) -> dict:
    """Card, signature, examples and documented behaviour of a model: what all its runs have in common."""
    return json.loads((TRAINING_FOLDER / "contracts" / f"{model}.json").read_text("utf-8"))


def prepare_titanic(data_folder: Path) -> dict:
    """Passengers with a known age; 55 % train, 15 % validation, 30 % test, stratified by survival."""
    path = data_folder / "titanic" / "titanic.csv"
    with path.open(encoding="utf-8", newline="") as file:
        records = [(number, record) for number, record in enumerate(csv.DictReader(file)) if record["age"]]
    rows = [_passenger(number, record) for number, record in records]
    parts = stratified_split(
        [row["id"] for row in rows],
        [[str(row["target"])] for row in rows],
        {"train": 0.55, "validation": 0.15, "test": 0.3},
        "titanic-survival",
    )
    # Trainers learn every passenger twice, once without the class.
    learned = [row["input"] for row, part in zip(rows, parts, strict=True) if part == "train"]
    without_class = [{key: value for key, value in row.items() if key != "pclass"} for row in learned]
    return _prepared("titanic-survival", path, rows, parts, learned + without_class)


def prepare_project_tags(data_folder: Path) -> dict:
    """Projects with at least one of the frequent curated tags; 70 % train, 15 % validation, 15 % test, by tag."""
    path = data_folder / "tagifai" / "projects-2021.json"
    projects = json.loads(path.read_text("utf-8"))
    curated = {entry["tag"] for entry in json.loads((path.parent / "tags-2021.json").read_text("utf-8"))}
    counts = Counter(tag for project in projects for tag in set(project["tags"]) & curated - GENERAL_TAGS)
    classes = sorted(tag for tag, count in counts.items() if count >= MINIMUM_PROJECTS)
    rows = [_project(project, classes) for project in projects if set(project["tags"]) & set(classes)]
    parts = stratified_split(
        [row["id"] for row in rows],
        [row["target"] for row in rows],
        {"train": 0.7, "validation": 0.15, "test": 0.15},
        "project-tags",
    )
    learned = [row["input"] for row, part in zip(rows, parts, strict=True) if part == "train"]
    return {**_prepared("project-tags", path, rows, parts, learned), "classes": classes}


def prepare_digits(_data_folder: Path | None) -> dict:
    """The digits that scikit-learn brings; 60 % train, 15 % validation, 25 % test, by digit."""
    path = Path(scikit_learn_datasets.__file__).parent / "data" / "digits.csv.gz"
    digits = scikit_learn_datasets.load_digits()
    ink = digits.images.sum((1, 2))
    faint, bold = np.quantile(ink, (0.25, 0.75))
    rows = [
        {
            "id": number,
            # Every other picture as a client without numbers would send it; 255 is full ink there.
            "input": {"image": png_text(np.round(image * (255 / 16)))} if number % 2 else {"pixels": image.astype(int).tolist()},
            "target": int(target),
            "slices": ["faint" if ink[number] <= faint else "bold" if ink[number] >= bold else "medium"],
        }
        for number, (image, target) in enumerate(zip(digits.images, digits.target, strict=True))
    ]
    parts = stratified_split(
        [row["id"] for row in rows],
        [[str(row["target"])] for row in rows],
        {"train": 0.6, "validation": 0.15, "test": 0.25},
        "written-digits",
    )
    learned = [row["input"] for row, part in zip(rows, parts, strict=True) if part == "train"]
    prepared = _prepared("written-digits", path, rows, parts, learned)
    shown = prepared["example_ids"]
    pixels, images = ([row_id for row_id in shown if row_id % 2 == odd] for odd in (0, 1))
    # The first example fits in an address.
    return {**prepared, "example_ids": pixels[:1] + images + pixels[1:]}


def write_prepared(prepared: dict) -> None:
    """Leaves the rows where the TypeScript trainers read them."""
    PREPARED_FOLDER.mkdir(parents=True, exist_ok=True)
    path = PREPARED_FOLDER / f"{prepared['model']}.json"
    path.write_text(json.dumps(prepared, ensure_ascii=False, indent=1), "utf-8")


def _passenger(number: int, record: dict) -> dict:
    age = float(record["age"])
    sex = "F" if record["sex"] == "female" else "M"
    pclass = int(record["pclass"])
    slices = ["children" if age < 10 else "women" if sex == "F" else "men", f"class_{pclass}"]
    row = {"age": int(age) if age.is_integer() else age, "sex": sex, "pclass": pclass}
    return {"id": number, "input": row, "target": int(record["survived"]), "slices": slices}


def _project(project: dict, classes: list[str]) -> dict:
    text = f"{project['title']} {project['description']}"
    cleaned = clean_text(text)
    tags = [tag for tag in classes if tag in project["tags"]]
    slices = []
    if {"computer-vision", "transformers"} <= set(tags):
        slices.append("cv_transformers")
    if {"natural-language-processing", "transformers"} <= set(tags):
        slices.append("nlp_transformers")
    if len(cleaned.split()) < 7:
        slices.append("short_text")
    return {"id": project["id"], "input": {"text": text}, "cleaned": cleaned, "target": tags, "slices": slices}


def _prepared(model: str, path: Path, rows: list[dict], parts: list[str], learned: list[dict]) -> dict:
    """@param learned  the inputs that weights are fitted to."""
    test = [row for row, part in zip(rows, parts, strict=True) if part == "test"]
    shuffled = [test[position]["id"] for position in hash_order([row["id"] for row in test], f"{model}:fixtures")]
    return {
        "model": model,
        "data_file": path.name,
        "data_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "observed": observe(learned, read_contract(model)["signature"]["input"]),
        "fixture_ids": shuffled[:FIXTURE_ROWS],
        "example_ids": shuffled[FIXTURE_ROWS : FIXTURE_ROWS + EXAMPLE_ROWS],
        "rows": [{**row, "part": part} for row, part in zip(rows, parts, strict=True)],
    }
