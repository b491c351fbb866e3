"""What one stage becomes: short forms, references, matrix, defaults."""

import json

import pytest

from pipeline.model import Input, Output, Resources

PARAMS = (
    "lr: 0.001\nbig: 1e30\nname: a b\nflag: true\nnone: null\nlayers: [64, 32]\nn: {m: {x: 1, y: 2}, z: 3}\n"
    + ("odd: 'a ${inputs.x} $b'\nmodels: [logit, gbdt]\n")
)


def test_every_key_of_a_stage_arrives(stage):
    built = stage(
        "doc: 2024\nnetwork: true\nsandbox: off\n"
        "resources: {cpus: 2, memory: 1.5 GiB, gpus: 1}\ntimeout: 1.5h\n"
        "retries: 2\ntools: [g++ --version]\nalways: true\nfrozen: true\nsecrets: [API_KEY, '~/.ssh//id']\n"
        "scratch: [work/ckpt]\nafter: [a]\nrun: pkg.mod:Class.method\nenv: {B: 1, A: null, C: true, D: 0.5}\n"
        "outputs: {o: {path: ./x//y/, compare: {rtol: 1e-6}}, p: {path: z, compare: consumers}}\n"
    )
    assert built.doc == "2024"
    assert (built.network, built.sandbox, built.always, built.frozen) == (True, "off", True, True)
    assert built.resources == Resources(2, 3 * 2**29, 1)
    assert (built.timeout_seconds, built.retries, built.tools) == (5400.0, 2, ("g++ --version",))
    assert built.secrets == ("API_KEY", "~/.ssh/id")
    assert built.scratch == (("ckpt", "work/ckpt"),)
    assert built.after == ("a",)
    assert built.run == "pkg.mod:Class.method"
    assert built.env == (("A", None), ("B", "1"), ("C", "true"), ("D", "0.5"))
    assert built.outputs == (
        Output("o", "x/y", compare={"rtol": 1e-6, "atol": 0.0}),
        Output("p", "z", compare="consumers"),
    )


def test_null_means_as_if_not_written(stage):
    built = stage("run: m:f\ninputs:\nparams:\ntimeout: null\nmatrix:\nenv:\n")
    assert (built.inputs, built.params, built.timeout_seconds, built.env) == ((), {}, None, ())


def test_keys_that_begin_with_x_are_ignored_anywhere(project):
    loaded = project.load(
        "x-top: 1\ndefaults: {x-d: 1, env: {x-e: 1}}\nparams: {x-p: 1, p: 1}\n"
        "stages:\n  x-base: &b {run: m:f}\n  a:\n    <<: *b\n    x-s: 1\n"
        "    matrix: {x-m: 1, k: {x-v: 0, one: 1}}\n"
        "    inputs: {x-i: 1, i: {path: i, x-j: 1}}\n    resources: {x-r: 1}\n    scratch: {x-c: 1}\n"
        "    params: {x-q: 1, q: {x-data: stays}}\n    outputs: {o: {path: o, compare: {x-t: 1}}}\n"
    )
    assert loaded.problems == ()
    built = loaded.project.stages["a@one"]
    assert list(loaded.project.stages) == ["a@one"]
    assert loaded.project.params == {"p": 1}
    assert built.inputs == (Input("i", "i"),)
    assert built.params == {"q": {"x-data": "stays"}}
    assert built.env == built.scratch == ()


def test_a_list_names_its_entries_by_stem_or_by_path(stage):
    built = stage(
        "run: m:f\ninputs: [x/a.csv, x/b.tar.gz, y/a.csv, 'z/*.csv', dir/, {path: q.csv, store: false}]"
    )
    assert [item.name for item in built.inputs] == ["x/a.csv", "b.tar", "y/a.csv", "z/*.csv", "dir", "q"]
    assert built.inputs[3].is_glob
    assert not built.inputs[5].store


def test_a_stem_that_outputs_and_metrics_share_becomes_the_path_in_both(stage):
    built = stage("run: m:f\noutputs: [build/a.json, build/b.json]\nmetrics: [metrics/a.json]")
    assert [item.name for item in built.outputs] == ["build/a.json", "b", "metrics/a.json"]


