"""Proves: what is installed can be used from elsewhere: find_package(nibble) gives libraries that simulate what the program does.

Usage: install_test.py BUILD_FOLDER SOURCE_FOLDER
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile


def run(*command, **options):
    """The command's output; its messages and an exception if it fails."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


def main():
    build, source = (pathlib.Path(argument) for argument in sys.argv[1:3])
    environment = {key: value for key, value in os.environ.items() if key != "NIBBLE_DATA"}
    environment["SC_COPYRIGHT_MESSAGE"] = "DISABLE"
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder) / "installed"
        run("cmake", "--install", build, "--prefix", prefix)
        consumer = pathlib.Path(folder) / "build"
        run("cmake", "-S", source / "tests" / "consumer", "-B", consumer, f"-DCMAKE_PREFIX_PATH={prefix}")
        run("cmake", "--build", consumer)
        environment["NIBBLE_DATA"] = str(prefix / "share" / "nibble")
        cycles = int(run(consumer / "consumer", env=environment))
        step = ["run", "--network", "resnet18", "--accelerator", "rapid", "--recipe", "fp16", "--batch", "1", "--format", "json"]
        assert cycles == json.loads(run(prefix / "bin" / "nibble", *step, env=environment))["cycles"]
        assert "resnet50" in run(prefix / "bin" / "nibble", "list", "networks", env=environment)


if __name__ == "__main__":
    main()
