// Putting life into the page. Without this script all figures and short tables are there already.

// Does something once an element comes near the screen: with many datasets, most maps of cells are never looked at.
function whenSeen(node, act) {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watcher.disconnect();
    act();
  }, { rootMargin: '600px' });
  watcher.observe(node);
}

async function start() {
  const [pairs, contrasts] = await Promise.all(['pairs', 'contrasts'].map((name) => table(island(name))));
  const data = { pairs, contrasts, words: island('words'), knowledge: island('knowledge'), comparisons: island('comparisons'), datasets: island('datasets'), supply: island('supply') };
  document.documentElement.classList.add('scripted');
  const evidence = new Evidence(data);
  const signals = new Signals(data, (row) => evidence.open(row, () => signals.table.view.focus()));
  const panels = [...document.querySelectorAll('#cells .panel')];
  const cells = island('cells');
  const showDataset = datasetChoice(data.datasets.map((one) => one.id), signals);
  document.querySelectorAll('#contrasts .panel').forEach((panel) => comparisonChoice(panel, signals, data.words));
  pointedFigures(data, (row, back) => evidence.open(row, back));
  mapChoice(signals);
  claimChoice();
  downloads(data, signals);
  panels.forEach((panel, i) => whenSeen(panel, () => new Embedding(panel, cells[i], data.datasets[i], data.words).start()));
  new Address(data, signals, evidence, showDataset);
  document.documentElement.classList.add('ready');
}

start();
