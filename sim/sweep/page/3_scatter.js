// Two metrics against one another, with the Pareto front of what is in view.
function drawScatter() {
  const root = document.getElementById('scatter');
  const width = 860, height = 430, left = 76, bottom = 48, top = 12, right = 16;
  root.setAttribute('viewBox', `0 0 ${width} ${height}`);
  root.replaceChildren();
  const all = rowsOfNetwork(), inView = rowsInView();
  if (!all.length) { svg('text', { x: width / 2, y: height / 2, 'text-anchor': 'middle' }, root, 'no rows'); return; }
  const x = roomyScale(all.map((row) => value(row, state.x))), y = roomyScale(all.map((row) => value(row, state.y)));
  const px = (at) => left + at * (width - left - right), py = (at) => height - bottom - at * (height - bottom - top);
  for (const [at, tick] of x.ticks) {
    svg('line', { class: 'grid', x1: px(at), x2: px(at), y1: py(0), y2: py(1) }, root);
    svg('text', { x: px(at), y: py(0) + 18, 'text-anchor': 'middle' }, root, figure(tick, data.units[state.x]));
  }
  for (const [at, tick] of y.ticks) {
    svg('line', { class: 'grid', x1: px(0), x2: px(1), y1: py(at), y2: py(at) }, root);
    svg('text', { x: px(0) - 8, y: py(at) + 4, 'text-anchor': 'end' }, root, figure(tick, data.units[state.y]));
  }
  const say = (name, scale) => `${name}${scale.log ? ' (log)' : ''}, ${better(name) > 0 ? 'less' : 'more'} is better`;
  svg('text', { class: 'label', x: px(0.5), y: height - 6, 'text-anchor': 'middle' }, root, say(state.x, x));
  svg('text', { class: 'label', transform: `translate(13 ${py(0.5)}) rotate(-90)`, 'text-anchor': 'middle' }, root, say(state.y, y));

  const best = front(inView), onFront = new Set(best.map((row) => row.id)), colour = colours();
  const place = (row) => [px(x(value(row, state.x))), py(y(value(row, state.y)))];
  let path = '';
  best.forEach((row, i) => {
    const [cx, cy] = place(row);
    path += i ? `H${cx}V${cy}` : `M${cx} ${cy}`;
  });
  svg('path', { id: 'front', class: 'front', d: path || 'M0 0', 'data-points': best.length }, root);
  // The front last, above its neighbours.
  for (const row of [...inView].sort((a, b) => onFront.has(a.id) - onFront.has(b.id))) {
    const [cx, cy] = place(row);
    const dot = svg('circle', { cx, cy, r: onFront.has(row.id) ? 5.5 : 4, fill: colour.of(value(row, state.colour)) }, root);
    if (onFront.has(row.id)) dot.classList.add('on-front');
    if (value(row, 'feasible') !== 1) dot.classList.add('infeasible');
    linkTo(row, dot);
  }
  document.getElementById('legend').replaceChildren(...colour.levels.map((level) => {
    const entry = document.createElement('span'), swatch = document.createElement('i');
    swatch.style.background = colour.of(level);
    entry.append(swatch, data.bytes.includes(state.colour) ? binary(level) : figure(level));
    return entry;
  }));
  document.getElementById('shown').textContent =
    `${inView.length} of ${rows.filter((row) => value(row, 'network') === state.network).length} rows, ${best.length} on the front`;
}