def test_a_digest_is_lower_case_whatever_was_written(stage):
    assert stage(f"run: m:f\ninputs: {{a: {{path: x, digest: {'AB' * 32}}}}}").inputs[0].digest == "ab" * 32


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${lr}", 0.001),
        ("${flag}", True),
        ("${none}", None),
        ("${layers}", [64, 32]),
        ("${n.m}", {"x": 1, "y": 2}),
        ("${ n.z }", 3),
        ("x-${lr}-${big}", "x-0.001-1e+30"),
        ("${flag} ${none} ${name}", "true null a b"),
        ("$${lr} ${n.z}", "${lr} 3"),
        ("$$${n.z}", "$${n.z}"),
        ("$x {y} }", "$x {y} }"),
        ("${odd}", "a ${inputs.x} $b"),
        ("-${odd}", "-a ${inputs.x} $b"),
    ],
)
def test_a_reference_alone_keeps_its_type_and_inside_a_text_becomes_text(stage, text, value):
    assert stage(f"run: m:f\nparams: {{p: {json.dumps(text)}}}", PARAMS).params == {"p": value}


def test_a_reference_may_stand_in_every_value_but_a_command(stage):
    built = stage(
        "run: '${r}'\nretries: ${n}\nnetwork: ${b}\ntimeout: ${t}\nresources: ${res}\n"
        "inputs: ${list}\ndoc: x ${n}\n"
        "tools: ['${t} x']\noutputs: {o: {path: 'p/${n}', compare: '${c}'}}\nenv: {A: '${n}', B: 'x${b}'}",
        "r: m:f\nn: 3\nb: true\nt: 5s\nres: {cpus: 4}\nlist: [a.csv]\nc: consumers",
    )
    assert (built.run, built.retries, built.network, built.timeout_seconds) == ("m:f", 3, True, 5.0)
    assert built.resources.cpus == 4
    assert built.inputs == (Input("a", "a.csv"),)
    assert built.tools == ("5s x",)
    assert built.outputs == (Output("o", "p/3", compare="consumers"),)
    assert built.env == (("A", "3"), ("B", "xtrue"))


def test_a_command_keeps_what_is_bash_s_and_what_is_known_later(stage):
    command = "x ${HOME} ${y%.csv} ${z[0]} ${w:-a.b} $${inputs.q} "
    command += "${inputs.i} ${params.lr} ${outputs.m} ${scratch.s}"
    built = stage(
        f"cmd: {json.dumps(command)}\ninputs: {{i: a}}\nparams: [lr]\nmetrics: {{m: b}}\nscratch: {{s: c}}",
        PARAMS,
    )
    assert built.cmd == command


def test_a_matrix_value_in_a_command_is_one_word_that_names_nothing(project):
    loaded = project.load(
        "stages:\n  a:\n    matrix: {k: ['a b', '${odd}', 1.5]}\n    cmd: x ${matrix.k}\n"
        "  b:\n    matrix: {k: ['a b', '${odd}']}\n    cmd: [x, 'y=${matrix.k}']\n",
        PARAMS,
    )
    assert loaded.problems == ()
    commands = [built.cmd for built in loaded.project.stages.values()]
    assert commands == [
        "x 'a b'",
        "x 'a $${inputs.x} $b'",
        "x 1.5",
        ("x", "y=a b"),
        ("x", "y=a $${inputs.x} $b"),
    ]


def test_a_parameter_in_a_variable_names_nothing_later(stage):
    built = stage("run: m:f\nenv: {A: '${odd}', B: '${inputs.i} $${x}'}\ninputs: {i: a}", PARAMS)
    assert dict(built.env) == {"A": "a $${inputs.x} $b", "B": "${inputs.i} $${x}"}


def test_scalars_are_taken_as_the_text_of_a_command(stage):
    assert stage("cmd: true").cmd == "true"
    assert stage("cmd: [head, -n, 5, data.csv]").cmd == ("head", "-n", "5", "data.csv")


def test_listed_parameters_are_named_by_their_last_part_and_kept_for_a_command(stage):
    built = stage("cmd: x\nparams: [n.m.y, n.z, lr, n.m]", PARAMS)
    assert built.params == {"y": 2, "z": 3, "lr": 0.001, "m": {"x": 1, "y": 2}}
    assert built.params_file == {"n": {"m": {"x": 1, "y": 2}, "z": 3}, "lr": 0.001}
    assert stage("run: m:f\nparams: [lr]", PARAMS).params_file is None
    assert stage("cmd: x\nparams: {lr: 1}", PARAMS).params_file is None


