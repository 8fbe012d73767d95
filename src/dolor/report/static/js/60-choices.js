// Choices that show one part of the page at a time: dataset, comparison, map; and the filters of the claims.

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

function comparisonChoice(panel, signals) {
  const parts = [...panel.querySelectorAll('.contrast')];
  if (!parts.length) return;
  const { label, select } = choice('comparison', parts.map((part) => [part.dataset.comparison, part.dataset.name]), (value) => showOne(parts, (part) => part.dataset.comparison === value));
  const toTable = element('button', { type: 'button', onclick: () => {
    const part = parts.find((one) => one.dataset.comparison === select.value);
    signals.set({ comparison: part.dataset.name, dataset: panel.dataset.dataset });
    document.getElementById('signals').scrollIntoView();
  } }, 'All of them in the table');
  panel.querySelector('.contrast-bar').append(label, toTable);
  showOne(parts, (part) => part === parts[0]);
}

function mapChoice(signals) {
  const maps = [...document.querySelectorAll('figure.map')];
  if (!maps.length) return;
  const bar = document.querySelector('.map-bar');
  const pills = [...document.querySelectorAll('.bundle')];
  const mediators = [...new Set(pills.map((one) => one.dataset.mediator))].sort();
  const wanted = { effect: '', mediator: '' };
  const filter = () => document.querySelectorAll('.axis-map [data-mediator]').forEach((one) => one.classList.toggle('off',
    Boolean((wanted.effect && one.dataset.effect !== wanted.effect) || (wanted.mediator && one.dataset.mediator !== wanted.mediator))));
  bar.append(
    choice('comparison', maps.map((map) => [map.dataset.name, map.dataset.name]), (name) => showOne(maps, (map) => map.dataset.name === name)).label,
    choice('effect on pain', [['', 'any'], ...Object.entries(ON_PAIN)], (value) => { wanted.effect = value; filter(); }).label,
    choice('mediator', [['', 'any'], ...mediators.map((name) => [name, name])], (value) => { wanted.mediator = value; filter(); }).label);
  showOne(maps, (map) => map === maps[0]);
  maps.forEach((map) => map.querySelector('svg').setAttribute('role', 'group'));
  for (const one of pills) {
    const open = () => {
      signals.set({ comparison: one.closest('figure').dataset.name, mediator: one.dataset.mediator, sender: '', receiver: '', effect: '', dataset: '' });
      document.getElementById('signals').scrollIntoView();
    };
    one.setAttribute('tabindex', '0');
    one.setAttribute('role', 'button');
    one.addEventListener('click', open);
    one.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); open(); } });
  }
}

function claimChoice() {
  const bar = document.querySelector('.claim-bar');
  if (!bar) return;
  const claims = [...document.querySelectorAll('.claim')];
  const wanted = {};
  const options = (key) => [['', 'any'], ...[...new Set(claims.flatMap((claim) => claim.dataset[key].split(';')))].filter(Boolean).sort().map((word) => [word, word.replaceAll('_', ' ')])];
  const status = element('span', { role: 'status' });
  const apply = () => {
    showOne(claims, (claim) => Object.entries(wanted).every(([key, word]) => !word || claim.dataset[key].split(';').includes(word)));
    if (wanted.verdict === 'untestable') document.getElementById('unjudged')?.setAttribute('open', '');
    status.textContent = `${claims.filter((claim) => !claim.hidden).length} of ${claims.length} statements`;
  };
  for (const [key, name] of [['verdict', 'verdict'], ['pain', 'pain type'], ['place', 'place']]) {
    bar.append(choice(name, options(key), (value) => { wanted[key] = value; apply(); }).label);
  }
  bar.append(status);
  apply();
}
