// Reading the data islands: JSON, with columns packed as dolor/report/encode.py describes.

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array };

function island(name) {
  return JSON.parse(document.getElementById(`data-${name}`).textContent);
}

// Newer browsers decode base64 themselves, many times faster.
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

async function unpack({ type, data }) {
  const bytes = fromBase64(data);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const width = Number(type[1]);
  const rows = planes.length / width;
  const joined = new Uint8Array(planes.length);
  for (let byte = 0; byte < width; byte++) {
    for (let row = 0; row < rows; row++) joined[row * width + byte] = planes[byte * rows + row];
  }
  return new ARRAYS[type](joined.buffer);
}

// A column: `at(row)` is its value; text columns also have `words` and `codes`.
async function column(packed) {
  if (packed.words) {
    const codes = await unpack(packed.codes);
    return { words: packed.words, codes, rows: codes.length, at: (row) => packed.words[codes[row]] };
  }
  const values = await unpack(packed.numbers);
  return { values, rows: values.length, at: (row) => values[row] };
}

async function table(packed) {
  const names = Object.keys(packed.columns);
  const columns = await Promise.all(names.map((name) => column(packed.columns[name])));
  return { rows: packed.rows, columns: Object.fromEntries(names.map((name, i) => [name, columns[i]])) };
}
