import json
import sys

from common import DELIMITER, unused


def main(given, made):
    with open(given) as file:
        rows = json.load(file)
    with open(made, "w") as file:
        for row in rows:
            file.write(DELIMITER.join([row["id"], str(row["total"])]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
