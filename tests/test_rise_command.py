"""`python -m course rise`: JupyterLab with an extension that is in a folder of its own."""

import os

from course.serve import lab, rise


def test_jupyter_looks_into_the_folder_and_where_it_looked_before(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(rise, "FOLDER", tmp_path)
    monkeypatch.setattr(lab, "main", started.append)
    monkeypatch.setattr(rise.sys, "path", ["before"])
    monkeypatch.setenv("JUPYTER_PATH", "before")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    rise.main(["--port=1"])
    assert started == [["--port=1"]]
    assert rise.sys.path == ["before", str(tmp_path)]
    shared = [str(tmp_path / "share" / "jupyter"), "before"]
    assert os.environ["JUPYTER_PATH"].split(os.pathsep) == shared
    assert os.environ["JUPYTER_CONFIG_PATH"] == str(tmp_path / "etc" / "jupyter")
