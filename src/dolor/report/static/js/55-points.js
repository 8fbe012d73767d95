// Pointing into a figure of signals names the nearest one; a click opens its evidence. (By keyboard: the table.)

const WITHIN = 12;

class PointedFigure {
  // points() -> [[row of the contrasts, x, y], ...], worked out when first pointed at.
  constructor(svg, data, points, onopen) {
    this.data = data;
    this.points = points;
    this.svg = svg;
    this.tip = element('p', { class: 'tip' }, 'Point at a dot to read its name; click to see its evidence.');
    svg.after(this.tip);
    svg.classList.add('live');
    svg.addEventListener('pointermove', (event) => this.name(this.nearest(event)));
    svg.addEventListener('click', (event) => {
      const row = this.nearest(event);
      if (row >= 0) onopen(row);
    });
  }

  nearest(event) {
    this.placed ??= this.points();
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    let best = WITHIN ** 2;
    let nearest = -1;
    for (const [row, x, y] of this.placed) {
      const distance = (x - spot.x) ** 2 + (y - spot.y) ** 2;
      if (distance < best) [best, nearest] = [distance, row];
    }
    return nearest;
  }

  name(row) {
    if (row < 0) return;
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
  const add = (part, svg, points) => svg && new PointedFigure(svg, data, () => points(svg), (row) => onopen(row, () => part.scrollIntoView()));
  for (const part of document.querySelectorAll('.contrast')) {
    add(part, part.querySelector('svg.volcano'), (svg) => volcanoPoints(svg, data, Number(part.dataset.comparison)));
  }
  for (const part of document.querySelectorAll('.sexes')) {
    add(part, part.querySelector('svg'), (svg) => sexPoints(svg, data, part.closest('.panel').dataset.dataset, part.dataset.case));
  }
}
