#!/usr/bin/env python3
"""Opens a sweep's HTML report in headless Chromium, uses it with the mouse, and holds what it shows to the database.

usage: sweep_page_test.py NIBBLE
Skipped (exit code 77) where there is no Chromium.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import chromium  # noqa: E402

SWEEP = """schema: nibble/sweep/1
name: mine
description: "cores <b> & memory"
base: {accelerator: rapid, networks: [resnet18], recipes: [fp16, hfp8], batch: 1}
axes:
  cores: [1, 2, 4]
  core.l1.capacity: [1 MiB, 2 MiB]
  voltage: [0.6 V, 0.75 V]
constraints: [power_w <= 5]
objectives: {time_s: min, energy_j: min, area_mm2: min}
"""


def nibble(*words):
    return subprocess.run([NIBBLE, *words], check=True, capture_output=True, text=True).stdout


def pareto(rows, x, y):
    """Rows that none beats in both, by comparing all with all."""
    return [a for a in rows if not any(b[x] <= a[x] and b[y] <= a[y] and (b[x] < a[x] or b[y] < a[y]) for b in rows)]


class SweepPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        here = pathlib.Path(cls.folder.name)
        (here / "sweep.yaml").write_text(SWEEP)
        nibble("sweep", str(here / "sweep.yaml"), "--out", str(here / "a.db"))
        nibble("results", str(here / "a.db"), "--report", str(here / "a.html"))
        cls.rows = json.loads(nibble("results", str(here / "a.db"), "--format", "json"))
        cls.all = json.loads(nibble("results", str(here / "a.db"), "--format", "json", "--all"))
        cls.html = here / "a.html"
        cls.page = chromium.Page()

    @classmethod
    def tearDownClass(cls):
        cls.page.__exit__()
        cls.folder.cleanup()

    def setUp(self):
        self.page.open(self.html)

    def tearDown(self):
        self.assertEqual(self.page.faults(), [], "no exception, nothing asked of a network")

    def count(self, selector):
        return self.page.value(f"document.querySelectorAll({json.dumps(selector)}).length")

    def test_shows_every_feasible_row_in_all_three_views(self):
        self.assertLess(len(self.rows), len(self.all))
        for selector in ("#scatter circle", "#parallel path.line", "#rows tbody tr"):
            self.assertEqual(self.count(selector), len(self.rows), selector)
        self.page.click(*self.page.middle_of("#feasible"))
        self.assertEqual(self.count("#scatter circle"), len(self.all))
        self.assertEqual(self.count("#scatter circle.infeasible"), len(self.all) - len(self.rows))

    def test_front_is_that_of_comparing_all_with_all(self):
        self.assertEqual(self.count("#scatter circle.on-front"), len(pareto(self.rows, "time_s", "energy_j")))
        self.page.value("document.querySelector('#y').value = 'area_mm2'; document.querySelector('#y').dispatchEvent(new Event('change'))")
        self.assertEqual(self.count("#scatter circle.on-front"), len(pareto(self.rows, "time_s", "area_mm2")))

    def test_hover_tells_and_marks_everywhere(self):
        self.page.move(*self.page.middle_of("#scatter circle.on-front:last-of-type"))
        self.assertFalse(self.page.value("document.querySelector('#tooltip').hidden"))
        row = self.page.value("document.querySelector('#scatter circle.hovered').dataset.row")
        for root in ("#parallel", "#rows"):
            self.assertEqual(self.count(f"{root} [data-row='{row}'].hovered"), 1)
        self.assertIn("time_s", self.page.value("document.querySelector('#tooltip').textContent"))
        self.page.move(2, 2)
        self.assertTrue(self.page.value("document.querySelector('#tooltip').hidden"))

    def test_click_in_the_table_selects_everywhere(self):
        self.page.click(*self.page.middle_of("#rows tbody tr:nth-child(3) td"))
        row = self.page.value("document.querySelector('#rows tr.selected').dataset.row")
        self.assertEqual(self.count(f"#scatter circle.selected[data-row='{row}']"), 1)
        self.assertEqual(self.count(f"#parallel path.selected[data-row='{row}']"), 1)
        self.page.click(*self.page.middle_of("#clear"))
        self.assertEqual(self.count(".selected"), 0)

    def test_filter_keeps_what_it_says(self):
        self.page.click(*self.page.middle_of("#filter"))
        self.page.type("cores >= 2 and recipe = hfp8")
        wanted = [row for row in self.rows if row["cores"] >= 2 and row["recipe"] == "hfp8"]
        self.assertGreater(len(wanted), 0)
        self.assertEqual(self.count("#scatter circle"), len(wanted))
        self.assertEqual(self.count("#rows tbody tr"), len(wanted))
        self.page.type(" and kores < 3")
        self.assertIn("kores", self.page.value("document.querySelector('#wrong').textContent"))
        self.assertEqual(self.count("#scatter circle"), len(wanted))

    def test_dragging_along_an_axis_keeps_a_range(self):
        x, y = self.page.middle_of("rect.handle[data-axis='cores']")
        height = self.page.value("document.querySelector(\"rect.handle[data-axis='cores']\").getBoundingClientRect().height")
        self.page.drag(x, y + 0.2 * height, x, y + 0.49 * height)  # the lower end: one core
        wanted = sum(row["cores"] == 1 for row in self.rows)
        self.assertGreater(wanted, 0)
        self.assertEqual(self.count("#scatter circle"), wanted)
        self.assertEqual(self.count("#parallel path.out"), len(self.rows) - wanted)

    def test_a_heading_sorts_the_table(self):
        self.page.click(*self.page.middle_of("#rows th[data-column='energy_j']"))
        first = self.page.value("document.querySelector('#rows tbody tr td').textContent")
        self.assertEqual(int(first), min(self.rows, key=lambda row: row["energy_j"])["point"])

    def test_effects_and_best_points_are_there_and_texts_escaped(self):
        text = self.page.value("document.body.innerText")
        best = min(self.rows, key=lambda row: row["time_s"])
        self.assertIn(f"{best['recipe']}@point {best['point']} in time_s", text)
        self.assertIn("cores <b> & memory", text)
        self.assertIn("(interactions)", self.page.value("document.querySelector('#effects').textContent"))


if __name__ == "__main__":
    NIBBLE = sys.argv[1]
    if chromium.executable() is None:
        print("skipped: no Chromium here (scripts/setup.sh --browser installs it)")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
