// The table of all signals of one comparison, with its filters.

const ON_PAIN = { pro: 'promotes pain', anti: 'relieves pain', dual: 'promotes and relieves pain', homeostatic: 'homeostatic', not_evaluated: 'not evaluated' };

// By whether the sender is a neuron (2) and the receiver is one (1).
const WAYS = ['others', 'onto', 'from', 'within'];

const NO_FILTER = { dataset: '', mediator: '', sender: '', receiver: '', effect: '', way: '', cells: '', flag: '', text: '', found: false, present: true };

class Signals {
  constructor(data, onopen) {
    this.data = data;
    this.filters = { comparison: '', ...NO_FILTER };
    this.pair = data.contrasts.columns.pair.values;
    this.names = data.pairs.columns.interaction_id.words.map((id) => data.knowledge[id].mediator);
    this.effects = data.pairs.columns.interaction_id.words.map((id) => data.knowledge[id].effect);
    this.table = new VirtualTable(document.getElementById('table'), this.columns(), onopen);
    this.controls();
    this.table.sort(this.table.columns.findIndex((column) => column.key === 'qvalue'), false);
    this.apply();
  }

  columns() {
    const { contrasts, pairs, words, comparisons } = this.data;
    const c = contrasts.columns;
    const of = (name) => (row) => pairs.columns[name].at(this.pair[row]);
    const said = (name) => (row) => words.populations[of(name)(row)] ?? of(name)(row);
    const interaction = (row) => pairs.columns.interaction_id.codes[this.pair[row]];
    const text = (name, width, value, hint) => ({ name, width, value, rank: value, hint });
    const number = (name, key, width, value, hint) => ({ name, key, width, numeric: true, hint, rank: value, value: (row) => decimal(value(row), key.startsWith('qvalue') ? 2 : 3) });
    const columns = [
      text('mediator', 'minmax(110px, 1.2fr)', (row) => this.names[interaction(row)], 'What is sent'),
      text('from', 'minmax(140px, 1.6fr)', said('sender'), 'The population that makes the ligand'),
      text('to', 'minmax(140px, 1.6fr)', said('receiver'), 'The population that bears the receptor'),
      text('in review', '90px', of('review_cells'), 'Does the review speak of these very cells?'),
      text('receptor', 'minmax(90px, 1fr)', of('receptor'), 'Genes of the receptor: + all needed, | any will do'),
      text('on pain', '128px', (row) => ON_PAIN[this.effects[interaction(row)]], 'The effect on pain, as the review has it'),
      number('log2 change', 'effect', '105px', c.effect.at, 'Change of the end that has changed, else the mean of both'),
      number('q', 'qvalue', '88px', c.qvalue.at, 'Expected share of false findings among ligands and receptors as clear as this one'),
      c.changed_side && text('changed end', '105px', c.changed_side.at, 'Which end has changed: the ligand in the sender, the receptor in the receiver, or both'),
      number('score', 'score', '68px', (row) => pairs.columns.score.at(this.pair[row]), 'Mean strength over all samples'),
      text('driver', '92px', (row) => c.driver.at(row).replace('_', ' '), 'More sender cells (infiltration) or more transcript per cell'),
      text('status', '85px', c.status.at, 'Whether chance could be judged'),
    ].filter(Boolean);
    if (new Set(comparisons.map((one) => one.dataset_id)).size > 1) {
      columns.unshift(text('dataset', 'minmax(135px, 1.2fr)', (row) => pairs.columns.dataset_id.at(this.pair[row]), 'Dataset'));
    }
    columns.find((column) => column.key === 'effect').rank = (row) => -Math.abs(c.effect.at(row));
    columns.find((column) => column.key === 'score').downFirst = true;
    return columns;
  }

