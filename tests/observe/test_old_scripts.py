"""Fifteen old scripts with no declarations become a pipeline that the strict run accepts: `pipe run --observe`."""

import os
import subprocess
from collections.abc import Mapping

import pytest

from tests.project import Project, tree

VARIABLES = {"REGION": "north", "REPORT_TITLE": "Trees", "API_TOKEN": "s3cret", "LIMIT": "3"}
"""What the user's shell has set. Nothing of it is in pipeline.yaml at the beginning."""

SCRIPTS: Mapping[str, str] = {
    # Reads a table by a path relative to where it was started.
    "01_clean.py": """
        import csv
        rows = [row for row in csv.DictReader(open("data/trees.csv")) if row["height"]]
        import os
        os.makedirs("work/clean", exist_ok=True)
        with open("work/clean/trees.csv", "w", newline="") as out:
            writer = csv.DictWriter(out, ["species", "height", "region"])
            writer.writeheader()
            writer.writerows(rows)
        """,
    # Finds everything from its own place, by absolute paths; imports a module that lies beside it.
    "02_regions.py": """
        from pathlib import Path
        from common import read_table, mean
        ROOT = Path(__file__).resolve().parent.parent
        rows = read_table(ROOT / "work" / "clean" / "trees.csv")
        names = sorted({row["region"] for row in rows})
        out = ROOT / "work" / "regions.txt"
        out.write_text("".join(f"{n} {mean(r['height'] for r in rows if r['region'] == n):.2f}\\n" for n in names))
        """,
    # A database that is made anew, through a temporary name.
    "03_database.py": """
        import csv, os, sqlite3
        if os.path.exists("work/trees.db"):
            os.remove("work/trees.db")
        base = sqlite3.connect("work/trees.db")
        base.execute("create table trees (species text, height real, region text)")
        rows = csv.DictReader(open("work/clean/trees.csv"))
        base.executemany("insert into trees values (:species, :height, :region)", rows)
        base.commit()
        """,
    # Only reads the database.
    "04_query.py": """
        import json, sqlite3
        base = sqlite3.connect("work/trees.db")
        found = base.execute("select species, count(*) from trees group by species order by species").fetchall()
        json.dump(dict(found), open("work/counts.json", "w"))
        """,
    # Starts other programs, one of them a script of the project.
    "05_subprocess.py": """
        import subprocess, sys
        subprocess.run(["bash", "scripts/sort.sh", "work/regions.txt"], check=True)
        subprocess.run([sys.executable, "scripts/upper.py", "work/sorted.txt", "work/upper.txt"], check=True)
        """,
    # Draws a picture.
    "07_plot.py": """
        import json
        import matplotlib.pyplot as plt
        counts = json.load(open("work/counts.json"))
        plt.bar(list(counts), list(counts.values()))
        plt.savefig("plots/counts.png")
        """,
    # Works in files that it removes again.
    "08_temporary.py": """
        import os, shutil, tempfile
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as elsewhere:
            elsewhere.write("x")
        os.makedirs("chunks/a", exist_ok=True)
        for number, line in enumerate(open("work/sorted.txt")):
            open(f"chunks/a/{number}", "w").write(line)
        total = sum(len(open(os.path.join("chunks/a", name)).read()) for name in os.listdir("chunks/a"))
        shutil.rmtree("chunks")
        open("work/total.txt", "w").write(str(total))
        """,
    # Asks for variables, in three ways.
    "09_variables.py": """
        import os
        region = os.environ["REGION"]
        title = os.getenv("REPORT_TITLE", "untitled")
        token = "set" if "API_TOKEN" in os.environ else "unset"
        lines = [line for line in open("work/regions.txt") if line.startswith(region)]
        open("work/title.txt", "w").write(f"{title} {token}\\n" + "".join(lines))
        """,
    # Reads whatever lies in a folder.
    "10_glob.py": """
        import glob
        total = sum(int(open(path).read()) for path in sorted(glob.glob("data/days/*.txt")))
        open("work/days.txt", "w").write(f"{total}\\n")
        """,
    # Goes elsewhere before it begins.
    "11_chdir.py": """
        import os
        os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data"))
        names = open("names.json").read()
        os.chdir("../work")
        open("names.out", "w").write(names.upper())
        """,
    # Writes a series of files, of which nobody knows how many there will be.
    "12_split.py": """
        import os
        os.makedirs("parts", exist_ok=True)
        for number, line in enumerate(open("work/clean/trees.csv")):
            open(f"parts/part-{number:03}.csv", "w").write(line)
        """,
    # Reads that series by walking through the folder.
    "13_join.py": """
        import os
        lines = []
        for folder, _, names in os.walk("parts"):
            for name in sorted(names):
                lines += open(os.path.join(folder, name)).readlines()
        open("work/joined.csv", "w").writelines(lines)
        """,
    # Writes under another name first, and leaves a log that others write into as well.
    "14_careful.py": """
        import os
        with open("work/result.json.tmp", "w") as out:
            out.write(open("work/counts.json").read())
        os.replace("work/result.json.tmp", "work/result.json")
        open("run.log", "a").write("careful\\n")
        """,
    "15_report.py": """
        import html
        parts = [open(f"work/{name}").read() for name in ("title.txt", "upper.txt", "days.txt", "joined.csv")]
        with open("report.html", "w") as out:
            out.write(html.escape("\\n".join(parts)))
        open("run.log", "a").write("report\\n")
        """,
}
SHELL = """
    # Counts lines, as many as the user wants.
    mkdir -p work/heads
    head -n "${LIMIT}" data/trees.csv > work/heads/first.csv
    wc -l < work/heads/first.csv | tr -d ' ' > work/lines.txt
    """
