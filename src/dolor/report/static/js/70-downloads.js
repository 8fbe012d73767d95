// Tables as files, made in the browser. A cell that a spreadsheet would run as a formula gets an apostrophe before it.

function harmless(value) {
  const text = String(value ?? '').replaceAll(/[\t\r\n]+/g, ' ');
  return /^[=+\-@]/.test(text) ? `'${text}` : text;
}

// The page keeps so many digits; all of them are in the files of the run.
function cell(value) {
  if (typeof value === 'number') return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : '';
  return harmless(value);
}

// Spreadsheets and mail choke on more; a longer table goes into several files, each with its header.
const LARGEST_FILE = 20_000_000;

function save(name, header, rows) {
  const encoder = new TextEncoder();
  const top = encoder.encode(`${header.map(harmless).join('\t')}\n`);
  const files = [[top]];
  let size = top.length;
  for (const row of rows) {
    const line = encoder.encode(`${row.map(cell).join('\t')}\n`);
    if (size + line.length > LARGEST_FILE) {
      files.push([top]);
      size = top.length;
    }
    files.at(-1).push(line);
    size += line.length;
  }
  files.forEach((lines, i) => offer(files.length > 1 ? name.replace('.tsv', `_${i + 1}_of_${files.length}.tsv`) : name, lines));
}

function offer(name, lines) {
  const url = URL.createObjectURL(new Blob(lines, { type: 'text/tab-separated-values' }));
  const link = element('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// Unpacked only when asked for: nothing on the page reads these tables.
async function saveTable(name) {
  const { rows, columns } = await table(island(name));
  save(`${name}.tsv`, Object.keys(columns), Array.from({ length: rows }, (_, row) => Object.values(columns).map((one) => one.at(row))));
}

function* signalRows(data, rows) {
  const { pairs, contrasts, comparisons, knowledge } = data;
  const numbers = signalNumbers(data);
  for (const row of rows) {
    const pair = contrasts.columns.pair.at(row);
    const comparison = comparisons[contrasts.columns.comparison.at(row)];
    yield [...SIGNAL_PAIR.map((name) => pairs.columns[name].at(pair)), knowledge[pairs.columns.interaction_id.at(pair)].mediator,
      ...SIGNAL_COMPARISON.map((name) => comparison[name]), ...numbers.map((name) => contrasts.columns[name].at(row))];
  }
}

const SIGNAL_PAIR = ['dataset_id', 'sender', 'receiver', 'interaction_id', 'ligand', 'receptor', 'score', 'specific', 'review_cells'];
const SIGNAL_COMPARISON = ['contrast_type', 'case', 'reference', 'stratum'];
const SIGNAL_NUMBERS = ['effect', 'se', 'df', 'pvalue', 'qvalue', 'changed_side', 'effect_ligand', 'effect_receptor', 'present_ligand', 'present_receptor', 'n_case', 'n_reference', 'infiltration', 'per_cell', 'driver', 'status', 'reason', 'flags'];

// Some columns are not in every run.
function signalNumbers({ contrasts }) {
  return SIGNAL_NUMBERS.filter((name) => name in contrasts.columns);
}

function downloads(data, signals) {
  const header = [...SIGNAL_PAIR, 'mediator', ...SIGNAL_COMPARISON, ...signalNumbers(data)];
  const all = Uint32Array.from({ length: data.contrasts.rows }, (_, row) => row);
  const samples = data.datasets.flatMap((dataset) => dataset.samples.map((sample) => ({ dataset_id: dataset.id, ...sample })));
  const files = [
    ['Signals as filtered above', () => save('signals_filtered.tsv', header, signalRows(data, signals.table.order))],
    ['All signals', () => save('signals.tsv', header, signalRows(data, all))],
    ['Composition', () => saveTable('composition')],
    ['Claims', () => saveTable('claims')],
    ...(document.getElementById('across') ? [['Across datasets', () => saveTable('meta')]] : []),
    ['Samples', () => save('samples.tsv', Object.keys(samples[0] ?? {}), samples.map((sample) => Object.values(sample)))],
  ];
  document.getElementById('download-buttons').append(...files.map(([name, make]) => element('button', { type: 'button', onclick: make }, name)));
}
