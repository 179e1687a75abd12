#!/usr/bin/env python3
"""Proves that scripts/fetch_data.sh checks sums, unpacks, leaves what is there alone, and never half a set."""

import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
import tarfile
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts" / "fetch_data.sh"


class FetchData(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.origin = self.folder / "origin"
        self.to = self.folder / "cache" / "data"
        self.origin.mkdir()
        (self.origin / "one").write_bytes(b"first")
        (self.origin / "two").write_bytes(b"second")
        batches = self.folder / "batches"
        batches.mkdir()
        (batches / "test_batch.bin").write_bytes(b"records")
        with tarfile.open(self.origin / "packed.tar.gz", "w:gz") as archive:
            archive.add(batches, "batches")
        self.table([("small", "one"), ("small", "two"), ("packed", "packed.tar.gz")])

    def table(self, rows):
        lines = ["# set file check checksum origin"]
        for name, file in rows:
            path = self.origin / file
            lines.append(f"{name} {file} sha256 {hashlib.sha256(path.read_bytes()).hexdigest()} file://{path}")
        (self.folder / "sources.txt").write_text("\n".join(lines) + "\n")

    def fetch(self, *arguments, path=None):
        """Runs the script; `path` is a folder of programs that come before the system's."""
        environment = os.environ | {"NIBBLE_DATA_SOURCES": str(self.folder / "sources.txt")}
        if path is not None:
            environment["PATH"] = f"{path}:{environment['PATH']}"
        return subprocess.run([SCRIPT, "--to", self.to, *arguments], env=environment, capture_output=True, text=True)

    def content(self):
        return sorted(str(path.relative_to(self.to)) for path in self.to.rglob("*") if path.is_file())

    def test_files_are_taken_and_archives_unpacked(self):
        done = self.fetch("--from", self.origin, "small", "packed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.content(), ["packed/test_batch.bin", "small/one", "small/two"])

    def test_what_is_there_is_left_alone(self):
        self.assertEqual(self.fetch("--from", self.origin, "small").returncode, 0)
        (self.origin / "one").unlink()
        self.assertEqual(self.fetch("--from", self.origin, "small").returncode, 0)
        self.assertEqual((self.to / "small" / "one").read_bytes(), b"first")

    def test_files_of_an_npm_package_are_taken(self):
        """npm itself is stood in for: `npm pack` leaves one archive, with all files under package/."""
        package = self.folder / "package" / "data"
        package.mkdir(parents=True)
        (package / "one").write_bytes(b"first")
        with tarfile.open(self.folder / "pictures-1.0.0.tgz", "w:gz") as archive:
            archive.add(package.parent, "package")
        programs = self.folder / "bin"
        programs.mkdir()
        npm = programs / "npm"
        npm.write_text(f'#!/bin/sh\n[ "$1 $2 $3" = "pack --silent pictures@1.0.0" ] && cp "{self.folder}"/*.tgz .\n')
        npm.chmod(0o755)
        total = hashlib.sha256(b"first").hexdigest()
        row = f"{{}} one sha256 {total} npm:pictures@{{}}:data\n"
        (self.folder / "sources.txt").write_text(row.format("small", "1.0.0") + row.format("newer", "2.0.0"))
        done = self.fetch("small", path=programs)
        self.assertEqual((done.returncode, self.content()), (0, ["small/one"]), done.stderr)
        done = self.fetch("newer", path=programs)
        self.assertEqual((done.returncode, self.content()), (1, ["small/one"]))
        self.assertIn("pictures@2.0.0 cannot be had", done.stderr)

    @unittest.skipUnless(importlib.util.find_spec("PIL"), "needs Debian's python3-pil")
    def test_pictures_become_records_of_planes(self):
        """Two images a batch; pixel p of image i is (i, p // 32, p % 32), so that every plane is another."""
        from PIL import Image

        batches = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
        for batch in batches:
            picture = Image.new("RGB", (1024, 2))
            picture.putdata([(image, pixel // 32, pixel % 32) for image in range(2) for pixel in range(1024)])
            picture.save(self.origin / f"{batch}.png")
        (self.origin / "train_lables.json").write_text(json.dumps(list(range(10))))
        (self.origin / "test_lables.json").write_text("[7, 8]")
        planes = [bytes([image]) * 1024 + bytes(p // 32 for p in range(1024)) + bytes(range(32)) * 32 for image in range(2)]
        expected = {f"data_batch_{i + 1}": bytes([2 * i]) + planes[0] + bytes([2 * i + 1]) + planes[1] for i in range(5)}
        expected["test_batch"] = b"\x07" + planes[0] + b"\x08" + planes[1]
        sources = [f"{batch}.png" for batch in batches] + ["train_lables.json", "test_lables.json"]
        self.table([("colour", file) for file in sources])
        with (self.folder / "sources.txt").open("a") as table:
            for batch, content in expected.items():
                table.write(f"colour {batch}.bin sha256 {hashlib.sha256(content).hexdigest()} made:cifar_batches.py\n")
        done = self.fetch("--from", self.origin, "colour")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.content(), sorted(f"colour/{batch}.bin" for batch in batches))

        (self.origin / "test_lables.json").write_text("[7]")
        self.table([("short", file) for file in sources])
        with (self.folder / "sources.txt").open("a") as table:
            table.write("short test_batch.bin sha256 0 made:cifar_batches.py\n")
        done = self.fetch("--from", self.origin, "short")
        self.assertEqual((done.returncode, (self.to / "short").exists()), (1, False))
        self.assertIn("1 labels", done.stderr)

    def test_a_wrong_sum_leaves_nothing(self):
        (self.origin / "two").write_bytes(b"sec0nd")
        done = self.fetch("--from", self.origin, "small")
        self.assertEqual(done.returncode, 1)
        self.assertIn("sha256 sum", done.stderr)
        self.assertEqual(list(self.to.iterdir()), [])

    def test_a_missing_file_leaves_nothing(self):
        (self.origin / "two").unlink()
        done = self.fetch("--from", self.origin, "small")
        self.assertEqual((done.returncode, list(self.to.iterdir())), (1, []))
        self.assertIn("has no two", done.stderr)

    def test_wrong_command_lines_name_what_there_is(self):
        for arguments in (["other"], [], ["--from"], ["--form", "x", "small"], ["--from", "/no/folder", "small"]):
            self.assertEqual(self.fetch(*arguments).returncode, 2, arguments)
        self.assertIn("small packed", self.fetch("other").stderr)


if __name__ == "__main__":
    unittest.main()