  controls() {
    const { pairs, words, comparisons } = this.data;
    const form = document.getElementById('filters');
    form.addEventListener('submit', (event) => event.preventDefault());
    const any = (name) => [['', name]];
    const populations = (side) => any('any').concat(pairs.columns[side].words.map((word) => [word, words.populations[word] ?? word]));
    const names = [...new Set(comparisons.map((one) => one.name))];
    const add = (key, label, options) => {
      const { label: node, select } = choice(label, options, (value) => this.set({ [key]: value }));
      select.name = key;
      form.append(node);
      return select;
    };
    this.filters.comparison = names[0] ?? '';
    this.selects = {
      comparison: add('comparison', 'comparison', names.map((name) => [name, name]).concat([['', 'all']])),
      dataset: add('dataset', 'dataset', any('all').concat(pairs.columns.dataset_id.words.map((word) => [word, word]))),
      mediator: add('mediator', 'mediator', any('any').concat([...new Set(this.names)].sort().map((name) => [name, name]))),
      sender: add('sender', 'from', populations('sender')),
      receiver: add('receiver', 'to', populations('receiver')),
      effect: add('effect', 'effect on pain', any('any').concat(Object.entries(ON_PAIN))),
      way: add('way', 'direction', any('any').concat([['onto', 'other cells onto neurons'], ['from', 'neurons onto other cells'], ['within', 'among neurons'], ['others', 'among other cells']])),
      cells: add('cells', 'in review', any('any').concat([['as stated', 'as the review states'], ['left open', 'left open by the review'], ['other cells', 'others']])),
      flag: add('flag', 'flags', any('any').concat([['-', 'without flags'], ...Object.keys(words.flags).map((flag) => [flag, flag.replace('_', ' ')])])),
    };
    this.search = element('input', { type: 'search', placeholder: 'words, e.g. Csf1r macrophage', title: 'Every word must be in some column of the row', oninput: () => this.set({ text: this.search.value }) });
    this.found = element('input', { type: 'checkbox', onchange: () => this.set({ found: this.found.checked }) });
    this.present = element('input', { type: 'checkbox', onchange: () => this.set({ present: this.present.checked }) });
    form.append(element('label', {}, 'find', this.search), element('label', { class: 'check' }, this.found, 'only q < 0.05'));
    if (this.data.contrasts.columns.present_ligand) form.append(element('label', { class: 'check', title: 'Hides rows whose ligand or receptor is no more than leakage and background explain in this comparison' }, this.present, 'both ends present'));
    form.append(element('button', { type: 'button', onclick: () => this.reset() }, 'Clear filters'));
  }

  reset() {
    this.set(NO_FILTER);
  }

  // Shows exactly these signals, and brings the table into view.
  show(changes) {
    this.set({ ...NO_FILTER, ...changes });
    document.getElementById('signals').scrollIntoView();
  }

  set(changes) {
    Object.assign(this.filters, changes);
    this.search.value = this.filters.text;
    this.found.checked = this.filters.found;
    this.present.checked = this.filters.present;
    for (const [key, select] of Object.entries(this.selects)) select.value = this.filters[key];
    this.apply();
    this.onchange?.();
  }

  apply() {
    const { contrasts, comparisons } = this.data;
    const { comparison, found } = this.filters;
    const pairWanted = this.pairsWanted();
    const ends = this.filters.present ? ['present_ligand', 'present_receptor'].map((name) => contrasts.columns[name]).filter(Boolean) : [];
    const lacking = ends.map((end) => [end.codes, end.words.indexOf('absent')]);
    const words = this.wordsSought();
    const wanted = Uint8Array.from(comparisons, (one) => !comparison || one.name === comparison);
    const at = contrasts.columns.comparison.values;
    const q = contrasts.columns.qvalue.values;
    const untestable = contrasts.columns.status.words.indexOf('untestable');
    const status = contrasts.columns.status.codes;
    const rows = new Uint32Array(contrasts.rows);
    let n = 0;
    let silent = 0;
    for (let row = 0; row < contrasts.rows; row++) {
      if (!wanted[at[row]] || !pairWanted[this.pair[row]] || (found && !(q[row] < 0.05))) continue;
      if (lacking.some(([codes, absent]) => codes[row] === absent)) continue;
      if (!words.every((has) => has(row))) continue;
      if (status[row] === untestable) silent++;
      rows[n++] = row;
    }
    this.shown = rows.slice(0, n);
    this.table.show(this.shown);
    const note = silent ? `, ${silent.toLocaleString('en')} of them not testable in this comparison` : '';
    document.getElementById('table-status').textContent = `${n.toLocaleString('en')} ${n === 1 ? 'row' : 'rows'}${note}. Open a row (click or Enter) for its evidence.`;
  }

