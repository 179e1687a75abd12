#!/usr/bin/env python3
"""Proves that scripts/check_layers.py sees each kind of wrong include, and lets right ones pass."""

import pathlib
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(REPOSITORY / "scripts"))

import check_layers  # noqa: E402


def problems(path, *includes):
    return check_layers.problems_of(path, "".join(f"#include {include}\n" for include in includes))


class CheckLayers(unittest.TestCase):
    def test_the_house_order_is_allowed(self):
        self.assertEqual(problems("models/config/grid.hpp", '"models/base/units.hpp"', "<vector>"), [])
        self.assertEqual(problems("workloads/lowering/step.hpp", '"workloads/trace/network.hpp"'), [])
        self.assertEqual(problems("sim/core/dma.cpp", "<systemc>", "<tlm>", '"models/base/check.hpp"'), [])
        self.assertEqual(problems("sim/app/main/main.cpp", '"sim/app/application.hpp"'), [])

    def test_base_rests_on_nothing(self):
        self.assertRegex(problems("models/base/error.cpp", '"models/formats/format.hpp"')[0], ":1: models/base may not")

    def test_models_and_workloads_never_see_the_simulator(self):
        for path in ("models/timing/array_pass.cpp", "workloads/lowering/step.cpp"):
            self.assertEqual(len(problems(path, '"sim/mapper/program.hpp"')), 1, path)
        self.assertEqual(len(problems("models/energy/energy.cpp", '"workloads/trace/network.hpp"')), 1)

    def test_systemc_stays_in_its_rooms(self):
        for header in ("<systemc>", "<systemc.h>", "<tlm>", "<tlm_utils/simple_target_socket.h>"):
            self.assertEqual(len(problems("sim/mapper/mapper.cpp", header)), 1, header)

    def test_the_line_is_named(self):
        found = problems("sim/core/a.cpp", "<vector>", "<string>", '"sim/app/options.hpp"')
        self.assertEqual([problem.split(" ")[0] for problem in found], ["sim/core/a.cpp:3:"])

    def test_includes_are_from_the_root(self):
        self.assertEqual(len(problems("sim/core/a.cpp", '"dma.hpp"')), 1)
        self.assertEqual(len(problems("sim/core/a.cpp", '"../chip/ring.hpp"')), 1)

    def test_a_new_room_must_be_in_the_table(self):
        self.assertRegex(problems("models/weather/rain.cpp")[0], "not in the table")

    def test_the_table_has_no_circle(self):
        for folder, rests_on in check_layers.RESTS_ON.items():
            for other in rests_on:
                self.assertNotIn(folder, check_layers.allowed(other), f"{folder} and {other} rest on each other")

    def test_a_wrong_repository_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check_layers.main([folder]), 1, "nothing to check is not a success")
            wrong = pathlib.Path(folder, "models/base")
            wrong.mkdir(parents=True)
            (wrong / "a.cpp").write_text('#include "sim/core/dma.hpp"\n', encoding="utf-8")
            self.assertEqual(check_layers.main([folder]), 1)
            (wrong / "a.cpp").write_text('#include "models/base/a.hpp"\n', encoding="utf-8")
            self.assertEqual(check_layers.main([folder]), 0)


if __name__ == "__main__":
    unittest.main()
