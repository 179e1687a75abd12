// The rows in view as a table; a click on a heading sorts, a click on a row selects.
const sorting = { name: null, rising: true };
const kMostLines = 500;

function drawTable() {
  const names = ['point', 'recipe', ...data.axes, ...data.metrics, ...(state.feasible ? [] : ['reason'])].filter((name) => name in column);
  const inView = rowsInView(), onFront = new Set(front(inView).map((row) => row.id));
  const by = sorting.name || state.x;
  const sign = sorting.name ? (sorting.rising ? 1 : -1) : better(state.x);
  inView.sort((a, b) => {
    const u = value(a, by), v = value(b, by);
    return sign * (u < v ? -1 : u > v ? 1 : 0) || a.id - b.id;
  });
  const head = document.createElement('tr');
  for (const name of names) {
    const cell = document.createElement('th');
    cell.textContent = name + (name === sorting.name ? (sorting.rising ? ' ▴' : ' ▾') : '');
    cell.tabIndex = 0;
    cell.dataset.column = name;
    cell.addEventListener('click', () => {
      sorting.rising = sorting.name === name ? !sorting.rising : true;
      sorting.name = name;
      drawTable();
    });
    head.append(cell);
  }
  const lines = inView.slice(0, kMostLines).map((row) => {
    const line = document.createElement('tr');
    if (onFront.has(row.id)) line.classList.add('on-front');
    for (const name of names) {
      const cell = document.createElement('td');
      cell.textContent = name === 'point' ? value(row, name) : shown(row, name);
      line.append(cell);
    }
    linkTo(row, line);
    return line;
  });
  const table = document.getElementById('rows');
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...lines);
  document.getElementById('more').textContent =
    inView.length > kMostLines ? `the first ${kMostLines} of ${inView.length} rows; filters or another order show others` : '';
  mark(table);
}
