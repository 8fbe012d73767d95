// Small figures of the evidence of one signal.

const SEX_SIGN = { female: '♀', male: '♂', mixed: '♀♂', unknown: '?' };

function scale(low, high, start, end) {
  const span = high - low || 1;
  return (value) => start + ((value - low) / span) * (end - start);
}

function label(x, y, content, attributes = {}) {
  return drawing('text', { x, y, class: 'tick', ...attributes }, content);
}

// One point a sample, grouped by condition and sex; females are circles, males squares, others diamonds.
function samplePoints(title, samples, values, cells) {
  const groups = [...new Set(samples.map((one) => `${one.condition}\u0000${one.sex}`))].sort();
  const finite = values.filter(Number.isFinite);
  const width = Math.max(300, 60 + groups.length * 74);
  // Half a count per 10,000 stands for none, so -1 is the floor.
  const high = Math.max(...finite, 1);
  const low = -1;
  const y = scale(low, high, 150, 24);
  const parts = [label(4, 14, title, { class: 'group' })];
  for (const tick of [low, (low + high) / 2, high]) {
    parts.push(drawing('line', { x1: 46, x2: width - 6, y1: y(tick), y2: y(tick), class: 'grid' }), label(42, y(tick) + 4, tick === low ? 'none' : decimal(tick, 2), { 'text-anchor': 'end' }));
  }
  groups.forEach((group, place) => {
    const [condition, sex] = group.split('\u0000');
    const middle = 84 + place * 74;
    const members = samples.map((one, i) => i).filter((i) => samples[i].condition === condition && samples[i].sex === sex);
    const present = members.filter((i) => Number.isFinite(values[i]));
    present.forEach((i, nth) => parts.push(samplePoint(middle + (nth - (present.length - 1) / 2) * 9, y(values[i]), sex, `${samples[i].sample_id}: ${decimal(values[i])}, ${cells[i]} cells`)));
    if (present.length) {
      const mean = present.reduce((sum, i) => sum + values[i], 0) / present.length;
      parts.push(drawing('line', { x1: middle - 22, x2: middle + 22, y1: y(mean), y2: y(mean), stroke: 'currentColor', 'stroke-width': 2 }));
    } else {
      parts.push(label(middle, 140, 'absent', { 'text-anchor': 'middle' }));
    }
    parts.push(label(middle, 168, condition.slice(0, 12), { 'text-anchor': 'middle' }), label(middle, 182, `${sex} ${SEX_SIGN[sex] ?? ''}`, { 'text-anchor': 'middle' }));
  });
  return drawing('svg', { viewBox: `0 0 ${width} 190`, role: 'img', 'aria-label': title, width }, ...parts);
}

function samplePoint(x, y, sex, said) {
  const hint = drawing('title', {}, said);
  if (sex === 'female') return drawing('circle', { cx: x, cy: y, r: 4, fill: '#8e5aa8' }, hint);
  if (sex === 'male') return drawing('rect', { x: x - 3.6, y: y - 3.6, width: 7.2, height: 7.2, fill: '#1f8a70' }, hint);
  return drawing('path', { d: `M${x - 5} ${y}l5 -5l5 5l-5 5z`, fill: '#7d828a' }, hint);
}

// Effect with its 95 % interval, one line a comparison.
function effectLines(rows) {
  const drawn = rows.filter((row) => Number.isFinite(row.effect));
  if (!drawn.length) return element('p', {}, 'No comparison gives an effect.');
  const reach = Math.max(...drawn.map((row) => Math.abs(row.effect) + (Number.isFinite(row.half) ? row.half : 0)), 0.5);
  const x = scale(-reach, reach, 222, 392);
  const height = 26 * drawn.length + 36;
  const parts = [drawing('line', { x1: x(0), x2: x(0), y1: 8, y2: height - 26, class: 'zero' })];
  drawn.forEach((row, place) => {
    const y = 20 + 26 * place;
    const sure = row.qvalue < 0.05;
    const colour = !sure ? '#8a8f98' : row.effect > 0 ? '#c4500c' : '#0a6ebd';
    parts.push(label(214, y + 4, row.name, { 'text-anchor': 'end' }));
    if (Number.isFinite(row.half)) parts.push(drawing('line', { x1: x(row.effect - row.half), x2: x(row.effect + row.half), y1: y, y2: y, stroke: colour, 'stroke-width': 2 }));
    parts.push(drawing('circle', { cx: x(row.effect), cy: y, r: 5, fill: sure ? colour : 'none', stroke: colour, 'stroke-width': 2 }));
    parts.push(label(402, y + 4, row.status === 'tested' ? `q ${decimal(row.qvalue, 2)}` : row.status));
  });
  for (const tick of [-reach, 0, reach]) parts.push(label(x(tick), height - 10, decimal(tick, 2), { 'text-anchor': 'middle' }));
  return drawing('svg', { viewBox: `0 0 470 ${height}`, width: 470, role: 'img', 'aria-label': 'Effect with 95 % interval of each comparison' }, ...parts);
}

// How much of the ligand's supply comes from more cells, and how much from more transcript per cell.
function driverBars(infiltration, perCell) {
  if (!Number.isFinite(infiltration) || !Number.isFinite(perCell)) return null;
  const reach = Math.max(Math.abs(infiltration), Math.abs(perCell), Math.abs(infiltration + perCell), 0.5);
  const x = scale(-reach, reach, 118, 330);
  const parts = [drawing('line', { x1: x(0), x2: x(0), y1: 4, y2: 84, class: 'zero' })];
  [['more sender cells', infiltration, '#1f6f8b'], ['more per cell', perCell, '#b3762b'], ['supply in all', infiltration + perCell, '#6d737c']].forEach(([name, value, colour], place) => {
    const y = 8 + 26 * place;
    parts.push(label(110, y + 13, name, { 'text-anchor': 'end' }));
    parts.push(drawing('rect', { x: Math.min(x(0), x(value)), y, width: Math.abs(x(value) - x(0)), height: 18, fill: colour }));
    parts.push(label(338, y + 13, `${value > 0 ? '+' : ''}${decimal(value, 2)} log2`));
  });
  return drawing('svg', { viewBox: '0 0 430 90', width: 430, role: 'img', 'aria-label': 'What drives the change of the ligand' }, ...parts);
}
