// A table of any length: only the rows in view are elements. Keyboard: arrows, page keys, Home, End, Enter.

const ROW_HEIGHT = 32;
// Browsers cannot lay out elements higher than some ten million pixels; beyond that the rows are scaled.
const HIGHEST = 8_000_000;

// The places of the keys from the smallest on, ties in their order: a radix sort by eleven bits at a time, since comparing a
// million numbers would take half a second.
function ascending(key) {
  const bits = new Uint32Array(key.buffer);
  // As whole numbers, floats have the order of their values once negative ones are turned round.
  for (let i = 0; i < bits.length; i++) bits[i] = bits[i] >>> 31 ? ~bits[i] : bits[i] | 0x80000000;
  let places = Uint32Array.from(bits.keys());
  let next = new Uint32Array(bits.length);
  for (const shift of [0, 11, 22]) {
    const starts = new Uint32Array(2049);
    for (let i = 0; i < bits.length; i++) starts[((bits[i] >>> shift) & 2047) + 1]++;
    for (let digit = 0; digit < 2047; digit++) starts[digit + 1] += starts[digit];
    for (let i = 0; i < places.length; i++) next[starts[(bits[places[i]] >>> shift) & 2047]++] = places[i];
    [places, next] = [next, places];
  }
  return places;
}

class VirtualTable {
  // columns: [{ name, width, value(row) -> text, rank(row) -> number or text, numeric, hint }]
  constructor(host, columns, onopen) {
    this.columns = columns;
    this.onopen = onopen;
    this.order = new Uint32Array(0);
    this.active = -1;
    this.sorting = { column: null, down: false };
    this.template = columns.map((column) => column.width).join(' ');
    this.head = element('div', { class: 'vt-head', role: 'row', 'aria-rowindex': 1 });
    this.head.style.gridTemplateColumns = this.template;
    this.body = element('div', { class: 'vt-body', role: 'rowgroup' });
    this.view = element('div', { class: 'vt', role: 'grid', tabindex: 0, 'aria-label': 'Signals',
      onscroll: () => this.draw(), onkeydown: (event) => this.key(event) }, this.head, this.body);
    columns.forEach((column, i) => this.head.append(this.heading(column, i)));
    host.replaceChildren(this.view);
    new ResizeObserver(() => this.draw()).observe(this.view);
  }

  heading(column, i) {
    const button = element('button', { type: 'button', title: column.hint, tabindex: 0, onclick: () => this.sort(i) }, column.name);
    return element('div', { role: 'columnheader', 'aria-sort': 'none' }, button);
  }

  show(order) {
    this.order = order;
    this.active = order.length ? 0 : -1;
    this.applySort();
    this.view.setAttribute('aria-rowcount', order.length + 1);
    this.body.style.height = `${Math.min(order.length * ROW_HEIGHT, HIGHEST)}px`;
    this.view.scrollTop = 0;
    this.draw();
  }

  sort(i, down = this.sorting.column === i ? !this.sorting.down : Boolean(this.columns[i].downFirst)) {
    this.sorting = { column: i, down };
    [...this.head.children].forEach((cell, j) => {
      const state = j !== i ? 'none' : down ? 'descending' : 'ascending';
      cell.setAttribute('aria-sort', state);
      cell.firstChild.textContent = this.columns[j].name + (j !== i ? '' : down ? ' ▼' : ' ▲');
    });
    this.applySort();
    this.draw();
  }

  // Missing numbers stand last whichever way the column is sorted.
  applySort() {
    if (this.sorting.column === null) return;
    const { rank } = this.columns[this.sorting.column];
    const sign = this.sorting.down ? -1 : 1;
    const keys = new Map();
    const key = new Float32Array(this.order.length);
    const isText = this.order.length > 0 && typeof rank(this.order[0]) === 'string';
    if (isText) {
      const words = [...new Set(Array.from(this.order, rank))].sort((a, b) => a.localeCompare(b));
      words.forEach((word, place) => keys.set(word, place));
    }
    for (let i = 0; i < key.length; i++) {
      const value = isText ? keys.get(rank(this.order[i])) : rank(this.order[i]);
      key[i] = Number.isNaN(value) ? Infinity : sign * value + 0; // -0 + 0 is 0, so that zeros tie
    }
    const before = this.order;
    this.order = ascending(key).map((place) => before[place]);
  }

  get stride() {
    return Math.min(ROW_HEIGHT, HIGHEST / Math.max(this.order.length, 1));
  }

  draw() {
    const inView = Math.ceil(this.view.clientHeight / ROW_HEIGHT) + 2;
    const top = this.view.scrollTop;
    const first = Math.max(0, Math.floor(top / this.stride) - 1);
    const rows = [];
    for (let place = first; place < Math.min(first + inView + 2, this.order.length); place++) rows.push(this.row(place, first, top));
    this.body.replaceChildren(...rows);
  }

  row(place, first, top) {
    const source = this.order[place];
    const cells = this.columns.map((column) => {
      const said = column.value(source);
      return element('div', { role: 'gridcell', class: column.numeric ? 'num' : null, title: said }, said);
    });
    const node = element('div', { class: 'vt-row', role: 'row', id: `row-${place}`, 'aria-rowindex': place + 2,
      'aria-selected': String(place === this.active), onclick: () => this.open(place) }, ...cells);
    node.style.gridTemplateColumns = this.template;
    const scaled = this.stride < ROW_HEIGHT;
    node.style.top = `${scaled ? top + (place - first - 1) * ROW_HEIGHT : place * ROW_HEIGHT}px`;
    return node;
  }

  open(place) {
    this.activate(place);
    this.onopen(this.order[place]);
  }

  activate(place) {
    if (!this.order.length) return;
    this.active = Math.max(0, Math.min(place, this.order.length - 1));
    const y = this.active * this.stride;
    const height = this.view.clientHeight - this.head.offsetHeight - ROW_HEIGHT;
    if (y < this.view.scrollTop) this.view.scrollTop = y;
    else if (y > this.view.scrollTop + height) this.view.scrollTop = y - height;
    this.draw();
    this.view.setAttribute('aria-activedescendant', `row-${this.active}`);
  }

  key(event) {
    if (event.target !== this.view) return;
    const page = Math.floor(this.view.clientHeight / ROW_HEIGHT) - 1;
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in moves) this.activate(this.active + moves[event.key]);
    else if (event.key === 'Enter' && this.active >= 0) this.open(this.active);
    else return;
    event.preventDefault();
  }
}