COMMON = '''
    import csv

    def read_table(path):
        """Return the rows."""
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def mean(numbers):
        numbers = [float(number) for number in numbers]
        return sum(numbers) / len(numbers)
    '''
HEAD = """\
# Old scripts, in the order in which somebody once ran them.
version: 1
stages:
"""


@pytest.fixture
def scripts(project: Project) -> Project:
    for name, text in SCRIPTS.items():
        project.write(f"scripts/{name}", text)
    project.write("scripts/common.py", COMMON)
    project.write("scripts/06_lines.sh", SHELL)
    project.write("scripts/sort.sh", 'sort -r "$1" > work/sorted.txt\n')
    project.write(
        "scripts/upper.py",
        "import sys\nopen(sys.argv[2], 'w').write(open(sys.argv[1]).read().upper())\n",
    )
    project.write(
        "data/trees.csv", "species,height,region\noak,12,north\nash,,south\nelm,8,south\noak,9,north\n"
    )
    project.write("data/names.json", '["oak"]')
    for day in range(7):
        project.write(f"data/days/{day}.txt", str(day))
    project.write("data/unrelated.csv", "nobody reads this\n")
    (project.root / "work").mkdir()
    (project.root / "plots").mkdir()
    lines = [HEAD]
    for name in sorted([*SCRIPTS, "06_lines.sh"]):
        program = "bash" if name.endswith(".sh") else "python"
        stage = name.partition(".")[0]
        lines.append(f"  {stage}:   # {name}\n    cmd: {program} scripts/{name}\n")
    project.write("pipeline.yaml", "".join(lines).encode())
    return project


def executed(project: Project, **variables: str) -> set[str]:
    """Run strictly; returns which stages executed. None may fail."""
    said = project.json("run", env=VARIABLES | variables)
    assert said["ok"]
    return {name for name, stage in said["stages"].items() if stage["outcome"] == "executed"}


@pytest.mark.slow
def test_fifteen_old_scripts_become_a_strict_pipeline(scripts: Project) -> None:
    parts = ["data", "scripts", "work", "plots", "pipeline.yaml"]
    before = tree(scripts.root, parts)
    seen = scripts.pipe("run", "--observe", env=VARIABLES)
    assert tree(scripts.root, parts) == before
    assert sorted(os.listdir(scripts.root)) == [".pipe", "data", "pipeline.yaml", "plots", "scripts", "work"]
    assert not (scripts.root / ".pipe" / "runs").exists()
    assert seen.stdout.startswith("--- a/pipeline.yaml\n+++ b/pipeline.yaml\n")
    assert "s3cret" not in seen.stdout + seen.stderr

    scripts.write("lacking.patch", seen.stdout.encode())
    subprocess.run(["git", "apply", "lacking.patch"], cwd=scripts.root, check=True)
    (scripts.root / "lacking.patch").unlink()
    patched = scripts.read("pipeline.yaml")
    scripts.write("pipeline.yaml", before["pipeline.yaml"][0])
    written = scripts.pipe("run", "--observe", "--write", env=VARIABLES)
    assert written.stdout == ""
    assert scripts.read("pipeline.yaml") == patched
    assert patched.startswith(HEAD.encode())
    assert all(f"# {name}\n".encode() in patched for name in SCRIPTS)

    names = {name.partition(".")[0] for name in [*SCRIPTS, "06_lines.sh"]}
    assert executed(scripts) == names
    assert executed(scripts) == set()
    for change, expected in (
        (("data/names.json", '["elm"]'), {"11_chdir"}),
        (("data/days/3.txt", "33"), {"10_glob", "15_report"}),
        (("data/days/9.txt", "1"), {"10_glob", "15_report"}),
        (("data/unrelated.csv", "still nobody\n"), set()),
        (("scripts/common.py", COMMON + "\n    # a remark\n"), set()),
        (
            ("scripts/sort.sh", 'sort "$1" > work/sorted.txt\n'),
            {"05_subprocess", "08_temporary", "15_report"},
        ),
        (("scripts/06_lines.sh", SHELL + "\n"), {"06_lines"}),
        (("data/trees.csv", "species,height,region\nfir,1,north\n"), names - {"10_glob", "11_chdir"}),
    ):
        scripts.write(*change)
        assert executed(scripts) == expected, change
    assert executed(scripts, REPORT_TITLE="Woods") == {"09_variables", "15_report"}
    assert executed(scripts, REPORT_TITLE="Woods", LIMIT="2") == {"06_lines"}


def test_what_was_written_lacks_nothing_the_next_time(scripts: Project) -> None:
    scripts.pipe("run", "--observe", "--write", env=VARIABLES)
    said = scripts.json("run", "--observe", "--write", env=VARIABLES)
    assert said["patch"] == ""
    assert said["written"] is False
    nothing = {"inputs": [], "outputs": [], "scratch": [], "env": [], "secrets": [], "network": False}
    assert all(stage["missing"] == nothing and stage["unused"] == [] for stage in said["stages"].values())
