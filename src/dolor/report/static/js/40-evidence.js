// The evidence of one signal: what its row rests on.

class Evidence {
  constructor(data) {
    this.data = data;
    this.host = document.getElementById('evidence');
    this.supplies = new Map();
  }

  async supply(datasetId) {
    if (!this.supplies.has(datasetId)) {
      const packed = this.data.supply[this.data.datasets.findIndex((one) => one.id === datasetId)];
      const [cells, population, unit, log2] = await Promise.all([packed.cells, packed.population, packed.unit, packed.log2].map((one) => unpack(one.numbers)));
      const series = new Map();
      population.forEach((p, i) => series.set(`${packed.populations[p]}\u0000${packed.units[unit[i]]}`, i));
      this.supplies.set(datasetId, { packed, cells, log2, series });
    }
    return this.supplies.get(datasetId);
  }

  async open(row, back) {
    const { contrasts, pairs, words, knowledge, comparisons, datasets } = this.data;
    this.responses ??= await table(island('responses'));
    const c = contrasts.columns;
    const pair = c.pair.values[row];
    const of = (name) => pairs.columns[name].at(pair);
    const say = (name) => words.populations[name] ?? name;
    const known = knowledge[of('interaction_id')];
    const dataset = datasets.find((one) => one.id === of('dataset_id'));
    const supply = await this.supply(dataset.id);
    const close = element('button', { class: 'close', type: 'button', onclick: () => { this.host.hidden = true; this.opened = null; this.onchange?.(); back(); } }, 'Close');
    const flags = [...new Set(`${of('flags')};${c.flags.at(row)}`.split(';').filter(Boolean))];
    this.host.replaceChildren(
      close,
      element('h3', {}, `${known.mediator}: ${say(of('sender'))} → ${say(of('receiver'))}`),
      element('p', {}, this.sentence(row, comparisons[c.comparison.values[row]])),
      this.ends(row),
      flags.length ? element('ul', { class: 'cautions' }, ...flags.map((flag) => element('li', {}, words.flags[flag] ?? flag))) : null,
      element('div', { class: 'two' },
        this.points(supply, dataset, of('sender'), of('ligand'), `Ligand ${of('ligand')} in ${say(of('sender'))}, log2`),
        this.points(supply, dataset, of('receiver'), of('receptor'), `Receptor ${of('receptor')} in ${say(of('receiver'))}, log2`),
        this.effects(pair), this.driver(row)),
      this.answers(c.comparison.values[row], of('receiver'), say),
      this.numbers(supply, dataset, pair),
      this.statements(known),
    );
    this.host.hidden = false;
    this.opened = row;
    this.onchange?.();
    this.host.focus({ preventScroll: true });
    this.host.scrollIntoView({ block: 'nearest' });
  }

  sentence(row, comparison) {
    const c = this.data.contrasts.columns;
    const effect = c.effect.at(row);
    const start = `${this.data.pairs.columns.dataset_id.at(c.pair.values[row])}, ${comparison.name}: `;
    if (!Number.isFinite(effect)) return `${start}${c.status.at(row)} (${c.reason.at(row)}).`;
    const side = c.changed_side?.at(row) ?? 'none';
    const ends = { ligand: ['ligand'], receptor: ['receptor'], both: ['ligand', 'receptor'] }[side];
    const size = ends ? ends.map((end) => `${end} ${factor(c[`effect_${end}`].at(row))}`).join(', ') : `score ${factor(effect)}`;
    const groups = `${c.n_case.at(row)} against ${c.n_reference.at(row)} samples`;
    if (c.status.at(row) !== 'tested') return `${start}${size}, ${groups}; described, not tested (${c.reason.at(row)}).`;
    const half = interval(c.se.at(row), c.df.at(row));
    // The standard error is that of the score; where one end is said, no interval stands beside it.
    if (ends) return `${start}${size}, p ${decimal(c.pvalue.at(row), 2)}, q ${decimal(c.qvalue.at(row), 2)}, ${groups}.`;
    return `${start}${size} (95 % interval ${decimal(2 ** (effect - half), 2)} to ${decimal(2 ** (effect + half), 2)} times), p ${decimal(c.pvalue.at(row), 2)}, q ${decimal(c.qvalue.at(row), 2)}, ${groups}.`;
  }

  // Both ends: whether each is present beyond leakage, and how it changes.
  ends(row) {
    const c = this.data.contrasts.columns;
    if (!c.changed_side) return null;
    const say = (end) => {
      const change = c[`effect_${end}`].at(row);
      const size = Number.isFinite(change) ? factor(change) : 'change not estimated';
      return `${end} ${c[`present_${end}`].at(row).replace('_', ' ')}, ${size}`;
    };
    return element('p', { class: 'hint' }, `${say('ligand')}; ${say('receptor')}. Presence is judged against leakage of ambient RNA and a background; a signal needs both ends in the same group.`);
  }

