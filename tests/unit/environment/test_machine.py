"""What the interpreter and the machine say of themselves."""

import json
import os
import platform as standard
import subprocess
import sys
import sysconfig
from pathlib import Path

from pipeline import environment


def test_the_platform_agrees_with_the_standard_library():
    found = environment.platform()
    assert found["python"] == standard.python_version()
    assert found["machine"] == standard.machine()
    assert found["soabi"] == sysconfig.get_config_var("SOABI")
    assert found["implementation"] == sys.implementation.name
    assert found["system"] == sys.platform
    assert found["libc"] == (standard.libc_ver()[0] or found["libc"])


def test_the_platform_holds_neither_kernel_nor_host():
    text = json.dumps(dict(environment.platform()))
    assert os.uname().release not in text
    assert os.uname().nodename not in text


def test_numerics_tell_threads_and_the_settings_of_the_blas(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("SECRET", "x")
    found = environment.numerics()
    assert found["variables"]["OPENBLAS_CORETYPE"] == "Haswell"
    assert "SECRET" not in found["variables"]
    assert found["threads"] >= 1
    assert os.uname().release in found["kernel"]
    json.dumps(dict(found))


def test_a_known_environment_is_read_without_heavy_modules(tmp_path):
    script = """
import json, sys
from pathlib import Path
from pipeline import environment
class Memo(dict):
    def put(self, key, value): self[key] = value
memo = Memo({k: v.encode() for k, v in json.loads(Path(sys.argv[1]).read_text()).items()})
known = len(memo)
environment.distributions(["pytest"], root=Path("/nowhere"), roots=["."], memo=memo)
if not known:
    Path(sys.argv[1]).write_text(json.dumps({k: v.decode() for k, v in memo.items()}))
else:
    heavy = {"packaging", "importlib.metadata", "ast", "email", "subprocess", "sysconfig"} & set(sys.modules)
    assert not heavy, heavy
    assert len(memo) == known
"""
    kept = tmp_path / "memo.json"
    kept.write_text("{}")
    root = Path(__file__).parents[3]
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-c", script, str(kept)], check=True, env={**os.environ, "PYTHONPATH": str(root)}
        )
