// The command palette: the pages of the drawn menu at once, then what the server finds.
import { t } from './i18n.js';
import { $, $$, on } from './dom.js';

const WAIT = 150;

let hits = [];
let at = 0;
let asked = 0;
let timer;

const box = () => $('#palette');
const input = () => $('#palette input');
const list = () => $('#palette-list');

function ownPages(words) {
  const sought = words.toLocaleLowerCase();
  return $$('.nav a')
    .map((a) => ({ label: $('span', a)?.textContent ?? a.textContent, hint: t('Page'), url: a.href, icon: $('svg', a) }))
    .filter((page) => page.label.toLocaleLowerCase().includes(sought));
}

function row(hit, index) {
  const li = document.createElement('li');
  li.id = `palette-${index}`;
  li.role = 'option';
  li.ariaSelected = String(index === at);
  li.append((hit.icon ?? $('#palette template').content.firstElementChild).cloneNode(true));
  const label = document.createElement('span');
  label.textContent = hit.label;
  li.append(label);
  if (hit.hint) {
    const hint = document.createElement('small');
    hint.textContent = hit.hint;
    li.append(hint);
  }
  return li;
}

function draw() {
  at = Math.max(0, Math.min(at, hits.length - 1));
  const rows = hits.map(row);
  if (!rows.length) {
    const none = document.createElement('li');
    none.className = 'none';
    none.role = 'option';
    none.ariaDisabled = 'true';
    none.textContent = t('Nothing found');
    rows.push(none);
  }
  list().replaceChildren(...rows);
  if (hits.length) input().setAttribute('aria-activedescendant', `palette-${at}`);
  else input().removeAttribute('aria-activedescendant');
  list().children[at]?.scrollIntoView({ block: 'nearest' });
}

async function ask(words) {
  const mine = ++asked;
  const answer = await fetch(`${box().dataset.url}?q=${encodeURIComponent(words)}`, { headers: { Accept: 'application/json' } })
    .then((r) => (r.ok ? r.json() : []))
    .catch(() => []);
  if (mine !== asked) return;
  const known = new Set(hits.map((hit) => new URL(hit.url, location.href).href));
  const more = (answer.hits ?? answer).filter((hit) => !known.has(new URL(hit.url, location.href).href));
  hits = [...hits, ...more.map(({ label, hint, url }) => ({ label, hint, url }))];
  draw();
}

function change() {
  const words = input().value.trim();
  hits = ownPages(words);
  at = 0;
  draw();
  clearTimeout(timer);
  asked += 1;
  if (words.length > 1 && !('local' in box().dataset)) timer = setTimeout(() => ask(words), WAIT);
}

function open() {
  if (!box() || box().open) return;
  input().value = '';
  change();
  box().showModal();
  input().focus();
}

function go(index) {
  if (hits[index]) location.assign(hits[index].url);
}

on('click', '[data-palette-open]', open);
on('input', '#palette input', change);
on('click', '#palette-list li', (event, li) => go([...li.parentElement.children].indexOf(li)));

on('keydown', '#palette input', (event) => {
  if (event.isComposing) return;
  if (event.key === 'Enter') {
    event.preventDefault();
    go(at);
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !hits.length) return;
  event.preventDefault();
  at = (at + step + hits.length) % hits.length;
  draw();
});

document.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    open();
  }
});
