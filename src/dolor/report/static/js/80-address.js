// What the page shows stands in its address, so that a view can be kept and sent: choices of the table, and the open row.

class Address {
  constructor(data, signals, evidence, showDataset) {
    Object.assign(this, { data, signals, evidence, showDataset, usual: { ...signals.filters } });
    signals.onchange = evidence.onchange = () => this.write();
    for (const link of document.querySelectorAll('[data-show]')) {
      link.addEventListener('click', (event) => {
        event.preventDefault();
        this.apply(new URLSearchParams(link.dataset.show), link);
      });
    }
    addEventListener('hashchange', () => this.read());
    this.read();
  }

  write() {
    const said = new URLSearchParams();
    for (const [key, value] of Object.entries(this.signals.filters)) {
      if (value !== this.usual[key]) said.set(key, typeof value === 'boolean' ? Number(value) : value);
    }
    const { opened } = this.evidence;
    if (opened !== undefined && opened !== null) this.namesOf(opened).forEach((name) => said.append('open', name));
    history.replaceState(null, '', `${location.href.split('#')[0]}#${said}`);
  }

  read() {
    const hash = location.hash.slice(1);
    if (hash.includes('=')) this.apply(new URLSearchParams(hash));
  }

  // Shows what the words ask for; those that the page does not know change nothing.
  async apply(wanted, link) {
    const filters = { ...this.usual, ...NO_FILTER };
    for (const [key, value] of wanted) {
      if (typeof this.usual[key] === 'boolean') filters[key] = value === '1';
      else if (key in this.usual) filters[key] = value;
    }
    for (const [key, select] of Object.entries(this.signals.selects)) {
      if (![...select.options].some((option) => option.value === filters[key])) filters[key] = this.usual[key];
    }
    const open = wanted.getAll('open');
    if (filters.dataset) this.showDataset(filters.dataset);
    this.signals.set(filters);
    if (link) document.querySelector(link.getAttribute('href') === '#crosstalk' ? '#signals' : link.getAttribute('href')).scrollIntoView();
    const row = open.length ? this.rowOf(open) : -1;
    if (row >= 0) await this.evidence.open(row, () => (link ?? this.signals.table.view).focus());
  }

  namesOf(row) {
    const { contrasts, pairs, comparisons } = this.data;
    const of = (name) => pairs.columns[name].at(contrasts.columns.pair.values[row]);
    return [of('dataset_id'), comparisons[contrasts.columns.comparison.values[row]].name, of('sender'), of('receiver'), of('interaction_id')];
  }

  rowOf([dataset, comparison, sender, receiver, interaction]) {
    const { contrasts, pairs, comparisons } = this.data;
    const wanted = { dataset_id: dataset, sender, receiver, interaction_id: interaction };
    const codes = Object.entries(wanted).map(([name, word]) => [pairs.columns[name].codes, pairs.columns[name].words.indexOf(word)]);
    const compared = comparisons.map((one) => one.name === comparison && one.dataset_id === dataset);
    const { pair, comparison: at } = contrasts.columns;
    return pair.values.findIndex((one, row) => compared[at.values[row]] && codes.every(([of, code]) => of[one] === code));
  }
}