def names(project, matrix: str, params: str | None = None) -> list[str]:
    loaded = project.load(f"stages:\n  a:\n    run: m:f\n    matrix: {matrix}\n", params)
    assert loaded.problems == ()
    return list(loaded.project.stages)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("{x: [1, 2], y: [a, b]}", ["a@1-a", "a@1-b", "a@2-a", "a@2-b"]),
        ("{x: [1, 1.0, true, '2', null]}", ["a@1", "a@1.0", "a@true", "a@2", "a@null"]),
        ("{x: [1, 1.5, true, null, -3]}", ["a@1", "a@1.5", "a@true", "a@null", "a@-3"]),
        ("{x: [a b, a/c d, '  é ', ü_-.]}", ["a@a-b", "a@a-c-d", "a@é", "a@ü_-."]),
        ("{x: [[64, 32], [128]]}", ["a@64-32", "a@128"]),
        ("{x: '${models}'}", ["a@logit", "a@gbdt"]),
        ("{x: '${n}'}", ["a@m", "a@z"]),
        ("{x: {de: {e: 1}, 2020: {e: 2}}}", ["a@de", "a@2020"]),
        ("{x: [1, 2], y: [1, 2], exclude: [{x: 1, y: 2}, {x: 2}]}", ["a@1-1"]),
        ("{x: [1, 2], exclude: [{x: '1'}]}", ["a@1", "a@2"]),
    ],
)
def test_instances_are_named_by_their_values(project, matrix, expected):
    assert names(project, matrix, PARAMS) == expected


def test_a_long_value_is_cut_and_told_apart_by_its_digest(project):
    one, other = names(project, f"{{x: [{'q' * 70}, {'q' * 71}]}}")
    assert one != other
    assert len(one) == len(other) == len("a@") + 64


def test_an_instance_s_values_keep_their_type_and_show_what_stands_below(project):
    loaded = project.load(
        "stages:\n  a:\n    run: m:f\n    matrix: {c: {2020: {e: [1]}, de: {e: 5}}, m: [{k: v}, 0.5]}\n"
        "    params: {c: '${matrix.c}', e: '${matrix.c.e}', m: '${matrix.m}'}\n"
        "    outputs: ['o/${matrix.c}-${matrix.c.e}-x']\n",
    )
    assert [problem.text for problem in loaded.problems] == [
        "stage `a`: `${matrix.c.e}` is a list, which cannot stand inside a text"
    ]
    first = next(iter(loaded.project.stages.values()))
    assert first.matrix == {"c": 2020, "m": {"k": "v"}}
    assert first.params == {"c": 2020, "e": [1], "m": {"k": "v"}}


def test_after_a_base_stage_means_after_all_its_instances(project):
    loaded = project.load(
        "stages:\n  z: {run: m:f, after: [b, 'b@2', c]}\n  b: {run: m:f, matrix: {x: [1, 2]}}\n"
        "  c: {run: m:f}\n  d: {run: m:f, matrix: {x: [1, 2]}, after: ['b@${matrix.x}']}\n"
    )
    assert loaded.problems == ()
    assert loaded.project.stages["z"].after == ("b@1", "b@2", "c")
    assert loaded.project.stages["d@2"].after == ("b@2",)


def test_a_stage_wins_over_the_defaults_and_mappings_are_merged_by_key(project):
    loaded = project.load(
        "defaults:\n  env: [A, B]\n  resources: {cpus: 2, memory: 1GiB}\n  timeout: 10m\n  tools: [x]\n"
        "  params: {p: '${lr}', q: 1}\n"
        "stages:\n"
        "  a: {run: m:f, env: {B: 2, C: null}, resources: {cpus: 4}, timeout: null, tools: [y], "
        "params: {q: 2}}\n"
        "  b: {run: m:f, env: [D]}\n",
        PARAMS,
    )
    assert loaded.problems == ()
    a, b = loaded.project.stages.values()
    assert a.env == (("A", None), ("B", "2"), ("C", None))
    assert a.resources == Resources(4, 2**30, 0)
    assert (a.timeout_seconds, a.tools, a.params) == (None, ("y",), {"p": 0.001, "q": 2})
    assert b.env == (("A", None), ("B", None), ("D", None))
    assert b.timeout_seconds == 600


def test_the_import_roots_are_src_and_the_root_unless_src_is_a_package(project, tmp_path):
    text = "stages: {}"
    assert project.load(text).project.pythonpath == (".",)
    (tmp_path / "src").mkdir()
    assert project.load(text).project.pythonpath == ("src", ".")
    (tmp_path / "src" / "__init__.py").touch()
    assert project.load(text).project.pythonpath == (".",)
    assert project.load("pythonpath: [./lib/, .]\nstages: {}").project.pythonpath == ("lib", ".")
