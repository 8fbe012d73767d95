// Tables as files, made in the browser. A cell that a spreadsheet would run as a formula gets an apostrophe before it.

function harmless(value) {
  const text = String(value ?? '').replaceAll(/[\t\r\n]+/g, ' ');
  return /^[=+\-@]/.test(text) ? `'${text}` : text;
}

function cell(value) {
  if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : '';
  return harmless(value);
}

function save(name, header, rows) {
  const lines = [header.map(harmless).join('\t')];
  for (const row of rows) lines.push(row.map(cell).join('\t'));
  const url = URL.createObjectURL(new Blob([`${lines.join('\n')}\n`], { type: 'text/tab-separated-values' }));
  const link = element('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function saveTable(name, { rows, columns }) {
  save(name, Object.keys(columns), Array.from({ length: rows }, (_, row) => Object.values(columns).map((one) => one.at(row))));
}

function* signalRows(data, rows) {
  const { pairs, contrasts, comparisons, knowledge } = data;
  for (const row of rows) {
    const pair = contrasts.columns.pair.at(row);
    const comparison = comparisons[contrasts.columns.comparison.at(row)];
    yield [...SIGNAL_PAIR.map((name) => pairs.columns[name].at(pair)), knowledge[pairs.columns.interaction_id.at(pair)].mediator,
      ...SIGNAL_COMPARISON.map((name) => comparison[name]), ...SIGNAL_NUMBERS.map((name) => contrasts.columns[name].at(row))];
  }
}

const SIGNAL_PAIR = ['dataset_id', 'sender', 'receiver', 'interaction_id', 'ligand', 'receptor', 'score', 'specific', 'review_cells'];
const SIGNAL_COMPARISON = ['contrast_type', 'case', 'reference', 'stratum'];
const SIGNAL_NUMBERS = ['effect', 'se', 'df', 'pvalue', 'qvalue', 'n_case', 'n_reference', 'infiltration', 'per_cell', 'driver', 'status', 'reason', 'flags'];

function downloads(data, signals, { composition, claims, meta }) {
  const header = [...SIGNAL_PAIR, 'mediator', ...SIGNAL_COMPARISON, ...SIGNAL_NUMBERS];
  const all = Uint32Array.from({ length: data.contrasts.rows }, (_, row) => row);
  const samples = data.datasets.flatMap((dataset) => dataset.samples.map((sample) => ({ dataset_id: dataset.id, ...sample })));
  const files = [
    ['Signals as filtered above', () => save('signals_filtered.tsv', header, signalRows(data, signals.table.order))],
    ['All signals', () => save('signals.tsv', header, signalRows(data, all))],
    ['Composition', () => saveTable('composition.tsv', composition)],
    ['Claims', () => saveTable('claims.tsv', claims)],
    ...(meta.rows ? [['Across datasets', () => saveTable('meta.tsv', meta)]] : []),
    ['Samples', () => save('samples.tsv', Object.keys(samples[0] ?? {}), samples.map((sample) => Object.values(sample)))],
  ];
  document.getElementById('download-buttons').append(...files.map(([name, make]) => element('button', { type: 'button', onclick: make }, name)));
}
