// The board of claims: filters, and the overview whose cells lead to their statements.

function claimChoice() {
  const bar = document.querySelector('.claim-bar');
  if (!bar) return;
  const claims = [...document.querySelectorAll('.claim')];
  const wanted = {};
  const selects = {};
  const options = (key) => [['', 'any'], ...[...new Set(claims.flatMap((claim) => claim.dataset[key].split(';')))].filter(Boolean).sort().map((word) => [word, word.replaceAll('_', ' ')])];
  const status = element('span', { role: 'status' });
  const apply = () => {
    showOne(claims, (claim) => Object.entries(wanted).every(([key, word]) => !word || claim.dataset[key].split(';').includes(word)));
    if (wanted.verdict === 'untestable' || wanted.why) document.getElementById('unjudged')?.setAttribute('open', '');
    status.textContent = `${claims.filter((claim) => !claim.hidden).length} of ${claims.length} statements`;
  };
  for (const [key, name] of [['verdict', 'verdict'], ['pain', 'pain type'], ['place', 'place'], ['why', 'why untestable']]) {
    const { label, select } = choice(name, options(key), (value) => { wanted[key] = value; apply(); });
    selects[key] = select;
    bar.append(label);
  }
  bar.append(status);
  for (const cell of document.querySelectorAll('.overview td')) {
    if (!cell.textContent.trim()) continue;
    const open = () => {
      Object.assign(wanted, { pain: cell.dataset.pain, place: cell.dataset.place });
      selects.pain.value = wanted.pain;
      selects.place.value = wanted.place;
      apply();
      if (!document.querySelector('#claims .board > .claim:not([hidden])')?.checkVisibility()) document.getElementById('unjudged')?.setAttribute('open', '');
      bar.scrollIntoView();
    };
    const words = `${cell.dataset.pain}, ${cell.dataset.place}`.replaceAll('_', ' ');
    const button = element('button', { type: 'button', title: `statements on ${words}`, onclick: open });
    button.append(...cell.childNodes);
    cell.append(button);
  }
  document.querySelectorAll('.overview').forEach(oneTabStop);
  apply();
}
