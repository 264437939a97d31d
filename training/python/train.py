"""Trains the Python runs: python training/python/train.py --data DIR"""

import argparse
import os
from pathlib import Path

# One thread: the order of sums, and so the last digits, must not depend on the number of cores.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from bestrun_training.datasets import prepare_digits, prepare_project_tags, prepare_titanic, write_prepared
from bestrun_training.digits import train_digits
from bestrun_training.project_tags import train_project_tags
from bestrun_training.run_writer import Output, write_card
from bestrun_training.titanic import train_titanic

JOBS = {
    "titanic-survival": (prepare_titanic, train_titanic),
    "project-tags": (prepare_project_tags, train_project_tags),
    "written-digits": (prepare_digits, train_digits),
}
# Its data come with scikit-learn.
NEEDS_NO_DATA = "written-digits"
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Prepares the data, trains, and writes cards, runs and held-out fixtures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with titanic/ and tagifai/")
    parser.add_argument("--only", choices=JOBS, help="train the runs of one model")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="store to write to")
    parser.add_argument("--fixtures", type=Path, default=ROOT / "test" / "fixtures" / "held-out")
    options = parser.parse_args()
    if options.data is None and options.only != NEEDS_NO_DATA:
        parser.error(f"say where the data are: --data DIR (only --only {NEEDS_NO_DATA} needs none)")
    output = Output(options.models, options.fixtures)
    for prepare, train in [JOBS[options.only]] if options.only else JOBS.values():
        prepared = prepare(options.data)
        write_prepared(prepared)
        write_card(output, prepared["model"])
        train(output, prepared)
        print(f"{prepared['model']}: trained the Python runs")


if __name__ == "__main__":
    main()
