// The rows, what of them is shown, and who wants to hear of changes. Views draw; only this file decides what is in view.
'use strict';

const data = JSON.parse(document.getElementById('sweep-data').textContent);
const column = Object.fromEntries(data.columns.map((name, i) => [name, i]));
const rows = data.rows.map((cells, id) => ({ id, cells }));
const value = (row, name) => row.cells[column[name]];

const state = {
  network: data.networks[0],
  x: data.objectives[0],
  y: data.objectives[1] || data.metrics.find((name) => name !== data.objectives[0]),
  colour: data.recipes.length > 1 || !data.axes.length ? 'recipe' : data.axes[0],
  feasible: true,
  conditions: [],            // of the filter line: {name, operator, limit}
  brushes: {},               // of the parallel axes: name -> [low, high] in 0..1 of the axis
  hovered: null,
  selected: new Set(),       // ids
};

const listeners = [];
const onChange = (listener) => listeners.push(listener);
function change(values) {
  Object.assign(state, values);
  for (const listener of listeners) listener(Object.keys(values));
}

const operators = {
  '<=': (a, b) => a <= b, '>=': (a, b) => a >= b, '!=': (a, b) => a !== b,
  '=': (a, b) => a === b, '<': (a, b) => a < b, '>': (a, b) => a > b,
};

/// "power_w < 2 and cores >= 4": the conditions, or an Error that says what is wrong.
function readConditions(text) {
  const parts = text.split(/\s+and\s+|\s*&&?\s*/i).filter((part) => part.trim());
  return parts.map((part) => {
    const found = part.trim().match(/^([\w.-]+)\s*(<=|>=|!=|==?|<|>)\s*(.+)$/);
    if (!found) throw new Error(`"${part.trim()}" is no condition: write name < value`);
    const names = data.columns.filter((name) => name === found[1] || name.endsWith('.' + found[1]));
    if (names.length !== 1) throw new Error(`"${found[1]}" is no column of the table`);
    const limit = found[3].trim().replace(/^['"]|['"]$/g, '');
    return { name: names[0], operator: found[2].replace('==', '='), limit: isNaN(limit) ? limit : Number(limit) };
  });
}

const meets = (row) => state.conditions.every((c) => operators[c.operator](value(row, c.name), c.limit));
const inBrushes = (row) => Object.entries(state.brushes).every(([name, [low, high]]) => {
  const at = parallelScale(name)(value(row, name));
  return at >= low && at <= high;
});

/// Rows of the network that is shown; the scales are made for these, so that filters do not move the axes.
const rowsOfNetwork = () => rows.filter((row) => value(row, 'network') === state.network && (!state.feasible || value(row, 'feasible') === 1));
const rowsInView = () => rowsOfNetwork().filter((row) => meets(row) && inBrushes(row));

const better = (name) => (data.maximised.includes(name) ? -1 : 1);

/// Rows that none beats in x and y together, by rising x.
function front(shown) {
  const sx = better(state.x), sy = better(state.y);
  const order = [...shown].sort((a, b) => sx * (value(a, state.x) - value(b, state.x)) || sy * (value(a, state.y) - value(b, state.y)));
  let best = { x: NaN, y: Infinity };
  return order.filter((row) => {
    const at = { x: value(row, state.x), y: sy * value(row, state.y) };
    if (at.y > best.y || (at.y === best.y && at.x !== best.x)) return false;  // equals do not beat one another
    best = at;
    return true;
  });
}

// Okabe and Ito's palette, as in the house's other pages.
const palette = ['#0072B2', '#E69F00', '#009E73', '#D55E00', '#56B4E9', '#CC79A7', '#999999', '#7A5195'];
function colours() {
  const levels = [...new Set(rows.map((row) => value(row, state.colour)))];
  if (levels.every((level) => typeof level === 'number')) levels.sort((a, b) => a - b);
  const few = levels.length <= palette.length;
  const of = (level) => (few ? palette[levels.indexOf(level)] : `hsl(${250 - 210 * levels.indexOf(level) / (levels.length - 1)} 70% 50%)`);
  return { levels: few ? levels : [levels[0], levels[levels.length - 1]], of };
}

const prefixes = [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n']];
function figure(x, unit = '') {
  if (typeof x !== 'number') return x === null ? '–' : String(x);
  if (x === 0) return '0' + (unit && ' ' + unit);
  if (!unit && Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
  const [factor, prefix] = prefixes.find(([f]) => Math.abs(x) >= f * 0.9995) || prefixes[prefixes.length - 1];
  return `${Number((x / factor).toPrecision(4))}${unit || prefix ? ' ' : ''}${prefix}${unit}`;
}
const shown = (row, name) => (data.bytes.includes(name) ? binary(value(row, name)) : figure(value(row, name), data.units[name] || ''));
function binary(x) {
  const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  for (; x >= 1024 && i < steps.length - 1; ++i) x /= 1024;
  return `${Number(x.toPrecision(4))} ${steps[i]}`;
}
