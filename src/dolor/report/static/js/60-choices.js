// Choices that show one part of the page at a time: dataset, comparison.

function showOne(nodes, wanted) {
  for (const node of nodes) node.hidden = !wanted(node);
}

function datasetChoice(ids, signals) {
  const host = document.getElementById('dataset-choice');
  const panels = document.querySelectorAll('.panel');
  if (!host) return;
  const buttons = [...ids, ''].map((id) => element('button', { type: 'button', 'aria-pressed': 'false', onclick: () => show(id) }, id || 'all'));
  const show = (id) => {
    buttons.forEach((button, i) => button.setAttribute('aria-pressed', String(([...ids, ''][i]) === id)));
    showOne(panels, (panel) => !id || panel.dataset.dataset === id);
    signals.set({ dataset: id });
  };
  host.append(...buttons);
  showOne(panels, (panel) => panel.dataset.dataset === ids[0]);
  buttons[0].setAttribute('aria-pressed', 'true');
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
  for (const cell of panel.querySelectorAll('.heat td[data-sender]')) {
    const { sender, receiver } = cell.dataset;
    const comparison = cell.closest('.contrast').dataset.name;
    const say = (name) => words.populations[name] ?? name;
    const button = element('button', { type: 'button', 'aria-label': `${cell.textContent}, ${say(sender)} to ${say(receiver)}`, title: `${say(sender)} → ${say(receiver)}`,
      onclick: () => signals.show({ comparison, sender, receiver, found: true, dataset: panel.dataset.dataset }) }, cell.textContent);
    cell.replaceChildren(button);
  }
  showOne(parts, (part) => part === parts[0]);
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
