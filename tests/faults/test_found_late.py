"""What was found missing late."""


def test_a_frozen_output_that_was_seen_once_is_restored_from_the_store(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          label: {cmd: "false", frozen: true, outputs: {labels: labels.txt}}
        """,
    )
    project.write("labels.txt", "labelled by hand")
    project.run()
    (project.root / "labels.txt").unlink()
    assert project.run().outcomes == {"label": "restored"}
    assert project.read("labels.txt") == "labelled by hand"


def test_a_fresh_clone_says_which_parameter_differs_from_the_lock_file(project):
    project.write("params.yaml", "digits: 2\n")
    project.write(
        "pipeline.yaml",
        """
        stages:
          one: {cmd: "echo ${params.digits} > ${outputs.out}", params: [digits], outputs: {out: one.txt}}
        """,
    )
    project.run()
    for name in (".pipe", "one.txt"):
        (project.root / name).rename(project.base / name)
    project.write("params.yaml", "digits: 3\n")
    reasons = project.pipe("status", "--json", "--allow-missing").json["stages"]["one"]["reasons"]
    assert [reason["text"] for reason in reasons] == ["param digits: 2 -> 3"]


def test_a_stage_that_was_cut_off_is_told_with_the_reason(project):
    project.write("in.txt", "1\n")
    project.write(
        "pipeline.yaml",
        """
        stages:
          one: {cmd: "head -1 in.txt > one.txt", inputs: [in.txt], outputs: [one.txt]}
          two: {cmd: "cat one.txt > two.txt", inputs: [one.txt], outputs: [two.txt]}
        """,
    )
    project.run()
    project.write("in.txt", "1\n2\n")
    ran = project.pipe("run")
    assert "fresh    two                cut off: one gave the same output\n" in ran.err


def test_after_a_change_of_branch_nothing_is_called_modified(project):
    project.write(
        "pipeline.yaml",
        """
        stages:
          one: {cmd: "echo ${params.digits} > ${outputs.out}", params: [digits], outputs: {out: one.txt}}
        """,
    )
    locks = {}
    for digits in (2, 3):
        project.write("params.yaml", f"digits: {digits}\n")
        project.run()
        locks[digits] = project.read("pipeline.lock")
    # The other branch: git brings its parameters and its lock file, not its outputs.
    project.write("params.yaml", "digits: 2\n")
    project.write("pipeline.lock", locks[2])
    reasons = project.pipe("status", "--json").json["stages"]["one"]["reasons"]
    assert [reason["text"] for reason in reasons] == ["param digits: 3 -> 2"]
    project.write("one.txt", "edited\n")
    reasons = project.pipe("status", "--json").json["stages"]["one"]["reasons"]
    assert [reason["text"] for reason in reasons][-1] == "output one.txt was modified"


def test_a_traceback_begins_with_the_users_own_code(project):
    project.write("pipeline.yaml", 'stages: {one: {run: "stages.one:make", outputs: {out: one.txt}}}')
    project.write("stages/one.py", "import nowhere_to_be_found\n\n\ndef make():\n    return ''\n")
    assert project.pipe("run").code == 1
    assert project.pipe("logs", "one").out.splitlines()[:3] == [
        "Traceback (most recent call last):",
        '  File "stages/one.py", line 1, in <module>',
        "    import nowhere_to_be_found",
    ]


def test_what_the_lock_file_vouches_for_has_a_history_once_it_is_used(project):
    project.write("in.txt", "1\n")
    project.write(
        "pipeline.yaml",
        """
        stages:
          one: {cmd: "head -1 in.txt > one.txt", inputs: [in.txt], outputs: [one.txt]}
          two: {cmd: "cat one.txt > two.txt", inputs: [one.txt], outputs: [two.txt]}
        """,
    )
    project.run()
    # A clone that has the first output in git, and neither the second nor a store.
    (project.root / ".pipe").rename(project.base / "old")
    (project.root / "two.txt").unlink()
    assert project.run().outcomes == {"one": "fresh", "two": "executed"}
    nodes = project.pipe("lineage", "two.txt", "--json").json["nodes"]
    assert sorted(node["stage"] for node in nodes if node["kind"] == "action") == ["one", "two"]
    done = project.pipe("rebuild", "two.txt", "--from-scratch", "-o", "again.txt")
    assert done.code == 0, done
    assert project.read("again.txt") == "1\n"
    # A rebuild is an execution: from now on the result is known, and need not be vouched for.
    (project.root / "one.txt").unlink()
    assert project.run().outcomes == {"one": "restored", "two": "fresh"}


def test_a_script_of_the_project_can_be_the_program_of_a_command(project):
    project.write(
        "pipeline.yaml", 'stages: {one: {cmd: "./tools/make.sh > ${outputs.out}", outputs: {out: one.txt}}}'
    )
    project.write("tools/make.sh", "#!/bin/sh\necho made\n").chmod(0o755)
    assert project.run().outcomes == {"one": "executed"}
    assert project.read("one.txt") == "made\n"
