// Making elements. Text of the data only ever enters as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function drawing(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function choice(label, options, onchange) {
  const select = element('select', { onchange: () => onchange(select.value) });
  for (const [value, name] of options) select.append(element('option', { value }, name));
  return { label: element('label', {}, label, select), select };
}

function decimal(value, digits = 3) {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  return String(Number(value.toPrecision(digits)));
}

function factor(log2) {
  const times = decimal(2 ** Math.abs(log2), 2);
  if (times === '1') return 'unchanged';
  return `${times} times ${log2 > 0 ? 'higher' : 'lower'}`;
}
