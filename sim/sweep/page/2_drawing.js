// SVG elements and scales.
function svg(name, attributes = {}, parent = null, text = null) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, content] of Object.entries(attributes)) element.setAttribute(key, content);
  if (text !== null) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

/// A scale to 0..1 with its ticks: of words by their order, of numbers on a logarithmic axis where they span much.
function scaleOf(values) {
  const levels = [...new Set(values)];
  const numeric = levels.every((level) => typeof level === 'number');
  if (!numeric || levels.length === 1) {
    const place = (x) => (levels.length === 1 ? 0.5 : levels.indexOf(x) / (levels.length - 1));
    return Object.assign(place, { ticks: levels.map((level) => [place(level), level]) });
  }
  const low = Math.min(...levels), high = Math.max(...levels);
  const log = low > 0 && high / low > 8;
  const bend = log ? Math.log : (x) => x;
  const place = (x) => (bend(x) - bend(low)) / (bend(high) - bend(low));
  levels.sort((a, b) => a - b);
  const marks = levels.length <= 8 ? levels : log ? logTicks(low, high) : linearTicks(low, high);
  return Object.assign(place, { ticks: marks.map((mark) => [place(mark), mark]), log });
}

function linearTicks(low, high) {
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= rough);
  const ticks = [];
  for (let i = Math.ceil(low / step); i * step <= high; ++i) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function logTicks(low, high) {
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high; power *= 10) {
    for (const m of [1, 2, 5]) if (m * power >= low && m * power <= high) ticks.push(Number((m * power).toPrecision(3)));
  }
  return ticks;
}

/// A scale with room around its ends, for points.
function roomyScale(values) {
  const inner = scaleOf(values);
  const place = (x) => 0.04 + 0.92 * inner(x);
  const numbers = values.filter((x) => typeof x === 'number');
  const low = Math.min(...numbers), high = Math.max(...numbers);
  const ticks = low === high ? [low] : inner.log ? logTicks(low, high) : linearTicks(low, high);
  return Object.assign(place, { ticks: ticks.map((mark) => [place(mark), mark]), log: inner.log });
}

const memo = {};
function parallelScale(name) {
  const key = `${state.network} ${state.feasible} ${name}`;
  return memo[key] || (memo[key] = scaleOf(rowsOfNetwork().map((row) => value(row, name))));
}

const tooltip = document.getElementById('tooltip');
function tell(row, event) {
  if (!row) { tooltip.hidden = true; return; }
  tooltip.replaceChildren();
  const head = document.createElement('b');
  head.textContent = `point ${value(row, 'point')}, ${value(row, 'recipe')}`;
  tooltip.append(head);
  for (const name of [...data.axes, ...data.objectives, state.x, state.y].filter((n, i, all) => all.indexOf(n) === i)) {
    const line = document.createElement('div');
    line.innerHTML = '<span></span><span></span>';
    line.firstChild.textContent = name;
    line.lastChild.textContent = shown(row, name);
    tooltip.append(line);
  }
  tooltip.hidden = false;
  const box = tooltip.getBoundingClientRect();
  tooltip.style.left = `${Math.min(event.clientX + 14, innerWidth - box.width - 8)}px`;
  tooltip.style.top = `${Math.min(event.clientY + 14, innerHeight - box.height - 8)}px`;
}

/// Makes an element stand for a row: hover tells, a click selects.
function linkTo(row, element) {
  element.dataset.row = row.id;
  element.addEventListener('pointerenter', (event) => { change({ hovered: row.id }); tell(row, event); });
  element.addEventListener('pointermove', (event) => tell(row, event));
  element.addEventListener('pointerleave', () => { change({ hovered: null }); tell(null); });
  element.addEventListener('click', () => {
    const selected = new Set(state.selected);
    if (!selected.delete(row.id)) selected.add(row.id);
    change({ selected });
  });
}

/// Shows who is hovered and selected without drawing anew.
function mark(root) {
  root.classList.toggle('some-selected', state.selected.size > 0);
  for (const element of root.querySelectorAll('[data-row]')) {
    const id = Number(element.dataset.row);
    element.classList.toggle('hovered', id === state.hovered);
    element.classList.toggle('selected', state.selected.has(id));
  }
}
