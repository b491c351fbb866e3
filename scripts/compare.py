"""Puts the scores of all models into one table, and names the best. Needs only the standard library."""

import argparse
import csv
import json
from pathlib import Path

COLUMNS = ["model", "features", "auc", "auc_low", "auc_high", "average_precision", "log_loss", "brier_skill"]


def read(paths: list[str]) -> list[dict]:
    """Return the scores, best AUC first; where two are equal, in the order of their names."""
    scores = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    return sorted(scores, key=lambda s: (-s["auc"], s["model"], s["features"]))


def best(scores: list[dict]) -> dict:
    """Return the best model, and what the weather adds to its AUC if it was also fitted without."""
    first = scores[0]
    made = {key: first[key] for key in ("model", "features", "auc", "brier_skill")}
    without = [s for s in scores if s["model"] == first["model"] and s["features"] != first["features"]]
    if without:
        made["auc_gain_over_" + without[0]["features"]] = round(first["auc"] - without[0]["auc"], 5)
    return made


def main() -> None:
    """Read the score files named on the command line; write the table and the best."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scores", nargs="+")
    parser.add_argument("--table", required=True)
    parser.add_argument("--best", required=True)
    options = parser.parse_args()
    scores = read(options.scores)
    with Path(options.table).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(scores)
    Path(options.best).write_text(json.dumps(best(scores), indent=2, sort_keys=True) + "\n", encoding="utf-8")
    for s in scores:
        interval = f"{s['auc_low']:.3f} to {s['auc_high']:.3f}"
        print(f"{s['model']:6} {s['features']:9} AUC {s['auc']:.3f} ({interval})")


if __name__ == "__main__":
    main()
