// A figure of signals names the nearest one to the pointer, or the one that the arrow keys have moved to; a click or
// Enter opens its evidence. To a screen reader it is a slider along the signals, whose value is the name of one.

const WITHIN = 12;

class PointedFigure {
  // points() -> [[row of the contrasts, x, y], ...], worked out when first pointed at.
  constructor(svg, data, points, onopen) {
    Object.assign(this, { svg, data, points, onopen, at: -1 });
    this.tip = element('p', { class: 'tip' }, 'Point at a dot, or move from dot to dot with the arrow keys, to read its name; click or Enter shows its evidence.');
    svg.after(this.tip);
    svg.classList.add('live');
    const said = `${svg.getAttribute('aria-label')}. Left and right go from signal to signal, down and up by height, Enter shows the evidence.`;
    for (const [name, value] of Object.entries({ role: 'slider', tabindex: 0, 'aria-label': said, 'aria-valuemin': 0, 'aria-valuenow': 0, 'aria-valuetext': 'no signal chosen' })) svg.setAttribute(name, value);
    svg.addEventListener('pointermove', (event) => this.name(this.nearest(event)));
    svg.addEventListener('click', (event) => {
      const place = this.nearest(event);
      if (place >= 0) this.open(place);
    });
    svg.addEventListener('keydown', (event) => this.key(event));
  }

  // Places of the points, from the left and from the top.
  orders() {
    if (this.placed) return;
    this.placed = this.points();
    const sorted = (...axes) => Uint32Array.from(this.placed.keys()).sort((a, b) => axes.reduce((found, axis) => found || this.placed[a][axis] - this.placed[b][axis], 0));
    this.across = sorted(1, 2);
    this.down = sorted(2, 1);
    this.svg.setAttribute('aria-valuemax', this.placed.length);
  }

  nearest(event) {
    this.orders();
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    let best = WITHIN ** 2;
    let nearest = -1;
    this.placed.forEach(([, x, y], place) => {
      const distance = (x - spot.x) ** 2 + (y - spot.y) ** 2;
      if (distance < best) [best, nearest] = [distance, place];
    });
    return nearest;
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const moves = { ArrowRight: ['across', 1], ArrowLeft: ['across', -1], ArrowDown: ['down', 1], ArrowUp: ['down', -1], PageDown: ['down', 10], PageUp: ['down', -10], Home: ['down', -Infinity], End: ['down', Infinity] };
    if (event.key in moves) this.move(...moves[event.key]);
    else if (event.key === 'Enter' && this.at >= 0) this.open(this.at);
    else return;
    event.preventDefault();
  }

  // The first key starts at the point on top, which in a volcano is the clearest signal.
  move(order, step) {
    this.orders();
    if (!this.placed.length) return;
    const places = this[order];
    const from = places.indexOf(this.at);
    this.at = from < 0 ? this.down[0] : places[Math.max(0, Math.min(from + step, places.length - 1))];
    const [, x, y] = this.placed[this.at];
    this.ring ??= this.svg.appendChild(drawing('circle', { r: 8, class: 'chosen' }));
    this.ring.setAttribute('cx', x);
    this.ring.setAttribute('cy', y);
    this.name(this.at);
    this.svg.setAttribute('aria-valuenow', this.down.indexOf(this.at) + 1);
    this.svg.setAttribute('aria-valuetext', this.tip.textContent);
  }

  open(place) {
    this.onopen(this.placed[place][0], () => this.svg.focus());
  }

  name(place) {
    if (place < 0) return;
    const [row] = this.placed[place];
    const { contrasts, pairs, words, knowledge } = this.data;
    const c = contrasts.columns;
    const of = (name) => pairs.columns[name].at(c.pair.at(row));
    const say = (name) => words.populations[name] ?? name;
    this.tip.textContent = `${knowledge[of('interaction_id')].mediator}: ${say(of('sender'))} → ${say(of('receiver'))}, log2 change ${decimal(c.effect.at(row))}, q ${decimal(c.qvalue.at(row), 2)}`;
  }
}

// The scales of a figure, from what it says of itself: low, high, start, end of x and of y.
function scalesOf(svg) {
  const [x0, x1, left, right, y0, y1, bottom, top] = svg.dataset.frame.split(' ').map(Number);
  return [scale(x0, x1, left, right), scale(y0, y1, bottom, top)];
}

function volcanoPoints(svg, { contrasts }, number) {
  const { comparison, effect, pvalue } = contrasts.columns;
  const [x, y] = scalesOf(svg);
  const found = [];
  for (let row = 0; row < comparison.rows; row++) {
    if (comparison.values[row] !== number || !Number.isFinite(pvalue.values[row])) continue;
    found.push([row, x(effect.values[row]), y(-Math.log10(Math.max(pvalue.values[row], 1e-300)))]);
  }
  return found;
}

// A signal stands at its change in males and in females; a click opens the difference of the two where it was estimated.
function sexPoints(svg, { contrasts, comparisons }, dataset, condition) {
  const its = comparisons.map((one, number) => ({ ...one, number })).filter((one) => one.dataset_id === dataset);
  const inSex = (sex) => its.find((one) => one.contrast_type === 'condition_in_sex' && one.case === condition && one.stratum === sex)?.number;
  const difference = its.find((one) => one.contrast_type === 'interaction' && one.case.startsWith(`${condition}:`))?.number;
  const rows = new Map([inSex('male'), inSex('female'), difference].map((number) => [number, new Map()]));
  const c = contrasts.columns;
  for (let row = 0; row < contrasts.rows; row++) rows.get(c.comparison.values[row])?.set(c.pair.values[row], row);
  const [male, female, apart] = [...rows.values()];
  const [x, y] = scalesOf(svg);
  const found = [];
  for (const [pair, row] of male) {
    const [a, b] = [c.effect.at(row), female.has(pair) ? c.effect.at(female.get(pair)) : NaN];
    if (Number.isFinite(a) && Number.isFinite(b)) found.push([apart?.get(pair) ?? female.get(pair), x(a), y(b)]);
  }
  return found;
}

function pointedFigures(data, onopen) {
  const add = (svg, points) => svg && new PointedFigure(svg, data, () => points(svg), onopen);
  for (const part of document.querySelectorAll('.contrast')) {
    add(part.querySelector('svg.volcano'), (svg) => volcanoPoints(svg, data, Number(part.dataset.comparison)));
  }
  for (const part of document.querySelectorAll('.sexes')) {
    add(part.querySelector('svg'), (svg) => sexPoints(svg, data, part.closest('.panel').dataset.dataset, part.dataset.case));
  }
}
