// The map of cells on a canvas: colour by population, condition, sex, sample or confidence; the cell under the pointer named.

const STEPS = ['#0a6ebd', '#c4500c', '#0b7a5a', '#8e5aa8', '#a8862a', '#b3362b', '#4a7d8c', '#7d828a'];

class Embedding {
  constructor(panel, packed, dataset, words) {
    this.figure = panel.querySelector('.embedding-figure');
    this.fixed = this.figure.querySelector('svg');
    this.packed = packed;
    this.words = words;
    this.samples = new Map(dataset.samples.map((one) => [one.sample_id, one]));
  }

  async start() {
    if (!this.fixed) return;
    const { packed } = this;
    [this.x, this.y, this.confidence] = await Promise.all([packed.x, packed.y, packed.confidence].map((one) => unpack(one.numbers)));
    [this.type, this.sample] = await Promise.all([column(packed.cell_type), column(packed.sample_id)]);
    this.canvas = element('canvas', { width: 1280, height: 920, role: 'img', 'aria-label': this.fixed.getAttribute('aria-label'), onpointermove: (event) => this.point(event) });
    this.tip = element('p', { class: 'tip', 'aria-live': 'off' }, this.count());
    this.swatches = element('ul', { class: 'swatches' });
    const by = choice('colour by', [['population', 'population'], ['condition', 'condition'], ['sex', 'sex'], ['sample_id', 'sample'], ['confidence', 'confidence of the name']], (value) => this.draw(value));
    this.figure.querySelector('.figure-bar').append(by.label);
    this.labels = this.fixed.cloneNode(true);
    this.fixed.replaceWith(this.canvas);
    this.canvas.after(this.tip, this.swatches);
    this.draw('population');
  }

  count() {
    const shown = this.packed.total > this.x.length ? ` of ${this.packed.total.toLocaleString('en')}` : '';
    return `${this.x.length.toLocaleString('en')}${shown} cells. Point at a cell to read its name.`;
  }

  group(by, cell) {
    if (by === 'population') return this.type.at(cell);
    if (by === 'confidence') return this.confidence[cell] >= 75 ? '0.75 or more' : this.confidence[cell] >= 50 ? '0.5 to 0.75' : 'below 0.5';
    return by === 'sample_id' ? this.sample.at(cell) : String(this.samples.get(this.sample.at(cell))?.[by] ?? 'unknown');
  }

  draw(by) {
    const groups = Array.from(this.x, (_, cell) => this.group(by, cell));
    const names = [...new Set(groups)].sort();
    const colour = new Map(names.map((name, i) => [name, by === 'population' ? this.words.colours[name] : STEPS[i % STEPS.length]]));
    const pen = this.canvas.getContext('2d');
    const radius = this.x.length > 8000 ? 2.2 : this.x.length > 2000 ? 3 : 4;
    pen.clearRect(0, 0, 1280, 920);
    groups.forEach((name, cell) => {
      pen.fillStyle = colour.get(name);
      pen.beginPath();
      pen.arc(...this.place(cell), radius, 0, 7);
      pen.fill();
    });
    if (by === 'population') this.name(pen);
    const say = (name) => (by === 'population' ? this.words.populations[name] ?? name : name);
    this.swatches.replaceChildren(...names.map((name) => {
      const dot = element('i');
      dot.style.background = colour.get(name);
      return element('li', {}, dot, say(name));
    }));
  }

  place(cell) {
    return [24 + (this.x[cell] / 4095) * 1232, 896 - (this.y[cell] / 4095) * 872];
  }

  // The names stand where the static figure has them.
  name(pen) {
    const style = getComputedStyle(document.body);
    pen.font = '600 24px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.lineWidth = 6;
    pen.lineJoin = 'round';
    for (const node of this.labels.querySelectorAll('text')) {
      const [x, y] = [Number(node.getAttribute('x')) * 2, Number(node.getAttribute('y')) * 2];
      pen.strokeStyle = style.backgroundColor;
      pen.strokeText(node.textContent, x, y);
      pen.fillStyle = style.color;
      pen.fillText(node.textContent, x, y);
    }
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const [px, py] = [((event.clientX - box.left) / box.width) * 1280, ((event.clientY - box.top) / box.height) * 920];
    let best = 144;
    let nearest = -1;
    for (let cell = 0; cell < this.x.length; cell++) {
      const [x, y] = this.place(cell);
      const distance = (x - px) ** 2 + (y - py) ** 2;
      if (distance < best) [best, nearest] = [distance, cell];
    }
    if (nearest < 0) return;
    const sample = this.samples.get(this.sample.at(nearest));
    const type = this.type.at(nearest);
    this.tip.textContent = `${this.words.populations[type] ?? type} (confidence ${this.confidence[nearest] / 100}) in ${this.sample.at(nearest)}, ${sample?.condition ?? ''} ${sample?.sex ?? ''}`;
  }
}
