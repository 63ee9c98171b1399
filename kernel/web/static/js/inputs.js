// Richer inputs: tags, upload, markdown, password, and the keys of the month grid.
import { bytes, t } from './i18n.js';
import { $, $$, on, ready } from './dom.js';

// ---- tags: the named field stays the truth ("a, b"); chips stand before a second, nameless input ------------

const split = (text) => text.split(',').map((word) => word.trim()).filter(Boolean);

function chip(word) {
  const el = document.createElement('span');
  el.className = 'tag';
  el.dataset.word = word;
  el.textContent = word;
  const button = document.createElement('button');
  button.type = 'button';
  button.ariaLabel = t('Remove {name}', { name: word });
  button.textContent = '×';
  el.append(button);
  return el;
}

function dressTags(field) {
  if (field.type === 'hidden') return;
  const frame = document.createElement('div');
  frame.className = 'input tags';
  const typed = field.cloneNode(false);
  typed.removeAttribute('name');
  typed.removeAttribute('data-tags');
  typed.value = '';
  const words = split(field.value);
  field.replaceWith(frame);
  field.type = 'hidden';
  field.removeAttribute('id');
  frame.append(...words.map(chip), typed, field);
}

function keepTags(frame) {
  $('input[type="hidden"]', frame).value = $$('.tag', frame).map((el) => el.dataset.word).join(', ');
}

function takeTag(frame) {
  const typed = $('input:not([type="hidden"])', frame);
  const known = new Set($$('.tag', frame).map((el) => el.dataset.word.toLocaleLowerCase()));
  for (const word of split(typed.value)) {
    if (!known.has(word.toLocaleLowerCase())) typed.before(chip(word));
    known.add(word.toLocaleLowerCase());
  }
  typed.value = '';
  keepTags(frame);
}

on('keydown', '.tags input', (event, typed) => {
  const frame = typed.closest('.tags');
  if ((event.key === 'Enter' && typed.value.trim()) || event.key === ',') {
    event.preventDefault();
    takeTag(frame);
  } else if (event.key === 'Backspace' && !typed.value) {
    const buttons = $$('.tag button', frame);
    if (buttons.length) buttons.at(-1).focus();
  }
});

on('focusout', '.tags', (event, frame) => takeTag(frame));

on('click', '.tag button', (event, button) => {
  const frame = button.closest('.tags');
  if (!frame) return;
  button.closest('.tag').remove();
  keepTags(frame);
  $('input:not([type="hidden"])', frame).focus();
});

// ---- upload ------------------------------------------------------------------------------------------------

on('change', '.drop input[type="file"]', (event, input) => {
  const drop = input.closest('.drop');
  const limit = Number(drop.dataset.limit) || Infinity;
  const rows = [...input.files].map((file) => {
    const li = document.createElement('li');
    const name = document.createElement('span');
    const big = file.size > limit;
    name.textContent = big ? t('{name} is too big. The limit is {limit}.', { name: file.name, limit: bytes(limit) }) : `${file.name} · ${bytes(file.size)}`;
    if (big) name.className = 'c-bad';
    else if (/^image\/(png|jpeg|webp|gif)$/.test(file.type)) {
      const picture = new Image();
      picture.alt = '';
      picture.src = URL.createObjectURL(file);
      picture.addEventListener('load', () => URL.revokeObjectURL(picture.src));
      li.append(picture);
    }
    li.append(name);
    return li;
  });
  input.setCustomValidity([...input.files].some((file) => file.size > limit) ? rows.map((li) => li.textContent).join(' ') : '');
  $('.drop-files', drop).replaceChildren(...rows);
});

for (const [type, over] of [['dragenter', true], ['dragleave', false], ['drop', false]]) {
  on(type, '.drop', (event, drop) => drop.classList.toggle('over', over));
}

// too big files are not sent, whatever the form's novalidate says
on('submit', 'form', (event, form) => {
  const bad = $$('.drop input[type="file"]', form).find((input) => input.validity.customError);
  if (!bad) return;
  event.preventDefault();
  bad.focus();
}, true);

// ---- markdown ----------------------------------------------------------------------------------------------

function edit(area, from, to, text, selectFrom, selectTo) {
  area.focus();
  area.setRangeText(text, from, to, 'end');
  area.setSelectionRange(selectFrom, selectTo);
  area.dispatchEvent(new Event('input', { bubbles: true }));
}

function wrap(area, mark) {
  const [before, after] = mark.includes('|') ? mark.split('|') : [mark, mark];
  const { selectionStart: from, selectionEnd: to, value } = area;
  edit(area, from, to, before + value.slice(from, to) + after, from + before.length, to + before.length);
}

function prefix(area, mark) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const start = value.lastIndexOf('\n', from - 1) + 1;
  const text = value.slice(start, to).split('\n').map((line) => mark + line).join('\n');
  edit(area, start, to, text, start, start + text.length);
}

on('click', '[data-md] button', (event, button) => {
  const area = document.getElementById(button.closest('[data-md]').dataset.md);
  if (button.dataset.wrap) wrap(area, button.dataset.wrap);
  else prefix(area, button.dataset.line);
});

on('click', '[data-md-preview]', async (event, button) => {
  event.preventDefault();
  const { post } = await import('./ui.js');
  const id = button.dataset.mdPreview;
  const answer = await post(button.dataset.url, { text: document.getElementById(id).value }).catch(() => null);
  const place = document.getElementById(`${id}-preview`);
  if (answer?.ok) place.innerHTML = await answer.text(); // drawn and sanitised by the server
  else place.textContent = t('That did not work. Check your connection and try again.');
});

// ---- password ----------------------------------------------------------------------------------------------

on('click', '[data-reveal]', (event, button) => {
  const field = document.getElementById(button.dataset.reveal);
  const show = field.type === 'password';
  field.type = show ? 'text' : 'password';
  button.setAttribute('aria-pressed', String(show));
});

// ---- month: arrows move between linked days ------------------------------------------------------------------

on('keydown', '[data-calendar] a.day', (event, day) => {
  const days = $$('a.day', day.closest('[data-calendar]'));
  const forward = document.dir === 'rtl' ? -1 : 1;
  const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: 7, ArrowUp: -7 }[event.key];
  const number = (a) => Number(a.dataset.date.slice(8));
  let next;
  if (step) {
    const wanted = number(day) + step;
    next = step > 0 ? days.find((a) => number(a) >= wanted) : days.findLast((a) => number(a) <= wanted);
  } else if (event.key === 'Home') [next] = days;
  else if (event.key === 'End') next = days.at(-1);
  else if (event.key === 'PageUp' || event.key === 'PageDown') {
    event.preventDefault();
    day.closest('[data-calendar]').parentElement.querySelector(`a[data-key="${event.key}"]`)?.click();
    return;
  } else return;
  event.preventDefault();
  next?.focus();
});

// ---- arriving ------------------------------------------------------------------------------------------------

const dress = () => $$('input[data-tags]').forEach(dressTags);

ready(dress);
document.addEventListener('htmx:after:swap', dress);