  values(supply, dataset, population, unit) {
    const { packed, log2, cells, series } = supply;
    const nth = series.get(`${population}\u0000${unit}`);
    const p = packed.populations.indexOf(population);
    return dataset.samples.map((sample) => {
      const s = packed.samples.indexOf(sample.sample_id);
      if (s < 0 || nth === undefined) return [NaN, 0];
      return [log2[nth * packed.samples.length + s], cells[s * packed.populations.length + p]];
    });
  }

  points(supply, dataset, population, unit, title) {
    const found = this.values(supply, dataset, population, unit);
    return element('figure', { class: 'scroll', tabindex: 0 }, samplePoints(title, dataset.samples, found.map(([value]) => value), found.map(([, n]) => n)));
  }

  effects(pair) {
    const { contrasts, comparisons } = this.data;
    const c = contrasts.columns;
    const rows = [];
    for (let row = 0; row < contrasts.rows; row++) {
      if (c.pair.values[row] !== pair) continue;
      rows.push({ name: comparisons[c.comparison.values[row]].name, effect: c.effect.at(row), half: interval(c.se.at(row), c.df.at(row)), qvalue: c.qvalue.at(row), status: c.status.at(row) });
    }
    return element('figure', { class: 'scroll', tabindex: 0 }, element('h4', {}, 'log2 change of the score, with 95 % interval'), effectLines(rows));
  }

  driver(row) {
    const c = this.data.contrasts.columns;
    const bars = driverBars(c.infiltration.at(row), c.per_cell.at(row));
    return bars && element('figure', { class: 'scroll', tabindex: 0 }, element('h4', {}, 'Why the ligand’s supply changes'), bars);
  }

  // The response programmes of the receiver in the same comparison: they corroborate a signal, they do not prove it.
  answers(comparison, receiver, say) {
    const { responses } = this;
    const c = responses.columns;
    const rows = [];
    for (let row = 0; row < responses.rows; row++) {
      if (c.comparison.values[row] !== comparison || c.receiver.at(row) !== receiver) continue;
      rows.push([c.programme.at(row).replaceAll('_', ' '), decimal(c.effect.at(row)), c.status.at(row) === 'tested' ? decimal(c.qvalue.at(row), 2) : c.status.at(row)]);
    }
    if (!rows.length) return null;
    return element('div', {}, element('h4', {}, `Response of the receiving cells (${say(receiver)})`),
      element('p', { class: 'hint' }, 'Genes that rise together when a cell answers a signal or an injury. A change here is consistent with a signal; it does not show which one.'),
      grid(['programme', 'change of its activity', 'q'], rows));
  }

  numbers(supply, dataset, pair) {
    const of = (name) => this.data.pairs.columns[name].at(pair);
    const ligand = this.values(supply, dataset, of('sender'), of('ligand'));
    const receptor = this.values(supply, dataset, of('receiver'), of('receptor'));
    const body = dataset.samples.map((sample, i) => [sample.sample_id, sample.condition, sample.sex, decimal(ligand[i][0]), String(ligand[i][1]), decimal(receptor[i][0]), String(receptor[i][1])]);
    return element('details', {}, element('summary', {}, 'The same as numbers, by sample'),
      grid(['sample', 'condition', 'sex', 'ligand, log2', 'sender cells', 'receptor, log2', 'receiver cells'], body));
  }

  statements(known) {
    if (!known.statements.length) return element('p', {}, 'This pair is not in the catalog of the review.');
    const items = known.statements.map((one) => element('li', {},
      element('p', {}, one.statement),
      element('p', { class: 'hint' }, [ON_PAIN[one.effect], one.pain_type, one.compartment, one.sex !== 'not_stated' && `sex: ${one.sex}`, `review ${one.locator}`].filter(Boolean).join(' · ').replaceAll('_', ' ').replaceAll(';', ', ')),
      one.references ? element('p', { class: 'hint' }, one.references.replaceAll(';', '; ')) : null));
    return element('div', {}, element('h4', {}, 'What the review says'), element('ul', {}, ...items));
  }
}

function grid(header, rows) {
  const row = (kind, cells) => element('tr', {}, ...cells.map((cell) => element(kind, {}, cell)));
  return element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': header.join(', ') }, element('table', {}, element('thead', {}, row('th', header)), element('tbody', {}, ...rows.map((cells) => row('td', cells)))));
}

// Half of the 95 % interval: Student's quantile by the Cornish-Fisher expansion, good to 1 % from three degrees on.
function interval(se, df) {
  const z = 1.959964;
  if (!Number.isFinite(df) || df <= 0) return se * z;
  const terms = [(z ** 3 + z) / 4, (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96, (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384];
  return se * (z + terms[0] / df + terms[1] / df ** 2 + terms[2] / df ** 3);
}