  // Which pairs pass the filters: decided on the distinct words first, so that a long table costs little.
  pairsWanted() {
    const { pairs, words } = this.data;
    const { dataset, mediator, sender, receiver, effect, way, cells, flag } = this.filters;
    const c = pairs.columns;
    const exact = (column, word) => (word ? Uint8Array.from(column.words, (other) => other === word) : null);
    const masks = [[c.dataset_id, exact(c.dataset_id, dataset)], [c.sender, exact(c.sender, sender)], [c.receiver, exact(c.receiver, receiver)],
      [c.interaction_id, effect ? Uint8Array.from(this.effects, (other) => other === effect) : null],
      [c.flags, flag ? Uint8Array.from(c.flags.words, (set) => (flag === '-' ? set === '' : set.split(';').includes(flag))) : null],
      [c.review_cells, exact(c.review_cells, cells)],
      [c.interaction_id, mediator ? Uint8Array.from(this.names, (other) => other === mediator) : null],
    ].filter(([, mask]) => mask);
    const [sends, hears] = [c.sender, c.receiver].map((side) => side.words.map((word) => Number(words.neurons.includes(word))));
    return Uint8Array.from({ length: pairs.rows }, (_, pair) => masks.every(([column, mask]) => mask[column.codes[pair]])
      && (!way || way === WAYS[2 * sends[c.sender.codes[pair]] + hears[c.receiver.codes[pair]]]));
  }

  // For each word of the search, whether a row has it in any of its columns: names, genes, families, pathways, effects, flags.
  wordsSought() {
    const { pairs, contrasts, comparisons, words, knowledge } = this.data;
    const [c, d] = [pairs.columns, contrasts.columns];
    const population = (word) => `${word} ${words.populations[word] ?? ''}`;
    const about = (id, i) => {
      const known = knowledge[id];
      const stated = known.statements.flatMap((one) => [one.pain_type, one.compartment, one.sex]);
      return [id, this.names[i], known.mediator_class, ON_PAIN[known.effect], ...stated].join(' ').replaceAll('_', ' ');
    };
    const named = [[c.sender, population], [c.receiver, population], [c.ligand, String], [c.receptor, String], [c.interaction_id, about],
      [c.dataset_id, String], [c.review_cells, String], [c.flags, (word) => word.replaceAll('_', ' ')]];
    const ofRow = [d.changed_side, d.driver, d.status, d.flags].filter((column) => column?.words);
    return this.filters.text.toLowerCase().split(/\s+/).filter(Boolean).map((needle) => {
      const mask = (column, say) => [column.codes, Uint8Array.from(column.words, (word, i) => say(word, i).toLowerCase().includes(needle))];
      const inPair = named.filter(([column]) => column).map(([column, say]) => mask(column, say));
      const pairHas = Uint8Array.from({ length: pairs.rows }, (_, pair) => inPair.some(([codes, has]) => has[codes[pair]]));
      const inRow = ofRow.map((column) => mask(column, (word) => word.replaceAll('_', ' ')));
      const compared = Uint8Array.from(comparisons, (one) => one.name.toLowerCase().includes(needle));
      return (row) => pairHas[this.pair[row]] || compared[d.comparison.values[row]] || inRow.some(([codes, has]) => has[codes[row]]);
    });
  }
}
