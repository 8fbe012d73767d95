// Choices that show one part of the page at a time: dataset, comparison.

function showOne(nodes, wanted) {
  for (const node of nodes) node.hidden = !wanted(node);
}

function datasetChoice(ids, signals) {
  const host = document.getElementById('dataset-choice');
  const panels = document.querySelectorAll('.panel');
  if (!host) return () => {};
  const buttons = [...ids, ''].map((id) => element('button', { type: 'button', 'aria-pressed': 'false', onclick: () => show(id) }, id || 'all'));
  const show = (id) => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(([...ids, ''][i]) === id)));
    showOne(panels, (panel) => !id || panel.dataset.dataset === id);
    signals.set({ dataset: id });
  };
  host.append(...buttons);
  showOne(panels, (panel) => panel.dataset.dataset === ids[0]);
  buttons[0].setAttribute('aria-pressed', 'true');
  return show;
}

function comparisonChoice(panel, signals, words) {
  const parts = [...panel.querySelectorAll('.contrast')];
  if (!parts.length) return;
  const { label, select } = choice('comparison', parts.map((part) => [part.dataset.comparison, part.dataset.name]), (value) => showOne(parts, (part) => part.dataset.comparison === value));
  const toTable = element('button', { type: 'button', onclick: () => {
    const part = parts.find((one) => one.dataset.comparison === select.value);
    signals.show({ comparison: part.dataset.name, dataset: panel.dataset.dataset });
  } }, 'All of them in the table');
  panel.querySelector('.contrast-bar').append(label, toTable);
  for (const part of parts) {
    const heat = part.querySelector('.heat');
    if (heat) whenSeen(heat, () => cellsAsButtons(heat, words, (pair) => signals.show({ comparison: part.dataset.name, ...pair, found: true, dataset: panel.dataset.dataset })));
  }
  showOne(parts, (part) => part === parts[0]);
}

function cellsAsButtons(heat, words, open) {
  const say = (name) => words.populations[name] ?? name;
  const receivers = [...heat.tHead.rows[0].cells].map((head) => head.dataset.receiver);
  for (const { cells } of heat.tBodies[0].rows) {
    const { sender } = cells[0].dataset;
    for (const cell of cells) {
      const receiver = receivers[cell.cellIndex];
      const said = cell.textContent;
      if (!receiver || !said) continue;
      cell.replaceChildren(element('button', { type: 'button', 'aria-label': `${said}, ${say(sender)} to ${say(receiver)}`, title: `${say(sender)} → ${say(receiver)}`,
        onclick: () => open({ sender, receiver }) }, said));
    }
  }
  oneTabStop(heat);
}

// A table of buttons is one stop of the Tab key. Left and right go along a row, over what is empty; up and down to the
// nearest button of the next row that has one, so that each is reached.
function oneTabStop(table) {
  const rows = [...table.rows].map((row) => [...row.querySelectorAll('button')]).filter((row) => row.length);
  const place = (button) => button.closest('td').cellIndex;
  const nearest = (row, x) => row.reduce((best, one) => (Math.abs(place(one) - x) < Math.abs(place(best) - x) ? one : best));
  const rest = (chosen) => rows.flat().forEach((button) => button.setAttribute('tabindex', button === chosen ? '0' : '-1'));
  table.addEventListener('focusin', (event) => rest(event.target));
  table.addEventListener('keydown', (event) => {
    const y = rows.findIndex((row) => row.includes(event.target));
    if (y < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const x = rows[y].indexOf(event.target);
    const beside = { ArrowRight: x + 1, ArrowLeft: x - 1, Home: 0, End: rows[y].length - 1 };
    const other = rows[y + { ArrowDown: 1, ArrowUp: -1 }[event.key]];
    const next = event.key in beside ? rows[y][beside[event.key]] : other && nearest(other, place(event.target));
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  rest(rows[0]?.[0]);
}

// Makes something that is drawn work as a button, by pointer and by keyboard.
function asButton(node, open) {
  node.setAttribute('tabindex', '0');
  node.setAttribute('role', 'button');
  node.addEventListener('click', open);
  node.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    open();
  });
}
