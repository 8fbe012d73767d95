// Pointing into a volcano names the nearest signal; a click opens its evidence.

const WITHIN = 12;

class Volcano {
  constructor(part, data, onopen) {
    this.svg = part.querySelector('svg.volcano');
    if (!this.svg) return;
    this.data = data;
    this.comparison = Number(part.dataset.comparison);
    this.tip = element('p', { class: 'tip' }, 'Point at a dot to read its name; click to see its evidence.');
    this.svg.after(this.tip);
    this.svg.classList.add('live');
    this.svg.addEventListener('pointermove', (event) => this.name(this.nearest(event)));
    this.svg.addEventListener('click', (event) => {
      const row = this.nearest(event);
      if (row >= 0) onopen(row, this.svg);
    });
  }

  // Places of the tested signals of this comparison, worked out when first pointed at.
  places() {
    if (this.rows) return;
    const { comparison, effect, pvalue } = this.data.contrasts.columns;
    const [x0, x1, left, right, y0, y1, bottom, top] = this.svg.dataset.frame.split(' ').map(Number);
    const [x, y] = [scale(x0, x1, left, right), scale(y0, y1, bottom, top)];
    this.rows = [];
    for (let row = 0; row < comparison.rows; row++) {
      if (comparison.values[row] !== this.comparison || !Number.isFinite(pvalue.values[row])) continue;
      this.rows.push([row, x(effect.values[row]), y(-Math.log10(Math.max(pvalue.values[row], 1e-300)))]);
    }
  }

  nearest(event) {
    this.places();
    const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    let best = WITHIN ** 2;
    let nearest = -1;
    for (const [row, x, y] of this.rows) {
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
