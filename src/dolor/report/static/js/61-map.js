// The map of the pain axis: choose a comparison, in whom, and which mediators are drawn; a mediator leads to the table.

function mapChoice(signals) {
  const maps = [...document.querySelectorAll('figure.map')];
  if (!maps.length) return;
  const bar = document.querySelector('.map-bar');
  const parts = [...document.querySelectorAll('.axis-map [data-mediator]')];
  const pills = parts.filter((one) => one.classList.contains('bundle'));
  const distinct = (values) => [...new Set(values)].filter(Boolean).sort();
  const pairs = (values) => values.map((name) => [name, name.replaceAll('_', ' ')]);
  const wanted = { effect: '', mediator: '', pain: '' };
  const filter = () => parts.forEach((one) => one.classList.toggle('off', Object.entries(wanted).some(([key, word]) => word && !one.dataset[key].split(';').includes(word))));
  const within = choice('in whom', [], (name) => show(compared.select.value, name));
  const compared = choice('compared', pairs([...new Set(maps.map((map) => map.dataset.compared))]), (name) => show(name, ''));
  const show = (name, who) => {
    const its = maps.filter((map) => map.dataset.compared === name).map((map) => map.dataset.within);
    const chosen = its.includes(who) ? who : its[0];
    within.select.replaceChildren(...its.map((one) => element('option', { value: one }, one || 'all samples')));
    within.select.value = chosen;
    showOne(maps, (map) => map.dataset.compared === name && map.dataset.within === chosen);
  };
  const add = (key, name, options) => choice(name, [['', 'any'], ...options], (value) => { wanted[key] = value; filter(); }).label;
  bar.append(compared.label, within.label,
    add('effect', 'effect on pain', Object.entries(ON_PAIN)),
    add('mediator', 'mediator', pairs(distinct(pills.map((one) => one.dataset.mediator)))),
    add('pain', 'pain type', pairs(distinct(pills.flatMap((one) => one.dataset.pain.split(';'))))));
  show(maps[0].dataset.compared, maps[0].dataset.within);
  maps.forEach((map) => map.querySelector('svg').setAttribute('role', 'group'));
  for (const one of pills) {
    asButton(one, () => signals.show({ comparison: one.closest('figure').dataset.name, mediator: one.dataset.mediator }));
  }
}
