// Parallel coordinates: a line a row through its axes and objectives. Dragging along an axis keeps what passes there.
function drawParallel() {
  const root = document.getElementById('parallel');
  const names = [...data.axes, ...(data.recipes.length > 1 ? ['recipe'] : []), ...data.objectives].filter((name) => name in column);
  const width = 860, height = 330, top = 46, bottom = 16, side = 70;
  root.setAttribute('viewBox', `0 0 ${width} ${height}`);
  root.replaceChildren();
  const all = rowsOfNetwork(), inView = new Set(rowsInView().map((row) => row.id)), colour = colours();
  if (!all.length) return;
  const px = (i) => side + (names.length < 2 ? 0 : i * (width - 2 * side) / (names.length - 1));
  const py = (at) => height - bottom - at * (height - top - bottom);
  for (const row of [...all].sort((a, b) => inView.has(a.id) - inView.has(b.id))) {
    const d = names.map((name, i) => `${i ? 'L' : 'M'}${px(i).toFixed(1)} ${py(parallelScale(name)(value(row, name))).toFixed(1)}`).join('');
    const line = svg('path', { d, class: inView.has(row.id) ? 'line' : 'line out', stroke: colour.of(value(row, state.colour)) }, root);
    if (inView.has(row.id)) linkTo(row, line);
  }
  names.forEach((name, i) => drawAxis(root, name, px(i), py, i));
}

function drawAxis(root, name, x, py, i) {
  const scale = parallelScale(name);
  svg('line', { class: 'axis', x1: x, x2: x, y1: py(0), y2: py(1) }, root);
  const short = name.length > 18 ? '…' + name.slice(-17) : name;
  const title = svg('text', { class: 'label', x, y: i % 2 ? 30 : 14, 'text-anchor': 'middle' }, root, short);
  svg('title', {}, title, name);
  let last = Infinity;
  for (const [at, tick] of scale.ticks) {
    if (Math.abs(py(at) - last) < 13) continue;
    last = py(at);
    const text = data.bytes.includes(name) ? binary(tick) : figure(tick, data.units[name]);
    svg('text', { class: 'tick', x: x + 6, y: py(at) + 4 }, root, text);
  }
  const brush = state.brushes[name];
  if (brush) svg('rect', { class: 'brush', x: x - 9, width: 18, y: py(brush[1]), height: Math.max(2, py(brush[0]) - py(brush[1])) }, root);
  const handle = svg('rect', { class: 'handle', 'data-axis': name, x: x - 12, width: 24, y: py(1) - 6, height: py(0) - py(1) + 12 }, root);
  svg('title', {}, handle, 'drag to keep a range, double click to keep all');
  brushing(root, handle, name, py);
}

function brushing(root, handle, name, py) {
  const at = (event) => {
    const point = root.createSVGPoint();
    point.x = event.clientX;
    point.y = event.clientY;
    const y = point.matrixTransform(root.getScreenCTM().inverse()).y;
    return Math.min(1.02, Math.max(-0.02, (py(0) - y) / (py(0) - py(1))));
  };
  handle.addEventListener('pointerdown', (down) => {
    const begin = at(down);
    const range = (event) => [Math.min(begin, at(event)), Math.max(begin, at(event))];
    const move = (event) => change({ brushes: { ...state.brushes, [name]: range(event) } });
    const up = (event) => {
      removeEventListener('pointermove', move);
      const brushes = { ...state.brushes, [name]: range(event) };
      if (brushes[name][1] - brushes[name][0] < 0.01) delete brushes[name];
      change({ brushes });
    };
    addEventListener('pointermove', move);
    addEventListener('pointerup', up, { once: true });
    down.preventDefault();
  });
}
