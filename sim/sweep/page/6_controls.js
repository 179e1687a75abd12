// The controls, and who draws what when.
function choice(id, names, key) {
  const select = document.getElementById(id);
  for (const name of names) select.append(new Option(name, name, false, name === state[key]));
  select.addEventListener('change', () => change({ [key]: select.value, brushes: {} }));
  select.closest('label').hidden = names.length < 2;
}

choice('network', data.networks, 'network');
choice('x', data.metrics, 'x');
choice('y', data.metrics, 'y');
choice('colour', ['recipe', ...data.axes], 'colour');

const feasible = document.getElementById('feasible');
feasible.closest('label').hidden = rows.every((row) => value(row, 'feasible') === 1);
feasible.addEventListener('change', () => change({ feasible: feasible.checked, brushes: {} }));

const filter = document.getElementById('filter'), wrong = document.getElementById('wrong');
filter.addEventListener('input', () => {
  try {
    change({ conditions: readConditions(filter.value) });
    wrong.textContent = '';
  } catch (error) {
    wrong.textContent = error.message;
  }
});
document.getElementById('clear').addEventListener('click', () => {
  filter.value = wrong.textContent = '';
  change({ conditions: [], brushes: {}, selected: new Set() });
});

const charts = ['scatter', 'parallel', 'rows'].map((id) => document.getElementById(id));
function draw(changed) {
  if (changed.every((key) => key === 'hovered' || key === 'selected')) {
    charts.forEach(mark);
    return;
  }
  drawScatter();
  drawParallel();
  drawTable();
  charts.forEach(mark);
}
onChange(draw);
draw(['network']);
