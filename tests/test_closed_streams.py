"""Printing to a stream that nobody reads is no error."""

import os
import subprocess
import sys

import pytest

PRINTS = "for number in range(9): print(number, file=sys.{stream}, flush={flush})"


@pytest.mark.parametrize("flush", [True, False])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_ends_nothing(stream, flush):
    code = "import sys\nfrom helpers.closed_streams import survive_closed_streams\n"
    code += "with survive_closed_streams():\n    " + PRINTS.format(stream=stream, flush=flush)
    reader, writer = os.pipe()
    os.close(reader)
    other = "stderr" if stream == "stdout" else "stdout"
    done = subprocess.run(
        [sys.executable, "-c", code + "\nsys.exit(7)"],
        check=False,
        text=True,
        **{stream: writer, other: subprocess.PIPE},
    )
    os.close(writer)
    assert done.returncode == 7
    assert not getattr(done, other)


def test_what_is_read_arrives(capsys):
    from helpers.closed_streams import survive_closed_streams

    with survive_closed_streams():
        print("out")
        print("err", file=sys.stderr)
    assert capsys.readouterr() == ("out\n", "err\n")
